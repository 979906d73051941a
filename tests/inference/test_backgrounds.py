"""Painted people on other backgrounds: with masks that are known, so that only the composition is looked at."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from ptx.datasets.people import People
from ptx.geometry.keypoints import valid_keypoints
from ptx.inference import backgrounds
from ptx.inference.backgrounds import PAINTED, Backdrop, backdrop_of
from ptx.inference.model import Model
from ptx.inference.painting import FoundFlow, Painting, Scene
from ptx.pictures.compose import Painted
from ptx.pipeline.errors import BadSample, PtxError
from tests.conftest import SIZE
from tests.inference.detectors import KnownPerson

BLUE = (0, 0, 255)
SHARE = 0.3
"""Half the width of the mask, as a share of the keypoints' box."""


class Boxes:
    """In place of the network: a box about the middle of the keypoints, half as wide and as high as theirs."""

    def __call__(self, image: np.ndarray, keypoints: np.ndarray) -> np.ndarray:
        points = keypoints[valid_keypoints(keypoints), :2]
        middle, extent = (points.max(0) + points.min(0)) / 2, SHARE * np.ptp(points, axis=0)
        y, x = np.mgrid[: image.shape[0], : image.shape[1]]
        return ((abs(x - middle[0]) < extent[0]) & (abs(y - middle[1]) < extent[1])).astype(np.float32)


@pytest.fixture
def painting(models: Path, people: People, monkeypatch: pytest.MonkeyPatch) -> tuple[Model, Painting]:
    """A person in blue, of a photograph three times as large as what is painted."""
    monkeypatch.setattr(backgrounds, "_silhouettes", Boxes)
    photograph = people.render(0).repeat(3, 0).repeat(3, 1)
    keypoints = people.truth(0).keypoints.copy()
    keypoints[:, :2] = keypoints[:, :2] * 3 + 1
    model = Model(models, body="small", frame="picture", detector=KnownPerson(people.truth(0).keypoints))
    person = model.person(photograph, keypoints)
    picture = np.empty((*SIZE, 3), np.uint8)
    picture[:] = BLUE
    flow = np.zeros((*SIZE, 2), np.float32)
    return model, Painting(picture, FoundFlow(picture, flow, np.zeros(SIZE, np.uint8)), person, person.keypoints)


def share_of_blue(picture: np.ndarray) -> float:
    return float((np.abs(picture[..., :3].astype(int) - BLUE) < 20).all(-1).mean())


def test_the_photograph_without_its_person(painting: tuple[Model, Painting]) -> None:
    """At the photograph's size; far from both the photograph's own pixels."""
    _, done = painting
    pose = done.pose.copy()
    pose[:, 0] += 12
    out = Backdrop("source").draw(replace(done, pose=pose))
    photograph = done.person.original
    assert out.shape == photograph.shape
    mask = Boxes()(done.picture, pose)
    before = Boxes()(done.picture, done.pose).repeat(3, 0).repeat(3, 1) > 0
    after = mask.repeat(3, 0).repeat(3, 1) > 0
    left = before & ~cv2.dilate(after.astype(np.uint8), np.ones((9, 9))).astype(bool)
    assert left.mean() > 0.01
    assert (np.abs(out.astype(int) - photograph).sum(-1) > 20)[left].mean() > 0.7  # the person is gone from there
    assert share_of_blue(out) == pytest.approx(mask.mean(), rel=0.2)
    assert (out[:6] == photograph[:6]).all()
    assert (out[:, :6] == photograph[:, :6]).all()


def test_the_photograph_of_the_pose(painting: tuple[Model, Painting], people: People) -> None:
    model, done = painting
    posed = model.person(people.render(1), people.truth(1).keypoints)
    out = Backdrop("pose").draw(replace(done, posed=posed))
    assert out.shape == (*SIZE, 3)
    assert (out[:2] == people.render(1)[:2]).all()
    assert share_of_blue(out) == pytest.approx(Boxes()(done.picture, done.pose).mean(), rel=0.1)
    with pytest.raises(PtxError, match="there is no photograph of the pose: take source, none or a colour"):
        Backdrop("pose").draw(done)


def test_a_mask_that_is_known_is_not_looked_for(
    painting: tuple[Model, Painting], monkeypatch: pytest.MonkeyPatch
) -> None:
    """That of the engine's picture, which is a third as large as the photograph."""

    class Known(Painting):
        @property
        def scene(self) -> Scene:
            mask = np.zeros(SIZE, np.float32)
            mask[20:30, 10:20] = 1
            return Scene(self.person, mask)

        @property
        def cut_out(self) -> Painted:
            return Painted(self.picture, np.zeros(SIZE, np.float32), np.eye(2, 3))

    def never() -> Boxes:
        raise AssertionError

    _, done = painting
    monkeypatch.setattr(backgrounds, "_silhouettes", never)
    known = Known(**{field.name: getattr(done, field.name) for field in fields(done)})
    changed = (Backdrop("source").draw(known) != done.person.original).any(-1)
    there = np.zeros(changed.shape, bool)
    there[55:100, 25:67] = True  # pixels 60 to 89 and 30 to 59, and a margin
    lower = np.zeros(changed.shape, bool)
    lower[100:] = True  # shadows of feet
    assert changed[60:90, 30:60].mean() > 0.5
    assert not changed[~there & ~lower].any()


def test_colours_and_nothing(painting: tuple[Model, Painting]) -> None:
    _, done = painting
    mask = Boxes()(done.picture, done.pose)
    grey = Backdrop((200, 200, 200)).draw(done)
    assert (grey[mask > 0] == BLUE).all()
    assert (grey[:2] == 200).all()
    feet = np.rint(done.pose[[10, 13], :2]).astype(int)
    assert (grey[feet[:, 1] + 2, feet[:, 0], 0] < 200).any()  # a foot stands there
    clear = Backdrop("none").draw(done)
    assert clear.shape == (*SIZE, 4)
    assert (clear[..., 3] == 255 * mask).all()


def test_nobody_to_cut_out(painting: tuple[Model, Painting], monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> object:
        def find(image: np.ndarray, keypoints: np.ndarray) -> np.ndarray:
            raise BadSample("no_silhouette", "the network sees nobody around the keypoints")

        return find

    _, done = painting
    monkeypatch.setattr(backgrounds, "_silhouettes", nobody)
    with pytest.raises(PtxError, match="--background: nobody can be cut out of the painted picture"):
        Backdrop("none").draw(done)


def test_names() -> None:
    assert backdrop_of(PAINTED) is None
    assert backdrop_of("white") == Backdrop((255, 255, 255))
    with pytest.raises(PtxError, match="beach: no background"):
        backdrop_of("beach")
