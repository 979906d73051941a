"""Legs that the photograph ends above."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.geometry.body import load_body
from ptx.geometry.dressing.beyond import SHOES, TROUSERS, displace_legs
from ptx.geometry.dressing.displacements import control_basis
from ptx.geometry.dressing.refine import Person, Posed
from ptx.geometry.joints import joint
from ptx.geometry.zones import body_zones

BODY = load_body("builtin")
BASIS = control_basis(BODY)
SIZE = (256, 192)
POSED = Posed(np.zeros((24, 3), np.float32), np.zeros(10, np.float32), np.array([330, 96, 118], np.float32))
POINTS = POSED.points(BODY)
SHINS = (BODY.weights[:, [joint("left_knee"), joint("right_knee")]].sum(1) > 0.9) & (POINTS[:, 1] > SIZE[0] + 20)
FEET = (body_zones(BODY).feet > 0.9) & (POINTS[:, 1] > SIZE[0])


def person(trousers: bool) -> Person:
    return Person(np.zeros((18, 3)), None, None, np.ones(SIZE, np.float32), trousers=trousers)


def offsets(heights: np.ndarray) -> np.ndarray:
    return np.linalg.norm(BASIS.offset(heights), axis=1)


@pytest.mark.parametrize("width", [0.0, 0.02, 0.04])
def test_a_leg_goes_on_as_wide_as_it_is_seen(width: float) -> None:
    found = displace_legs(BODY, POSED, np.full(BASIS.weights.shape[1], width) * above(), person(trousers=False))
    assert SHINS.sum() > 50
    assert np.median(offsets(found)[SHINS]) == pytest.approx(width, abs=0.002)


def test_trousers_widen_and_shoes_stand_off() -> None:
    found = offsets(displace_legs(BODY, POSED, np.zeros(BASIS.weights.shape[1]), person(trousers=True)))
    low, high = np.quantile(BODY.v_template[SHINS, 1], (0.4, 0.6))
    middle = SHINS & (BODY.v_template[:, 1] > low) & (BODY.v_template[:, 1] < high)
    assert 0.015 < np.median(found[middle]) < TROUSERS + 0.001
    assert found[SHINS].max() == pytest.approx(TROUSERS, abs=0.004)
    assert np.median(found[FEET]) == pytest.approx(SHOES, abs=0.003)


def test_what_the_photograph_shows_stays() -> None:
    small = POSED._replace(camera=np.array([100, 96, 118], np.float32))
    heights = np.random.default_rng(0).normal(0, 0.02, BASIS.weights.shape[1])
    np.testing.assert_array_equal(displace_legs(BODY, small, heights, person(trousers=True)), heights)
    found = displace_legs(BODY, POSED, heights, person(trousers=True))
    shown = POINTS[:, 1] < SIZE[0] - 60
    np.testing.assert_allclose(BASIS.offset(found)[shown], BASIS.offset(heights)[shown], atol=1e-6)


def test_the_edge_of_a_photograph_within_the_picture_counts() -> None:
    area = np.ones(SIZE, np.bool_)
    area[150:] = False
    found = displace_legs(BODY, POSED, np.zeros(BASIS.weights.shape[1]), person(trousers=True)._replace(area=area))
    assert np.median(offsets(found)[SHINS]) > 0.015


def above() -> np.ndarray:
    """1 at control vertices that the picture shows."""
    shown = (POINTS[:, 1] < SIZE[0]).astype(np.float64)
    total = np.maximum(np.asarray(BASIS.weights.sum(axis=0)).reshape(-1), 1e-9)
    return (BASIS.weights.T @ shown / total > 0.5).astype(np.float64)
