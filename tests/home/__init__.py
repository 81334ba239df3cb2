"""Tests of the home pages and the search."""
