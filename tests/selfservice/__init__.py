"""Tests of self-service: profile, password, address book, kept card."""
