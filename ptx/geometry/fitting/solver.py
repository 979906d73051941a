"""Damped Gauss-Newton (Levenberg-Marquardt) on one body's energy: small dense normal equations, Cholesky, numba."""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from ptx.geometry.fitting.energy import Observation, Widths, energy
from ptx.geometry.fitting.kinematics import BETAS, Skeleton, Work, copy, multiply
from ptx.geometry.fitting.normal_equations import normal_equations
from ptx.geometry.fitting.priors import Prior
from ptx.geometry.rotation import exponential

Floats = NDArray[np.float64]

LARGEST_TURN = 0.7
"""Radians: a step is shortened so that no angle changes by more."""


class System(NamedTuple):
    """Scratch arrays of the solver."""

    hessian: Floats
    factor: Floats
    gradient: Floats
    step: Floats
    root: Floats
    rest: Floats


def allocate_system(prior: Prior) -> System:
    """Scratch arrays for `descend`."""
    size = 3 + len(prior.mean) + BETAS + 4
    return System(
        np.zeros((size, size)),
        np.zeros((size, size)),
        np.zeros(size),
        np.zeros(size),
        np.zeros((3, 3)),
        np.zeros(size - 3),
    )


@nb.njit(cache=True, nogil=True)
def solve(hessian: Floats, damping: float, gradient: Floats, factor: Floats, step: Floats) -> bool:
    """Solve (H + damping diag H) step = -gradient by Cholesky, H's lower triangle counting; False if not definite."""
    size = len(gradient)
    # factor holds the upper triangle U of U'U; row operations run along memory.
    for i in range(size):
        for j in range(i):
            factor[j, i] = hessian[i, j]
        factor[i, i] = hessian[i, i] * (1.0 + damping) + 1e-9
        step[i] = -gradient[i]
    for k in range(size):
        pivot = factor[k, k]
        if not pivot > 1e-12:
            return False
        pivot = 1.0 / np.sqrt(pivot)
        row = factor[k]
        for j in range(k, size):
            row[j] *= pivot
        step[k] *= pivot
        for i in range(k + 1, size):
            a = row[i]
            if a != 0.0:
                step[i] -= a * step[k]
                target = factor[i]
                for j in range(i, size):
                    target[j] -= a * row[j]
    for i in range(size - 1, -1, -1):
        total = step[i]
        for j in range(i + 1, size):
            total -= factor[i, j] * step[j]
        step[i] = total / factor[i, i]
    return True


@nb.njit(cache=True, nogil=True)
def take_step(root: Floats, rest: Floats, step: Floats, dofs: int, new_root: Floats, new_rest: Floats) -> None:
    """The state after a step, shortened to `LARGEST_TURN`."""
    largest = 0.0
    for i in range(3 + dofs):
        largest = max(largest, abs(step[i]))
    share = min(1.0, LARGEST_TURN / max(largest, 1e-12))
    turn = np.empty((3, 3))
    exponential(share * step[0], share * step[1], share * step[2], turn)
    multiply(turn, root, new_root)
    for i in range(len(rest)):
        new_rest[i] = rest[i] + share * step[3 + i]


@nb.njit(cache=True, nogil=True)
def descend(
    skeleton: Skeleton, prior: Prior, seen: Observation, widths: Widths, root: Floats, rest: Floats,
    work: Work, system: System, iterations: int, tolerance: float,
) -> float:  # fmt: skip
    """Minimise E from a state, in place.

    Args:
        root, rest: (3, 3) and (D + 14,), start in, result out.
        iterations: most solves of the normal equations, rejected steps included.
        tolerance: stop once a step lowers E by less than this share.

    Returns:
        E at the result; never above E at the start (inf or nan only if the start was so).
    """
    dofs, damping, fresh = len(prior.mean), 1e-3, False
    current = energy(skeleton, prior, seen, widths, root, rest, work)
    for _ in range(iterations):
        if not fresh:
            normal_equations(skeleton, prior, seen, widths, root, rest, work, system.hessian, system.gradient)
            fresh = True
        if not solve(system.hessian, damping, system.gradient, system.factor, system.step):
            damping = max(damping * 10.0, 1e-3)
            continue
        take_step(root, rest, system.step, dofs, system.root, system.rest)
        value = energy(skeleton, prior, seen, widths, system.root, system.rest, work)
        if value < current:
            copy(system.root, root)
            for i in range(len(rest)):
                rest[i] = system.rest[i]
            small = current - value < tolerance * current
            current, fresh, damping = value, False, max(damping * 0.2, 1e-7)
            if small:
                break
        else:
            damping = damping * 8.0
            if damping > 1e6:
                break
    return current
