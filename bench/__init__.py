"""Benchmarks of blockmix: ratios within one run, against a memory copy and its alternatives."""
