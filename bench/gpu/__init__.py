"""Correctness and speed on a GPU, for ``make gpu-check``.

``check``    tests and speed, in one command
``suite``    the tests in ``tests/gpu``
``timing``   draw, gather and mix beside a copy on the device, CuPy and PyTorch
``targets``  speeds that should be reached
``device``   the GPU and its software, for a record
"""
