"""Stored surface maps against the same quantisation in NumPy."""

from __future__ import annotations

import numpy as np

from ptx.geometry.body import load_body
from ptx.geometry.quantization import BARY_STEP, decode_bary
from ptx.geometry.rasterizer import rasterize
from ptx.geometry.surface import pack_surface
from tests.geometry.scenes import posed


def test_a_rasterised_body() -> None:
    scene, body = posed(1, 64), load_body("small")
    face, weights, _ = rasterize(scene.points[0], scene.faces, 64, 48)
    bary, part = np.full((64, 48, 2), 7, np.uint16), np.full((64, 48), 7, np.uint8)
    covered = pack_surface(face, weights, body.face_part, bary, part)
    shown = face >= 0
    assert covered == shown.sum() > 300
    assert (part == np.where(shown, body.face_part[face], 0)).all()
    exact = np.where(shown[..., None], weights.astype(np.float64) * 65535, 0)
    assert np.abs(bary - exact).max() < 0.51  # rounded to nearest, but for float32's own rounding
    assert np.abs(decode_bary(bary) - weights)[shown].max() < BARY_STEP * 0.51


def test_nothing_drawn() -> None:
    bary, part = np.ones((4, 4, 2), np.uint16), np.ones((4, 4), np.uint8)
    empty = np.full((4, 4), -1, np.int32)
    assert pack_surface(empty, np.ones((4, 4, 2), np.float32), np.ones(1, np.uint8), bary, part) == 0
    assert not bary.any()
    assert not part.any()


def test_the_ends_of_the_range() -> None:
    bary, part = np.zeros((1, 3, 2), np.uint16), np.zeros((1, 3), np.uint8)
    weights = np.array([[(0, 1), (0.5, 0.25), (1, 0)]], np.float32)
    pack_surface(np.zeros((1, 3), np.int32), weights, np.array([5], np.uint8), bary, part)
    assert bary.tolist() == [[[0, 65535], [32768, 16384], [65535, 0]]]
    assert (part == 5).all()
