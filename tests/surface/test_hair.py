"""Where hair grows on a head, and how its strands end."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.geometry.body import Body, load_body
from ptx.geometry.dressing.sheets import wear
from ptx.geometry.layers.worn import NOTHING, Worn
from ptx.geometry.viewpoint import FittedBody
from ptx.geometry.zones import body_zones, head_coordinates
from ptx.surface.hair import ears_covered, hair_zone, strand_ends
from ptx.surface.points import SurfacePoints

BODY = load_body("builtin")


def dressed(worn: Worn = NOTHING, thick: float = 0.0) -> FittedBody:
    heights = np.full(512, thick, np.float32)
    still, camera = np.zeros((24, 3), np.float32), np.array([100, 50, 50], np.float32)
    return wear(FittedBody(BODY, still, np.zeros(10, np.float32), camera, (100, 100)), heights, worn)


@pytest.mark.parametrize("name", ["small", "builtin"])
def test_hair_grows_on_the_crown_and_not_on_face_and_ears(name: str) -> None:
    body = load_body(name)
    zone, (x, y, z) = hair_zone(body), head_coordinates(body).T
    nose, right_eye, left_eye, right_ear, left_ear = body.landmarks
    head = body_zones(body).head > 0.9
    assert zone.share[head & (y > 0.9)].min() > 0.9
    assert zone.share[[nose, right_eye, left_eye, right_ear, left_ear]].max() == 0
    assert zone.ears[[right_ear, left_ear]].min() > 0.9
    nape = head & (z < -0.3) & (np.abs(x) < 0.2)
    order = np.argsort(y[nape])
    assert (np.diff(zone.share[nape][order]) > -0.05).all()  # denser from the neck up
    assert zone.light[head & (y > 0.9)].mean() > zone.light[nape].mean()


def below(body: Body, count: int) -> SurfacePoints:
    """Points all round the head at one height."""
    ring = np.flatnonzero((np.abs(head_coordinates(body)[:, 1] - 0.5) < 0.05) & (body_zones(body).head > 0.9))
    chosen = np.resize(ring, count).astype(np.int32)
    return SurfacePoints(np.stack([chosen] * 3, axis=1), np.tile(np.array([1, 0], np.float32), (count, 1)))


def test_strands_end_at_different_heights() -> None:
    points = below(BODY, 200)
    none, some, all_ = (strand_ends(BODY, points, np.full(200, share, np.float32)) for share in (0.0, 0.5, 1.0))
    assert none.max() == 0
    assert all_.min() == 1
    assert 0.2 < some.mean() < 0.8
    assert some.std() > 0.2
    np.testing.assert_array_equal(some, strand_ends(BODY, points, np.full(200, 0.5, np.float32)))


def test_ears_under_hair() -> None:
    nothing = np.zeros(len(BODY.v_template), np.float32)
    ears = hair_zone(BODY).ears
    assert not ears_covered(dressed(), nothing, nothing)
    assert not ears_covered(dressed(), nothing, ears)
    assert ears_covered(dressed(), ears, ears)
    assert ears_covered(dressed(thick=0.04), nothing, nothing)
    long_hair = dressed(Worn(0, 0.5, 0, 0))
    unseen = np.zeros(len(long_hair.body.v_template), np.float32)
    assert ears_covered(long_hair, unseen, unseen)
    skirt = dressed(Worn(0.5, 0, 0, 0))
    assert not ears_covered(skirt, unseen, unseen)
