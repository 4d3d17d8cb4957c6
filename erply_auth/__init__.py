"""Customers of an Erply shop log in to Django: a reusable app.

Public are the names that the documentation's reference lists; everything else may change.
"""

__version__ = "0.1.0"
