"""Garment labels: every label set translates by the names of its labels."""

from __future__ import annotations

import numpy as np

from ptx.datasets.label_sets import LABEL_SETS, translate
from ptx.labels import GARMENTS
from tests.datasets.problems import raises_problem


def test_label_sets_translate() -> None:
    for names in LABEL_SETS.values():
        assert set(names) <= set(GARMENTS)
    assert [GARMENTS[k] for k in translate(np.array([0, 2, 9, 12, 13, 19]), "lip")] == [
        "background", "hair", "trousers", "skirt", "face", "shoes",
    ]  # fmt: skip
    assert [GARMENTS[k] for k in translate(np.array([4, 5, 11, 16]), "atr")] == ["top", "skirt", "face", "accessory"]
    assert [GARMENTS[k] for k in translate(np.array([2, 11, 13, 14, 21]), "deepfashion")] == [
        "coat", "shoes", "hair", "face", "dress",
    ]  # fmt: skip
    assert {name: len(labels) for name, labels in LABEL_SETS.items()} == {
        "ptx": 12,
        "lip": 20,
        "atr": 18,
        "deepfashion": 24,
    }
    with raises_problem("bad_labels", "^label 18 in a map of atr, which has 0 to 17"):
        translate(np.array([18]), "atr")
    with raises_problem("bad_labels"):
        translate(np.array([-1, 3]), "lip")


def test_shapes_and_types() -> None:
    labels = np.arange(12, dtype=np.int64).reshape(3, 4)
    ours = translate(labels, "ptx")
    assert ours.dtype == np.uint8
    np.testing.assert_array_equal(ours, labels)
    assert translate(np.zeros((0, 5), np.uint8), "lip").shape == (0, 5)
