"""People in pictures: who fills them, several, and nobody."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data

from ptx.detector.people import (
    WINDOW_SIZES,
    PeopleDetector,
    is_person,
    pose_distance,
    same_person,
    share_on_mask,
    windows,
)
from ptx.detector.regions import Region
from tests.detector.test_pose import pose

DATA = Path(__file__).parents[1] / "data" / "detector"


def photograph(number: int) -> np.ndarray:
    return cv2.cvtColor(cv2.imread(str(DATA / f"{number}.jpg")), cv2.COLOR_BGR2RGB)


@pytest.fixture(scope="module")
def detector() -> PeopleDetector:
    return PeopleDetector()


def test_windows_cover_the_picture() -> None:
    """Every point lies in the middle half of some window of each size, or within a quarter of its side of the edge."""
    image = np.zeros((300, 500, 3), np.uint8)
    everything = list(windows(image))
    assert everything[0] == Region(250, 150, 500)
    for share in WINDOW_SIZES:
        size = 300 * share
        centres = [(w.x, w.y) for w in everything[1:] if w.size == pytest.approx(size)]
        assert all(size / 2 <= x <= 500 - size / 2 and size / 2 <= y <= 300 - size / 2 for x, y in centres)
        for length, values in ((500, {x for x, _ in centres}), (300, {y for _, y in centres})):
            edges = sorted(values)
            assert edges[0] == pytest.approx(size / 2)
            assert edges[-1] == pytest.approx(length - size / 2)
            assert max(np.diff(edges), default=0) <= size / 2 + 1e-6


def landmarks(xy: tuple[float, float], visibility: float = 0.9, scale: float = 1.0) -> np.ndarray:
    """33 landmarks on a grid about a point."""
    out = np.zeros((33, 4), np.float32)
    out[:, 0], out[:, 1] = xy[0] + scale * (np.arange(33) % 6) * 4, xy[1] + scale * (np.arange(33) // 6) * 10
    out[:, 3] = visibility
    return out


def test_the_same_person_twice() -> None:
    """Landmarks 3 px apart, of a body 50 px large: .06 of its size."""
    one, other = pose(landmarks=landmarks((50, 60))), pose(landmarks=landmarks((53, 60)))
    assert pose_distance(one, other) == pytest.approx(3 / 50)
    assert same_person(one, other)
    assert not same_person(one, pose(landmarks=landmarks((57, 60))))
    assert same_person(one, pose(landmarks=landmarks((500, 60), visibility=0.1)))  # too little in common to tell


def test_what_is_a_person() -> None:
    decided, undecided = np.ones((256, 256), np.float32), np.full((256, 256), 0.6, np.float32)
    assert is_person(pose(landmarks=landmarks((40, 50)), mask=decided))
    assert not is_person(pose(landmarks=landmarks((40, 50)), mask=undecided))
    assert not is_person(pose(landmarks=landmarks((40, 50)), mask=1 - decided))  # the landmarks lie off the mask
    assert not is_person(pose(landmarks=landmarks((40, 50), visibility=0.4), mask=decided))


def test_who_fills_the_picture_is_found_with_a_border(detector: PeopleDetector) -> None:
    """A tight crop of a photograph: nobody without the border, in place with it."""
    whole = photograph(3)
    expected = detector.find(whole)
    assert expected is not None
    tight = np.ascontiguousarray(whole[71:235, 53:176])  # no head either
    assert detector.find(tight, border=False) is None
    found = detector.find(tight)
    assert found is not None
    shifted = found.landmarks[:, :2] + (53, 71)
    assert np.median(np.linalg.norm(shifted - expected.landmarks[:, :2], axis=1)) < 5


def test_two_in_one_photograph(detector: PeopleDetector) -> None:
    """Each once; whoever the whole picture shows first is the surest."""
    both = detector.find_all(photograph(9))
    assert len(both) == 2
    assert not same_person(both[0], both[1])
    first = detector.find(photograph(9))
    assert first is not None
    assert any(same_person(first, one) for one in both)


@pytest.mark.slow
def test_several_in_a_large_picture(detector: PeopleDetector) -> None:
    """Four photographs beside each other, each person too small for one look at the whole."""
    pictures = [photograph(number) for number in (1, 5, 6, 7)]
    width = sum(picture.shape[1] for picture in pictures)
    wide = np.full((640, width, 3), 120, np.uint8)
    wide[160:480] = np.concatenate(pictures, axis=1)
    found = detector.find_all(wide)
    left = np.cumsum([0, *(picture.shape[1] for picture in pictures)])
    places = {int(np.searchsorted(left, person.landmarks[:, 0].mean())) for person in found}
    assert len(found) == 4
    assert places == {1, 2, 3, 4}


def test_a_part_of_somebody_lies_on_their_mask() -> None:
    """Of 33 landmarks of a grid, the shares within a mask's left half, moved outside its region, and unseen."""
    half = np.zeros((256, 256), np.float32)
    half[:, :128] = 1
    other = pose(mask=half, region=Region(50, 80, 256))  # a cell of the mask is a pixel; the left half ends at x = 50
    assert share_on_mask(pose(landmarks=landmarks((10, 50))), other) == 1
    assert share_on_mask(pose(landmarks=landmarks((60, 50))), other) == 0
    assert share_on_mask(pose(landmarks=landmarks((40, 50))), other) == pytest.approx(
        18 / 33
    )  # x = 40, 44, 48 of six columns
    assert share_on_mask(pose(landmarks=landmarks((500, 50))), other) == 0
    assert share_on_mask(pose(landmarks=landmarks((10, 50), visibility=0.1)), other) == 0


