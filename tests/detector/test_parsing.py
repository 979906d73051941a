"""The parser: how a person is framed and shown, and what its network says of lifelike people that it was not trained on."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from ptx.datasets.people import open_people
from ptx.datasets.people.options import PeopleOptions
from ptx.detector.parsing import HEIGHT, MARGIN, WIDTH, Parser, body_maps, frame, moved, show, warp
from ptx.geometry.joints import keypoint
from ptx.labels import garment
from ptx.pipeline.errors import PtxError

NOBODY = np.full((18, 3), np.nan, np.float32)


def keypoints(**places: tuple[float, float]) -> np.ndarray:
    """Keypoints by name, the others missing."""
    out = NOBODY.copy()
    for name, place in places.items():
        out[keypoint(name)] = (*place, 1)
    return out


def test_a_tall_person_fills_the_height_of_the_frame() -> None:
    share = np.zeros((600, 500), np.float32)
    share[100:500, 200:300] = 1
    matrix = frame(share, NOBODY)
    shown = warp(share, matrix) > 0.5
    rows, columns = np.flatnonzero(shown.any(1)), np.flatnonzero(shown.any(0))
    assert np.ptp(rows) + 1 == pytest.approx(HEIGHT / (1 + 2 * MARGIN), abs=2)
    assert (rows[0] + rows[-1]) / 2 == pytest.approx((HEIGHT - 1) / 2, abs=1)
    assert (columns[0] + columns[-1]) / 2 == pytest.approx((WIDTH - 1) / 2, abs=1)


def test_keypoints_beyond_the_silhouette_widen_the_frame_those_beyond_the_picture_do_not() -> None:
    share = np.zeros((200, 200), np.float32)
    share[50:100, 80:120] = 1
    inside = moved(
        keypoints(nose=(100, 20), left_ankle=(100, 180)), frame(share, keypoints(nose=(100, 20), left_ankle=(100, 180)))
    )
    assert np.nanmin(inside[:, 1]) > 0
    assert np.nanmax(inside[:, 1]) < HEIGHT
    outside = keypoints(nose=(100, 60), neck=(100, 80), left_ankle=(100, 900))
    assert np.array_equal(frame(share, outside), frame(share, NOBODY))


def test_where_nothing_is_known_the_whole_picture_is_shown() -> None:
    corners = moved(np.array([[0, 0, 1], [99, 49, 1]], np.float32), frame(np.zeros((50, 100), np.float32), NOBODY))
    assert (corners[:, :2] > 0).all()
    assert (corners[:, :2] < (WIDTH, HEIGHT)).all()


def test_fine_patterns_become_grey_in_the_frame() -> None:
    """A chequerboard of single pixels, eight times too large, has no contrast left."""
    board = np.zeros((2048, 1536, 3), np.uint8)
    board[::2, ::2] = board[1::2, 1::2] = 255
    shown = show(board, frame(np.ones(board.shape[:2], np.float32), NOBODY))
    assert np.abs(shown[100:150, 60:120].astype(int) - 127).max() < 12


def test_limbs_fade_as_a_normal_distribution() -> None:
    maps = body_maps(np.zeros((HEIGHT, WIDTH), np.float32), keypoints(left_hip=(96, 60), left_knee=(96, 200)))
    assert maps.shape == (7, HEIGHT // 2, WIDTH // 2)
    assert not maps[[0, 1, 3, 4, 6]].any()
    thigh = maps[5]
    x, sigma = (96 - 0.5) / 2, 0.04 * HEIGHT / 2
    row = np.exp(-((np.arange(WIDTH // 2) - x) ** 2) / (2 * sigma**2))
    np.testing.assert_allclose(thigh[65], row, atol=1e-6)
    assert thigh[127].max() < thigh[110].max() < 1


def test_files_that_are_not_the_parser(tmp_path: Path) -> None:
    with pytest.raises(PtxError, match=r"none.onnx: the parser's network cannot be read"):
        Parser(tmp_path / "none.onnx")
    (tmp_path / "other.onnx").write_bytes(b"other")
    with pytest.raises(PtxError, match=r"other.onnx: is not the file that came with ptx"):
        Parser(tmp_path / "other.onnx")


@pytest.mark.slow
def test_lifelike_people_are_labelled_as_they_are_dressed() -> None:
    people = open_people(PeopleOptions(6, 1, 77, (256, 192), loose=0.5, looks="lifelike"))
    parser = Parser()
    right = total = 0
    for i in range(6):
        truth = people.garment_labels(i)
        found = parser(people.render(i), people.alpha(i), people.truth(i).keypoints)
        assert found.shape == truth.shape
        assert found.dtype == np.uint8
        right, total = right + int((found == truth)[truth > 0].sum()), total + int((truth > 0).sum())
    assert right / total > 0.75


@pytest.mark.slow
def test_size_and_place_in_the_picture_do_not_matter() -> None:
    people = open_people(PeopleOptions(1, 1, 5, (256, 192), half_body=0, looks="lifelike"))
    image, mask, points = people.render(0), people.alpha(0), people.truth(0).keypoints
    parser = Parser()
    found = parser(image, mask, points)
    wide = [cv2.copyMakeBorder(one, 30, 50, 80, 20, cv2.BORDER_REPLICATE) for one in (image, mask)]
    wide[1][:30] = wide[1][-50:] = 0
    again = parser(wide[0], wide[1], points + np.array([80, 30, 0], np.float32))[30:-50, 80:-20]
    assert (again == found).mean() > 0.98
    large = cv2.resize(image, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)
    twice = parser(large, cv2.resize(mask, None, fx=3, fy=3), points * np.array([3, 3, 1], np.float32))
    assert (twice[1::3, 1::3] == found).mean() > 0.97
    assert parser(image, mask > 0.5, NOBODY).max() > garment("background")


@pytest.mark.slow
def test_others_in_the_picture_are_background() -> None:
    people = open_people(PeopleOptions(1, 1, 5, (256, 192), half_body=0, looks="lifelike"))
    image, mask, points = people.render(0), people.alpha(0), people.truth(0).keypoints
    both = np.concatenate([image, image], 1)
    found = Parser()(both, np.concatenate([mask, np.zeros_like(mask)], 1), points)
    assert (found[:, :192] > 0).sum() > 0.9 * (mask > 0.5).sum()
    assert not found[:, 210:].any()
