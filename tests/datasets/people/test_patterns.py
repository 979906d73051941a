"""Cloths and prints: periods that can be measured, colours of the palette, prints where they are laid."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.datasets.people.patterns import (
    CLOTH_COLOURS,
    CLOTH_KINDS,
    PRINT_METRES,
    PRINT_Y,
    TEXTURE_PX,
    TROUSER_COLOURS,
    Cloth,
    Waves,
    lay_print,
    rgb,
    sample_pattern,
    sample_print,
    sample_trousers,
)

WHITE, BLACK, RED = rgb("ffffff"), rgb("000000"), rgb("ff0000")
PERIOD = 0.05


def cloth(kind: str) -> Cloth:
    rng = np.random.default_rng(0)
    noise = (Waves.sample(rng, 0.14), Waves.sample(rng, 0.09))
    return Cloth(kind, (WHITE, BLACK, RED), PERIOD, 0.5, noise, 0.2)


def points(count: int = 400) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    return tuple(rng.uniform(0.0, 0.5, (2, count)).astype(np.float32))


def test_hex_colours() -> None:
    assert rgb("ff8000").tolist() == pytest.approx([1, 128 / 255, 0])
    assert rgb("ff8000").dtype == np.float32


def test_stripes_by_hand() -> None:
    """Half of each period is black."""
    along = np.array([0.01, 0.03, 0.06, 0.08], np.float32)
    still = np.zeros(4, np.float32)
    expected = [BLACK.tolist(), WHITE.tolist(), BLACK.tolist(), WHITE.tolist()]
    assert cloth("across")(along, still).tolist() == expected
    assert cloth("along")(still, along).tolist() == expected
    assert cloth("check")(along, along).tolist() == [WHITE.tolist()] * 4


@pytest.mark.parametrize("kind", ["across", "along", "check", "tartan", "zigzag", "dots"])
def test_patterns_repeat(kind: str) -> None:
    """Every second period is the same, along and around."""
    along, around = points()
    here = cloth(kind)(along, around)
    there = cloth(kind)(along + np.float32(2 * PERIOD), around + np.float32(2 * PERIOD))
    assert (here == there).all(1).mean() > 0.97  # but for rounding at edges
    assert len(np.unique(here, axis=0)) > 1


def test_plain_and_blocks() -> None:
    along, around = points()
    assert (cloth("plain")(along, around) == WHITE).all()
    blocks = cloth("blocks")(along, around)
    edge = np.abs(along - 0.2) < 0.02
    assert (blocks[edge] == RED).all()
    assert (blocks[~edge & (along < 0.2)] == BLACK).all()
    assert (blocks[~edge & (along > 0.2)] == WHITE).all()


def test_waves_are_smooth_and_about_one() -> None:
    wave = Waves.sample(np.random.default_rng(0), 0.1)
    at = np.random.default_rng(1).uniform(-1, 1, (2000, 3)).astype(np.float32)
    values = wave(at)
    assert values.shape == (2000,)
    assert values.std() == pytest.approx(1.4 / np.sqrt(12), rel=0.1)  # six sines of amplitude 1.4 / 6
    assert np.abs(values).max() <= 1.4
    assert abs(values.mean()) < 0.1
    assert np.abs(wave(at + np.float32(1e-4)) - values).max() < 0.1


def test_sampled_cloths_are_of_the_palette_and_of_every_kind() -> None:
    rng = np.random.default_rng(0)
    palette = [rgb(colour).tolist() for colour in CLOTH_COLOURS]
    kinds = set()
    for _ in range(120):
        pattern, accent = sample_pattern(rng, CLOTH_COLOURS)
        assert isinstance(pattern, Cloth)
        kinds.add(pattern.kind)
        ground, figure, _ = pattern.colours
        assert ground.tolist() in palette
        assert np.abs(ground - figure).sum() >= 0.7
        if pattern.kind == "plain":
            assert accent.tolist() == figure.tolist()
    assert kinds == set(CLOTH_KINDS)
    assert sum(CLOTH_KINDS.values()) == pytest.approx(1)


def test_trousers_have_a_dark_waistband() -> None:
    along = np.array([-0.3, 0.04], np.float32)
    around = np.array([0.125, 0.0], np.float32)
    plain = 0
    for seed in range(20):
        trousers = sample_trousers(np.random.default_rng(seed))
        if isinstance(trousers, Cloth):
            continue
        plain += 1
        leg, band = trousers(along, around)
        colour = band / 0.55
        assert min(np.abs(colour - rgb(name)).max() for name in TROUSER_COLOURS) < 1e-6
        assert (np.abs(leg - colour).max() > 1e-6) == (trousers.stripe is not None)  # type: ignore[attr-defined]
    assert 10 < plain < 20


def test_print_is_laid_where_it_belongs() -> None:
    """A print whose right half is red: on the chest, 18 cm wide, on the right of who looks; nothing elsewhere."""
    texture = np.zeros((TEXTURE_PX, TEXTURE_PX, 4), np.float32)
    texture[:, TEXTURE_PX // 2 :] = (1, 0, 0, 1)
    x = np.linspace(-0.2, 0.2, 401, dtype=np.float32)
    y = np.full_like(x, PRINT_Y)
    out = np.full((len(x), 3), 0.5, np.float32)
    lay_print(out, texture, x < 0.15, x, y)
    red = (out == (1, 0, 0)).all(1)
    inside = (x > 0.002) & (x < PRINT_METRES / 2 - 0.002)
    outside = (x < -0.002) | (x > PRINT_METRES / 2 + 0.002)
    assert red[inside].all()
    assert (out[outside] == 0.5).all()
    lay_print(out, texture, np.zeros(len(x), bool), x, y)


def test_prints_are_premultiplied_by_their_opacity() -> None:
    for seed in range(10):
        texture = sample_print(np.random.default_rng(seed), RED)
        assert texture.shape == (TEXTURE_PX, TEXTURE_PX, 4)
        assert texture.dtype == np.float32
        brighter = (texture[..., :3] > texture[..., 3:] + 0.02).any(-1)
        assert brighter.mean() < 0.03  # the rim of letters
        assert (texture[..., 3] > 0.9).any()
