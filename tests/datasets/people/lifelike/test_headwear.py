"""What is worn on heads lies around them, and hair ends under it."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.datasets.people.lifelike.bags import sample_bag
from ptx.datasets.people.lifelike.figure import CARDS, rest_points
from ptx.datasets.people.lifelike.headwear import lowered_hood, raised_hood, sample_head
from ptx.datasets.people.lifelike.pack import load_pack
from ptx.datasets.people.lifelike.shells import CENTRE, LOWEST, RINGS, SIDES, brim, edge_of, head_shell, peak
from ptx.geometry.body import load_body

BODY, PACK = load_body("builtin"), load_pack("")


def test_a_shell_lies_around_the_head() -> None:
    shell = head_shell(BODY, 0.01)
    head = (BODY.v_template[:, 1] > 0.68) & (np.abs(BODY.v_template[:, 0]) < 0.11)
    away = BODY.v_template[head] - CENTRE
    far = np.linalg.norm(away, axis=1)
    ring = np.rint(np.arccos(away[:, 1] / far) / LOWEST * (RINGS - 1)).astype(int)
    side = np.rint(np.arctan2(away[:, 0], away[:, 2]) / (2 * np.pi) * SIDES).astype(int) % SIDES
    around = np.linalg.norm(shell - CENTRE, axis=2)[ring.clip(0, RINGS - 1), side]
    assert (around > far).mean() > 0.98  # the nearest direction, not that of the vertex
    assert (around - far).min() > -0.004
    nose = np.linalg.norm(away, axis=1).argmax()
    assert around[nose] - far[nose] < 0.03


def test_brims_begin_at_the_edge_of_a_hat() -> None:
    shell = head_shell(BODY, 0.012)
    edge = edge_of(shell, lambda rest: 0.76 - rest[:, 1])
    np.testing.assert_allclose(edge[:, 1], 0.76, atol=2e-3)
    wide = brim(edge, 0.1, 0.2)
    np.testing.assert_allclose(np.linalg.norm((wide[-1] - edge)[:, [0, 2]], axis=1), 0.1, atol=1e-3)
    for backwards in (False, True):
        visor, gap = peak(edge, 0.07, backwards)
        middle = SIDES // 2 if backwards else 0
        assert not gap[middle]
        assert gap[(middle + SIDES // 2) % SIDES]
        assert (visor[-1, middle, 2] - edge[middle, 2]) * (-1 if backwards else 1) > 0.06


def test_hair_ends_under_what_is_worn_over_it() -> None:
    seen = set()
    for seed in range(80):
        worn = sample_head(PACK, BODY, "female", np.random.default_rng(seed))
        hats = [item for item in worn if item.piece.kind == "hat" and item.outside is not None]
        for hair in (item for item in worn if item.label == "hair" and item.outside is not None and hats):
            rest = rest_points(PACK, BODY, hair.piece)
            kept, under = hair.outside(rest) < 0, hats[0].outside(rest) < -0.005
            assert not (kept & under).any()
            seen.add(hats[0].piece.name)
        assert all(item.label == "hair" for item in worn if item.piece.kind == "hair")
        assert sum(item.piece.kind in CARDS for item in worn) <= 3
    assert seen


@pytest.mark.parametrize("make", [lowered_hood, raised_hood])
def test_a_hood_is_of_the_cloth_that_it_is_sewn_to(make: type) -> None:
    hood = make(BODY, "coat")
    assert hood.label == "coat"
    rest = rest_points(PACK, BODY, hood.piece)
    face = np.array([[0, 0.7, 0.16]], np.float32)
    assert rest[:, 1].min() > 0.4
    if hood.outside is not None:
        assert hood.outside(face)[0] > 0.03
        assert hood.outside(np.array([[0, 0.85, 0.0]], np.float32))[0] < 0


def test_bags_are_accessories_near_those_who_wear_them() -> None:
    where = {"none": 0, "bag": 0}
    for seed in range(150):
        worn = sample_bag(PACK, BODY, np.random.default_rng(seed))
        where["bag" if worn else "none"] += 1
        for item in worn:
            assert item.label == "accessory"
            rest = rest_points(PACK, BODY, item.piece)
            assert (np.abs(rest) < np.abs(BODY.v_template).max(0) + 0.5).all()
    assert 15 < where["bag"] < 60
