"""Mixing takes little memory beside its input and output."""


def test_mixing_takes_little_memory_beside_input_and_output(run_python):
    # A copy of the images would be 50 %, and the map is 1 %. The rest does not depend on the number
    # of images, and would be less than 1 % of a large set.
    code = "from blockmix.bench.speed.memory import growth; print(growth(2000, 96, 12, 1))"
    assert float(run_python("-c", code)) < 0.2
