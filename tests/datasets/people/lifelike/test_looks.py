"""What lifelike people wear and how it is coloured: clothes for everyone, patterns that follow the body, skin that varies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ptx.datasets.people.lifelike.cloth import RELIEF, sample_dye
from ptx.datasets.people.lifelike.cuts import Cut, loosely
from ptx.datasets.people.lifelike.figure import CARDS
from ptx.datasets.people.lifelike.headwear import sample_head
from ptx.datasets.people.lifelike.pack import load_pack
from ptx.datasets.people.lifelike.sampling import sample
from ptx.datasets.people.lifelike.skin import sample_skin
from ptx.datasets.people.lifelike.wardrobe import sample_clothes
from ptx.geometry.body import load_body

BODY, PACK = load_body("builtin"), load_pack("")


def test_a_picture_is_looked_up_between_its_texels() -> None:
    picture = np.array([[[0.0], [1]], [[2], [3]]], np.float32)
    uv = np.array([[0.5, 0.5], [0.25, 0.25], [0.75, 0.25], [0.25, 0.5], [-1, 2]], np.float32)
    np.testing.assert_allclose(sample(picture, uv)[:, 0], [1.5, 0, 1, 1, 2], atol=0.01)


@pytest.mark.parametrize("sex", ["female", "male"])
def test_everyone_covers_trunk_and_hips_and_most_wear_shoes(sex: str) -> None:
    shoes = 0
    rest = BODY.v_template
    hips = (np.abs(rest[:, 0]) < 0.1) & (np.abs(rest[:, 1] + 0.03) < 0.03)
    chest = (np.abs(rest[:, 0]) < 0.1) & (np.abs(rest[:, 1] - 0.36) < 0.03)
    for seed in range(40):
        worn = sample_clothes(PACK, BODY, sex, 0.0, np.random.default_rng(seed))
        shoes += any(item.label == "shoes" for item in worn)
        hidden = np.any([item.hides for item in worn], axis=0)
        assert hidden[chest].mean() > 0.7, [item.piece.name for item in worn]
        assert hidden[hips].mean() > 0.9, [item.piece.name for item in worn]
    assert 30 <= shoes < 40


def test_hair_that_is_worn_has_a_picture_of_strands() -> None:
    for seed in range(60):
        for item in sample_head(PACK, BODY, "female", np.random.default_rng(seed)):
            if item.piece.kind in CARDS:
                assert PACK.picture(item.piece.texture).shape[2] == 4


def test_distances_from_a_cut_are_metres() -> None:
    cut = Cut(sleeve=0.4, low=-0.1, high=0.2)
    points = np.array([[0.5, 0.5, 0], [-0.6, 0.5, 0], [0, -0.15, 0], [0, 0.25, 0], [0, 0.05, 0]], np.float32)
    np.testing.assert_allclose(replace(cut, high=2.0).outside(points)[:3], [0.1, 0.2, 0.05], atol=1e-6)
    np.testing.assert_allclose(cut.outside(points)[2:], [0.05, 0.05, -0.15], atol=1e-6)


def test_halves_are_open_in_front_and_meet_behind() -> None:
    left, right = Cut(side=1, open=0.05), Cut(side=-1, open=0.05)
    points = np.array([[0.03, 0.2, 0.1], [0.08, 0.2, 0.1], [0.03, 0.2, -0.1], [-0.08, 0.2, 0.1]], np.float32)
    np.testing.assert_array_equal(left.outside(points) < 0, [False, True, True, False])
    np.testing.assert_array_equal(right.outside(points) < 0, [False, False, False, True])


def test_wide_legs_and_sleeves_widen_outwards() -> None:
    swell = loosely(0.01, 0.05, 0.04)
    chest, knee, ankle, wrist = swell(
        np.array([[0, 0.3, 0], [0.1, -0.4, 0], [0.1, -0.85, 0], [0.66, 0.5, 0]], np.float32)
    )
    assert chest == pytest.approx(0.01)
    assert chest < knee < ankle == pytest.approx(0.06)
    assert wrist == pytest.approx(0.05)


def test_a_neckline_ends_in_front_and_not_behind() -> None:
    cut = Cut(high=0.55, neck=0.1)
    front, back, shoulder = np.array([[0, 0.5, 0.08], [0, 0.5, -0.08], [0.17, 0.56, 0]], np.float32)
    assert cut.outside(front[None])[0] > 0
    assert cut.outside(back[None])[0] < 0
    assert cut.outside(shoulder[None])[0] < 0


def test_a_pattern_does_not_depend_on_the_other_points() -> None:
    points = np.random.default_rng(0).uniform(-0.2, 0.5, (50, 3)).astype(np.float32)
    front, texels = points[:, 2] > 0, np.ones((50, 3), np.float32)
    for seed in range(20):
        dye = sample_dye(PACK, "top", np.random.default_rng(seed))
        whole = dye.colours(texels, points, front)
        half = dye.colours(texels[25:], points[25:], front[25:])
        np.testing.assert_allclose(whole[25:], half, atol=1e-5)
        assert whole.min() > 0
        assert whole.max() <= 1
        assert np.abs(dye.relief(points)).max() < 3 * RELIEF


def test_own_colours_are_kept_or_dyed() -> None:
    own = np.zeros((8, 8, 3), np.uint8)
    own[:, :4], own[:, 4:] = (200, 40, 40), (100, 20, 20)
    dye = replace(sample_dye(PACK, "shoes", np.random.default_rng(0)), pattern=None, photograph=None)
    kept = replace(dye, keep=1.0).picture(own)
    np.testing.assert_allclose(kept, own / 255, atol=1e-6)
    dyed = replace(dye, keep=0.0, ground=np.array([0.2, 0.3, 0.6], np.float32)).picture(own)
    np.testing.assert_allclose(dyed[0, 0] / dyed[0, 0].sum(), np.array([0.2, 0.3, 0.6]) / 1.1, atol=1e-5)
    assert dyed[0, 0].mean() > dyed[0, 7].mean()  # folds stay


@pytest.mark.slow
def test_skins_span_light_to_dark_and_lips_differ_from_cheeks() -> None:
    skins = [sample_skin(PACK, "female", haired=True, rng=np.random.default_rng(seed)) for seed in range(60)]
    tones = np.array([skin.tone.mean() for skin in skins])
    assert tones.min() < 0.06
    assert tones.max() > 0.55
    assert all(skin.lips[1] < skin.tone[1] for skin in skins)


@pytest.mark.slow
def test_only_men_have_beards_and_beards_only_chins() -> None:
    skins = [
        sample_skin(PACK, sex, haired=True, rng=np.random.default_rng(k))
        for sex in ("female", "male")
        for k in range(40)
    ]
    assert all(skin.beard == 0 for skin in skins[:40])
    bearded = next(skin for skin in skins[40:] if skin.beard > 0.9)
    chin, brow = np.array([[0, 0.615, 0.13], [0, 0.75, 0.14]], np.float32)
    masks, uv = np.zeros((64, 64, 4), np.uint8), np.full((1, 2), 0.5, np.float32)
    smooth = replace(bearded, beard=0.0)
    changed = [
        np.abs(bearded.colours(masks, p[None], uv) - smooth.colours(masks, p[None], uv)).max() for p in (chin, brow)
    ]
    assert changed[0] > 0.02
    assert changed[1] == 0
