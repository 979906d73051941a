"""From starts to one fit per person: try every start coarsely, keep the best, finish them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.fitting.energy import Observations, energy
from ptx.geometry.fitting.kinematics import copy_matrix, joint_vector, multiply
from ptx.geometry.fitting.model import FitModel, State, parameter_count
from ptx.geometry.fitting.priors import Prior
from ptx.geometry.fitting.solver import Descent, Scratch, copy_state, descend
from ptx.geometry.fitting.starts import START_COUNT, TORSO_3D, start_state
from ptx.geometry.joints import JOINT_COUNT
from ptx.geometry.kernel import kernel
from ptx.geometry.rotation import exponential, logarithm

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Search(NamedTuple):
    """Settings of the search for the best of several starts."""

    coarse: Descent
    """From every start, with wide standard deviations."""
    fine: Descent
    """From the best results of `coarse`, with the true ones."""
    starts: int
    """Directions to try, 1..4; not used where 3D keypoints show the torso."""
    keep: int
    """How many starts are finished."""


class Results(NamedTuple):
    """Arrays that fits of N people are written to."""

    pose: Floats
    """(N, 24, 3) axis-angle, radians."""
    params: Floats
    """(N, D + 14) as `State.params`."""
    energy: Floats
    """(N,) E with the fine standard deviations, inf where no start came to anything."""
    start: Ints
    """(N,) code of the start that won, -1 none."""
    points: Floats
    """(N, K, 3) fitted keypoints and landmarks, metres."""


def allocate_results(count: int, prior: Prior) -> Results:
    """Arrays for so many people: zeros, start -1."""
    return Results(
        pose=np.zeros((count, JOINT_COUNT, 3)),
        params=np.zeros((count, parameter_count(prior))),
        energy=np.zeros(count),
        start=np.full(count, -1),
        points=np.zeros((count, len(prior.sigma_factor), 3)),
    )


@kernel
def write_pose(prior: Prior, state: State, out: Floats) -> None:
    """Write the pose (24, 3), axis-angle in radians, of a state."""
    turned, local = np.empty((3, 3)), np.empty((3, 3))
    logarithm(state.root, out[0])
    for j in range(1, JOINT_COUNT):
        for i in range(3):
            out[j, i] = 0.0
        if prior.first[j] < prior.first[j + 1]:
            x, y, z = joint_vector(prior, state.params, j)
            exponential(x, y, z, turned)
            multiply(turned, prior.rest[j], local)
            logarithm(local, out[j])


@kernel
def fit_one(model: FitModel, obs: Observations, search: Search, state: State, scratch: Scratch) -> tuple[float, int]:
    """Find the best state of one person over all starts.

    Args:
        model: the skeleton and its priors.
        obs: the person's keypoints.
        search: how to look for it.
        state: the result is written here.
        scratch: from `allocate_scratch`; holds the posed result on return.

    Returns:
        E with the fine standard deviations and the code of the start that won; inf and -1 if none came to anything.
    """
    roots, params = np.zeros((START_COUNT, 3, 3)), np.zeros((START_COUNT, len(state.params)))
    values = np.full(START_COUNT, np.inf)
    for start in range(TORSO_3D, -1, -1):  # by 3D keypoints first: where that gives a start the others are spared
        if start < TORSO_3D and (start >= search.starts or values[TORSO_3D] < np.inf):
            continue
        trial = State(roots[start], params[start])
        if start_state(model, obs, start, trial, scratch.posed):
            value = descend(model, obs, search.coarse, trial, scratch)
            values[start] = value if np.isfinite(value) else np.inf
    best, winner = np.inf, -1
    for _ in range(search.keep):
        start = int(np.argmin(values))
        if values[start] == np.inf:
            break
        values[start] = np.inf
        value = descend(model, obs, search.fine, State(roots[start], params[start]), scratch)
        if value < best:
            best, winner = value, start
    if winner >= 0:
        copy_state(State(roots[winner], params[winner]), state)
        energy(model, obs, search.fine.sigmas, state, scratch.posed)
    return best, winner


@kernel
def fit_all(
    model: FitModel, observations: Observations, rows: Ints, search: Search, results: Results, scratch: Scratch
) -> None:
    """Fit the people `rows` of N, one after another, each as if alone.

    Args:
        model: the skeleton and its priors.
        observations: keypoints of all N.
        rows: (M,) who is fitted; results of the others stay as they are.
        search: as for `fit_one`.
        results: rows are written.
        scratch: from `allocate_scratch`.
    """
    root = np.zeros((3, 3))
    for n in rows:
        obs = Observations(observations.xy[n], observations.weight[n], observations.xyz[n], observations.weight3[n])
        state = State(root, results.params[n])
        results.energy[n], results.start[n] = fit_one(model, obs, search, state, scratch)
        write_pose(model.prior, state, results.pose[n])
        copy_matrix(scratch.posed.points, results.points[n])
