"""The tests of Rounds: one folder per room, named as in crm/, and the tools that they share."""
