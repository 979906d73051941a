"""Fields of patches: against a search of everything."""

from __future__ import annotations

import numpy as np

from ptx.pictures.patches import REACH, improve_field, settle_field, vote

SIDE = 2 * REACH + 1
RNG = np.random.default_rng(0)
PICTURE = RNG.uniform(0, 255, (30, 40, 3)).astype(np.float32)
WEIGHT = RNG.uniform(0.2, 1, (30, 40)).astype(np.float32)
ALLOWED = np.zeros((30, 40), bool)
ALLOWED[REACH : 30 - REACH, 20 : 40 - REACH] = True
TARGETS = np.argwhere(np.pad(np.ones((12, 8), bool), ((9, 9), (5, 27))))


def about(array: np.ndarray, y: int, x: int) -> np.ndarray:
    return array[y - REACH : y + REACH + 1, x - REACH : x + REACH + 1]


def cost_of(y: int, x: int, v: int, u: int, rows: float) -> float:
    """Weighted squared difference of two patches, and the cost of another row."""
    difference = ((about(PICTURE, y, x).astype(np.float64) - about(PICTURE, v, u)) ** 2).sum(-1)
    return float((about(WEIGHT, y, x) * difference).sum() + rows * (v - y) ** 2)


def searched(rows: float, passes: int) -> tuple[np.ndarray, np.ndarray]:
    field = np.full((30, 40, 2), -1, np.int64)
    places = np.argwhere(ALLOWED)
    field[TARGETS[:, 0], TARGETS[:, 1]] = places[np.random.default_rng(1).integers(len(places), size=len(TARGETS))]
    cost = np.zeros((30, 40), np.float32)
    for number in range(passes):
        improve_field(PICTURE, WEIGHT, TARGETS, ALLOWED, rows, field, cost, number)
    return field, cost


def test_the_best_patches_are_found() -> None:
    """Most of noise after many passes, which is the hardest; each cost is that of its patch."""
    for rows in (0.0, 3e3):
        field, cost = searched(rows, 60)
        best = 0
        for y, x in TARGETS.tolist():
            v, u = field[y, x].tolist()
            assert ALLOWED[v, u]
            np.testing.assert_allclose(cost[y, x], cost_of(y, x, v, u, rows), rtol=1e-4)
            least = min(cost_of(y, x, *place, rows) for place in np.argwhere(ALLOWED).tolist())
            best += cost[y, x] <= least * 1.001
        assert best > 0.6 * len(TARGETS)


def energy(field: np.ndarray, price: float) -> float:
    """Costs of all patches, and the price of each pair of neighbours with different offsets."""
    offset = field - np.stack(np.indices((30, 40)), -1)
    there = field[..., 0] >= 0
    total = sum(cost_of(y, x, *field[y, x].tolist(), 0.0) for y, x in TARGETS.tolist())
    down = (offset[1:] != offset[:-1]).any(-1) & there[1:] & there[:-1]
    right = (offset[:, 1:] != offset[:, :-1]).any(-1) & there[:, 1:] & there[:, :-1]
    return total + price * (down.sum() + right.sum())


def test_neighbours_settle_on_one_place() -> None:
    """Each sweep lowers the energy, and the costs stay those of the patches."""
    for price in (3e6, 1e7):
        field, cost = searched(0.0, 2)
        energies = [energy(field, price)]
        for _ in range(3):
            settle_field(PICTURE, WEIGHT, TARGETS, ALLOWED, 0.0, field, cost, price)
            energies.append(energy(field, price))
        assert (np.diff(energies) <= 1e-3 * energies[0]).all()
        assert energies[-1] < 0.99 * energies[0]
        for y, x in TARGETS.tolist():
            np.testing.assert_allclose(cost[y, x], cost_of(y, x, *field[y, x].tolist(), 0.0), rtol=1e-4)


def test_votes_are_the_weighted_mean() -> None:
    field, _ = searched(0.0, 1)
    trust = RNG.uniform(0.1, 1, (30, 40)).astype(np.float32)
    y, x = 14, 8
    out = PICTURE.copy()
    vote(out, field, trust, np.array([[y, x]]))
    total, weights = np.zeros(3), 0.0
    for i in range(y - REACH, y + REACH + 1):
        for j in range(x - REACH, x + REACH + 1):
            if field[i, j, 0] >= 0:
                v, u = field[i, j]
                total += trust[i, j] * PICTURE[v + y - i, u + x - j]
                weights += trust[i, j]
    np.testing.assert_allclose(out[y, x], total / weights, rtol=1e-5)
    out[y, x] = PICTURE[y, x]
    assert (out == PICTURE).all()
