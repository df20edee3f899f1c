"""The parts of a report agree with each other and with the schema."""

import io
import json
from dataclasses import replace

import jsonschema
import numpy as np
import pytest
from builders import random_images
from PIL import Image
from privacy_builders import LABELS, SCHEMA

from blockmix import BlockMixer, InputError, Key
from blockmix.privacy import Pair, forecast, measure, page, verdicts


def check_schema(report):
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(json.dumps(report)))


def test_a_report_keeps_to_the_schema(report, blind):
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    check_schema(report)
    check_schema(blind)
    check_schema(report | {"verdicts": verdicts(report, {"max_linked": 0.5})})
    with pytest.raises(jsonschema.ValidationError):
        check_schema(report | {"images": "many"})


def test_the_description_of_the_sets(report):
    assert report["images"] == 60
    assert report["labels"] == {"cat": 30, "dog": 30}
    assert report["grid"] == {"height": 75, "width": 75, "rows": 5, "cols": 5, "blocks": 25}
    assert report["sample"] == {"images": 20, "seed": 0}
    assert report["similarity"]["images"] == report["identity"]["images"] == 20
    assert report["stored_exactly"] == 1


def test_measurements_agree_with_the_forecast(report):
    expected, measured = report["forecast"], report["situations"]
    assert expected["own_kept"] == forecast(30, blocks=25).own_kept
    assert sum(expected["copies"]) == pytest.approx(1)
    for name, slack in (("own_kept", 0.05), ("erased", 0.05), ("repeated", 0.05)):
        assert measured[name] == pytest.approx(expected[name], abs=slack)
    assert report["mixed_together"] == {"cat": 30, "dog": 30}
    assert measured["told"] == 1
    assert measured["copies"] == pytest.approx(expected["copies"], abs=0.05)
    assert measured["distinct_sources"] == pytest.approx(expected["distinct_sources"], rel=0.05)
    for name, share in (("largest_share", "largest"), ("half_shown", "half_shown")):
        assert report["shares"][share]["value"] == pytest.approx(expected[name], rel=0.15)


def test_measuring_again_gives_the_same_report(pair, report):
    again = measure(pair, sample=20)
    drawn_or_timed = ("releases", "seeds", "seconds")
    assert {k: v for k, v in again.items() if k not in drawn_or_timed} == {
        k: v for k, v in report.items() if k not in drawn_or_timed
    }


def test_without_a_match_some_parts_are_not_measured(blind):
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
        check_schema(measure(Pair.of_arrays(images, mixed, [0] * 24, block=8), sample=4))


def test_sets_too_small_to_measure(pair):
    tiny = random_images(12, 8, 12, 3)
    with pytest.raises(InputError, match="at least 11 x 11 pixels"):
        measure(Pair.of_arrays(tiny, tiny, [0] * 12, block=4))
    images = random_images(3, 12, 12, 3)
    with pytest.raises(InputError, match="label 'b' has 1 original"):
        measure(Pair.of_arrays(images, images, ["a", "a", "b"], block=4))
    with pytest.raises(InputError, match="sample is from 1"):
        measure(pair, sample=0)
    for part in (0, 1.1, float("nan")):
        with pytest.raises(InputError, match="shown_part is a share above 0 and up to 1, got"):
            measure(pair, shown_part=part)


def test_another_part_than_a_half(pair, report):
    result = measure(pair, shown_part=0.3, sample=2)
    check_schema(result)
    assert result["shares"]["part"] == 0.3
    half, less = (entry["shares"]["half_shown"]["value"] for entry in (report, result))
    assert less > half + 0.1
    assert less == pytest.approx(result["forecast"]["half_shown"], rel=0.15)
    assert "at least 30% of an original" in page(result)


def test_originals_of_another_set_are_refused(pair):
    other = Pair.of_arrays(random_images(60, 75, 75, 3), pair.mixed, LABELS, block=15)
    with pytest.raises(InputError, match="these are not its originals"):
        measure(other, sample=5)


def test_a_label_in_cohorts_hides_no_more_than_a_cohort(pair):
    in_cohorts = replace(pair, cohorts={"cat": 12, "dog": 13})
    result = measure(in_cohorts, rounds=3, probability=10 / 11, sample=5)
    assert result["mixed_together"] == {"cat": 12, "dog": 13}
    assert result["forecast"]["anonymity_set"] <= 12


def test_too_little_for_an_interval(pair):
    result = measure(pair, sample=1)
    assert result["similarity"]["ssim"]["low"] is None
    check_schema(result)
    assert "not measured" not in page(result)


def test_plain_borders_stored_with_loss_are_no_reason_to_refuse(pair):
    """Most blocks have no known source then, but the nearest originals are very near."""
    images = pair.originals.copy()
    images[:, :20] = images[:, -20:] = 255
    images[:, :, :20] = images[:, :, -20:] = 255
    mixed = BlockMixer(block=5, key=Key.from_seed(0))(images, LABELS)
    stored = np.stack([through_jpeg(image) for image in mixed])
    result = measure(Pair.of_arrays(images, stored, LABELS, block=5), sample=5)
    check_schema(result)
    assert result["situations"]["told"] < 0.5
    assert result["situations"]["own_kept"] == pytest.approx(0.5, abs=0.07)
    assert result["situations"]["erased"] == pytest.approx(result["forecast"]["erased"], abs=0.07)
    assert 0 < result["situations"]["places"] < 2 * 15 * 15
    assert "are left out" in page(result)


def through_jpeg(image):
    jpeg = io.BytesIO()
    Image.fromarray(image).save(jpeg, "JPEG", quality=95, subsampling=0)
    return np.asarray(Image.open(jpeg))


def test_other_originals_with_the_same_borders_are_refused(pair):
    images = random_images(60, 75, 75, 3)
    mixed = pair.mixed.copy()
    for pixels in (images, mixed):
        pixels[:, :20] = pixels[:, -20:] = 255
        pixels[:, :, :20] = pixels[:, :, -20:] = 255
    with pytest.raises(InputError, match="these are not its originals"):
        measure(Pair.of_arrays(images, mixed, LABELS, block=5), sample=5)
