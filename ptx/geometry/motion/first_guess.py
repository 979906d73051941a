"""A first guess of a motion: candidates for every frame, each fitted as if alone, and the likeliest path through them.

A frame on its own may be seen from the wrong side, have left and right exchanged, or show something else for a moment. So each has, beside
its own best fits, the state of the frame before it, kept and fitted again; a path pays for energies and for jumps. A state that is kept pays
no more than a price for which the frame is taken to be wrong: people move steadily, detectors do not always.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.fitting import FitOptions
from ptx.geometry.fitting.energy import Observations, energy, robust
from ptx.geometry.fitting.frames import UPRIGHT_TURN, Frame, torso_turn
from ptx.geometry.fitting.kinematics import copy_matrix, multiply
from ptx.geometry.fitting.model import CX, CY, LOG_SCALE, FitModel, State
from ptx.geometry.fitting.search import Search
from ptx.geometry.fitting.solver import Scratch, allocate_scratch, copy_state, descend
from ptx.geometry.fitting.starts import START_COUNT, TORSO_3D, start_state
from ptx.geometry.joints import KEYPOINT_COUNT
from ptx.geometry.kernel import kernel
from ptx.geometry.motion.smoothness import relative_turn
from ptx.geometry.motion.solver import Path, observation
from ptx.geometry.rotation import axis_angles, rotation_matrices

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

HELD, TRACKED, OWN, ALONG_TORSO = 0, 1, 2, 4
"""First candidates of their kind: the state of the frame before, the same fitted, the two best of the frame's own fits in the picture's
frame, and in one turned with the torso."""

CANDIDATES = 6
"""Number of candidates."""

OWN_COUNT = 2
"""Own fits of a frame, in either frame."""

SPEED = 1.5
"""Standard deviation of a keypoint's speed, m/s."""

NOISE = 0.04
"""Standard deviation of a keypoint's jump besides, metres."""

JUMP_CUTOFF = 1.0
"""Metres beyond which a jump of a keypoint costs hardly more."""

TURN_SPEED = 4.0
"""Standard deviation of the speed at which the root turns, rad/s."""

TURN_NOISE = 0.15
"""Standard deviation of its turn from one frame to the next besides, radians."""

WILD = 2.0
"""A frame is taken to be wrong at the price of its own best fit times this, or that of an implausible pose if that is more."""

CHUNK = 256
"""Known frames whose states are chosen at once."""

LOOKAHEAD = 0.5
"""Seconds of known frames beyond them that are looked at as well."""


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
    wild: NDArray[np.bool_]
    """(T,) frames that are taken to be wrong where the state before is kept."""


