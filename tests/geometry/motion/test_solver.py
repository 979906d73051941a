"""Energy, gradient and steps of a window against finite differences, sums written out, and NumPy's dense solver."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.geometry.fitting.energy import energy
from ptx.geometry.fitting.model import State, allocate_posed
from ptx.geometry.fitting.normal_equations import normal_equations
from ptx.geometry.fitting.solver import allocate_scratch
from ptx.geometry.motion.smoothness import acceleration, full_index
from ptx.geometry.motion.solver import (
    ANY_WAY_UP,
    Path,
    Terms,
    allocate_window,
    assemble,
    frame_sigmas,
    observation,
    see_feet,
    solve_window,
    window_energy,
)
from ptx.geometry.rotation import rotation_matrices
from tests.geometry.motion.scenes import DOFS, FEET, PRIOR, SHAPED, UNKNOWNS, random_path, random_terms

COUNT = 5
STEP = 1e-6


def moved(path: Path, unknown: int, first: int, by: float) -> Path:
    """The path after a step along one unknown of the window from `first`."""
    t, i = first + unknown // UNKNOWNS, unknown % UNKNOWNS
    out = Path(path.roots.copy(), path.params.copy())
    if i < 3:
        out.roots[t] = rotation_matrices(by * np.eye(3)[i]) @ out.roots[t]
    else:
        out.params[t, full_index(i, DOFS) - 3] += by
    return out


def energy_of(terms: Terms, path: Path, first: int, last: int) -> float:
    window = allocate_window(last - first, terms, path)
    return window_energy(SHAPED, terms, path, first, last, allocate_scratch(PRIOR), window)


def test_energy_is_the_sum_of_its_terms() -> None:
    path, terms = random_path(COUNT, 0), random_terms(COUNT, 0)
    posed, feet, r = allocate_posed(PRIOR), np.empty((COUNT, len(FEET), 2)), np.empty(UNKNOWNS)
    total = 0.0
    for t in range(COUNT):
        state = State(path.roots[t], path.params[t])
        sigmas = frame_sigmas(terms, t)
        total += energy(SHAPED, observation(terms.observations, t), sigmas, state, posed)
        feet[t] = np.exp(path.params[t, -4]) * posed.points[FEET, :2] + path.params[t, -3:-1]
    for t in range(1, COUNT - 1):
        acceleration(path.roots, path.params, t, DOFS, terms.size[t], r)
        total += terms.smoothness @ r**2
    total += (terms.held[:-1, :, None] * np.diff(feet, axis=0) ** 2).sum()
    assert energy_of(terms, path, 0, COUNT) == pytest.approx(total, rel=1e-12)
    np.testing.assert_allclose(see_feet(SHAPED, FEET, path, posed), feet)


def test_sigmas_of_a_frame() -> None:
    terms = random_terms(2, 0)._replace(size=np.array([1.0, 3.0]), upright=np.array([True, False]))
    assert frame_sigmas(terms, 0) == terms.sigmas
    larger = terms.sigmas._replace(
        keypoint=3 * terms.sigmas.keypoint, keypoint_cutoff=3 * terms.sigmas.keypoint_cutoff, upright=ANY_WAY_UP
    )
    assert frame_sigmas(terms, 1) == larger


@pytest.mark.parametrize(("first", "last"), [(0, COUNT), (1, COUNT), (2, 4), (3, COUNT), (COUNT - 1, COUNT)])
def test_gradient(first: int, last: int) -> None:
    """Of all terms, those that join the window to the frames before it included; frames behind it do not count."""
    path, terms = random_path(COUNT, 1), random_terms(COUNT, 1)
    window = allocate_window(last - first, terms, path)
    assemble(SHAPED, terms, path, first, last, allocate_scratch(PRIOR), window)
    numeric = np.array(
        [
            energy_of(terms, moved(path, i, first, STEP), first, last) - energy_of(terms, moved(path, i, first, -STEP), first, last)
            for i in range(len(window.gradient))
        ]
    ) / (4 * STEP)  # fmt: skip
    assert np.abs(numeric - window.gradient).max() < 1e-6 * (1 + np.abs(numeric).max())


def test_hessian_of_single_frames() -> None:
    """Without anything that joins them, the frames' own Hessians are the blocks on the diagonal, but for the betas."""
    path, terms = random_path(2, 2), random_terms(2, 2)
    terms = terms._replace(held=np.zeros_like(terms.held), smoothness=np.zeros(UNKNOWNS))
    window, scratch = allocate_window(2, terms, path), allocate_scratch(PRIOR)
    assemble(SHAPED, terms, path, 0, 2, scratch, window)
    without_betas = [*range(3 + DOFS), *range(13 + DOFS, 17 + DOFS)]
    for t in range(2):
        state, obs = State(path.roots[t], path.params[t]), observation(terms.observations, t)
        sigmas = frame_sigmas(terms, t)
        energy(SHAPED, obs, sigmas, state, scratch.posed)
        normal_equations(SHAPED, obs, sigmas, state, scratch.posed, scratch.system)
        lower = np.tril(scratch.system.hessian)[np.ix_(without_betas, without_betas)]
        band = window.band[t * UNKNOWNS : (t + 1) * UNKNOWNS]
        for j in range(UNKNOWNS):
            np.testing.assert_array_equal(band[: UNKNOWNS - j, j], np.diagonal(lower, -j))
            assert not band[UNKNOWNS - j :, j].any()


