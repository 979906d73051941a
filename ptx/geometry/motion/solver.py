"""Damped Gauss-Newton on the poses and cameras of neighbouring frames: the energy of each, and accelerations between them.

    E = sum_t E_t (`fitting.energy`, the shape given) + sum_t |r_t / s|^2 (`smoothness`) + sum_t |f_t+1 - f_t|^2 / s_slide^2

with f the points of feet on the ground, as the camera sees them. One frame's unknowns touch those of the two before and after, so
the normal equations have a band.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.fitting.energy import Observations, Sigmas, energy
from ptx.geometry.fitting.kinematics import multiply, pose_skeleton
from ptx.geometry.fitting.model import CAMERA_PARAMS, LOG_SCALE, ROOT_TURN, FitModel, PosedSkeleton, State
from ptx.geometry.fitting.normal_equations import normal_equations
from ptx.geometry.fitting.solver import FIRST_DAMPING, LARGEST_TURN, LEAST_DAMPING, MOST_DAMPING, Scratch
from ptx.geometry.kernel import kernel
from ptx.geometry.motion.banded import solve_banded
from ptx.geometry.motion.smoothness import acceleration, add_acceleration, full_index
from ptx.geometry.rotation import exponential

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ANY_WAY_UP = 1e3
"""`Sigmas.upright` of who does not stand: no prior."""


class Terms(NamedTuple):
    """What a motion of T frames is to meet."""

    observations: Observations
    """Of all frames."""
    sigmas: Sigmas
    """Standard deviations of a frame of size 1 in which the person stands."""
    size: Floats
    """(T,) how large the person is seen: pixels per metre over those of the path's frame."""
    upright: NDArray[np.bool_]
    """(T,) who stands: others have no prior on which way is up."""
    smoothness: Floats
    """(U,) weights of squared second differences."""
    feet: Ints
    """(F,) points of the skeleton that may be on the ground."""
    held: Floats
    """(T, F) weight of the squared movement, metres at size 1, of such a point from frame t to t + 1."""


class Path(NamedTuple):
    """States of T frames."""

    roots: Floats
    """(T, 3, 3)."""
    params: Floats
    """(T, D + 14) as `State.params`; the betas are 0, the skeleton has the shape."""


class Window(NamedTuple):
    """Arrays to solve for N frames, written over and over."""

    band: Floats
    """(N U, W) upper band of half the Hessian."""
    factor: Floats
    """(N U, W) its Cholesky factor."""
    gradient: Floats
    """(N U,) half the gradient."""
    step: Floats
    """(N U,)."""
    trial: Path
    """The path after a step."""
    places: Floats
    """(2, F, 2) the feet of two frames as the camera sees them, metres."""
    rows: Floats
    """(2, F, 2, U) their derivatives."""


def allocate_window(frames: int, terms: Terms, path: Path) -> Window:
    """Arrays for so many frames of a path."""
    unknowns, feet = len(terms.smoothness), len(terms.feet)
    shape = (frames * unknowns, 2 * unknowns + ROOT_TURN)
    return Window(
        np.zeros(shape),
        np.zeros(shape),
        np.zeros(shape[0]),
        np.zeros(shape[0]),
        Path(path.roots.copy(), path.params.copy()),
        np.zeros((2, feet, 2)),
        np.zeros((2, feet, 2, unknowns)),
    )


@kernel
def observation(observations: Observations, t: int) -> Observations:
    """Observations of one frame."""
    return Observations(observations.xy[t], observations.weight[t], observations.xyz[t], observations.weight3[t])


@kernel
def frame_sigmas(terms: Terms, t: int) -> Sigmas:
    """Standard deviations of one frame: those in the picture grow with the person."""
    s, size = terms.sigmas, terms.size[t]
    return Sigmas(
        s.keypoint * size, s.keypoint_cutoff * size, s.keypoint3d, s.keypoint3d_cutoff, s.depth_factor, s.joint_limit,
        s.upright if terms.upright[t] else ANY_WAY_UP, s.lean, s.lean_cutoff, s.betas, s.log_scale, s.log_scale_3d,
    )  # fmt: skip