def allocate_candidates(count: int, params: int) -> Candidates:
    """Arrays for so many frames."""
    return Candidates(
        np.zeros((count, CANDIDATES, 3, 3)),
        np.zeros((count, CANDIDATES, params)),
        np.zeros((count, CANDIDATES, KEYPOINT_COUNT, 3)),
        np.full((count, CANDIDATES), np.inf),
        np.zeros((count, CANDIDATES), np.int64),
        np.zeros(count, np.bool_),
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
def search_path(
    model: FitModel,
    observations: Observations,
    along: Observations,
    turns: Floats,
    seconds: Floats,
    given: bool,
    search: Search,
    implausible: float,
    scratch: Scratch,
    out: Candidates,
) -> int:
    """Find the least cost of paths through the candidates of frames that show the person, by dynamic programming.

    Args:
        model: the skeleton and its priors.
        observations: of M frames.
        along: the same turned with the torso.
        turns: (M, 3, 3) from that frame to the picture's; the unit matrix where they are the same.
        seconds: (M,) since the frame before.
        given: the state of the first frame is: its only candidate is `HELD`.
        search: how to fit a frame.
        implausible: energy of each keypoint of a pose that is.
        scratch: from `allocate_scratch`.
        out: from `allocate_candidates`, for M frames or more; is written.

    Returns:
        The best candidate of the last frame.
    """
    energies, count = np.empty(OWN_COUNT), len(seconds)
    out.cost[:count] = np.inf
    for n in range(count):
        obs = observation(observations, n)
        out.wild[n] = False
        if n == 0 and given:
            _rate(model, search, obs, 0, HELD, out, scratch)
            continue
        for kind in (OWN, ALONG_TORSO):
            if kind == ALONG_TORSO and turns[n, 0, 0] == 1.0:
                continue
            block = slice(kind, kind + OWN_COUNT)
            mine = obs if kind == OWN else observation(along, n)
            fit_alone(model, mine, search, scratch, out.roots[n, block], out.params[n, block], energies)
            for c in range(kind, kind + OWN_COUNT):
                if energies[c - kind] < np.inf:
                    if kind == ALONG_TORSO:
                        _turn_back(turns[n], _candidate(out, n, c))
                    _rate(model, search, obs, n, c, out, scratch)
                    out.cost[n, c] = energies[c - kind]  # in its own frame, whose priors suit it
        if n > 0:
            price = max(WILD * out.cost[n].min(), implausible * (obs.weight.sum() + obs.weight3.sum()))
            best = int(np.argmin(out.cost[n - 1]))
            for c in (HELD, TRACKED):
                copy_state(_candidate(out, n - 1, best), _candidate(out, n, c))
            descend(model, obs, search.coarse, _candidate(out, n, TRACKED), scratch)
            descend(model, obs, search.fine, _candidate(out, n, TRACKED), scratch)
            _rate(model, search, obs, n, HELD, out, scratch)
            _rate(model, search, obs, n, TRACKED, out, scratch)
            out.wild[n] = out.cost[n, HELD] > price
            out.cost[n, HELD] = min(out.cost[n, HELD], price)
            _join(out, n, seconds[n])
    return int(np.argmin(out.cost[count - 1]))


@kernel
def _candidate(out: Candidates, n: int, c: int) -> State:
    """State of a candidate."""
    return State(out.roots[n, c], out.params[n, c])


@kernel
def _join(out: Candidates, n: int, seconds: float) -> None:
    """Join the candidates of a frame, whose costs are their energies, to those of the frame before."""
    sigma = np.sqrt((SPEED * seconds) ** 2 + NOISE**2)
    turn_variance, turn = (TURN_SPEED * seconds) ** 2 + TURN_NOISE**2, np.empty(3)
    for c in range(CANDIDATES):
        if out.cost[n, c] < np.inf:
            least = np.inf
            for b in range(CANDIDATES):
                if out.cost[n - 1, b] < np.inf:
                    relative_turn(out.roots[n, c], out.roots[n - 1, b], turn)
                    cost = out.cost[n - 1, b] + (turn[0] ** 2 + turn[1] ** 2 + turn[2] ** 2) / turn_variance
                    cost += jump_cost(out.points[n - 1, b], out.points[n, c], sigma)
                    if cost < least:
                        least, out.before[n, c] = cost, b
            out.cost[n, c] += least


def guess_path(
    model: FitModel,
    seen: Observations,
    frame: Frame,
    known: NDArray[np.bool_],
    fps: float,
    options: FitOptions,
    path: Path,
    progress: Callable[[int], None],
) -> NDArray[np.bool_]:
    """Write a first guess of all frames of a path: of those that are known the likeliest path, between them equal steps.

    Args:
        model: the skeleton of the person's shape, and the priors.
        seen: (T, ...) keypoints, px and metres.
        frame: of the path, upright.
        known: (T,) frames that show the person, the first and the last among them.
        fps: frames a second.
        options: of the fits of single frames.
        path: is written.
        progress: is called with the number of frames that are done.

    Returns:
        (T,) frames that are taken to be wrong, in which the state of the frame before is kept.
    """
    search, wild = options.search(), np.zeros(len(known), np.bool_)
    frames, ahead = np.flatnonzero(known), max(round(LOOKAHEAD * fps), 1)
    scratch, out = allocate_scratch(model.prior), allocate_candidates(CHUNK + ahead + 1, path.params.shape[1])
    turn = torso_turn(seen.xy[:, :KEYPOINT_COUNT], seen.weight[:, :KEYPOINT_COUNT])
    turned = np.where(np.abs(turn) > UPRIGHT_TURN, turn, 0.0)
    for first in range(0, len(frames), CHUNK):
        before = min(first, 1)  # from the second chunk on the last state of the one before is given
        rows = frames[first - before : first + CHUNK + ahead]
        part = Observations(seen.xy[rows], seen.weight[rows], seen.xyz[rows], seen.weight3[rows])
        mine = Frame(frame.centre[rows], frame.unit[rows], frame.turn[rows])
        along = mine._replace(turn=turned[rows])
        if before:
            out.roots[0, HELD], out.params[0, HELD] = path.roots[rows[0]], path.params[rows[0]]
        seconds = np.diff(rows, prepend=rows[0]) / fps
        chosen = search_path(
            model, mine.observe(*part), along.observe(*part), along.rotations, seconds, bool(before), search,
            options.max_energy, scratch, out,
        )  # fmt: skip
        for n in range(len(rows) - 1, before - 1, -1):
            path.roots[rows[n]], path.params[rows[n]] = out.roots[n, chosen], out.params[n, chosen]
            wild[rows[n]] = chosen == HELD and out.wild[n]
            chosen = int(out.before[n, chosen])
        progress(int(frames[min(first + CHUNK, len(frames)) - 1]) + 1)
    _bridge(path, np.flatnonzero(known & ~wild))
    return wild


def _bridge(path: Path, frames: Ints) -> None:
    """Write the frames between known ones: rotations and parameters in equal steps."""
    for before, after in pairwise(frames):
        turn = axis_angles(path.roots[after] @ path.roots[before].T)
        for t in range(before + 1, after):
            fraction = (t - before) / (after - before)
            path.roots[t] = rotation_matrices(fraction * turn) @ path.roots[before]
            path.params[t] = (1 - fraction) * path.params[before] + fraction * path.params[after]
