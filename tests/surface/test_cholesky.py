"""Systems on a mesh against a dense solution."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.geometry.body import load_body
from ptx.surface.cholesky import elimination, solve_on_mesh

BODY = load_body("small")
COUNT = len(BODY.v_template)


def dense_laplacian(among: np.ndarray) -> np.ndarray:
    adjacent = np.zeros((COUNT, COUNT))
    for i, j, k in BODY.faces:
        for a, b in ((i, j), (j, k), (k, i)):
            adjacent[a, b] = adjacent[b, a] = among[a] and among[b]
    return np.diag(adjacent.sum(1)) - adjacent


@pytest.mark.parametrize("high", [-np.inf, 0.3], ids=["all", "the upper body"])
def test_solution(high: float) -> None:
    rng = np.random.default_rng(0)
    among = BODY.v_template[:, 1] > high
    known, right = rng.random(COUNT) + 1e-6, rng.normal(size=(COUNT, 3))
    expected = np.linalg.solve((np.diag(known) + 0.7 * dense_laplacian(among))[among][:, among], right[among])
    found = solve_on_mesh(BODY, known, 0.7, right, among)
    np.testing.assert_allclose(found[among], expected, atol=1e-9)
    assert not found[~among].any()


def test_the_plan_orders_all_vertices() -> None:
    plan = elimination(BODY)
    assert sorted(plan.order) == list(range(COUNT))
    assert (plan.order[plan.rank] == np.arange(COUNT)).all()
    assert (plan.rows[plan.columns[:-1]] == np.arange(COUNT)).all()
