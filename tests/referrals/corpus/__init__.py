"""Invented files for the measure of patient identity: hostile ones with patients in them, and clean ones without."""
