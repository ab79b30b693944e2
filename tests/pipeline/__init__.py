"""Whole refreshes, end to end."""
