"""Resizing is compared with Pillow in pairs, in which drift of the machine cancels."""

from blockmix.bench.speed.resizing import comparison


def test_each_time_is_compared_with_that_of_pillow_before_it():
    # The machine becomes three times as slow, but Pillow always takes five times as long.
    result = comparison([2.0, 4.0, 6.0], [10.0, 20.0, 30.0])
    assert (result["median_s"], result["pillow_median_s"]) == (4, 20)
    assert result["times_as_fast"] == 5
    assert result["times_as_fast_quartiles"] == [5, 5]
