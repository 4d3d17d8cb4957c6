"""Measurements to be read by people: nothing here is asserted."""
