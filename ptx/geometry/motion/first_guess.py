"""A first guess of a motion: candidates for every frame, each fitted as if alone, and the likeliest path through them.

A frame on its own may be seen from the wrong side, have left and right exchanged, or show something else for a moment. So each has, beside
its own best fits, the state of the frame before it, kept and fitted again; a path pays for energies and for jumps of the keypoints.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.fitting.energy import Observations, energy, robust
from ptx.geometry.fitting.kinematics import copy_matrix, multiply
from ptx.geometry.fitting.model import CX, CY, LOG_SCALE, FitModel, State
from ptx.geometry.fitting.search import Search
from ptx.geometry.fitting.solver import Scratch, copy_state, descend
from ptx.geometry.fitting.starts import START_COUNT, TORSO_3D, start_state
from ptx.geometry.joints import KEYPOINT_COUNT
from ptx.geometry.kernel import kernel
from ptx.geometry.motion.solver import Path, observation

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

HELD, TRACKED, OWN, ALONG_TORSO = 0, 1, 2, 4
"""First candidates of their kind: the state of the frame before, the same fitted, the two best of the frame's own fits in the picture's
frame, and in one turned with the torso."""

CANDIDATES = 6
"""Number of candidates."""

OWN_COUNT = 2
"""Own fits of a frame, in either frame."""

SPEED = 2.0
"""Standard deviation of a keypoint's speed, m/s."""

NOISE = 0.04
"""Standard deviation of a keypoint's jump besides, metres."""

JUMP_CUTOFF = 0.5
"""Metres beyond which a jump of a keypoint costs hardly more."""


class Candidates(NamedTuple):
    """States that T frames may have."""

    roots: Floats
    """(T, C, 3, 3)."""
    params: Floats
    """(T, C, D + 14)."""
    points: Floats
    """(T, C, 18, 3) keypoints in front of the camera, metres."""
    cost: Floats
    """(T, C) least cost of a path that ends here; inf where there is no such candidate."""
    before: Ints
    """(T, C) candidate of the frame before on that path."""


def allocate_candidates(count: int, params: int) -> Candidates:
    """Arrays for so many frames."""
    return Candidates(
        np.zeros((count, CANDIDATES, 3, 3)),
        np.zeros((count, CANDIDATES, params)),
        np.zeros((count, CANDIDATES, KEYPOINT_COUNT, 3)),
        np.full((count, CANDIDATES), np.inf),
        np.zeros((count, CANDIDATES), np.int64),
    )


@kernel
def fit_alone(
    model: FitModel,
    obs: Observations,
    search: Search,
    scratch: Scratch,
    roots: Floats,
    params: Floats,
    energies: Floats,
) -> None:
    """Fit one frame from all starts, and write the best M states, as `fit_one` finds the best one.

    Args:
        model: the skeleton and its priors.
        obs: the frame's keypoints.
        search: how to look.
        scratch: from `allocate_scratch`.
        roots: (M, 3, 3) is written.
        params: (M, D + 14) is written.
        energies: (M,) is written; inf where no start came to anything.
    """
    start_roots, start_params = np.zeros((START_COUNT, 3, 3)), np.zeros((START_COUNT, params.shape[1]))
    values = np.full(START_COUNT, np.inf)
    for start in range(TORSO_3D, -1, -1):
        if start < TORSO_3D and (start >= search.starts or values[TORSO_3D] < np.inf):
            continue
        trial = State(start_roots[start], start_params[start])
        if start_state(model, obs, start, trial, scratch.posed):
            value = descend(model, obs, search.coarse, trial, scratch)
            values[start] = value if np.isfinite(value) else np.inf
    for m in range(len(energies)):
        energies[m] = np.inf
        start = int(np.argmin(values))
        if values[start] < np.inf:
            values[start] = np.inf
            state = State(start_roots[start], start_params[start])
            energies[m] = descend(model, obs, search.fine, state, scratch)
            copy_state(state, State(roots[m], params[m]))


@kernel
def _turn_back(rotation: Floats, state: State) -> None:
    """Bring a state from a frame that is turned by `rotation` (3, 3), about z, to the picture's."""
    turned = np.empty((3, 3))
    multiply(rotation, state.root, turned)
    copy_matrix(turned, state.root)
    x, y = state.params[CX], state.params[CY]
    state.params[CX] = rotation[0, 0] * x + rotation[0, 1] * y
    state.params[CY] = rotation[1, 0] * x + rotation[1, 1] * y


