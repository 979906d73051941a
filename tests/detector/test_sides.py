"""Left and right of people whom the pose network takes for ones who face the viewer."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.detector.keypoints import Networks
from ptx.detector.people import PeopleDetector
from ptx.detector.pose import POSE_MODEL, Pose
from ptx.detector.regions import Region
from ptx.detector.sides import (
    MIRRORED,
    ShownFace,
    exchanged,
    facing,
    flipped,
    mirrored,
    nose_ahead,
    other_way_round,
    shown_face,
    trunk_yaw,
)
from ptx.labels import GARMENTS, garment
from tests.detector.test_pose import pose


def person(yaw: float = 0.0, *, ahead: float = 0.1) -> Pose:
    """Somebody who stands upright in the middle and is turned by `yaw` degrees; the nose is nearer to the viewer than the ears."""
    world, landmarks = np.zeros((33, 3), np.float32), np.zeros((33, 4), np.float32)
    c, s = np.cos(np.radians(yaw)), np.sin(np.radians(yaw))
    for row, x, y in (
        (11, 0.2, -0.5), (12, -0.2, -0.5), (23, 0.1, 0), (24, -0.1, 0),
        (7, 0.08, -0.7), (8, -0.08, -0.7), (9, 0.02, -0.66), (10, -0.02, -0.66),
    ):  # fmt: skip
        world[row] = (c * x, y, s * x)
        landmarks[row, :2] = (50 + 100 * c * x, 140 + 100 * y)
    world[0], landmarks[0, :2] = (0, -0.7, -ahead), (50, 70)
    return pose(world=world, landmarks=landmarks)


@pytest.mark.parametrize("yaw", [0, 60, 90, -90, 135, 180])
def test_who_faces_the_viewer(yaw: float) -> None:
    """The left shoulder is at the right of the picture; z is away from the viewer."""
    assert facing(person(yaw).world) == pytest.approx(np.cos(np.radians(yaw)), abs=1e-6)
    assert np.cos(trunk_yaw(person(yaw).world) - np.radians(yaw)) == pytest.approx(1)


@pytest.mark.parametrize(
    ("one", "looks", "face", "wrong"),
    [
        (person(), [person(5), person(-5)], None, False),
        (person(), [person(5), person(-5)], ShownFace(0.0, 0.0), True),  # hair all over the head
        (person(), [person(5), person(-5)], ShownFace(0.8, 0.0), False),
        (person(), [person(180), person(170), person(-175)], None, True),  # other looks have them face away
        (person(), [person(180), person(170), person(-175)], ShownFace(0.8, 0.0), False),
        (person(60), [person(60)], ShownFace(0.3, 0.4), False),  # the face is where the trunk faces
        (person(60), [person(60)], ShownFace(0.3, -0.4), True),
        (person(-60), [person(-60)], ShownFace(0.3, -0.4), False),
        (person(ahead=-0.06), [person(0)], None, True),  # the nose lies behind the ears
        (person(ahead=-0.06), [person(0)], ShownFace(0.8, 0.0), False),
    ],
)
def test_evidence(one: Pose, looks: list[Pose], face: ShownFace | None, wrong: bool) -> None:
    assert exchanged(one, looks, face) is wrong


def test_most_looks_say_how_who_faces_the_other_way_stands() -> None:
    """The middle one is taken: not the one that differs from the others; with few of them the pose is mirrored."""
    looks = [person(100), person(178), person(176), person(-4)]
    assert any(other_way_round(person(), looks) is look for look in looks[1:3])
    one = person(10)
    assert np.array_equal(other_way_round(one, [person(5), person(3), person(180)]).world, mirrored(one).world)
    assert np.array_equal(other_way_round(one, []).world, mirrored(one).world)


def test_mirroring_exchanges_pairs_and_the_face_goes_to_the_far_side() -> None:
    one = person()
    other = mirrored(one)
    assert np.array_equal(other.landmarks[11], one.landmarks[12])
    assert facing(other.world) == pytest.approx(-1)
    assert nose_ahead(one.world) == pytest.approx(0.1)
    assert nose_ahead(other.world) == pytest.approx(-0.1)
    assert np.allclose(mirrored(other).world, one.world)
    behind = person(ahead=-0.02)
    assert nose_ahead(mirrored(behind).world) == pytest.approx(-0.02)  # it is there already
    assert sorted(MIRRORED) == list(range(33))


def test_a_flipped_pose_is_that_of_the_mirror_image() -> None:
    """Who turns to the picture's right turns to its left there, and the left shoulder is the other's right one."""
    one = person(30)
    mask = np.zeros((256, 256), np.float32)
    mask[:, :10] = 1
    one = Pose(one.landmarks, one.world, np.float32([[40, 80], [45, 20]]), mask, 0.9, Region(40, 80, 150, 0.1))
    other = flipped(one, 200)
    assert np.degrees(trunk_yaw(other.world)) == pytest.approx(-30)
    assert other.landmarks[11, 0] == pytest.approx(200 - one.landmarks[12, 0])
    assert other.frame[:, 0].tolist() == [160, 155]
    assert other.mask[:, -10:].min() == 1
    assert other.mask[:, :-10].max() == 0
    assert other.region == Region(160, 80, 150, -0.1)
    assert np.allclose(flipped(other, 200).landmarks, one.landmarks, atol=1e-4)


def head(face: slice, hair: slice) -> np.ndarray:
    """Probabilities of labels (12, 100, 100): columns of face and of hair about the ears of `person`, and a neck below them."""
    labels = np.zeros((100, 100), np.int64)
    labels[58:74, hair], labels[58:74, face] = garment("hair"), garment("face")
    labels[76:90, 44:56] = garment("face")
    return np.eye(len(GARMENTS), dtype=np.float32)[labels].transpose(2, 0, 1)


def test_where_labels_show_the_face() -> None:
    """Ears at (50, 70), shoulders 20 px lower: the head's radius is 10 px; the mouth is at 74, the neck does not count."""
    at = person().landmarks
    left, right = (
        shown_face(head(*columns), at) for columns in ((slice(40, 45), slice(45, 60)), (slice(55, 60), slice(40, 55)))
    )
    assert left is not None
    assert right is not None
    assert left.aside < -0.2
    assert right.aside == pytest.approx(-left.aside, abs=0.1)
    assert 0.1 < left.share < 0.3
    back = shown_face(head(slice(0, 0), slice(40, 60)), at)
    assert back is not None
    assert back == ShownFace(0.0, 0.0)
    assert shown_face(head(slice(0, 0), slice(0, 0)), at) is None  # nothing but the neck