@pytest.mark.slow
def test_parts_of_people_are_no_people(detector: PeopleDetector) -> None:
    """Two beside each other; arms and patterns between them, of no third person, are not told."""
    two = np.concatenate([data.astronaut(), data.astronaut()[:, ::-1]], axis=1)
    assert len(detector.find_all(two)) == 2


@pytest.mark.parametrize("seed", range(4))
def test_nobody_in_patterns(detector: PeopleDetector, seed: int) -> None:
    """Smooth gradients, stripes, checks and noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:240, :320]
    pattern = [np.sin(x / 40) + np.cos(y / 60), np.sin(x / 5), (x // 40 + y // 40) % 2, rng.normal(size=x.shape)][seed]
    colours = rng.uniform(40, 200, (2, 3))
    low, high = pattern.min(), pattern.max()
    image = colours[0] + (colours[1] - colours[0]) * ((pattern - low) / (high - low))[..., None]
    assert_nobody(detector, image.astype(np.uint8))


LIBRARY = (
    "brick", "cat", "cell", "clock", "coffee", "coins", "colorwheel", "grass", "gravel", "hubble_deep_field",
    "immunohistochemistry", "logo", "microaneurysms", "moon", "page", "retina", "rocket", "shepp_logan_phantom", "text",
)  # fmt: skip
"""scikit-image's pictures without people: surfaces, animals, things, cells, the sky, print. Its black silhouette of a horse is somebody, as
it is for MediaPipe."""


@pytest.mark.slow
@pytest.mark.parametrize("name", LIBRARY)
def test_nobody_in_pictures_of_other_things(detector: PeopleDetector, name: str) -> None:
    image = np.asarray(getattr(data, name)())
    grey = image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2)
    whole = grey if grey.dtype == np.uint8 else np.uint8(255 * (grey / max(float(grey.max()), 1e-9)))
    scale = min(1.0, 1024 / max(whole.shape[:2]))
    smaller = cv2.resize(whole[..., :3].copy(), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    assert_nobody(detector, np.asarray(smaller, np.uint8))


@pytest.mark.slow
@pytest.mark.parametrize("size", [4, 8, 16, 32, 64])
def test_nobody_in_clouds(detector: PeopleDetector, size: int) -> None:
    """Coloured noise of several grains, as marble, foliage and stains."""
    noise = np.random.default_rng(size).integers(0, 255, (size, size, 3), np.uint8)
    assert_nobody(detector, np.asarray(cv2.resize(noise, (512, 400), interpolation=cv2.INTER_CUBIC), np.uint8))


def landscape() -> np.ndarray:
    """Sky, hills, a tree and the sun."""
    image = np.full((360, 480, 3), (150, 190, 235), np.uint8)
    cv2.circle(image, (380, 70), 34, (250, 230, 140), -1)
    cv2.ellipse(image, (120, 330), (220, 130), 0, 0, 360, (90, 140, 80), -1)
    cv2.ellipse(image, (380, 350), (240, 110), 0, 0, 360, (70, 120, 60), -1)
    cv2.rectangle(image, (228, 190), (244, 300), (95, 65, 40), -1)
    cv2.circle(image, (236, 160), 52, (40, 95, 45), -1)
    return image


def chair() -> np.ndarray:
    """A chair before a wall: a back, a seat and legs, upright as people are."""
    image = np.full((400, 320, 3), (205, 200, 190), np.uint8)
    cv2.rectangle(image, (0, 330), (320, 400), (150, 120, 90), -1)
    for left, right, top, bottom in (
        (100, 220, 90, 200),
        (92, 228, 205, 228),
        (96, 110, 228, 370),
        (210, 224, 228, 370),
    ):
        cv2.rectangle(image, (left, top), (right, bottom), (110, 70, 40), -1)
    return image


def writing() -> np.ndarray:
    """Lines of text."""
    image = np.full((320, 480, 3), 245, np.uint8)
    for row in range(9):
        cv2.putText(
            image,
            "Nobody is on this page " + str(row),
            (20, 40 + 32 * row),
            cv2.FONT_HERSHEY_SIMPLEX,
            0.8,
            (30,) * 3,
            2,
        )
    return image


@pytest.mark.parametrize("image", [landscape(), chair(), writing()], ids=["landscape", "chair", "writing"])
def test_nobody_in_drawings(detector: PeopleDetector, image: np.ndarray) -> None:
    assert_nobody(detector, image)


def assert_nobody(detector: PeopleDetector, image: np.ndarray) -> None:
    assert detector.find(image) is None
    assert detector.find_all(image) == []
