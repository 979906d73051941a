"""Boxes: anchors as MediaPipe's graphs lay them, overlap and weighted merging by hand."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.detector.boxes import FACE_ANCHORS, PEOPLE_ANCHORS, BoxDetector, ScoredBox, _centres, _merge, overlaps
from ptx.detector.network import ASSETS
from ptx.detector.people import PEOPLE_MODEL


def test_as_many_anchors_as_the_networks_have_rows() -> None:
    """2254 of the detector of people at 224 px, 896 of that of faces at 128 px."""
    assert sum(len(_centres(224, *grid)) for grid in PEOPLE_ANCHORS.items()) == 2254
    assert sum(len(_centres(128, *grid)) for grid in FACE_ANCHORS.items()) == 896
    first = _centres(128, 8, 2)
    assert first[:4].tolist() == [[4 / 128, 4 / 128]] * 2 + [[12 / 128, 4 / 128]] * 2
    assert first[-1].tolist() == [124 / 128, 124 / 128]


def test_overlap() -> None:
    box = np.float32([0, 0, 2, 2])
    others = np.float32([[0, 0, 2, 2], [1, 0, 3, 2], [2, 2, 3, 3], [0, 0, 1, 1]])
    assert overlaps(box, others).tolist() == pytest.approx([1, 1 / 3, 0, 1 / 4])


def test_boxes_of_one_person_become_their_weighted_mean() -> None:
    rows = np.float32([[0, 0, 10, 10, 5, 5], [1, 0, 11, 10, 6, 5], [50, 50, 60, 60, 55, 55]])
    merged = list(_merge(rows, np.float32([0.6, 0.8, 0.7])))
    assert [score for _, score in merged] == pytest.approx([0.8, 0.7])
    share = 0.8 / 1.4
    np.testing.assert_allclose(merged[0][0], [share, 0, 10 + share, 10, 5 + share, 5], rtol=1e-5)
    np.testing.assert_allclose(merged[1][0], rows[2])


def test_a_box_without_size_is_kept_once() -> None:
    """Its overlap with itself is 0."""
    assert len(list(_merge(np.float32([[1, 1, 1, 1]]), np.float32([0.9])))) == 1


def test_the_region_of_a_person_is_upright_in_it() -> None:
    """Hips at (50, 80), the circle around the body 60 px above them."""
    person = ScoredBox(0.9, np.zeros(4, np.float32), np.float32([[50, 80], [50, 20], [50, 50], [50, 30]])).person
    assert (person.x, person.y, person.size, person.angle) == (50, 80, pytest.approx(150), pytest.approx(0))
    lying = ScoredBox(0.9, np.zeros(4, np.float32), np.float32([[50, 80], [110, 80], [0, 0], [0, 0]])).person
    assert lying.angle == pytest.approx(np.pi / 2)  # the head is to the right


def test_nothing_is_nobody() -> None:
    for path, anchors in ((PEOPLE_MODEL, PEOPLE_ANCHORS), (ASSETS / "face_detection_short_range.tflite", FACE_ANCHORS)):
        assert BoxDetector(path, anchors)(np.full((90, 120, 3), 128, np.uint8)) == []
