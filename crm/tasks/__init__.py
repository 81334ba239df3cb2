"""Tasks: to-dos and follow-ups, with a due day and an owner."""
