"""Visits: plan them, log them, see whose turn it is."""
