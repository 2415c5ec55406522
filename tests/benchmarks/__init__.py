"""Benchmarks, run by `make bench`: each prints ratios of things measured side by side in one run."""