@kernel
def jump_cost(before: Floats, after: Floats, sigma: float) -> float:
    """Cost of keypoints (18, 3) going from one place to another."""
    total = 0.0
    for k in range(KEYPOINT_COUNT):
        square = 0.0
        for i in range(3):
            square += (after[k, i] - before[k, i]) ** 2
        total += robust(square, sigma, JUMP_CUTOFF)[0]
    return total


@kernel
def _rate(
    model: FitModel, search: Search, obs: Observations, t: int, c: int, out: Candidates, scratch: Scratch
) -> None:
    """Write a candidate's keypoints and its energy, as its cost."""
    params = out.params[t, c]
    out.cost[t, c] = energy(model, obs, search.fine.sigmas, State(out.roots[t, c], params), scratch.posed)
    scale = np.exp(params[LOG_SCALE])
    for k in range(KEYPOINT_COUNT):
        for i in range(3):
            out.points[t, c, k, i] = scale * scratch.posed.points[k, i] + (params[CX + i] if i < 2 else 0.0)


@kernel
def find_path(
    model: FitModel,
    observations: Observations,
    along: Observations,
    turns: Floats,
    frames: Ints,
    seconds: float,
    search: Search,
    scratch: Scratch,
    out: Candidates,
    path: Path,
) -> None:
    """Find the likeliest path through the candidates of some frames, by dynamic programming.

    Args:
        model: the skeleton and its priors.
        observations: of T frames.
        along: the same turned with the torso.
        turns: (T, 3, 3) from that frame to the picture's; the unit matrix where they are the same.
        frames: (M,) frames that show the person, ascending.
        seconds: between frames.
        search: how to fit a frame.
        scratch: from `allocate_scratch`.
        out: from `allocate_candidates`.
        path: these frames are written.
    """
    energies = np.empty(OWN_COUNT)
    for n in range(len(frames)):
        t = frames[n]
        obs, last = observation(observations, t), frames[max(n - 1, 0)]
        if n > 0:
            best = int(np.argmin(out.cost[last]))
            for c in (HELD, TRACKED):
                copy_state(
                    State(out.roots[last, best], out.params[last, best]), State(out.roots[t, c], out.params[t, c])
                )
            state = State(out.roots[t, TRACKED], out.params[t, TRACKED])
            descend(model, obs, search.coarse, state, scratch)
            descend(model, obs, search.fine, state, scratch)
            _rate(model, search, obs, t, HELD, out, scratch)
            _rate(model, search, obs, t, TRACKED, out, scratch)
        for kind in (OWN, ALONG_TORSO):
            if kind == ALONG_TORSO and turns[t, 0, 0] == 1.0:
                continue
            mine = obs if kind == OWN else observation(along, t)
            block = slice(kind, kind + OWN_COUNT)
            fit_alone(model, mine, search, scratch, out.roots[t, block], out.params[t, block], energies)
            for c in range(kind, kind + OWN_COUNT):
                if energies[c - kind] < np.inf:
                    if kind == ALONG_TORSO:
                        _turn_back(turns[t], State(out.roots[t, c], out.params[t, c]))
                    _rate(model, search, obs, t, c, out, scratch)
                    if kind == ALONG_TORSO:
                        out.cost[t, c] = energies[c - kind]
        if n > 0:
            sigma = np.sqrt((SPEED * seconds * (t - last)) ** 2 + NOISE**2)
            for c in range(CANDIDATES):
                if out.cost[t, c] < np.inf:
                    least = np.inf
                    for b in range(CANDIDATES):
                        if out.cost[last, b] < np.inf:
                            cost = out.cost[last, b] + jump_cost(out.points[last, b], out.points[t, c], sigma)
                            if cost < least:
                                least, out.before[t, c] = cost, b
                    out.cost[t, c] += least
    chosen = int(np.argmin(out.cost[frames[-1]]))
    for n in range(len(frames) - 1, -1, -1):
        t = frames[n]
        copy_matrix(out.roots[t, chosen], path.roots[t])
        for p in range(path.params.shape[1]):
            path.params[t, p] = out.params[t, chosen, p]
        chosen = out.before[t, chosen]
