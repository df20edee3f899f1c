"""Benchmarks of blockmix: compared within one run with a memory copy and other ways to mix."""
