"""Tests of the room route_planning."""
