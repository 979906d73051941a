"""Regions of the body: where anatomy has them, on both bodies alike."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.geometry.body import load_body
from ptx.geometry.zones import ramp, zones


def test_ramp() -> None:
    values = np.array([-1.0, 0.0, 0.25, 1.0, 2.0])
    np.testing.assert_allclose(ramp(values, 0, 1), [0, 0, 0.25, 1, 1])
    np.testing.assert_allclose(ramp(values, 1, 0), [1, 1, 0.75, 0, 0])
    np.testing.assert_allclose(ramp(values, np.zeros(5), 0.5), [0, 0, 0.5, 1, 1])


@pytest.mark.parametrize("name", ["builtin", "small"])
def test_places(name: str) -> None:
    body = load_body(name)
    found = zones(body)
    x, y, z = body.v_template.T
    top, chest, hand, foot = (int(np.argmax(v)) for v in (y, z * (np.abs(y - 0.4) < 0.1), x, -y))
    assert found.scalp[top] == 1
    assert found.face[top] == 0
    assert found.hands[hand] > 0.99
    assert found.arms[hand] > 0.99
    assert found.legs[foot] > 0.99
    nose, left_eye = body.landmarks[0], body.landmarks[2]
    assert found.face[nose] == found.face[left_eye] == 1
    assert found.scalp[nose] == found.scalp[left_eye] == 0
    for zone in found:
        assert zone.shape == (len(x),)
        assert 0 <= zone.min() <= zone.max() <= 1
    for zone in (found.scalp, found.face, found.hands, found.arms, found.legs):
        assert zone[chest] == 0
    back = int(np.argmin(z + 9 * (np.abs(y - body.v_template[nose, 1]) > 0.03) + 9 * (found.arms > 0)))
    assert found.scalp[back] == 1  # hair at the back of the head, at the height of the nose
    assert 0.2 < found.scalp[y > body.v_template[nose, 1] - 0.1].mean() < 0.8
