"""Audit: who changed, exported, imported or was refused what, when and from where; rows are only ever added."""
