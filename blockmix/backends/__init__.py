"""Backends draw maps and move blocks: on the CPU, on a GPU, or on a GPU for images on the host."""
