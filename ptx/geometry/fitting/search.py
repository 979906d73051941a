"""From starts to one fit per person: try every start coarsely, keep the best, finish it."""

from __future__ import annotations

import numba as nb
import numpy as np
from numpy.typing import NDArray

from ptx.geometry.fitting.energy import Observation, Widths, energy
from ptx.geometry.fitting.kinematics import Skeleton, Work, copy, joint_vector, multiply
from ptx.geometry.fitting.priors import Prior
from ptx.geometry.fitting.solver import System, descend
from ptx.geometry.fitting.starts import SPACE, YAWS, centre_camera, face, facing_in_space
from ptx.geometry.rotation import exponential

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STARTS = np.radians(YAWS)


@nb.njit(cache=True, nogil=True)
def axis_angle(matrix: Floats, out: Floats) -> None:
    """Axis-angle vector of a rotation matrix, length in [0, pi], by way of its largest quaternion component."""
    quaternion = np.empty(4)
    trace = matrix[0, 0] + matrix[1, 1] + matrix[2, 2]
    quaternion[0] = 1.0 + trace
    for i in range(3):
        quaternion[1 + i] = 1.0 + 2.0 * matrix[i, i] - trace
    best = int(np.argmax(quaternion))
    if best == 0:
        quaternion[1] = matrix[2, 1] - matrix[1, 2]
        quaternion[2] = matrix[0, 2] - matrix[2, 0]
        quaternion[3] = matrix[1, 0] - matrix[0, 1]
    else:
        i, j, k = best - 1, best % 3, (best + 1) % 3
        quaternion[0] = matrix[k, j] - matrix[j, k]
        quaternion[1 + j] = matrix[j, i] + matrix[i, j]
        quaternion[1 + k] = matrix[k, i] + matrix[i, k]
    sine = np.sqrt(quaternion[1] ** 2 + quaternion[2] ** 2 + quaternion[3] ** 2)
    if quaternion[0] < 0.0:
        quaternion *= -1.0
    angle = 2.0 * np.arctan2(sine, quaternion[0])
    share = angle / sine if sine > 1e-12 else 0.0
    for i in range(3):
        out[i] = share * quaternion[1 + i]


@nb.njit(cache=True, nogil=True)
def write_pose(prior: Prior, root: Floats, rest: Floats, out: Floats) -> None:
    """Pose (24, 3) axis-angle of a state."""
    turned, local = np.empty((3, 3)), np.empty((3, 3))
    axis_angle(root, out[0])
    for j in range(1, 24):
        for i in range(3):
            out[j, i] = 0.0
        if prior.first[j] < prior.first[j + 1]:
            x, y, z = joint_vector(prior, rest, j)
            exponential(x, y, z, turned)
            multiply(turned, prior.rest[j], local)
            axis_angle(local, out[j])


@nb.njit(cache=True, nogil=True)
def begin(
    skeleton: Skeleton, prior: Prior, seen: Observation, start: int, root: Floats, rest: Floats, work: Work
) -> bool:
    """Put one start's state into `root` and `rest`; False if there is no such start for this person."""
    if start == SPACE:
        if not facing_in_space(seen, root):
            return False
    else:
        face(STARTS[start], root)
    for i in range(len(rest)):
        rest[i] = prior.mean[i] if i < len(prior.mean) else 0.0
    centre_camera(skeleton, prior, seen, root, rest, work)
    return True


@nb.njit(cache=True, nogil=True)
def fit_one(
    skeleton: Skeleton, prior: Prior, seen: Observation, coarse: Widths, fine: Widths, starts: int, keep: int,
    coarse_iterations: int, iterations: int, tolerance: float, work: Work, system: System, root: Floats, rest: Floats,
) -> tuple[float, int]:  # fmt: skip
    """Best state over all starts, left in `root` and `rest`; returns (energy with the fine widths, start)."""
    roots, rests = np.zeros((5, 3, 3)), np.zeros((5, len(rest)))
    values = np.full(5, np.inf)
    for start in range(SPACE, -1, -1):  # in space first: where that gives a start the others are spared
        if start < SPACE and (start >= starts or values[SPACE] < np.inf):
            continue
        if begin(skeleton, prior, seen, start, roots[start], rests[start], work):
            value = descend(
                skeleton, prior, seen, coarse, roots[start], rests[start], work, system, coarse_iterations, 1e-3
            )
            values[start] = value if np.isfinite(value) else np.inf
    best, winner = np.inf, -1
    for _ in range(keep):
        start = int(np.argmin(values))
        if values[start] == np.inf:
            break
        values[start] = np.inf
        value = descend(skeleton, prior, seen, fine, roots[start], rests[start], work, system, iterations, tolerance)
        if value < best:
            best, winner = value, start
    if winner >= 0:
        copy(roots[winner], root)
        for i in range(len(rest)):
            rest[i] = rests[winner, i]
        energy(skeleton, prior, seen, fine, root, rest, work)
    return best, winner


@nb.njit(cache=True, nogil=True)
def fit_all(
    skeleton: Skeleton, prior: Prior, xy: Floats, weight: Floats, xyz: Floats, weight3: Floats, which: Ints,
    coarse: Widths, fine: Widths, starts: int, keep: int, coarse_iterations: int, iterations: int, tolerance: float,
    work: Work, system: System, pose: Floats, rest: Floats, values: Floats, winners: Ints, points: Floats,
) -> None:  # fmt: skip
    """`fit_one` for the people `which`, results into (N, ...) arrays."""
    root = np.zeros((3, 3))
    for n in which:
        seen = Observation(xy[n], weight[n], xyz[n], weight3[n])
        values[n], winners[n] = fit_one(
            skeleton, prior, seen, coarse, fine, starts, keep, coarse_iterations, iterations, tolerance,
            work, system, root, rest[n],
        )  # fmt: skip
        write_pose(prior, root, rest[n], pose[n])
        copy(work.points, points[n])
