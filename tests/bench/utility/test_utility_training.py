"""One run of training: laws, scores, models."""

from dataclasses import replace

import numpy as np
import pytest

from blockmix import BlockGrid, InputError
from blockmix.bench.utility.data import split
from blockmix.bench.utility.plan import AUGMENTATIONS, Recipe, Way
from blockmix.probability import BALANCED

SMALL = "small-resnet"
RECIPE = Recipe(epochs=2, batch=16)
PLAIN = replace(RECIPE, scaling="255")
WAYS = (
    Way("original"),
    Way("mixing", BlockGrid.even(32, 32, 8), 3, 2, BALANCED),
    Way("mixing", BlockGrid.even(32, 32, 8), 3, image_share=0.5),
    Way("original", augmentation=AUGMENTATIONS),
    Way("pixelation", strength=4.0),
    Way("blur", strength=2.0),
    Way("mixup", strength=1.0),
    Way("cutmix", strength=1.0),
)


@pytest.fixture
def train_one(torch):
    from blockmix.bench.utility.train import train_one

    torch.set_num_threads(1)
    return train_one


def without_seconds(row):
    return row | {"seconds": None}


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_every_way_takes_the_same_number_of_steps(train_one, data, way):
    row = train_one(data, way, SMALL, RECIPE, 0)
    assert row["steps"] == 2 * 3  # 48 images in batches of 16
    assert [point["epoch"] for point in row["curve"]] == [1, 2]
    assert row["accuracy"] == row["curve"][-1]["test_accuracy"]
    assert row["loss"] == row["curve"][-1]["test_loss"]


def test_the_same_epochs_take_more_steps(train_one, data):
    way = Way("original", augmentation=("flip",), same_epochs=True)
    row = train_one(data, way, SMALL, RECIPE, 0)
    assert (row["steps"], len(row["curve"])) == (12, 4)


def test_a_run_can_be_repeated(train_one, data):
    way = WAYS[1]
    first, again, other = (train_one(data, way, SMALL, RECIPE, seed) for seed in (3, 3, 4))
    assert without_seconds(first) == without_seconds(again)
    assert first["loss"] != other["loss"]


def test_a_run_leaves_torchs_generator_as_it_was(torch, train_one, data):
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    train_one(data, WAYS[0], SMALL, RECIPE, 0)
    assert torch.rand(1) == expected


def test_a_constant_predictor_scores_the_majority_share(train_one, data):
    row = train_one(data, WAYS[0], "utility_models:Constant", RECIPE, 0)
    assert row["accuracy"] == data.describe()["majority"] == 2 / 3
    assert row["train_accuracy"] == 0.5
    sure = 1 / (1 + np.exp(-1))
    assert row["loss"] == pytest.approx(-(2 * np.log(sure) + np.log(1 - sure)) / 3)
    assert row["ece"] == pytest.approx(sure - 2 / 3)
    assert set(row["by_group"]) == {"even", "odd"}
    assert row["by_group"][row["worst_group"]] == min(row["by_group"].values())


def test_the_small_network_learns(train_one, train, test_images):
    data = split(train, test_images, validation=0.2)
    row = train_one(data, WAYS[0], SMALL, Recipe(epochs=8, batch=16), 0)
    assert row["accuracy"] > 0.8 > 2 / 3
    assert row["train_accuracy"] > 0.9
    assert row["validation_accuracy"] > 0.7
    assert row["curve"][-1]["train_loss"] < row["curve"][0]["train_loss"]
    assert 0.3 < row["membership"]["auc"] <= 1


def test_test_images_are_never_mixed(train_one, data):
    from utility_models import Recording

    train_one(data, WAYS[1], "utility_models:Recording", PLAIN, 0)
    tested = np.concatenate([images.numpy() for images in Recording.tested])
    # One look at the form of outputs, a test after each epoch, the last scores, training people.
    expected = [data.test.images] * 3 + [data.train.images]
    scaled = np.concatenate(expected).transpose(0, 3, 1, 2).astype(np.float32) / np.float32(255)
    assert np.array_equal(tested[2:], scaled)
    originals = {image.tobytes() for image in scaled}
    trained = [image.numpy().tobytes() for images in Recording.trained for image in images]
    assert len(trained) == 96
    assert not originals & set(trained)


def test_inputs_are_scaled_by_the_training_set_as_it_is_published(train_one, data):
    from utility_models import Recording

    train_one(data, Way("blur", strength=2.0), "utility_models:Recording", RECIPE, 0)
    trained = np.concatenate([images.numpy() for images in Recording.trained[:3]])
    assert trained.mean(axis=(0, 2, 3)) == pytest.approx(0, abs=1e-4)
    assert trained.std(axis=(0, 2, 3)) == pytest.approx(1, abs=1e-4)


