"""The distance pd against that of the original network, and what it is shown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter

from ptx.evaluation.learned_metrics import LearnedMetrics
from ptx.evaluation.perceptual import square_features, white_square
from ptx.models.efficientnet_lite import EfficientNetLite0, feature_distance
from ptx.models.pixels import to_tensor

DATA = Path(__file__).parents[1] / "data"
DISTANCES = np.load(DATA / "efficientnet_lite0.npz")["distances"]


@pytest.fixture(scope="module")
def network() -> EfficientNetLite0:
    return EfficientNetLite0.load()


def photograph(number: int) -> np.ndarray:
    return np.asarray(Image.open(DATA / "detector" / f"{number}.jpg").convert("RGB"))


def pair(number: int) -> tuple[np.ndarray, np.ndarray]:
    """The pairs of `tools/build_perceptual.py`: mirrored, blurred, moved, darker, the next photograph."""
    own = photograph(number)
    match number % 5:
        case 0:
            return own, own[:, ::-1]
        case 1:
            return own, np.asarray(Image.fromarray(own).filter(ImageFilter.BoxBlur(2)))
        case 2:
            return own, np.roll(own, 5, axis=1)
        case 3:
            return own, own // 4 * 3
    return own, np.asarray(Image.fromarray(photograph((number + 1) % 10)).resize((own.shape[1], own.shape[0])))


@pytest.mark.slow
@pytest.mark.parametrize("number", range(10))
def test_distances_are_those_of_the_original(network: EfficientNetLite0, number: int) -> None:
    """Computed once by another library, in NumPy's words."""
    a, b = (to_tensor(picture.copy())[None] for picture in pair(number))
    metrics = LearnedMetrics(perceptual=network)
    with torch.inference_mode():
        (found,) = metrics.distances_to(a)(b)["pd"].tolist()
    assert found == pytest.approx(DISTANCES[number], rel=1e-3)


def test_pictures_stand_in_the_middle_of_white_squares() -> None:
    """Also where the border is odd, the wider one is right or below; what is a square of the right size stays as it is."""
    dark = np.zeros((224, 101, 3), np.uint8)
    square = white_square(dark)
    assert square.shape == (224, 224, 3)
    assert (square[:, 61:162] == 0).all()
    assert (square[:, :61] == 255).all()
    assert (square[:, 162:] == 255).all()
    assert np.array_equal(white_square(dark.transpose(1, 0, 2)), square.transpose(1, 0, 2))


def test_resizing_cuts_off_what_the_filter_overshoots() -> None:
    """Twice the size, across an edge of 100 to 250: weights of Keys' cubic of a = -0.5 at quarters of a px."""
    edge = np.full((112, 112, 3), 100, np.uint8)
    edge[:, 56:] = 250
    near, far = -0.0703125 + 0.8671875, -0.0234375 + 0.2265625  # of two px on the one side, and on the other
    expected = [100 + 150 * far, 100 + 150 * near]
    row = white_square(edge)[112, 110:114, 0].astype(float)
    assert row[1:3].tolist() == pytest.approx(expected, abs=0.51)
    assert row[0] < 100
    assert row[3] == 255  # of 250 + 150 * .07


def test_each_picture_of_a_batch_has_a_distance_of_its_own(network: EfficientNetLite0) -> None:
    x = torch.rand(2, 3, 40, 20, generator=torch.manual_seed(0)) * 2 - 1
    target = torch.stack([x[0], -x[1]])
    with torch.inference_mode():
        found = LearnedMetrics(perceptual=network).distances_to(target)(x)["pd"]
        alone = feature_distance(square_features(network, x[1:]), square_features(network, target[1:]))
    assert found[0] == pytest.approx(0, abs=1e-9)
    assert found[1] == pytest.approx(float(alone), rel=1e-4)
    assert found[1] > 0.1
