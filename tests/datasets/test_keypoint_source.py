"""Keypoints of files brought to the picture: the size that they are of, who is chosen, and what was the same before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from ptx.datasets.data_set import WorkingImage
from ptx.datasets.keypoint_source import FileKeypoints, in_picture
from ptx.datasets.persons import FoundPerson
from ptx.pipeline.errors import BadSample
from tests.datasets.problems import raises_problem

SIZE = (400, 200)
"""Height, width of the original."""


def person(
    scale: float = 1.0,
    confidence: float = 0.5,
    *,
    size: tuple[int, int] | None = None,
    whole: bool = True,
) -> FoundPerson:
    """Keypoint k lies at (10 k, 20 k) times a scale."""
    points = np.array([(10 * k * scale, 20 * k * scale, confidence) for k in range(18)], np.float32)
    return FoundPerson(points, size=size, whole=whole)


@dataclass(frozen=True)
class Known:
    """People by path; a code stands for a bad sample."""

    pictures: Mapping[str, Sequence[FoundPerson] | str]

    def people(self, path: str) -> Sequence[FoundPerson]:
        found = self.pictures[path]
        if isinstance(found, str):
            raise BadSample(found, "as it is")
        return found


def test_the_chosen_person_in_working_pixels() -> None:
    """A picture of half the size, whose left half is cut off."""
    half = np.array([[0.5, 0, -50.25], [0, 0.5, -0.25]], np.float32)
    picture = WorkingImage(np.zeros((200, 50, 3), np.uint8), half, SIZE)
    source = FileKeypoints(Known({"a": [person(0.3, 0.9), person()]}), ["a"], "largest")
    flat = source.find(0, picture).flat
    np.testing.assert_allclose(flat[11, :2], [110 * 0.5 - 50.25, 220 * 0.5 - 0.25])
    assert np.isnan(flat[9, 0])
    surest = FileKeypoints(Known({"a": [person(0.3, 0.9), person()]}), ["a"], "surest").person("a", SIZE)
    assert surest[10, 0] == 30
    with raises_problem("several_persons", "2 persons"):
        FileKeypoints(Known({"a": [person(0.3), person()]}), ["a"], "quarantine").find(0, picture)


def test_keypoints_of_a_smaller_copy_are_enlarged() -> None:
    """Pixel k of a copy of half the size covers the pixels 2 k and 2 k + 1: its centre is at 2 k + .5."""
    small = person(0.5, size=(200, 100))
    moved = in_picture(small, SIZE)
    assert moved.keypoints[3].tolist() == [30.5, 60.5, 0.5]
    assert small.keypoints[3, 0] == 15
    one = person(size=SIZE)
    assert in_picture(one, SIZE) is one
    rounded = in_picture(person(0.5, size=(256, 129)), SIZE)  # a copy's sides are whole numbers
    np.testing.assert_allclose(rounded.keypoints[3, :2], [15.5 / 129 * 200 - 0.5, 30.5 / 256 * 400 - 0.5], rtol=1e-6)


@pytest.mark.parametrize(
    ("size", "words"), [((200, 400), r"400×200, this is 200×400: turned by EXIF\?"), ((300, 200), "200×300")]
)
def test_keypoints_of_a_picture_of_another_shape_are_refused(size: tuple[int, int], words: str) -> None:
    with raises_problem("other_size", words):
        in_picture(person(size=size), SIZE)


def test_a_part_of_a_picture_is_no_smaller_copy() -> None:
    with raises_problem("other_size", "of 100×200, this is 200×400$"):
        in_picture(person(size=(200, 100), whole=False), SIZE)
    assert in_picture(person(size=SIZE, whole=False), SIZE)


def test_keypoints_that_are_mostly_outside_are_of_a_larger_copy() -> None:
    """Of a half of the body, cut by the picture's edge, more than half of the keypoints would be inside."""
    with raises_problem("other_size", "10 of 18 keypoints are outside the picture of 200×400: of a larger copy"):
        in_picture(person(2.6), SIZE)
    assert in_picture(person(2.4), SIZE).count == 18


@pytest.mark.parametrize("shift", [0.0, -1.0])
def test_shares_of_the_picture_are_refused(shift: float) -> None:
    """OpenPose's --keypoint_scale 3 and 4: 0 to 1, -1 to 1."""
    one = person(1 / 340)
    points = one.keypoints.copy()
    points[:, :2] = points[:, :2] * (1 - shift) + shift
    with raises_problem(
        "normalised_keypoints", r"shares of the picture, px are needed \(OpenPose: --keypoint_scale 0\)"
    ):
        in_picture(FoundPerson(points), SIZE)


def test_what_is_read_as_ptx_01_read_it() -> None:
    """One person a picture, of its size; or refused now as then."""

    def same(found: Sequence[FoundPerson] | str) -> bool:
        source = FileKeypoints(Known({"a": [person()], "b": found}), ["a", "b"], "largest")
        return source.reads_as_before([SIZE, SIZE])

    assert same([person(size=SIZE)])
    assert same("missing_keypoints")
    assert not same([person(), person()])
    assert not same([person(size=(200, 100))])
    assert not same([person(1 / 1000)])
    assert not same("ambiguous_keypoints")
    unread = FileKeypoints(Known({"a": [person()]}), ["a"], "largest")
    assert unread.reads_as_before([(1, 1)])  # whatever the file says, the picture itself was quarantined
