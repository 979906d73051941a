"""Painted people over photographs, colours and nothing: against the formula, without halos, with feet on the ground."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ptx.pictures.compose import (
    MAX_STRENGTH,
    USUAL_STRENGTH,
    Feet,
    Painted,
    bleed,
    cast_contact_shadow,
    compose,
    feet_on_ground,
    place,
    read_background,
    shadow_strength,
)
from ptx.pipeline.errors import PtxError

RNG = np.random.default_rng(0)
SAME = np.array([[1, 0, 0], [0, 1, 0]], np.float32)
SKIN = (200, 150, 120)


def disc(height: int, width: int, radius: float, supersampling: int = 8) -> NDArray[np.float32]:
    """The share of each pixel's area within a circle about the middle."""
    n = supersampling
    y, x = (np.mgrid[: height * n, : width * n] + 0.5) / n
    inside = np.hypot(y - height / 2, x - width / 2) < radius
    return inside.reshape(height, n, width, n).mean((1, 3)).astype(np.float32)


def plain(alpha: NDArray[np.float32], transform: NDArray[np.floating] = SAME) -> Painted:
    rgb = np.empty((*alpha.shape, 3), np.uint8)
    rgb[:] = SKIN
    return Painted(rgb, alpha, transform)


def test_the_formula() -> None:
    """Without scaling: alpha times the colour and the rest of the ground, in floats, rounded once."""
    alpha = disc(20, 30, 7.3)
    ground = RNG.integers(0, 255, (20, 30, 3), np.uint8)
    expected = alpha[..., None].astype(np.float64) * SKIN + (1 - alpha[..., None].astype(np.float64)) * ground
    out = compose(plain(alpha), ground, (20, 30))
    assert np.abs(out - expected).max() <= 0.5 + 1e-3
    assert (out[alpha == 0] == ground[alpha == 0]).all()
    on_grey = compose(plain(alpha), (90, 91, 92), (20, 30))
    expected = alpha[..., None] * SKIN + (1 - alpha[..., None]) * (90, 91, 92)
    assert np.abs(on_grey - expected).max() <= 0.5 + 1e-3


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.0, 3.7])
def test_at_the_size_of_the_photograph(scale: float) -> None:
    """A circle painted in a crop comes out where the transform says, with its area as alpha."""
    crop = disc(60, 60, 20)
    middle = np.array([81.0, 63.0])
    transform = np.array([[scale, 0, 29.5 - scale * middle[0]], [0, scale, 29.5 - scale * middle[1]]])
    rows, columns, layer = place(plain(crop, transform), (140, 180))
    alpha = np.zeros((140, 180))
    alpha[rows, columns] = layer[..., 3]
    y, x = np.mgrid[:140, :180]
    assert alpha.sum() == pytest.approx(np.pi * (20 / scale) ** 2, rel=0.02)
    assert (alpha * x).sum() / alpha.sum() == pytest.approx(middle[0], abs=0.1)
    assert (alpha * y).sum() / alpha.sum() == pytest.approx(middle[1], abs=0.1)
    truth = disc(140, 180, 20 / scale)
    exact = np.roll(truth, (-7, -9), (0, 1))  # from (89.5, 69.5), half a pixel off
    shifted = cv2.warpAffine(exact, np.array([[1, 0, 0.5], [0, 1, 0.5]]), (180, 140))
    assert np.abs(alpha - shifted).max() < (0.35 if scale < 1 else 0.3)


def test_outside_the_painting_nothing_changes() -> None:
    """A painting that is turned and partly outside the photograph, or wholly."""
    turned = np.array([[0.8, -0.6, 5], [0.6, 0.8, 2]])
    ground = RNG.integers(0, 255, (40, 40, 3), np.uint8)
    out = compose(plain(np.ones((30, 20), np.float32), turned), ground, (40, 40))
    y, x = np.mgrid[:40, :40]
    u, v = 0.8 * x - 0.6 * y + 5, 0.6 * x + 0.8 * y + 2
    inside = (u >= -0.4) & (u <= 19.4) & (v >= -0.4) & (v <= 29.4)
    outside = (u < -0.6) | (u > 19.6) | (v < -0.6) | (v > 29.6)
    assert (out[inside] == SKIN).all()
    assert (out[outside] == ground[outside]).all()
    away = np.array([[1.0, 0, 100], [0, 1, 0]])
    assert (compose(plain(np.ones((9, 9), np.float32), away), ground, (40, 40)) == ground).all()
    assert not compose(plain(np.ones((9, 9), np.float32), away), None, (40, 40)).any()


