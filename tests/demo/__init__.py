"""Tests of the demo organization."""
