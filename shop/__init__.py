"""A small web shop around erply_auth: what `make demo` runs and what a host project looks like."""
