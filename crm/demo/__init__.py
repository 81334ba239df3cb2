"""The demo organization: an invented specialty group in Columbus, for trying Rounds and for benchmarks."""
