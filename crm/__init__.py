"""Rounds, the outreach CRM for physician liaisons: one folder per room, each named after its menu word."""