def test_each_epoch_sees_every_image_once(train_one, data):
    from utility_models import Recording

    train_one(data, Way("original"), "utility_models:Recording", PLAIN, 0)
    for epoch in (Recording.trained[:3], Recording.trained[3:]):
        images = {image.numpy().tobytes() for batch in epoch for image in batch}
        assert len(images) == 48


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("utility_models:Transposed", r"returns \(N, 2\) logits, got \(2, 4\) for 2 images"),
        ("utility_models:failing", r"returns \(N, 2\) logits, got RuntimeError"),
        ("utility_models:number", r"returns a torch\.nn\.Module, got int"),
        ("utility_models:raising", "with num_classes=2, but raised ValueError: no such number"),
        ("utility_models:absent", "cannot be imported: module 'utility_models' has no attribute"),
        ("absent_module:model", "cannot be imported: No module named 'absent_module'"),
        ("ResNet18", "a model is small-resnet, ResNet50, .* or MODULE:FUNCTION, got 'ResNet18'"),
    ],
)
def test_models_that_are_refused(train_one, data, name, message):
    steps = []
    with pytest.raises(InputError, match=message):
        train_one(data, WAYS[0], name, RECIPE, 0, watch=lambda done, total: steps.append(done))
    assert steps == []


def test_models_that_cannot_be_trained(torch):
    from blockmix.bench.utility.models import check_training

    check_training(SMALL, 2, (32, 32), "cpu")
    with pytest.raises(InputError, match=r"returns \(N, 2\) logits, got tuple for 2 images"):
        check_training("utility_models:WithAuxiliary", 2, (32, 32), "cpu")
    with pytest.raises(InputError, match="WithoutParameters has no parameters that can be trained"):
        check_training("utility_models:WithoutParameters", 2, (32, 32), "cpu")


def test_a_module_that_cannot_be_run(train_one, data, tmp_path, monkeypatch):
    (tmp_path / "broken_model.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(InputError, match="broken_model:f cannot be imported: division by zero"):
        train_one(data, WAYS[0], "broken_model:f", RECIPE, 0)


def test_training_that_diverges_is_refused(train_one, data):
    from blockmix.bench.utility.train import DivergedError

    with pytest.raises(
        DivergedError, match="diverged after 3 steps on 'original', so that outputs"
    ):
        train_one(data, WAYS[0], SMALL, replace(RECIPE, rate=1e30, rising=None), 0)


@pytest.mark.parametrize("name", ["adam", "rmsprop", "sgd"])
def test_optimizers_are_those_of_keras(keras, torch, name):
    """Large gradients, and those that epsilon matters for."""
    from blockmix.bench.utility.optimizers import optimizer_of

    rng = np.random.default_rng(0)
    start = rng.normal(size=6).astype(np.float32)
    scales = np.float32([1, 1e-2, 1e-3, 1e-4, 1e-5, 0])
    ours = torch.nn.Linear(6, 1, bias=False)
    ours.weight.data[:] = torch.from_numpy(start)
    theirs = keras.Variable(start)
    optimizer = optimizer_of(ours, Recipe(1, 8, name, 0.01, 0, 0, None))
    of_keras = {
        "adam": keras.optimizers.Adam,
        "rmsprop": keras.optimizers.RMSprop,
        "sgd": keras.optimizers.SGD,
    }[name](0.01)
    for _ in range(20):
        gradient = (scales * rng.normal(size=6)).astype(np.float32)
        ours.weight.grad = torch.from_numpy(gradient)[None]
        optimizer.step()
        of_keras.apply([torch.from_numpy(gradient)], [theirs])
    expected = theirs.value.detach().numpy() - start
    moved = ours.weight.detach().numpy()[0] - start
    assert moved == pytest.approx(expected, rel=1e-4, abs=1e-7)


def test_the_small_network_has_a_third_of_a_million_parameters(torch):
    from blockmix.bench.utility.small_resnet import small_resnet

    model = small_resnet(2)
    assert sum(parameter.numel() for parameter in model.parameters()) == 307_794
    assert model(torch.zeros(2, 3, 64, 64)).shape == (2, 2)


@pytest.mark.parametrize("kind", ["mixup", "cutmix"])
@pytest.mark.parametrize("seed", range(5))
def test_labels_of_combined_images_count_by_what_is_shown(torch, kind, seed):
    from blockmix.bench.utility.combine import combine

    # Image i is white in channel i alone, so the mean of a channel is the share of its image.
    images = torch.eye(8).view(8, 8, 1, 1).expand(8, 8, 16, 16)
    rng = np.random.default_rng(seed)
    inputs, loss = combine(Way(kind, strength=1.0), images, torch.arange(8), rng)
    shares = inputs.mean(dim=(2, 3))
    assert float(shares.sum()) == pytest.approx(8)
    assert len({round(float(share), 4) for share in shares.flatten()}) <= 4
    logits = torch.randn(8, 8, generator=torch.Generator().manual_seed(seed))
    expected = -(shares * torch.log_softmax(logits, dim=1)).sum(dim=1).mean()
    assert float(loss(logits)) == pytest.approx(float(expected), rel=1e-5)


def test_a_model_of_keras(keras, train_one, data):
    recipe = Recipe(2, 16, "adam", 0.001, 0, 0, None, "255")
    first, again = (train_one(data, WAYS[0], "DenseNet121", recipe, 0) for _ in range(2))
    assert without_seconds(first) == without_seconds(again)
    assert first["steps"] == 6
    assert first["curve"][1]["train_loss"] < first["curve"][0]["train_loss"]


def test_a_model_of_keras_that_needs_larger_images(keras, train_one, data):
    with pytest.raises(InputError, match=r"InceptionV3 cannot be built for images of \(32, 32\)"):
        train_one(data, WAYS[0], "InceptionV3", RECIPE, 0)
