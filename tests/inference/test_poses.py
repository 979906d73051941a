"""Wanted poses from files and arrays: framed by the person in them as a photograph's, nonsense in one line."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from ptx.datasets.images import Box, Frame, Image, apply_transform, box_around, crop_and_resize
from ptx.inference.person import Person, PersonReader
from ptx.pipeline.errors import PtxError
from ptx.pipeline.fingerprint import Json
from tests.inference.detectors import KnownDetection

SIZE = (64, 48)
"""Height, width of the model's picture."""

PHOTOGRAPH = (300, 400)
"""Height, width of the dancer's photograph."""

DANCER = np.array([(210 + 4 * (k % 5), 120 + 8 * k, 0.5 + k / 40) for k in range(18)], np.float32)
"""(18, 3) the dancer's keypoints, in px of it."""


@dataclass(frozen=True)
class KnowsTheDancer:
    """A detector that finds the dancer in the photograph, and again in the part that was cut out."""

    frame: Frame

    def find_person(self, image: Image) -> Box:
        return box_around(DANCER, image.shape[:2])

    def detect(self, image: Image) -> KnownDetection:
        assert image.shape[:2] == SIZE
        box = self.find_person(np.zeros((*PHOTOGRAPH, 3), np.uint8)) if self.frame == "person" else None
        _, transform = crop_and_resize(np.zeros((*PHOTOGRAPH, 3), np.uint8), box, SIZE)
        moved = DANCER.copy()
        moved[:, :2] = apply_transform(transform, moved[:, :2])
        return KnownDetection(moved)


def reader(frame: Frame = "person") -> PersonReader:
    return PersonReader(SIZE, 10**6, frame, KnowsTheDancer(frame))


@pytest.fixture
def source() -> Person:
    """Somebody in a photograph of another size."""
    pixels = np.random.default_rng(0).integers(0, 255, (120, 90, 3), dtype=np.uint8)
    keypoints = np.array([(30 + k, 20 + 4 * k, 1) for k in range(18)], np.float32)
    return reader().person(pixels, keypoints)


def pose_file(folder: Path, points: np.ndarray, **more: Json) -> Path:
    """Write OpenPose's file of one person."""
    document = {"people": [{"pose_keypoints_2d": np.nan_to_num(points).ravel().tolist()}], **more}
    (folder / "dancer.json").write_text(json.dumps(document))
    return folder / "dancer.json"


def test_a_file_is_framed_as_its_photograph(source: Person, tmp_path: Path) -> None:
    """The wanted pose is the same, up to the whole pixels that photographs are resized to."""
    Pillow.new("RGB", PHOTOGRAPH[::-1], "grey").save(tmp_path / "dancer.png")
    by_photograph = reader().pose(tmp_path / "dancer.png", source)
    by_file = reader().pose(pose_file(tmp_path, DANCER), source)
    np.testing.assert_allclose(by_file, by_photograph, atol=0.5)
    assert np.ptp(by_file[:, 1]) == pytest.approx(64 / 1.3, abs=0.1)  # the person and .15 of the longer side all round


@pytest.mark.parametrize("frame", ["person", "picture"])
@pytest.mark.parametrize("scale", [0.4, 4.0])
def test_the_size_of_the_files_picture_does_not_matter(
    source: Person, tmp_path: Path, frame: Frame, scale: float
) -> None:
    one = reader(frame).pose(pose_file(tmp_path, DANCER), source)
    points = DANCER * (scale, scale, 1)
    np.testing.assert_allclose(reader(frame).pose(pose_file(tmp_path, points), source), one, atol=0.05)


def test_the_whole_picture_is_fitted_in_where_the_file_tells_its_size(source: Person, tmp_path: Path) -> None:
    Pillow.new("RGB", PHOTOGRAPH[::-1], "grey").save(tmp_path / "dancer.png")
    by_photograph = reader("picture").pose(tmp_path / "dancer.png", source)
    height, width = PHOTOGRAPH
    file = pose_file(tmp_path, DANCER, canvas_height=height, canvas_width=width)
    by_file = reader("picture").pose(file, source)
    np.testing.assert_allclose(by_file, by_photograph, atol=0.5)
    # 400 px become 48; the 36 rows lie in the middle of 64.
    np.testing.assert_allclose(by_file[0, :2], [(210 + 0.5) * 0.12 - 0.5, (120 + 0.5) * 0.12 - 0.5 + 14], atol=0.01)


