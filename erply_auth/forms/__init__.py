"""Forms: what a member types, checked and named; no Erply, no database."""
