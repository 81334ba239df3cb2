"""Route planning: a day's stops in a sensible order, with driving times, on a map."""
