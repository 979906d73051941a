"""Zones of any body."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from ptx.geometry.body import load_body
from ptx.geometry.zones import Zones, body_zones, head_coordinates, ramp
from ptx.surface.symmetry import mirrored_points

BODY = load_body("builtin")


def values(zones: Zones) -> dict[str, np.ndarray]:
    return {field.name: getattr(zones, field.name) for field in fields(zones)}


def test_zones_do_not_depend_on_where_the_body_is_and_how_large() -> None:
    moved = replace(BODY, v_template=(BODY.v_template * 1.2 + (0.1, -0.3, 0.2)).astype(np.float32))
    for name, zone in values(body_zones(moved)).items():
        np.testing.assert_allclose(zone, values(body_zones(BODY))[name], atol=2e-3, err_msg=name)


@pytest.mark.parametrize("name", ["small", "builtin"])
def test_zones_are_symmetric_shares(name: str) -> None:
    body = load_body(name)
    for zone in values(body_zones(body)).values():
        assert zone.dtype == np.float32
        assert zone.min() >= 0
        assert 0.6 < zone.max() <= 1.0001
        assert np.abs(mirrored_points(body).of(zone) - zone).mean() < 0.01


@pytest.mark.parametrize("name", ["small", "builtin"])
def test_the_nose_is_a_feature_and_the_crown_has_hair(name: str) -> None:
    body = load_body(name)
    zones = body_zones(body)
    nose, crown = body.landmarks[0], body.v_template[:, 1].argmax()
    back = np.where(body_zones(body).head > 0.9, body.v_template[:, 2], 1).argmin()
    assert (zones.features[nose], zones.face[nose], zones.scalp[nose]) == (1, 1, 0)
    assert (zones.scalp[crown], zones.face[crown]) == (1, 0)
    assert (zones.scalp[back], zones.features[back]) == (1, 0)
    assert (zones.features[body.landmarks[3:]] == 0).all()  # ears


def test_head_coordinates_of_landmarks() -> None:
    nose, _, _, right, left = head_coordinates(BODY)[BODY.landmarks]
    np.testing.assert_allclose(nose, (0, 0, 1), atol=0.02)
    np.testing.assert_allclose((left[0], right[0], left[2] + right[2]), (1, -1, 0), atol=1e-5)


def test_ramp() -> None:
    np.testing.assert_allclose(ramp(np.array([0, 2, 3, 4, 9], np.float32), 2, 4), [0, 0, 0.5, 1, 1])


def test_what_can_be_under_an_arm_is_none_itself() -> None:
    shares = np.array([0, 0.35, 0.5, 0.65, 1], np.float32)
    zones = replace(body_zones(load_body("small")), arms=shares)
    np.testing.assert_allclose(zones.under_arms, [1, 1, 0.5, 0, 0], atol=1e-6)
