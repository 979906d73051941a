"""Damped Gauss-Newton (Levenberg-Marquardt) on one body's energy: small dense normal equations, Cholesky, numba."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.fitting.energy import Observations, Sigmas, energy
from ptx.geometry.fitting.kinematics import copy_matrix, multiply
from ptx.geometry.fitting.model import ROOT_TURN, FitModel, PosedSkeleton, State, allocate_posed, mean_state
from ptx.geometry.fitting.normal_equations import System, allocate_system, normal_equations
from ptx.geometry.fitting.priors import Prior
from ptx.geometry.kernel import kernel
from ptx.geometry.rotation import exponential

Floats = NDArray[np.float64]

LARGEST_TURN = 0.7
"""Radians: a step is shortened so that no angle changes by more."""

FIRST_DAMPING = 1e-3
"""Damping of the first step, as a fraction of the Hessian's diagonal."""

LEAST_DAMPING = 1e-7
"""Damping is not lowered below this."""

MOST_DAMPING = 1e6
"""A descent ends once no step with a damping up to this lowers the energy."""


class Descent(NamedTuple):
    """Settings of one descent."""

    sigmas: Sigmas
    """Standard deviations of the energy that is minimised."""
    iterations: int
    """Most solves of the normal equations, rejected steps included."""
    tolerance: float
    """Stop once a step lowers E by less than this fraction of it."""


class Scratch(NamedTuple):
    """Arrays that are written over and over, so that nothing is allocated per step."""

    posed: PosedSkeleton
    system: System
    trial: State
    """The state after a step, before it is accepted."""


def allocate_scratch(prior: Prior) -> Scratch:
    """Arrays for the descents of one body after another."""
    return Scratch(allocate_posed(prior), allocate_system(prior), mean_state(prior))


@kernel
def eliminate(matrix: Floats, right: Floats, count: int) -> bool:
    """Take the first unknowns out of a system, by Cholesky in place; the rest of the matrix becomes their Schur complement.

    Args:
        matrix: (P, P) symmetric, its upper triangle counts.
        right: (P,).
        count: how many unknowns.

    Returns:
        False if the matrix is not positive definite.
    """
    size = len(right)
    for k in range(count):
        row = matrix[k]
        if not row[k] > 1e-12:
            return False
        inverse = 1.0 / np.sqrt(row[k])
        for j in range(k, size):
            row[j] *= inverse
        right[k] *= inverse
        for i in range(k + 1, size):
            a = row[i]
            if a != 0.0:
                right[i] -= a * right[k]
                target = matrix[i]
                for j in range(i, size):
                    target[j] -= a * row[j]
    return True


@kernel
def solve(hessian: Floats, damping: float, gradient: Floats, factor: Floats, step: Floats) -> bool:
    """Solve (H + damping diag H) step = -gradient by Cholesky.

    Args:
        hessian: (P, P), its lower triangle counts.
        damping: at least 0.
        gradient: (P,).
        factor: (P, P), its upper triangle is written.
        step: (P,) is written.

    Returns:
        False if the matrix is not positive definite; `step` then means nothing.
    """
    size = len(gradient)
    # factor holds the upper triangle U of U'U; row operations run along memory.
    for i in range(size):
        for j in range(i):
            factor[j, i] = hessian[i, j]
        factor[i, i] = hessian[i, i] * (1.0 + damping) + 1e-9
        step[i] = -gradient[i]
    if not eliminate(factor, step, size):
        return False
    for i in range(size - 1, -1, -1):
        total = step[i]
        for j in range(i + 1, size):
            total -= factor[i, j] * step[j]
        step[i] = total / factor[i, i]
    return True


@kernel
def take_step(state: State, step: Floats, dofs: int, out: State) -> None:
    """Write the state after a step, shortened to `LARGEST_TURN`.

    Args:
        state: where the step starts.
        step: (P,) increment of the root's rotation, then of the parameters.
        dofs: D, how many of the parameters are angles.
        out: another state's arrays.
    """
    largest = 0.0
    for i in range(ROOT_TURN + dofs):
        largest = max(largest, abs(step[i]))
    fraction = min(1.0, LARGEST_TURN / max(largest, 1e-12))
    turn = np.empty((3, 3))
    exponential(fraction * step[0], fraction * step[1], fraction * step[2], turn)
    multiply(turn, state.root, out.root)
    for i in range(len(state.params)):
        out.params[i] = state.params[i] + fraction * step[ROOT_TURN + i]


@kernel
def copy_state(source: State, target: State) -> None:
    """Copy root and parameters."""
    copy_matrix(source.root, target.root)
    for i in range(len(source.params)):
        target.params[i] = source.params[i]


@kernel
def descend(model: FitModel, obs: Observations, descent: Descent, state: State, scratch: Scratch) -> float:
    """Minimise E from a state, in place.

    Args:
        model: the skeleton and its priors.
        obs: one person's keypoints.
        descent: the energy's standard deviations, and when to stop.
        state: the start; the result on return.
        scratch: from `allocate_scratch`.

    Returns:
        E at the result; never above E at the start (inf or nan only if the start was so).
    """
    sigmas = descent.sigmas
    posed = scratch.posed
    system = scratch.system
    trial = scratch.trial
    damping = FIRST_DAMPING
    current = energy(model, obs, sigmas, state, posed)
    linearised = False
    for _ in range(descent.iterations):
        if not linearised:
            normal_equations(model, obs, sigmas, state, posed, system)
            linearised = True
        if not solve(system.hessian, damping, system.gradient, system.factor, system.step):
            damping = max(damping * 10.0, FIRST_DAMPING)
            continue
        take_step(state, system.step, len(model.prior.mean), trial)
        value = energy(model, obs, sigmas, trial, posed)
        if value < current:
            copy_state(trial, state)
            small = current - value < descent.tolerance * current
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