class _Looks(PeopleDetector):
    """Looks again as it is told to."""

    def __init__(self, looks: list[Pose]) -> None:
        self.looks = looks

    def look_again(self, image: np.ndarray, pose: Pose) -> list[Pose]:
        del image, pose
        return self.looks


class _Told(Networks):
    """Networks whose answers are given; what is not may not be asked."""

    def __init__(self, *, face: bool | None = None, looks: list[Pose] | None = None) -> None:
        self.face = _Face(face)
        self.people = _Looks([] if looks is None else looks)

    def _shown_face(self, image: np.ndarray, pose: Pose) -> ShownFace | None:
        del image, pose
        return None


class _Face:
    """Finds a face, or not; None: is not asked."""

    def __init__(self, answer: bool | None) -> None:
        self.answer = answer

    def has_face(self, image: np.ndarray, pose: Pose) -> bool:
        del image, pose
        assert self.answer is not None
        return self.answer


def test_only_who_faces_the_viewer_without_a_face_is_looked_at_again() -> None:
    image = np.zeros((200, 100, 3), np.uint8)
    away, front, behind = person(150), person(10), [person(180), person(175)]
    assert _Told().with_sides(image, away) is away
    assert _Told(face=True, looks=behind).with_sides(image, front) is front
    assert _Told(face=False, looks=[front, front]).with_sides(image, front) is front
    assert facing(_Told(face=False, looks=behind).with_sides(image, front).world) < 0


@pytest.mark.slow
def test_other_looks_at_a_photograph_show_the_same_person() -> None:
    """Also in the mirror image, brought back: the astronaut's shoulders are within a tenth of her breadth."""
    image = pytest.importorskip("skimage.data").astronaut()
    people = PeopleDetector(POSE_MODEL)
    one = people.find(image)
    assert one is not None
    looks = people.look_again(image, one)
    assert len(looks) == 5
    shoulders = [11, 12]
    breadth = np.hypot(*(one.landmarks[11, :2] - one.landmarks[12, :2]))
    for look in looks:
        apart = np.hypot(*(look.landmarks[shoulders, :2] - one.landmarks[shoulders, :2]).T)
        assert apart.max() < 0.15 * breadth
        assert np.cos(trunk_yaw(look.world) - trunk_yaw(one.world)) > 0.9
    assert people.find(image, border=False) is not None
