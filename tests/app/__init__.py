"""Tests of the Django side: log-in, members-only views, processing log, commands, checks."""
