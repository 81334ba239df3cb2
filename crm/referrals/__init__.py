"""Referrals: who sends whom to us, counted without any patient identity; imports that can be taken back whole."""