@kernel
def place_feet(feet: Ints, params: Floats, points: Floats, out: Floats) -> None:
    """Write where the camera sees the feet (F, 2), metres, of points (K, 3)."""
    scale = np.exp(params[LOG_SCALE])
    for f in range(len(feet)):
        for i in range(2):
            out[f, i] = scale * points[feet[f], i] + params[LOG_SCALE + 1 + i]


def see_feet(model: FitModel, feet: Ints, path: Path, posed: PosedSkeleton) -> Floats:
    """Where the camera sees the feet (T, F, 2), metres, in all frames of a path."""
    out = np.empty((len(path.roots), len(feet), 2))
    for t in range(len(out)):
        pose_skeleton(model, State(path.roots[t], path.params[t]), posed)
        place_feet(feet, path.params[t], posed.points, out[t])
    return out


@kernel
def window_energy(
    model: FitModel, terms: Terms, path: Path, first: int, last: int, scratch: Scratch, window: Window
) -> float:
    """Compute E of the frames first..last - 1, with the accelerations and slides that join them to earlier ones."""
    total = 0.0
    dofs, feet = len(model.prior.mean), terms.feet
    r = np.empty(len(terms.smoothness))
    places = window.places
    for t in range(max(first - 1, 0), last):
        sigmas = frame_sigmas(terms, t)
        state = State(path.roots[t], path.params[t])
        value = energy(model, observation(terms.observations, t), sigmas, state, scratch.posed)
        place_feet(feet, path.params[t], scratch.posed.points, places[t % 2])
        if t < first:
            continue
        total += value
        if t > 0:
            for f in range(len(feet)):
                weight = terms.held[t - 1, f]
                if weight > 0.0:
                    for i in range(2):
                        total += weight * (places[0, f, i] - places[1, f, i]) ** 2
    for t in range(max(first - 1, 1), last - 1):
        acceleration(path.roots, path.params, t, dofs, terms.size[t], r)
        for i in range(len(r)):
            total += terms.smoothness[i] * r[i] * r[i]
    return total


@kernel
def assemble(
    model: FitModel, terms: Terms, path: Path, first: int, last: int, scratch: Scratch, window: Window
) -> None:
    """Write the normal equations of `window_energy` at a path into `window`."""
    band, gradient = window.band, window.gradient
    dofs, unknowns = len(model.prior.mean), len(terms.smoothness)
    for i in range(band.shape[0]):
        gradient[i] = 0.0
        for j in range(band.shape[1]):
            band[i, j] = 0.0
    posed, system = scratch.posed, scratch.system
    for t in range(max(first - 1, 0), last):
        sigmas = frame_sigmas(terms, t)
        state, obs = State(path.roots[t], path.params[t]), observation(terms.observations, t)
        pose_skeleton(model, state, posed)
        normal_equations(model, obs, sigmas, state, posed, system)
        if t >= first:
            for i in range(unknowns):
                row, full = (t - first) * unknowns + i, full_index(i, dofs)
                gradient[row] += system.gradient[full]
                for j in range(i, unknowns):
                    band[row, j - i] += system.hessian[full_index(j, dofs), full]
        _differentiate_feet(terms.feet, path.params[t], scratch, dofs, window.places[t % 2], window.rows[t % 2])
        if t > 0 and t >= first:
            _hold_feet(terms.held[t - 1], t, first, window)
    for t in range(max(first - 1, 1), last - 1):
        add_acceleration(path.roots, path.params, t, dofs, terms.size[t], terms.smoothness, first, band, gradient)


@kernel
def _differentiate_feet(feet: Ints, params: Floats, scratch: Scratch, dofs: int, places: Floats, rows: Floats) -> None:
    """Write where the camera sees the feet (F, 2), and the derivatives (F, 2, U)."""
    points, jacobian = scratch.posed.points, scratch.posed.jacobian
    place_feet(feet, params, points, places)
    scale, angles = np.exp(params[LOG_SCALE]), ROOT_TURN + dofs
    for f in range(len(feet)):
        for i in range(2):
            for p in range(angles):
                rows[f, i, p] = scale * jacobian[feet[f], i, p]
            for p in range(CAMERA_PARAMS):
                rows[f, i, angles + p] = 1.0 if p == 1 + i else 0.0
            rows[f, i, angles] = scale * points[feet[f], i]


