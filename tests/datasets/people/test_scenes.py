"""Backgrounds and light: in range, of every kind, the same from the same seed."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.datasets.people.scenes import BACKGROUND_KINDS, cast_shadow, sample_background, sample_light


def test_light_comes_from_above_and_before() -> None:
    for seed in range(50):
        light = sample_light(np.random.default_rng(seed))
        assert np.linalg.norm(light.direction) == pytest.approx(1, abs=1e-6)
        assert light.direction[1] > 0
        assert light.direction[2] > 0
        assert 0.8 < light.strength + light.ambient < 1.4
        assert np.abs(light.tint - 1).max() < 0.2


@pytest.mark.parametrize("size", [(64, 48), (5, 3), (40, 200)])
def test_backgrounds_of_any_size(size: tuple[int, int]) -> None:
    for seed in range(20):
        out = sample_background(np.random.default_rng(seed), *size, floor=size[0] * 0.9)
        assert out.shape == (*size, 3)
        assert out.dtype == np.float32
        assert 0 <= out.min() <= out.max() <= 1
        assert (out == sample_background(np.random.default_rng(seed), *size, floor=size[0] * 0.9)).all()


def test_backgrounds_differ() -> None:
    means = {tuple(sample_background(np.random.default_rng(s), 32, 32, None).mean((0, 1)).round(3)) for s in range(30)}
    assert len(means) == 30
    assert sum(BACKGROUND_KINDS.values()) == pytest.approx(1)


def test_a_floor_shows_below_a_wall_only_where_feet_stand() -> None:
    differ = []
    for seed in range(40):
        without = sample_background(np.random.default_rng(seed), 64, 48, None)
        floor = sample_background(np.random.default_rng(seed), 64, 48, 50.0)
        assert (without[:40] == floor[:40]).all()
        differ.append((without != floor).any())
    assert 0 < np.mean(differ) < 0.6  # walls are a quarter


def test_shadow_lies_under_the_feet() -> None:
    scene = np.ones((100, 100, 3), np.float32)
    cast_shadow(scene, np.array([[30.0, 80.0], [60.0, 80.0]]), 50.0)
    assert scene[80, 30].max() < 0.75
    assert scene[80, 60].max() < 0.75
    assert (scene[:60] == 1).all()
    assert scene.min() >= 0.6 - 1e-6
