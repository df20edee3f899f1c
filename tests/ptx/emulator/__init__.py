"""Runs PTX on the CPU, one thread after the other.

For kernels of integers whose threads do not wait for each other. What is unknown is an error that
names it, so that no compiler can change what is run without notice.
"""
