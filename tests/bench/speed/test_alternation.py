"""Times are compared in pairs, in which drift of the machine cancels."""

from blockmix.bench.speed.alternation import shares


def test_shares_compare_each_time_with_the_copy_before_it():
    # The machine becomes three times as slow, but the row always takes twice the time of the copy.
    result = shares([2.0, 4.0, 6.0], [1.0, 2.0, 3.0])
    assert (result["median_s"], result["copy_median_s"]) == (4, 2)
    assert result["quartiles_s"] == [3, 5]
    assert result["share_of_copy"] == 0.5
    assert result["share_quartiles"] == [0.5, 0.5]
