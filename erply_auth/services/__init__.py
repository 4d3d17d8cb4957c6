"""Use cases as plain verbs: no requests, no forms, no templates."""
