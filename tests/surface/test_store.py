"""The filled surface: against colours that are known at every point of the body."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ptx.geometry.body import load_body
from ptx.geometry.viewpoint import FittedBody
from ptx.surface.layers import draw_maps
from ptx.surface.points import Floats
from ptx.surface.source import MaskedPhotograph
from ptx.surface.store import Provenance, SurfaceStore, build_store
from tests.surface.scenes import fitted, photograph, store

BODY = load_body("small")
SIZE = (512, 384)


def known_colours(points: Floats) -> Floats:
    """Colours of places (N, 3) of the body in rest, alike left and right, in front and behind."""
    return np.stack(
        [40 + 180 * np.abs(points[:, 0]), 120 + 100 * points[:, 1], np.full(len(points), 90)], axis=1
    ).astype(np.float32)


@pytest.fixture(scope="module")
def known() -> SurfaceStore:
    pose = np.zeros((24, 3), np.float32)
    pose[16, 2], pose[17, 2], pose[4, 0] = -0.8, 0.9, 0.4
    body = FittedBody(BODY, pose, np.zeros(10, np.float32), np.array([250, 192, 236], np.float32), SIZE).turned(25)
    maps = draw_maps(body.points, BODY.faces, SIZE)
    image = np.moveaxis(maps.of(known_colours(BODY.v_template)), 0, 2)
    return build_store(MaskedPhotograph((image + 0.5).astype(np.uint8), maps.on.astype(np.float32)), body, side=512)


@pytest.mark.parametrize(
    ("provenance", "tolerance"), [(Provenance.OWN, 3), (Provenance.MIRRORED, 8), (Provenance.OPPOSITE, 8)]
)
def test_texels_have_the_colours_of_their_points(known: SurfaceStore, provenance: Provenance, tolerance: int) -> None:
    place = known.atlas.image(known.atlas.points.of(BODY.v_template), np.nan)
    there = known.provenance == provenance
    assert there.sum() > 2000
    error = np.abs(known.colours[there].astype(float) - known_colours(place[there]))
    assert np.percentile(error, 90) < tolerance


def test_coordinates_say_which_pixel_a_texel_shows(known: SurfaceStore) -> None:
    seen = known.atlas.image(known.atlas.points.of(known.source.points), np.nan)
    own = known.provenance == Provenance.OWN
    np.testing.assert_allclose(known.coordinates[own], seen[own][:, :2], atol=1e-2)
    mirrored = known.provenance == Provenance.MIRRORED
    assert (np.abs(known.coordinates - seen[..., :2])[mirrored].max(1) > 2).mean() > 0.9
    made_up = known.provenance == Provenance.MADE_UP
    assert np.isnan(known.coordinates[made_up]).all()
    assert np.isfinite(known.coordinates[own | mirrored]).all()


def test_confidence_falls_from_what_is_seen_to_what_is_made_up(known: SurfaceStore) -> None:
    own, made_up = (known.confidence[known.provenance == kind].mean() for kind in (Provenance.OWN, Provenance.MADE_UP))
    assert own > 240
    assert made_up < 100


def test_the_same_photograph_gives_the_same_bytes() -> None:
    again = build_store(photograph(0), fitted(0), side=512)
    for name in ("colours", "coordinates", "confidence", "provenance"):
        assert getattr(again, name).tobytes() == getattr(store(0), name).tobytes()


@pytest.mark.slow
def test_photographs_that_show_little_are_filled_all_the_same() -> None:
    good, body = photograph(0), fitted(0)
    grey = replace(good, image=np.repeat(good.image.mean(2, keepdims=True).astype(np.uint8), 3, axis=2))
    nothing = replace(good, mask=np.zeros_like(good.mask))
    half = replace(body, camera=body.camera + np.array([0, 0, 120], np.float32))
    away = replace(body, camera=body.camera + np.array([9000, 0, 0], np.float32))
    for photo, fit in ((grey, body), (nothing, body), (good, half), (good, away)):
        made = build_store(photo, fit, side=512)
        assert (made.provenance != Provenance.NOTHING).any()
        assert np.isfinite(made.coordinates[made.provenance == Provenance.OWN]).all()
    assert (build_store(nothing, body, side=512).provenance >= Provenance.MADE_UP).all()


def test_a_grey_photograph_stays_grey() -> None:
    good = photograph(0)
    grey = replace(good, image=np.repeat(good.image.mean(2, keepdims=True).astype(np.uint8), 3, axis=2))
    made = build_store(grey, fitted(0), side=512)
    there = made.provenance != Provenance.NOTHING
    assert np.ptp(made.colours[there].astype(int), axis=1).max() <= 2
