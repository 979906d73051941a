"""Membranes against a dense solution, and means of neighbours."""

from __future__ import annotations

import numpy as np

from ptx.geometry.body import load_body
from ptx.surface.diffusion import diffuse, neighbours, smooth_places

BODY = load_body("small")
COUNT = len(BODY.v_template)


def dense_laplacian() -> np.ndarray:
    adjacent = np.zeros((COUNT, COUNT))
    for i, j, k in BODY.faces:
        for a, b in ((i, j), (j, k), (k, i)):
            adjacent[a, b] = adjacent[b, a] = 1
    return np.diag(adjacent.sum(1)) - adjacent


def test_a_membrane_is_the_least_squares_solution() -> None:
    rng = np.random.default_rng(0)
    values, weight = rng.normal(0, 50, (COUNT, 2)).astype(np.float32), rng.random(COUNT).astype(np.float32)
    matrix = np.diag(weight + 0.01) + 0.3 * dense_laplacian()
    expected = np.linalg.solve(matrix, weight[:, None] * values + 0.01 * 7)
    np.testing.assert_allclose(diffuse(BODY, values, weight, stiff=0.3, keep=0.01, to=7.0), expected, atol=1e-3)


def test_a_membrane_of_some_vertices_leaves_the_others() -> None:
    values, weight = BODY.v_template * 100, np.ones(COUNT, np.float32)
    head = BODY.v_template[:, 1] > 0.6
    found = diffuse(BODY, values, weight, stiff=1.0, keep=0.0, among=head)
    np.testing.assert_array_equal(found[~head], values[~head])
    assert np.abs(found[head] - values[head]).max() > 1
    constant = diffuse(
        BODY, np.full_like(values, 70), weight * (values[:, :1] > 5)[:, 0], stiff=1.0, keep=1e-6, to=70.0, among=head
    )
    np.testing.assert_allclose(constant, 70, atol=1e-2)  # nothing pulls at the border


def test_neighbours_are_mutual() -> None:
    first, other = neighbours(BODY)
    edges = set(zip(np.repeat(np.arange(COUNT), np.diff(first)).tolist(), other.tolist(), strict=True))
    assert edges == {(j, i) for i, j in edges}
    assert len(edges) == int(np.trace(dense_laplacian()))


def test_places_are_smoothed_but_not_across_a_jump() -> None:
    step = np.where(BODY.v_template[:, :1] > 0, 100.0, 0.0).astype(np.float32)
    rough = np.random.default_rng(1).normal(0, 1, (COUNT, 1)).astype(np.float32)
    values = np.concatenate([step + rough, step], axis=1)
    found = smooth_places(BODY, values, np.ones(COUNT, bool), jump=20, rounds=20)
    np.testing.assert_array_equal(found[:, 1], step[:, 0])
    assert (found[:, 0] - step[:, 0]).std() < 0.4
    where = BODY.v_template[:, 1] > 0
    np.testing.assert_array_equal(smooth_places(BODY, values, where, jump=20)[~where], values[~where])
