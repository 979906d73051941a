"""Backgrounds and the camera."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ptx.datasets.people.lifelike.pack import load_pack
from ptx.datasets.people.lifelike.scenes import cast_on_wall, photograph, sample_surroundings

PACK = load_pack("")


@pytest.mark.parametrize("walls", [True, False], ids=["with tiles", "without"])
def test_backgrounds_fill_the_picture_and_differ(walls: bool) -> None:
    pack = PACK if walls else replace(PACK, walls=())
    made = [sample_surroundings(pack, np.random.default_rng(seed), 64, 48, 55.0) for seed in range(30)]
    for picture in made:
        assert picture.shape == (64, 48, 3)
        assert picture.dtype == np.float32
        assert np.isfinite(picture).all()
        assert picture.min() >= -0.01
        assert picture.max() <= 1.2
    assert np.std([picture.mean() for picture in made]) > 0.1


def test_a_camera_leaves_the_picture_recognisable() -> None:
    scene = np.zeros((96, 96, 3), np.float32)
    scene[:, 48:] = 0.7
    for seed in range(20):
        taken = photograph(scene, np.random.default_rng(seed)).astype(float)
        assert taken.shape == scene.shape
        assert 90 < taken[:, 56:].mean() < 250
        assert taken[:, :40].mean() < 40
    still = [photograph(scene, np.random.default_rng(3)) for _ in range(2)]
    assert (still[0] == still[1]).all()


def test_a_shadow_falls_away_from_the_light() -> None:
    wall, alpha = np.ones((100, 100, 3), np.float32), np.zeros((100, 100), np.float32)
    alpha[40:60, 45:55] = 1
    light = np.array([0.6, 0.4, 0.7], np.float32)  # from the right and above
    cast_on_wall(wall, alpha, light, 0.5)
    dark = 1 - wall[..., 0]
    rows, columns = np.mgrid[:100, :100]
    assert (dark * columns).sum() / dark.sum() < 49
    assert (dark * rows).sum() / dark.sum() > 50.5
