"""One shape for a clip: that with which the body meets the keypoints of all frames best, and the skeleton that has it.

Poses and cameras of some frames are fitted together with the betas and the scale of the 3D keypoints, which they share. The normal
equations of this are an arrow: each frame's own unknowns are eliminated alone, which leaves a small system of those shared.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.fitting import FitOptions
from ptx.geometry.fitting.energy import Observations, Sigmas, energy
from ptx.geometry.fitting.frames import UPRIGHT_TURN, Frame, torso_turn
from ptx.geometry.fitting.kinematics import pose_skeleton
from ptx.geometry.fitting.model import (
    BETAS,
    LOG_SCALE_3D,
    ROOT_TURN,
    FitModel,
    Skeleton,
    State,
    allocate_posed,
    mean_state,
)
from ptx.geometry.fitting.normal_equations import normal_equations
from ptx.geometry.fitting.search import allocate_results, fit_all
from ptx.geometry.fitting.solver import (
    FIRST_DAMPING,
    LEAST_DAMPING,
    MOST_DAMPING,
    Scratch,
    allocate_scratch,
    eliminate,
    solve,
    take_step,
)
from ptx.geometry.fitting.starts import guess_scale
from ptx.geometry.joints import KEYPOINT_COUNT
from ptx.geometry.kernel import kernel
from ptx.geometry.motion.options import motion_sigmas
from ptx.geometry.motion.solver import observation
from ptx.geometry.rotation import rotation_matrices

Floats = NDArray[np.float64]

MOST_FRAMES = 48
"""Frames that the shape is taken from."""

INDEPENDENT_FRAMES = 8
"""As many frames' priors count, however many there are: what is wrong with a detector's keypoints is much the same in all."""

SHARED = BETAS + 1
"""Unknowns that the frames share: betas, log scale of the 3D keypoints."""


class Arrow(NamedTuple):
    """Normal equations of N frames, each frame's own unknowns before those shared; written over and over."""

    blocks: Floats
    """(N, P, P) upper triangle: of each frame's equations, then of their partial Cholesky factor."""
    right: Floats
    """(N, P) right-hand sides, likewise."""
    core: Floats
    """(S, S) what is left of those shared, lower triangle."""
    gradient: Floats
    """(S,)."""
    factor: Floats
    """(S, S)."""
    shared: Floats
    """(S,) step of those shared."""
    step: Floats
    """(P,) step of one frame."""


def allocate_arrow(count: int, size: int) -> Arrow:
    """Arrays for so many frames of P unknowns, the shared ones counted."""
    core = np.zeros((SHARED, SHARED))
    return Arrow(
        np.zeros((count, size, size)),
        np.zeros((count, size)),
        core,
        np.zeros(SHARED),
        core.copy(),
        np.zeros(SHARED),
        np.zeros(size),
    )


@kernel
def place(unknown: int, dofs: int) -> int:
    """Component of a step of the fit (`fitting.model`) that is an unknown of a frame, its own first: angles, camera, betas, scale in 3D."""
    own = ROOT_TURN + dofs
    if unknown < own:
        return unknown
    if unknown < own + 3:
        return unknown + BETAS
    return unknown - 3 if unknown < own + 3 + BETAS else unknown


@kernel
def solve_arrow(arrow: Arrow) -> bool:
    """Eliminate each frame's own unknowns, and write the step of those shared; False if a matrix is not positive definite."""
    own = arrow.right.shape[1] - SHARED
    for i in range(SHARED):
        arrow.gradient[i] = 0.0
        for j in range(SHARED):
            arrow.core[i, j] = 0.0
    for n in range(len(arrow.blocks)):
        if not eliminate(arrow.blocks[n], arrow.right[n], own):
            return False
        for i in range(SHARED):
            arrow.gradient[i] -= arrow.right[n, own + i]
            for j in range(i + 1):
                arrow.core[i, j] += arrow.blocks[n, own + j, own + i]
    return solve(arrow.core, 0.0, arrow.gradient, arrow.factor, arrow.shared)


@kernel
def frame_step(arrow: Arrow, n: int, dofs: int) -> None:
    """Write a frame's step, in the order of the fit's, after `solve_arrow`."""
    own = arrow.right.shape[1] - SHARED
    for s in range(SHARED):
        arrow.step[place(own + s, dofs)] = arrow.shared[s]
    for i in range(own - 1, -1, -1):
        total = arrow.right[n, i]
        for j in range(i + 1, own + SHARED):
            total -= arrow.blocks[n, i, j] * arrow.step[place(j, dofs)]
        arrow.step[place(i, dofs)] = total / arrow.blocks[n, i, i]


def _total(
    model: FitModel, observations: Observations, sigmas: Sigmas, roots: Floats, params: Floats, scratch: Scratch
) -> float:
    """Energy of all frames."""
    total = 0.0
    for n in range(len(roots)):
        total += energy(model, observation(observations, n), sigmas, State(roots[n], params[n]), scratch.posed)
    return total


