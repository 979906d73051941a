"""One shape of several frames: the arrow system against NumPy's dense one, and people of known shape."""

from __future__ import annotations

import numpy as np

from ptx.geometry.fitting import FitOptions
from ptx.geometry.fitting.energy import Observations, energy
from ptx.geometry.fitting.kinematics import pose_skeleton
from ptx.geometry.fitting.model import State, allocate_posed
from ptx.geometry.fitting.solver import allocate_scratch, eliminate
from ptx.geometry.motion.shape import (
    MOST_FRAMES,
    SHARED,
    allocate_arrow,
    clip_betas,
    fit_shared,
    frame_step,
    place,
    shaped_skeleton,
    solve_arrow,
)
from ptx.geometry.motion.solver import observation
from tests.geometry.motion.scenes import DOFS, MODEL, POINTS, PRIOR, random_path, random_terms

SIZE = 3 + DOFS + 14
OWN = SIZE - SHARED


def positive(rng: np.random.Generator, size: int) -> np.ndarray:
    root = rng.normal(size=(size, size))
    return root @ root.T + np.eye(size)


def test_order_of_unknowns() -> None:
    """Each frame's own first: root and angles, then log scale, cx and cy; then the betas, then the scale in 3D."""
    first_beta = 3 + DOFS
    own = [*range(first_beta), first_beta + 10, first_beta + 11, first_beta + 12]
    shared = [*range(first_beta, first_beta + 10), first_beta + 13]
    assert [place(i, DOFS) for i in range(SIZE)] == own + shared


def test_elimination_leaves_the_schur_complement() -> None:
    rng = np.random.default_rng(0)
    dense, right = positive(rng, 7), rng.normal(size=7)
    a, b, c = dense[:4, :4], dense[:4, 4:], dense[4:, 4:]
    upper, rest = np.triu(dense), right.copy()
    assert eliminate(upper, rest, 4)
    np.testing.assert_allclose(upper[4:, 4:], np.triu(c - b.T @ np.linalg.solve(a, b)), atol=1e-10)
    np.testing.assert_allclose(rest[4:], right[4:] - b.T @ np.linalg.solve(a, right[:4]), atol=1e-10)
    assert not eliminate(-np.triu(dense), right, 4)


def test_arrow_is_solved_as_a_dense_system() -> None:
    rng, count = np.random.default_rng(1), 3
    arrow = allocate_arrow(count, SIZE)
    dense, right = np.zeros((count * OWN + SHARED,) * 2), np.zeros(count * OWN + SHARED)
    for n in range(count):
        block, mine = positive(rng, SIZE), rng.normal(size=SIZE)
        arrow.blocks[n], arrow.right[n] = np.triu(block), mine
        rows = np.r_[n * OWN : (n + 1) * OWN, count * OWN : count * OWN + SHARED]
        dense[np.ix_(rows, rows)] += block
        right[rows] += mine
    assert solve_arrow(arrow)
    expected = np.linalg.solve(dense, right)
    np.testing.assert_allclose(arrow.shared, expected[-SHARED:], atol=1e-9)
    order = [place(i, DOFS) for i in range(SIZE)]
    for n in range(count):
        frame_step(arrow, n, DOFS)
        np.testing.assert_allclose(arrow.step[order[:OWN]], expected[n * OWN : (n + 1) * OWN], atol=1e-9)
        np.testing.assert_allclose(arrow.step[order[OWN:]], expected[-SHARED:], atol=1e-9)


def test_descent_keeps_what_is_shared_equal() -> None:
    """From far away, so that steps are shortened: shapes and scales of all frames stay the same, and the energy falls."""
    path, terms, scratch = random_path(4, 0, 0.6), random_terms(4, 0), allocate_scratch(PRIOR)
    shared = [*range(DOFS, DOFS + 10), -1]
    path.params[:, shared] = 0.1

    def total() -> float:
        states = (State(root, params) for root, params in zip(path.roots, path.params, strict=True))
        return sum(
            energy(MODEL, observation(terms.observations, n), terms.sigmas, state, scratch.posed) for n, state in enumerate(states)
        )  # fmt: skip

    start = total()
    end = fit_shared(
        MODEL, terms.observations, terms.sigmas, 20, 1e-9, path.roots, path.params, scratch, allocate_arrow(4, SIZE)
    )
    assert end < 0.9 * start
    assert abs(end - total()) < 1e-9 * start
    assert np.ptp(path.params[:, shared], axis=0).max() < 1e-12
    assert np.abs(path.params[:, shared] - 0.1).max() > 0.01


def test_skeleton_of_a_shape() -> None:
    """Poses as the whole skeleton does with these betas, whatever betas the state has."""
    betas, path = np.linspace(-2, 2, 10), random_path(1, 5)
    shaped, posed = MODEL._replace(skeleton=shaped_skeleton(MODEL.skeleton, betas)), allocate_posed(PRIOR)
    path.params[0, DOFS : DOFS + 10] = betas
    pose_skeleton(MODEL, State(path.roots[0], path.params[0]), posed)
    expected = posed.points.copy()
    pose_skeleton(shaped, State(path.roots[0], path.params[0]), posed)
    np.testing.assert_allclose(posed.points, expected, atol=1e-12)


def seen_people(betas: np.ndarray, count: int, noise: float) -> Observations:
    """Upright people of one shape in random poses, 100 px a metre."""
    rng, posed = np.random.default_rng(3), allocate_posed(PRIOR)
    params = np.zeros((count, DOFS + 14))
    params[:, :DOFS] = PRIOR.mean + rng.normal(0, 0.5, (count, DOFS)) * PRIOR.sigma
    params[:, DOFS : DOFS + 10] = betas
    points = np.empty((count, POINTS, 3))
    for n in range(count):
        pose_skeleton(MODEL, State(np.eye(3), params[n]), posed)
        points[n] = posed.points
    flat = 100 * (points[..., :2] + rng.normal(0, noise, (count, POINTS, 2))) * (1, -1)
    deep = points[:, :18] + rng.normal(0, 2 * noise, (count, 18, 3))
    return Observations(flat, np.ones((count, POINTS)), deep, np.ones((count, 18)))


def test_known_shape() -> None:
    """Stature and breadth come out; noise that would make single frames' bodies small does not."""
    betas = np.array([1.0, -1.0, 0.5, 0, 0, 0, 0, 0, 0, 0])
    for noise, near in ((0.0, 0.35), (0.02, 0.4)):
        seen = seen_people(betas, MOST_FRAMES, noise)
        assert np.abs(clip_betas(MODEL, seen, FitOptions()) - betas)[:2].max() < near


def test_implausible_frames_do_not_count() -> None:
    """A third of the frames are strewn at random: the shape is that of the others."""
    seen = seen_people(np.array([1.0, -1.0, 0.5, 0, 0, 0, 0, 0, 0, 0]), 24, 0.0)
    alone = clip_betas(MODEL, Observations(*(array[8:] for array in seen)), FitOptions())
    rng = np.random.default_rng(0)
    seen.xy[:8], seen.xyz[:8] = rng.uniform(-80, 80, (8, POINTS, 2)), rng.normal(0, 0.5, (8, 18, 3))
    np.testing.assert_allclose(clip_betas(MODEL, seen, FitOptions()), alone, atol=0.02)


def test_nobody() -> None:
    seen = seen_people(np.zeros(10), 1, 0.0)
    nobody = Observations(*(array[:0] for array in seen))
    assert not clip_betas(MODEL, nobody, FitOptions()).any()
