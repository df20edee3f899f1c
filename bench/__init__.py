"""Benchmarks of blockmix: ratios within one run, against a memory copy and today's alternatives.

``bench_mix``   the table of the quick set, ``make bench``
``bench_full``  everything else that is claimed about speed, ``make bench-full``
``cases``       which sets of images are mixed
``rows``        what is timed on each of them
``peers``       the copy, and the same mixing in NumPy and in PyTorch
``alternation`` how a row is timed beside the copy
``conftest``    the arrays of a case, and what the record says of the machine
``summary``     the record as a table
``memory``      how much memory mixing takes beside its input and output
``startup``     what the first call of a process costs
``machine``     what a record says of the machine

``cli``         ``blockmix bench``: the paper's running-time curves, their figures and comparison
``curves``      what they are made of

``gpu``, ``gpu_check``  correctness and speed on a GPU, ``make gpu-check``
"""
