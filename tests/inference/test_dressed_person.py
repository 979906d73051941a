"""A person of several photographs wears the clothes of the first."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from ptx.detector.silhouettes import Silhouettes
from ptx.geometry.body import load_body
from ptx.geometry.dressing.sheets import clothed
from ptx.geometry.layers.worn import Worn
from ptx.geometry.rasterizer import rasterize
from ptx.geometry.viewpoint import FittedBody
from ptx.inference.dressed_person import DressedPerson, dress_person
from ptx.inference.person import Person
from ptx.labels import garment
from ptx.surface.merge import merge
from ptx.surface.source import MaskedPhotograph, observe

SIZE = (256, 192)
BODY = load_body("small")
Picture = NDArray[np.generic]


def wearing(worn: Worn, *, yaw: float = 0.0, height: float = 0.0) -> DressedPerson:
    """Somebody whose skin is displaced by `height` metres, and who stands a little aside where they are turned."""
    body, offset, drawn = clothed(BODY, np.full(512, height), worn)
    camera = np.array([110, 96 + yaw / 90, 118], np.float32)
    bare = FittedBody(body, np.zeros((24, 3), np.float32), np.zeros(10, np.float32), camera, SIZE)
    return DressedPerson(replace(bare, offset=offset, drawn=drawn).turned(yaw), np.ones(SIZE, np.float32))


def test_the_same_clothes_keep_the_own_fit() -> None:
    first = wearing(Worn(0.5))
    second = wearing(Worn(0.5), yaw=180, height=0.01)
    assert second.on_body_of(first.fitted) is second


@pytest.mark.parametrize(("mine", "theirs"), [(Worn(), Worn(0.5)), (Worn(0.5), Worn()), (Worn(0.6), Worn(0.5))])
def test_other_clothes_give_way_to_those_of_the_first_and_the_pose_stays(mine: Worn, theirs: Worn) -> None:
    first, second = wearing(theirs).fitted, wearing(mine, yaw=180, height=0.01)
    brought = second.on_body_of(first).fitted
    np.testing.assert_array_equal(brought.faces, first.faces)
    np.testing.assert_array_equal(brought.pose, second.fitted.pose)
    np.testing.assert_array_equal(brought.camera, second.fitted.camera)
    np.testing.assert_allclose(brought.points, replace(first, pose=brought.pose, camera=brought.camera).points)


@pytest.mark.slow
def test_a_skirt_is_seen_by_both_and_legs_under_it_by_neither() -> None:
    picture = np.full((*SIZE, 3), 90, np.uint8)
    first, second = wearing(Worn(0.5)), wearing(Worn(), yaw=180).on_body_of(wearing(Worn(0.5)).fitted)
    views = merge([observe(MaskedPhotograph(picture, one.mask), one.fitted) for one in (first, second)])
    layer = first.fitted.body.layer
    middle = BODY.v_template[:, 1].min() + 0.6
    thighs = (layer == 0) & (np.abs(first.fitted.body.v_template[:, 1] - middle) < 0.05)
    thighs &= np.abs(first.fitted.body.v_template[:, 0]) < 0.25
    assert thighs.sum() > 20
    for source in views.sources:
        assert source.uncovered[thighs].mean() < 0.1


class Outline(Silhouettes):
    """A network that sees one silhouette."""

    def __init__(self, mask: NDArray[np.float32]) -> None:
        """Keep it."""
        self.mask = mask

    def __call__(self, image: NDArray[np.uint8], keypoints: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return it."""
        assert image.shape[:2] == self.mask.shape
        assert len(keypoints) == 18
        return self.mask


@pytest.mark.slow
@pytest.mark.parametrize("below", ["skirt", "legs"])
def test_a_person_is_dressed_by_labels_that_go_on_to_the_surface(below: str) -> None:
    """They are asked for once, of the working picture."""
    shown = wearing(Worn(0.5), yaw=9).fitted
    face = rasterize(shown.points, shown.faces, *SIZE)[0]
    labels = np.where(face >= len(BODY.faces), garment(below), np.where(face >= 0, garment("legs"), 0)).astype(np.uint8)
    asked: list[tuple[int, ...]] = []

    def label(image: Picture, mask: Picture, keypoints: Picture) -> NDArray[np.uint8]:
        asked.append((*image.shape, *mask.shape, *keypoints.shape))
        return labels

    picture = np.full((*SIZE, 3), 120, np.uint8)
    person = Person(picture, shown.keypoints, picture, np.eye(2, 3, dtype=np.float32))
    dressed = dress_person(person, BODY, Outline((face >= 0).astype(np.float32)), label)
    assert asked == [(*SIZE, 3, *SIZE, 18, 3)]
    assert dressed.garments is not None
    np.testing.assert_array_equal(dressed.garments.labels, labels)
    assert (len(dressed.fitted.body.v_template) > len(BODY.v_template)) == (below == "skirt")
