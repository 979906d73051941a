"""People through videos that are made of photographs."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from ptx.detector.keypoints import Networks
from ptx.detector.tracking import CLOSER_LOOK, LOOK_AGAIN, LOOK_EVERY, PeopleTracker, colours_of
from tests.detector.test_people import photograph


@pytest.fixture(scope="module")
def networks() -> Networks:
    return Networks()


def moved(image: np.ndarray, dx: float) -> np.ndarray:
    height, width = image.shape[:2]
    matrix = np.float32([[1, 0, dx], [0, 1, 0]])
    return cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)


def test_one_person_who_walks_is_followed(networks: Networks) -> None:
    track, image = PeopleTracker(networks), photograph(5)
    (first,) = track(image)
    for step in range(1, 6):
        (one,) = track(moved(image, 4.0 * step))
        assert one.track == first.track
        away = one.detection.landmarks[:, :2] - first.detection.landmarks[:, :2]
        assert np.median(away[:, 0]) == pytest.approx(4.0 * step, abs=2.5)


def test_who_is_gone_for_a_while_is_the_same_when_back(networks: Networks) -> None:
    track, image = PeopleTracker(networks), photograph(5)
    empty = np.full_like(image, 127)
    (before,) = track(image)
    assert track(empty) == []
    later = [track(image) for _ in range(LOOK_AGAIN)]
    assert [one.track for people in later for one in people][-1] == before.track


def test_two_people_have_numbers_of_their_own_the_larger_comes_first(networks: Networks) -> None:
    track, image = PeopleTracker(networks), photograph(9)
    first = track(image)
    assert len({one.track for one in first}) == len(first) >= 2
    areas = [one.detection.pose.body.size for one in first]
    assert areas == sorted(areas, reverse=True)
    for step in range(3):
        again = track(moved(image, float(step)))
        assert {one.track for one in again} == {one.track for one in first}


@pytest.mark.slow
def test_faces_and_closer_looks_are_evidence_of_sides(networks: Networks) -> None:
    """One of two shows a face; whom the network takes for the front, without a face, is looked at again now and then."""
    with_face = max(PeopleTracker(networks)(photograph(9)), key=lambda one: one.evidence)
    assert with_face.evidence == 1.0
    assert with_face.details is not None
    assert (with_face.details.face[:, 2] > 0).all()
    track = PeopleTracker(networks)
    evidence = [track(photograph(1))[0].evidence for _ in range(LOOK_EVERY + 1)]
    assert evidence == [CLOSER_LOOK, *[0.0] * (LOOK_EVERY - 1), CLOSER_LOOK]


def test_colours_of_clothes(networks: Networks) -> None:
    """A picture in which everything is of one colour but the person's lower half, by its mask."""
    image = photograph(5)
    (one,) = PeopleTracker(networks)(image)
    plain = np.full_like(image, 0)
    plain[:] = (255, 0, 0)
    colours = colours_of(plain, one.detection)
    assert colours.shape == (2, 4, 4, 4)
    np.testing.assert_allclose(colours[:, 3, 0, 0], 1.0)
    np.testing.assert_allclose(colours.sum((1, 2, 3)), 1.0)
    plain[int(one.detection.pose.frame[0, 1]) + 2 :] = (0, 0, 255)
    halves = colours_of(plain, one.detection)
    assert halves[0, 3, 0, 0] > 0.95
    assert halves[1, 0, 0, 3] > 0.95
