"""Targets of the GPU, compared with rows of known times."""

from blockmix.bench.gpu.targets import targets


def row(**milliseconds):
    return {name: {"device": value} for name, value in milliseconds.items()}


def test_targets_are_met_or_not():
    mixed = row(copy=0.9, draw=0.05, mix=1.0) | {"mix rounds=3": {"device": 1.2}, "blocks": 256}
    batch = {"images": 128, "mix": {"device": 0.07}}
    share, draw, three, latency = targets({"table": [mixed], "batches": [batch]})
    assert (share["what"], share["reached"]) == ("mix at 256 blocks, share of a copy", 0.9)
    assert (share["target"], share["met"]) == (0.85, True)
    assert (draw["reached"], draw["met"]) == (0.05, True)
    assert (three["reached"], three["met"]) == (1.2, False)
    assert (latency["target"], latency["met"]) == (100, True)


def test_targets_without_a_measurement_are_left_out():
    assert targets({"table": [], "batches": [{"images": 64}]}) == []
