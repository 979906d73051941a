"""Keypoints as maps: discs, silhouettes, boxes, and which network sees which of them."""

from __future__ import annotations

import pytest
import torch

from ptx.geometry.joints import KEYPOINTS, keypoint
from ptx.models.generator import Generator
from ptx.models.pose_maps import (
    PoseMaps,
    keypoint_box,
    person_size,
    pose_channels,
    pose_map,
    pose_maps,
    silhouette,
    valid_keypoints,
)
from ptx.models.variants import Background
from tests.models.samples import inputs, keypoints


def test_pose_map() -> None:
    keypoints = torch.zeros(1, 18, 3)
    keypoints[0, 0] = torch.tensor([5.0, 7.0, 0.9])
    keypoints[0, 1] = torch.tensor([float("nan"), float("nan"), 0.0])
    found = pose_map(keypoints, 20, 12, 2.0)
    assert found.shape == (1, 18, 20, 12)
    rows, columns = torch.nonzero(found[0, 0], as_tuple=True)
    assert len(rows) == 13  # points of the grid within 2 of the centre
    assert ((rows - 7) ** 2 + (columns - 5) ** 2 <= 4).all()
    assert found[0, 1:].sum() == 0


@pytest.mark.parametrize(("radius", "pixels"), [(8.0, 197), (4.0, 49)])
def test_published_discs(radius: float, pixels: int) -> None:
    """(x - u)² + (y - v)² ≤ r², 1 inside: as many grid points as Gauss's circle has; DeepFashion's r is 8, Market-1501's 4."""
    points = torch.zeros(1, 18, 3)
    points[0, 4] = torch.tensor([20.0, 30.0, 1.0])
    discs = pose_map(points, 64, 48, radius)
    assert discs.sum() == discs[0, 4].sum() == pixels
    assert discs[0, 4, 30, 20 + int(radius)] == 1
    assert discs[0, 4, 30, 21 + int(radius)] == 0


def test_layers_see_the_source_pose() -> None:
    """The same target from sources in two poses: only a network that lays layers tells them apart."""
    source, other, target = torch.rand(3, 2, 18, 3).mul(30).unbind()
    image, _, flow, visibility = inputs()
    kinds: tuple[Background, ...] = ("paint", "layers")
    for background in kinds:
        net = Generator(8, 16, 3, 2, background=background).eval()
        maps = [pose_maps(pose, target, *image.shape[-2:], 4.0, background) for pose in (source, other)]
        assert maps[0].channels().shape[1] == pose_channels(background)
        a, b = (net(image, pose, flow, visibility) for pose in maps)
        assert torch.equal(a, b) == (background == "paint")


def test_silhouette_is_where_the_person_is() -> None:
    shape = silhouette(keypoints(), 112, 64)[0, 0]
    assert shape[40, 32] > 0.99
    assert shape[8, 32] > 0.5  # hair above the eyes
    assert shape[:, :6].max() < 0.05
    missing = torch.zeros(1, 18, 3)
    assert silhouette(missing, 32, 32).max() == 0


def test_missing_keypoints_are_those_without_confidence_or_coordinates() -> None:
    points = torch.tensor([[[1.0, 2.0, 0.5], [3.0, 4.0, 0.0], [torch.nan, 5.0, 0.9], [6.0, torch.inf, 0.9]]])
    valid, xy = valid_keypoints(points)
    assert valid.tolist() == [[True, False, False, False]]
    assert xy.tolist() == [[[1, 2], [0, 0], [0, 0], [0, 0]]]


def test_the_box_of_the_valid_keypoints() -> None:
    valid, xy = valid_keypoints(torch.tensor([[[1.0, 20.0, 1.0], [3.0, 4.0, 1.0], [90.0, 90.0, 0.0]]]))
    low, high = keypoint_box(xy, valid)
    assert low.tolist() == [[1, 4]]
    assert high.tolist() == [[3, 20]]
    assert person_size(xy, valid).tolist() == [16]
    assert person_size(xy, valid & False)[0] < 0


def test_maps_are_concatenated_in_the_order_of_their_names() -> None:
    maps = PoseMaps(*(torch.full((1, channels, 4, 4), float(n)) for n, channels in enumerate((18, 18, 1, 1))))
    assert maps.channels()[0, :, 0, 0].tolist() == [0.0] * 18 + [1.0] * 18 + [2.0, 3.0]
    assert PoseMaps(maps.target).channels().shape == (1, len(KEYPOINTS), 4, 4)
    target = keypoints()
    target[:, keypoint("neck"), 2] = 0
    laid = pose_maps(keypoints(), target, 112, 64, 4.0, "layers")
    assert laid.target[:, keypoint("neck")].sum() == 0
    assert laid.source is not None
    assert laid.source[:, keypoint("neck")].sum() > 0
