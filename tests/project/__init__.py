"""Tests of what stands around the app: commands, the shop and its settings, CI."""