def test_the_largest_person_of_a_file_is_meant(source: Person, tmp_path: Path) -> None:
    alone = reader().pose(pose_file(tmp_path, DANCER), source)
    small = {"pose_keypoints_2d": (DANCER * (0.3, 0.3, 1)).ravel().tolist()}
    document = {"people": [small, {"pose_keypoints_2d": DANCER.ravel().tolist()}]}
    (tmp_path / "dancer.json").write_text(json.dumps(document))
    np.testing.assert_array_equal(reader().pose(tmp_path / "dancer.json", source), alone)


@pytest.mark.parametrize(
    ("points", "words"),
    [
        (DANCER / (400, 300, 1), r"shares of the picture, px are needed"),
        (DANCER / (200, 150, 1) - (1, 1, 0), r"shares of the picture, px are needed"),
        (DANCER - (400, 0, 0), r"18 of the pose's 18 keypoints are outside the picture"),
        (DANCER * (0.04, 0.04, 1), r"the person is 5\.4 px large, in a picture of 10 px or more"),
        (DANCER * (0.1, 0.1, 1) + (3000, 0, 0), r"the person is 13\.6 px large, in a picture of 302\d px or more"),
        (DANCER * (1, 1, 0), r"OpenPose found nobody"),
        (DANCER * np.repeat([1, 0], [3, 15])[:, None], r"3 of 18 keypoints, 4 are needed"),
    ],
)
def test_nonsense_in_a_file(source: Person, tmp_path: Path, points: np.ndarray, words: str) -> None:
    with pytest.raises(PtxError, match=rf"dancer\.json: .*{words}"):
        reader().pose(pose_file(tmp_path, points), source)


@pytest.mark.parametrize(
    ("points", "words"),
    [
        (DANCER + (200, 0, 0), "18 of the pose's 18 keypoints are outside"),
        (DANCER * (0.05, 0.05, 1) + (100, 100, 0), r"the person is 6\.8 px large, in a picture of 400 px"),
    ],
)
def test_nonsense_in_a_file_that_tells_its_pictures_size(
    source: Person, tmp_path: Path, points: np.ndarray, words: str
) -> None:
    file = pose_file(tmp_path, points, canvas_height=PHOTOGRAPH[0], canvas_width=PHOTOGRAPH[1])
    with pytest.raises(PtxError, match=words):
        reader("picture").pose(file, source)


def test_an_array_is_in_px_of_the_sources_photograph(source: Person) -> None:
    pose = np.array([(35 + k, 15 + 4 * k, 1) for k in range(18)], np.float32)
    wanted = reader().pose(pose, source)
    there = wanted[:, 2] > 0
    np.testing.assert_allclose(wanted[there, :2], apply_transform(source.transform, pose[there, :2]), atol=1e-5)
    assert there.sum() > 12


@pytest.mark.parametrize(
    ("scale", "shift", "words"),
    [
        (1 / 90, 0, "shares of the picture"),
        (1, 200, "18 of the pose's 18 keypoints are outside the picture"),
        (0.04, 40, r"the pose is 3\.\d% of the picture large, at least 5% is needed"),
    ],
)
def test_nonsense_in_an_array(source: Person, scale: float, shift: float, words: str) -> None:
    pose = np.array([(35 + k, 15 + 4 * k, 1) for k in range(18)], np.float32) * (scale, scale, 1) + (shift, shift, 0)
    with pytest.raises(PtxError, match=rf"^pose: .*{words}.*it is in px of the source's photograph"):
        reader().pose(pose.astype(np.float32), source)


def test_given_keypoints_that_are_shares(source: Person) -> None:
    keypoints = (np.array([(30 + k, 20 + 4 * k, 90) for k in range(18)]) / 90).astype(np.float32)
    with pytest.raises(PtxError, match=r"^the picture: x and y of .* are shares"):
        reader().person(source.original, keypoints)
