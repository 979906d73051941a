"""Which frames are fitted together."""

from __future__ import annotations

import numpy as np

from ptx.geometry.motion.shots import held_frames, shots, stretches


def marks(text: str) -> np.ndarray:
    return np.array([c == "x" for c in text], np.bool_)


def test_shots() -> None:
    assert list(shots(9, np.array([6, 2]))) == [(0, 2), (2, 6), (6, 9)]
    assert list(shots(9, np.array([0, 9, 12, -1, 3, 3]))) == [(0, 3), (3, 9)]
    assert list(shots(4, np.zeros(0, int))) == [(0, 4)]


def test_stretches() -> None:
    none = np.zeros(0, int)
    assert list(stretches(marks("..xx..xx.x"), none, 2)) == [(2, 10)]
    assert list(stretches(marks("..xx..xx.x"), none, 1)) == [(2, 4), (6, 10)]
    assert list(stretches(marks("..xx..xx.x"), none, 0)) == [(2, 4), (6, 8), (9, 10)]
    assert list(stretches(marks("xxxxxxxxxx"), np.array([3]), 5)) == [(0, 3), (3, 10)]
    assert list(stretches(marks("xx......xx"), np.array([4]), 9)) == [(0, 2), (8, 10)]
    assert list(stretches(marks("....."), none, 5)) == []


def test_held_frames() -> None:
    none = np.zeros(0, int)
    assert held_frames(marks("..xx...x"), none, 1).tolist() == [-1, 2, 2, 3, 3, -1, 7, 7]
    assert held_frames(marks(".x.x"), none, 1).tolist() == [1, 1, 1, 3]
    assert held_frames(marks("xx..xx"), np.array([3]), 9).tolist() == [0, 1, 1, 4, 4, 5]
    assert held_frames(marks("xx.."), np.array([2]), 9).tolist() == [0, 1, -1, -1]