def fit_shared(
    model: FitModel,
    observations: Observations,
    sigmas: Sigmas,
    iterations: int,
    tolerance: float,
    roots: Floats,
    params: Floats,
    scratch: Scratch,
    arrow: Arrow,
) -> float:
    """Minimise the energy of N frames with one shape, in place.

    Args:
        model: the skeleton, with its betas.
        observations: of the frames, each in a frame of its own.
        sigmas: as for `energy`, of which every frame adds the terms.
        iterations: most solves.
        tolerance: stop once a step lowers the energy by less than this fraction of it.
        roots: (N, 3, 3) the start; the result on return.
        params: (N, D + 14) likewise; betas and scale in 3D are the same in all.
        scratch: from `allocate_scratch`.
        arrow: from `allocate_arrow`.

    Returns:
        The energy; never above that of the start.
    """
    dofs, size = len(model.prior.mean), arrow.right.shape[1]
    order = np.array([place(i, dofs) for i in range(size)])
    shared = order[-SHARED:] - ROOT_TURN
    trial_roots, trial_params = roots.copy(), params.copy()
    damping = FIRST_DAMPING
    current = _total(model, observations, sigmas, roots, params, scratch)
    for _ in range(iterations):
        for n in range(len(roots)):
            state, obs = State(roots[n], params[n]), observation(observations, n)
            pose_skeleton(model, state, scratch.posed)
            normal_equations(model, obs, sigmas, state, scratch.posed, scratch.system)
            lower = np.tril(scratch.system.hessian)
            arrow.blocks[n] = (lower + np.tril(lower, -1).T)[np.ix_(order, order)]
            arrow.right[n] = -scratch.system.gradient[order]
        diagonal = np.einsum("nii->ni", arrow.blocks)
        diagonal *= 1.0 + damping
        if not solve_arrow(arrow):
            damping = damping * 10.0
            continue
        for n in range(len(roots)):
            frame_step(arrow, n, dofs)
            take_step(State(roots[n], params[n]), arrow.step, dofs, State(trial_roots[n], trial_params[n]))
        trial_params[:, shared] = params[:, shared] + arrow.shared  # whole, also where a frame's step is shortened
        value = _total(model, observations, sigmas, trial_roots, trial_params, scratch)
        if value < current:
            roots[:], params[:] = trial_roots, trial_params
            small = current - value < tolerance * current
            current, damping = value, max(damping * 0.2, LEAST_DAMPING)
            if small:
                break
        else:
            damping = damping * 8.0
            if damping > MOST_DAMPING:
                break
    return current


def clip_betas(model: FitModel, seen: Observations, options: FitOptions) -> Floats:
    """Shape (10,) of the person in T frames.

    Args:
        model: the skeleton with its betas, and the priors.
        seen: keypoints of these frames, px.
        options: how to fit a frame; those whose poses are implausible do not count, unless all are.

    Returns:
        Zeros where there are no frames.
    """
    if len(seen.xy) == 0:
        return np.zeros(BETAS)
    chosen = np.unique(np.linspace(0, len(seen.xy) - 1, MOST_FRAMES).round().astype(int))
    observations = _own_frames(model, Observations(*(array[chosen] for array in seen)))
    scratch, results = allocate_scratch(model.prior), allocate_results(len(chosen), model.prior)
    fit_all(model, observations, np.arange(len(chosen)), options.search(), results, scratch)
    given = observations.weight.sum(axis=1) + observations.weight3.sum(axis=1)
    good = results.energy <= options.max_energy * given
    good |= not good.any()
    observations = Observations(*(array[good] for array in observations))
    roots = np.asarray(rotation_matrices(results.pose[good, 0]), np.float64)
    params, count, fine = results.params[good], int(good.sum()), options.search().fine
    shared = [*range(len(model.prior.mean), len(model.prior.mean) + BETAS), LOG_SCALE_3D]
    params[:, shared] = np.median(params[:, shared], axis=0)
    share = min(1.0, INDEPENDENT_FRAMES / count)
    sigmas = motion_sigmas(fine.sigmas, share)._replace(betas=fine.sigmas.betas / np.sqrt(share))
    arrow = allocate_arrow(count, params.shape[1] + ROOT_TURN)
    fit_shared(model, observations, sigmas, fine.iterations, fine.tolerance, roots, params, scratch, arrow)
    return np.array(params[0, shared[:-1]])


def _own_frames(model: FitModel, seen: Observations) -> Observations:
    """Keypoints of people, px, each in a frame of its own, turned with who does not stand."""
    flat = seen.xy[:, :KEYPOINT_COUNT], seen.weight[:, :KEYPOINT_COUNT]
    unit = guess_scale(*flat, mean_points(model)[:KEYPOINT_COUNT])
    centre = (seen.xy * seen.weight[..., None]).sum(1) / seen.weight.sum(1)[:, None]
    turn = torso_turn(*flat)
    return Frame(centre, unit, np.where(np.abs(turn) > UPRIGHT_TURN, turn, 0.0)).observe(*seen)


def mean_points(model: FitModel) -> Floats:
    """Points (K, 3) of the mean pose, metres."""
    posed = allocate_posed(model.prior)
    pose_skeleton(model, mean_state(model.prior), posed)
    return posed.points


def shaped_skeleton(skeleton: Skeleton, betas: Floats) -> Skeleton:
    """The skeleton of one shape (10,), which no longer depends on betas."""
    return skeleton._replace(
        bones=skeleton.bones + skeleton.bone_dirs @ betas,
        bone_dirs=np.zeros_like(skeleton.bone_dirs),
        keypoint_offset=skeleton.keypoint_offset + skeleton.keypoint_offset_dirs @ betas,
        keypoint_offset_dirs=np.zeros_like(skeleton.keypoint_offset_dirs),
    )
