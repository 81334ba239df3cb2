"""The benchmark: `make bench` measures the real program on a large demo organization."""
