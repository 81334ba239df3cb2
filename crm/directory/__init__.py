"""Directory: the practices that refer, the people in them, where they are, and what they allow us to send."""