@kernel
def _hold_feet(held: Floats, t: int, first: int, window: Window) -> None:
    """Add the movement of feet from frame t - 1 to t to the normal equations."""
    unknowns = window.rows.shape[3]
    for f in range(len(held)):
        if held[f] <= 0.0:
            continue
        for i in range(2):
            slide = window.places[t % 2, f, i] - window.places[(t - 1) % 2, f, i]
            after, before = window.rows[t % 2, f, i], window.rows[(t - 1) % 2, f, i]
            here, there = (t - first) * unknowns, (t - 1 - first) * unknowns
            for p in range(unknowns):
                a = held[f] * after[p]
                if a != 0.0:
                    window.gradient[here + p] += a * slide
                    for q in range(p, unknowns):
                        window.band[here + p, q - p] += a * after[q]
                b = held[f] * before[p]
                if there >= 0 and b != 0.0:
                    window.gradient[there + p] -= b * slide
                    for q in range(p, unknowns):
                        window.band[there + p, q - p] += b * before[q]
                    for q in range(unknowns):
                        window.band[there + p, unknowns + q - p] -= b * after[q]


@kernel
def step_path(path: Path, step: Floats, first: int, last: int, dofs: int, unknowns: int, trial: Path) -> None:
    """Write the frames first..last - 1 after a step, that of each frame shortened so that no angle changes by more than `LARGEST_TURN`."""
    turn = np.empty((3, 3))
    for t in range(first, last):
        mine = step[(t - first) * unknowns : (t - first + 1) * unknowns]
        largest = 0.0
        for i in range(ROOT_TURN + dofs):
            largest = max(largest, abs(mine[i]))
        fraction = min(1.0, LARGEST_TURN / max(largest, 1e-12))
        exponential(fraction * mine[0], fraction * mine[1], fraction * mine[2], turn)
        multiply(turn, path.roots[t], trial.roots[t])
        for i in range(ROOT_TURN, unknowns):
            p = full_index(i, dofs) - ROOT_TURN
            trial.params[t, p] = path.params[t, p] + fraction * mine[i]


def solve_window(
    model: FitModel,
    terms: Terms,
    path: Path,
    first: int,
    last: int,
    iterations: int,
    tolerance: float,
    scratch: Scratch,
    window: Window,
) -> float:
    """Minimise E over the frames first..last - 1 of a path, in place; earlier frames are given.

    Args:
        model: the skeleton of the person's shape, and the priors.
        terms: of the whole path.
        path: the start; the result on return.
        first: first frame that moves.
        last: one beyond the last frame that moves; later ones do not count.
        iterations: most solves, rejected steps included.
        tolerance: stop once a step lowers E by less than this fraction of it.
        scratch: from `allocate_scratch`.
        window: from `allocate_window`, for as many frames or more.

    Returns:
        E at the result; never above E at the start.
    """
    dofs, unknowns = len(model.prior.mean), len(terms.smoothness)
    trial, frames, rows = window.trial, slice(first, last), slice((last - first) * unknowns)
    band, factor, gradient, step = window.band[rows], window.factor[rows], window.gradient[rows], window.step[rows]
    window = window._replace(band=band, factor=factor, gradient=gradient, step=step)
    for mine, its in zip(trial, path, strict=True):
        mine[max(first - 2, 0) : first] = its[max(first - 2, 0) : first]
    damping = FIRST_DAMPING
    current = window_energy(model, terms, path, first, last, scratch, window)
    linearised = False
    for _ in range(iterations):
        if not linearised:
            assemble(model, terms, path, first, last, scratch, window)
            linearised = True
        if not solve_banded(band, damping, gradient, factor, step):
            damping = max(damping * 10.0, FIRST_DAMPING)
            continue
        step_path(path, step, first, last, dofs, unknowns, trial)
        value = window_energy(model, terms, trial, first, last, scratch, window)
        if value < current:
            path.roots[frames], path.params[frames] = trial.roots[frames], trial.params[frames]
            small = current - value < tolerance * current
            current = value
            linearised = False
            damping = max(damping * 0.2, LEAST_DAMPING)
            if small:
                break
        else:
            damping = damping * 8.0
            if damping > MOST_DAMPING:
                break
    return current
