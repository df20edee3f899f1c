"""Correctness and speed on a GPU, for ``make gpu-check``.

``check``    everything, in one command
``suite``    the tests in ``tests/gpu``
``timing``   draw, gather and mix beside a copy on the device, CuPy and PyTorch
``targets``  what should be reached
``device``   what a record says of the GPU and its software
"""