def test_feet_in_the_hessian() -> None:
    """With nothing but held feet the Hessian is J'WJ of finite differences."""
    path, terms = random_path(3, 3), random_terms(3, 3)
    bare = terms._replace(held=np.zeros_like(terms.held))
    windows = [allocate_window(3, terms, path) for _ in range(2)]
    for each, window in zip((terms, bare), windows, strict=True):
        assemble(SHAPED, each, path, 0, 3, allocate_scratch(PRIOR), window)
    size = 3 * UNKNOWNS
    jacobian = []
    for i in range(size):
        ends = []
        for sign in (1, -1):
            seen = see_feet(SHAPED, FEET, moved(path, i, 0, sign * STEP), allocate_posed(PRIOR))
            ends.append((np.sqrt(terms.held[:-1, :, None]) * np.diff(seen, axis=0)).ravel())
        jacobian.append((ends[0] - ends[1]) / (2 * STEP))
    expected = np.array(jacobian) @ np.array(jacobian).T
    for j in range(windows[0].band.shape[1]):
        got = (windows[0].band - windows[1].band)[: size - j, j]
        np.testing.assert_allclose(got, np.diagonal(expected, j), atol=1e-5 * np.abs(expected).max())


def test_descent() -> None:
    """Energy falls to where the gradient vanishes; frames before and behind the window stay."""
    path, terms = random_path(COUNT, 4, 0.1), random_terms(COUNT, 4)
    before = Path(path.roots.copy(), path.params.copy())
    start, window = energy_of(terms, path, 1, 4), allocate_window(COUNT, terms, path)
    assemble(SHAPED, terms, path, 1, 4, allocate_scratch(PRIOR), window)
    steepest = np.abs(window.gradient[: 3 * UNKNOWNS]).max()
    end = solve_window(SHAPED, terms, path, 1, 4, 200, 1e-12, allocate_scratch(PRIOR), window)
    assert end < 0.9 * start
    assert end == pytest.approx(energy_of(terms, path, 1, 4))
    for t in (0, 4):
        assert np.array_equal(path.roots[t], before.roots[t])
        assert np.array_equal(path.params[t], before.params[t])
    assemble(SHAPED, terms, path, 1, 4, allocate_scratch(PRIOR), window)
    assert np.abs(window.gradient[: 3 * UNKNOWNS]).max() < 0.01 * steepest
