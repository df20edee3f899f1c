"""What decides about bytes: versions and small images, and who is refused."""

import pytest

from blockmix import WorkError
from blockmix.datasets import worker_check
from blockmix.datasets.encode import Encoder
from blockmix.datasets.worker_check import check_traits, traits

PNG = Encoder("png", None)


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """Traits are computed anew, and those that a test brings about are forgotten."""
    traits.cache_clear()
    yield
    traits.cache_clear()


def test_they_name_what_decides_about_bytes():
    own = traits(PNG, ("numpy",))
    assert list(own) == [*("blockmix", "rule", "pillow", "libjpeg", "simplejpeg", "numpy", "check")]
    check_traits(own, PNG, ("numpy",))


@pytest.mark.parametrize("name", ["blockmix", "rule", "pillow", "libjpeg", "simplejpeg", "check"])
def test_a_worker_that_differs_refuses(name):
    expected = traits(PNG) | {name: "another"}
    with pytest.raises(
        WorkError, match=rf"would give other bytes: {name} is .*, not another\. Ins"
    ):
        check_traits(expected, PNG)


@pytest.mark.parametrize("step", ["decode", "resized", "BlockMixer"])
def test_the_check_sees_a_step_that_gives_other_pixels(monkeypatch, step):
    before = traits(PNG)["check"]
    original = getattr(worker_check, step)

    def changed(*arguments, **options):
        result = original(*arguments, **options)
        if step == "BlockMixer":
            return lambda *batch: result(*batch) ^ 1
        return result ^ 1

    traits.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(worker_check, step, changed)
        assert traits(PNG)["check"] != before


def test_the_check_sees_other_files():
    checks = {
        traits(encoder)["check"] for encoder in (PNG, Encoder("jpeg", 95), Encoder("jpeg", 9))
    }
    assert len(checks) == 3
