"""The detector of ptx as transfers use it, on a photograph that comes with scikit-image."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.inference.person import PhotographDetector
from tests.datasets.problems import raises_problem

data = pytest.importorskip("skimage.data")


@pytest.fixture(scope="module")
def detector() -> PhotographDetector:
    return PhotographDetector()


def test_box_holds_the_person(detector: PhotographDetector) -> None:
    x0, y0, x1, y1 = detector.find_person(data.astronaut())
    assert -0.5 <= x0 < 150
    assert 330 < x1 <= 511.5
    assert y0 < 90
    assert y1 > 400


def test_box_of_nobody(detector: PhotographDetector) -> None:
    with raises_problem("no_person"):
        detector.find_person(np.full((200, 200, 3), 127, np.uint8))
