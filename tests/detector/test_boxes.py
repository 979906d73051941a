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


def test_doubtful_boxes_neither_move_sure_ones_nor_double_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Anchors of three scores: .9; .3 on nearly the same box; .3 elsewhere."""
    detector = BoxDetector(PEOPLE_MODEL, PEOPLE_ANCHORS)
    raw, logits = np.zeros((2254, 12), np.float32), np.full((2254, 1), -20.0, np.float32)
    for row, column, score in ((0, 0, 0.9), (2, 0, 0.3), (40, 60, 0.3)):
        raw[row, :4] = (column, 0, 50, 50)
        logits[row] = np.log(score / (1 - score))
    monkeypatch.setattr(detector, "_network", Answers(raw, logits))
    image = np.zeros((224, 224, 3), np.uint8)
    alone = detector(image)
    assert [round(box.score, 3) for box in alone] == [0.9]
    both = detector(image, None, 0.5, 0.2)
    assert [round(box.score, 3) for box in both] == [0.9, 0.3]
    assert np.array_equal(both[0].box, alone[0].box)
    assert both[1].box[0] > 100


class Answers:
    """A network that always says the same."""

    side = 224

    def __init__(self, raw: np.ndarray, logits: np.ndarray) -> None:
        self.outputs = [raw, logits]

    def __call__(self, picture: np.ndarray, low: float = 0.0) -> list[np.ndarray]:
        return [output.copy() for output in self.outputs]
