"""The whole report: its parts agree with each other and with its schema."""

import io
import json
from dataclasses import replace

import jsonschema
import numpy as np
import pytest
from builders import random_images
from PIL import Image
from privacy_builders import (
    LABELS,
    SCHEMA,
)

from blockmix import BlockMixer, InputError, Key
from blockmix.privacy import Pair, forecast, measure, page, verdicts


def check(report):
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(json.dumps(report)))


def test_it_keeps_to_its_schema(report, blind):
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    check(report)
    check(blind)
    check(report | {"verdicts": verdicts(report, {"max_linked": 0.5})})
    with pytest.raises(jsonschema.ValidationError):
        check(report | {"images": "many"})


def test_what_it_says_of_the_sets(report):
    assert report["images"] == 60
    assert report["labels"] == {"cat": 30, "dog": 30}
    assert report["grid"] == {"height": 75, "width": 75, "rows": 5, "cols": 5, "blocks": 25}
    assert report["sample"] == {"images": 20, "seed": 0}
    assert report["similarity"]["images"] == report["identity"]["images"] == 20
    assert report["stored_exactly"] == 1


def test_found_beside_forecast(report):
    made, found = report["forecast"], report["situations"]
    assert made["own_kept"] == forecast(30, blocks=25).own_kept
    assert sum(made["copies"]) == pytest.approx(1)
    for name, slack in (("own_kept", 0.05), ("erased", 0.05), ("repeated", 0.05)):
        assert found[name] == pytest.approx(made[name], abs=slack)
    assert report["mixed_together"] == {"cat": 30, "dog": 30}
    assert found["told"] == 1
    assert found["copies"] == pytest.approx(made["copies"], abs=0.05)
    assert found["distinct_sources"] == pytest.approx(made["distinct_sources"], rel=0.05)


def test_it_comes_out_the_same_again(pair, report):
    again = measure(pair, sample=20)
    drawn_or_timed = ("releases", "seeds", "seconds")
    assert {k: v for k, v in again.items() if k not in drawn_or_timed} == {
        k: v for k, v in report.items() if k not in drawn_or_timed
    }


def test_without_a_match_it_says_what_is_not_measured(blind):
    assert blind["matched"] == "by content"
    assert blind["linkage"] is blind["identity"] is blind["situations"]["own_kept"] is None
    # Half of an image's blocks are its own, so the match by content is good.
    assert blind["claimed_once"] > 0.6


def test_progress(pair):
    stages = []
    measure(pair, sample=5, progress=lambda stage, done, total: stages.append((stage, done, total)))
    assert [step for step in stages if step[1] == step[2]] == [
        ("blocks", 60, 60),
        ("similarity", 5, 5),
        ("reassembly", 5, 5),
    ]


@pytest.mark.parametrize("channels", [(), (1,), (4,)])
def test_other_numbers_of_channels(channels):
    images = random_images(24, 24, 24, *channels)
    mixed = BlockMixer(block=8, key=Key.from_seed(0))(images, [0] * 24)
    if channels == (4,):
        with pytest.raises(InputError, match="grey or RGB"):
            Pair.of_arrays(images, mixed, [0] * 24, block=8)
    else:
        check(measure(Pair.of_arrays(images, mixed, [0] * 24, block=8), sample=4))


def test_what_is_too_small_to_measure(pair):
    tiny = random_images(12, 8, 12, 3)
    with pytest.raises(InputError, match="at least 11 x 11 pixels"):
        measure(Pair.of_arrays(tiny, tiny, [0] * 12, block=4))
    images = random_images(3, 12, 12, 3)
    with pytest.raises(InputError, match="label 'b' has 1 original"):
        measure(Pair.of_arrays(images, images, ["a", "a", "b"], block=4))
    with pytest.raises(InputError, match="sample is from 1"):
        measure(pair, sample=0)


def test_originals_of_another_set_are_refused(pair):
    other = Pair.of_arrays(random_images(60, 75, 75, 3), pair.mixed, LABELS, block=15)
    with pytest.raises(InputError, match="these are not its originals"):
        measure(other, sample=5)


def test_a_label_in_cohorts_hides_no_more_than_a_cohort(pair):
    cut = replace(pair, cohorts={"cat": 12, "dog": 13})
    made = measure(cut, rounds=3, probability=10 / 11, sample=5)
    assert made["mixed_together"] == {"cat": 12, "dog": 13}
    assert made["forecast"]["anonymity_set"] <= 12


def test_too_little_for_an_interval(pair):
    made = measure(pair, sample=1)
    assert made["similarity"]["ssim"]["low"] is None
    check(made)
    assert "not measured" not in page(made)


def test_plain_borders_stored_with_loss_are_no_reason_to_refuse(pair):
    """Most blocks tell nothing then, but what is near is very near."""
    images = pair.originals.copy()
    images[:, :20] = images[:, -20:] = 255
    images[:, :, :20] = images[:, :, -20:] = 255
    mixed = BlockMixer(block=5, key=Key.from_seed(0))(images, LABELS)
    stored = np.stack([through_jpeg(image) for image in mixed])
    made = measure(Pair.of_arrays(images, stored, LABELS, block=5), sample=5)
    check(made)
    assert made["situations"]["told"] < 0.5
    assert made["situations"]["own_kept"] == pytest.approx(0.5, abs=0.07)
    assert made["situations"]["erased"] == pytest.approx(made["forecast"]["erased"], abs=0.07)
    assert 0 < made["situations"]["places"] < 2 * 15 * 15
    assert "are left out" in page(made)


def through_jpeg(image):
    memory = io.BytesIO()
    Image.fromarray(image).save(memory, "JPEG", quality=95, subsampling=0)
    return np.asarray(Image.open(memory))


def test_other_originals_with_the_same_borders_are_refused(pair):
    images = random_images(60, 75, 75, 3)
    mixed = pair.mixed.copy()
    for some in (images, mixed):
        some[:, :20] = some[:, -20:] = 255
        some[:, :, :20] = some[:, :, -20:] = 255
    with pytest.raises(InputError, match="these are not its originals"):
        measure(Pair.of_arrays(images, mixed, LABELS, block=5), sample=5)
