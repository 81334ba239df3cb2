"""Meetings: dates with several people, their agenda, who came, and what was said."""
