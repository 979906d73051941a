"""Masks around keypoints: the region, and synthetic people whose masks are known."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.datasets.people import People, PeopleOptions
from ptx.detector.silhouettes import RADIUS, Silhouettes, body_region
from ptx.geometry.joints import keypoint
from ptx.pipeline.errors import BadSample
from tests.datasets.problems import raises_problem


def upright(**moved: tuple[float, float]) -> np.ndarray:
    """Keypoints of somebody who stands upright; those not named are missing."""
    points = np.full((18, 3), np.nan, np.float32)
    points[:, 2] = 0
    base = {
        "right_shoulder": (40, 50), "left_shoulder": (60, 50), "right_hip": (45, 90), "left_hip": (55, 90),
        "right_ankle": (45, 170), "left_ankle": (55, 170), "nose": (50, 30),
    }  # fmt: skip
    for name, xy in {**base, **moved}.items():
        points[keypoint(name)] = (*xy, 1)
    return points


def test_the_region_lies_around_the_hips() -> None:
    region = body_region(upright())
    assert region is not None
    assert (region.x, region.y, region.angle) == (50.5, 90.5, pytest.approx(0))
    furthest = np.hypot(5, 80)
    assert region.size == pytest.approx(2 * RADIUS * furthest * 1.25 * 0.95)


def test_the_region_turns_with_the_trunk() -> None:
    points = upright()
    lying = points.copy()
    lying[:, 0], lying[:, 1] = -points[:, 1], points[:, 0]  # the head to the right
    region = body_region(lying)
    assert region is not None
    assert region.angle == pytest.approx(np.pi / 2)


def test_without_hips_there_is_no_region() -> None:
    points = upright()
    points[keypoint("right_hip")] = (np.nan, np.nan, 0)
    assert body_region(points) is None


def test_nobody_around_the_keypoints() -> None:
    with raises_problem("no_silhouette", "the network sees nobody"):
        Silhouettes()(np.full((200, 100, 3), 127, np.uint8), upright())


@pytest.mark.slow
def test_masks_of_synthetic_people() -> None:
    people, masks = People(PeopleOptions(20, 2, seed=21, size=(256, 256))), Silhouettes()
    overlaps = []
    for index in range(40):
        truth = people.garment_labels(index) > 0
        try:
            mask = masks(people.render(index), people.truth(index).keypoints) > 0.5
        except BadSample:
            mask = np.zeros_like(truth)
        overlaps.append((mask & truth).sum() / (mask | truth).sum())
    assert np.mean(overlaps) >= 0.97
    assert np.min(overlaps) >= 0.85