def test_a_person_whom_the_edge_cuts_reaches_it() -> None:
    """A crop that is the whole photograph, enlarged: no line of the ground is left at the edge."""
    transform = np.array([[2.0, 0, 0.5], [0, 2, 0.5]])
    out = compose(plain(np.ones((40, 60), np.float32), transform), (0, 0, 0), (20, 30))
    assert (out == SKIN).all()


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.0])
def test_no_halo_of_the_old_background(scale: float) -> None:
    """A person cut out of a magenta picture, whose soft edge is half magenta, on grey: nothing there is more magenta than both."""
    alpha = disc(60, 60, 20)
    rgb = np.rint(alpha[..., None] * SKIN + (1 - alpha[..., None]) * (255, 0, 255)).astype(np.uint8)
    transform = np.array([[scale, 0, 0], [0, scale, 0]])
    size = (round(60 / scale), round(60 / scale))
    out = compose(Painted(rgb, alpha, transform), (128, 128, 128), size).astype(int)
    assert (out[..., 1] >= 126).all()  # green: skin has 150, grey 128, magenta 0
    cut = compose(Painted(rgb, alpha, transform), None, size)
    assert cut.shape == (*size, 4)
    seen = cut[cut[..., 3] > 0][:, :3].astype(int)
    assert np.abs(seen - SKIN).max() <= 8  # a solid pixel may hold .05 of magenta
    beside = cv2.dilate(cut[..., 3], np.ones((3, 3), np.uint8)) > 0
    assert np.abs(cut[beside][:, :3].astype(int) - SKIN).max() <= 8  # under alpha 0 as well: viewers mix neighbours


def test_solid_colours_are_kept() -> None:
    alpha = disc(30, 30, 10)
    rgb = RNG.integers(0, 255, (30, 30, 3), np.uint8)
    out = bleed(rgb, alpha)
    assert (out[alpha >= 0.95] == rgb[alpha >= 0.95]).all()
    thin = np.full((30, 30), 0.4, np.float32)
    assert (bleed(rgb, thin) == rgb).all()


def test_backgrounds_by_name() -> None:
    assert [read_background(name) for name in ("source", "pose", "none")] == ["source", "pose", "none"]
    assert read_background("white") == (255, 255, 255)
    assert read_background("#10fF03") == (16, 255, 3)
    with pytest.raises(PtxError, match="beach: no background: paint, source, pose, none, or a colour"):
        read_background("beach")


def test_shadows_under_feet_and_nowhere_else() -> None:
    ground = np.full((80, 120, 3), 200, np.uint8)
    feet = Feet(np.array([[40.0, 60.0], [np.nan, np.nan], [70.0, 200.0]]), 100.0)
    out = cast_contact_shadow(ground, feet, 0.3)
    darkest = np.unravel_index(out[..., 0].argmin(), (80, 120))
    assert abs(darkest[0] - 60) <= 1
    assert abs(darkest[1] - 40) <= 8  # a solid pixel may hold .05 of magenta
    assert 140 <= out[60, 40, 0] <= 160  # 200 · (1 - .3) = 140, less what the blur takes from so flat a shadow
    y, x = np.mgrid[:80, :120]
    far = np.hypot((x - 40) / 14, (y - 60) / 4) > 5
    assert (out[far] == 200).all()
    assert (cast_contact_shadow(ground, feet, 5.0).min()) >= 200 * (1 - MAX_STRENGTH) - 1
    assert (cast_contact_shadow(ground, Feet(feet.points[1:], 100.0)) == ground).all()
    assert (ground == 200).all()


def test_a_lifted_foot_is_not_on_the_ground() -> None:
    points = np.array([[40.0, 100.0], [60.0, 90.0], [70.0, 60.0], [np.nan, np.nan]])
    assert feet_on_ground(points, 100.0).points.tolist() == points[:2].tolist()
    assert feet_on_ground(points, 300.0).points.tolist() == points[:3].tolist()
    assert not len(feet_on_ground(points[3:], 100.0).points)


def test_strength_is_that_of_the_photograph() -> None:
    """Shadows of known strength round a dark person's feet are found again; where no ground shows, the usual one."""
    points = np.array([[60.0, 90.0], [100.0, 92.0]])
    feet = Feet(points, 120.0)
    wall = np.clip(RNG.normal(180, 3, (140, 160, 3)), 0, 255).astype(np.uint8)
    mask = np.zeros((140, 160), np.float32)
    mask[:90, 50:110] = 1
    for strength in (0.0, 0.2, 0.35):
        photograph = cast_contact_shadow(wall, feet, strength)
        photograph[mask > 0] = 10
        assert shadow_strength(photograph, mask, feet) == pytest.approx(strength, abs=0.1)
    black = wall.copy()
    black[85:] = 5
    assert shadow_strength(black, mask, feet) <= MAX_STRENGTH
    assert shadow_strength(wall, np.ones_like(mask), feet) == USUAL_STRENGTH
    assert shadow_strength(wall, mask, Feet(points + 500, 120.0)) == USUAL_STRENGTH
