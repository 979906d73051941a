"""Candidates for the states of single frames of a motion, and the least cost of paths through them.

A frame on its own may be seen from the wrong side, have left and right exchanged, or show something else for a moment. So each has, beside
its own best fits, the state of the frame before it, kept, and fitted again, also with left and right exchanged. A path pays for energies
and for jumps. A state that is kept pays no more than a price for which the frame is taken to be wrong: people move steadily, detectors
do not always.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.detected_landmarks import LANDMARKS
from ptx.geometry.fitting.energy import Observations, energy, robust
from ptx.geometry.fitting.kinematics import copy_matrix, multiply
from ptx.geometry.fitting.model import CX, CY, LOG_SCALE, FitModel, State
from ptx.geometry.fitting.search import Search
from ptx.geometry.fitting.solver import Scratch, copy_state, descend
from ptx.geometry.fitting.starts import START_COUNT, TORSO_3D, start_state
from ptx.geometry.joints import KEYPOINT_COUNT, KEYPOINTS, other_side
from ptx.geometry.kernel import kernel
from ptx.geometry.motion.smoothness import relative_turn
from ptx.geometry.motion.solver import observation

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

POINTS = (*KEYPOINTS, *LANDMARKS)
"""Names of the points of a fit, in order."""

HELD, TRACKED, OWN, ALONG_TORSO = 0, 1, 4, 6
"""First candidates of their kind: the state of the frame before; the same fitted to the keypoints in each of their `ORDERS`; the two best
of the frame's own fits in the picture's frame, and in one turned with the torso."""

CANDIDATES = 8
"""Number of candidates."""

OWN_COUNT = 2
"""Own fits of a frame, in either frame."""

LEGS = ("hip", "knee", "ankle", "heel", "toe")
"""Ends of the names of keypoints and landmarks of legs."""

ORDERS = np.array(
    [
        [(POINTS.index(other_side(name)) if name.endswith(ends) else k) for k, name in enumerate(POINTS)]
        for ends in ((), LEGS, ("",))
    ]
)
"""(3, K) keypoints and landmarks as they are, with left and right of the legs exchanged, and with all exchanged."""

EXCHANGED = 20.0
"""Price of a frame in which left and right are exchanged."""

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
    exchanged: Observations
    """One frame in one of the `ORDERS`."""
    wild: NDArray[np.bool_]
    """(T,) frames that are taken to be wrong where the state before is kept."""


def allocate_candidates(count: int, params: int) -> Candidates:
    """Arrays for so many frames."""
    points = len(POINTS)
    return Candidates(
        np.zeros((count, CANDIDATES, 3, 3)),
        np.zeros((count, CANDIDATES, params)),
        np.zeros((count, CANDIDATES, KEYPOINT_COUNT, 3)),
        np.full((count, CANDIDATES), np.inf),
        np.zeros((count, CANDIDATES), np.int64),
        Observations(np.zeros((points, 2)), np.zeros(points), np.zeros((KEYPOINT_COUNT, 3)), np.zeros(KEYPOINT_COUNT)),
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
def exchange(obs: Observations, order: Ints, out: Observations) -> None:
    """Write the keypoints of a frame in another order (K,), one of `ORDERS`."""
    for k in range(len(order)):
        source = order[k]
        out.weight[k] = obs.weight[source]
        for i in range(2):
            out.xy[k, i] = obs.xy[source, i]
        if k < KEYPOINT_COUNT:
            out.weight3[k] = obs.weight3[source]
            for i in range(3):
                out.xyz[k, i] = obs.xyz[source, i]


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
        best, out.wild[n] = int(np.argmin(out.cost[max(n - 1, 0)])), False
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
        for order in range(len(ORDERS)):
            c = TRACKED + order
            exchange(obs, ORDERS[order], out.exchanged)
            if n > 0:
                copy_state(_candidate(out, n - 1, best), _candidate(out, n, c))
                descend(model, out.exchanged, search.coarse, _candidate(out, n, c), scratch)
                descend(model, out.exchanged, search.fine, _candidate(out, n, c), scratch)
            else:
                block = slice(c, c + 1)
                fit_alone(
                    model, out.exchanged, search, scratch, out.roots[n, block], out.params[n, block], energies[:1]
                )
            _rate(model, search, out.exchanged, n, c, out, scratch)
            if order > 0:
                out.cost[n, c] += EXCHANGED
        if n > 0:
            price = max(WILD * out.cost[n, OWN:].min(), implausible * (obs.weight.sum() + obs.weight3.sum()))
            copy_state(_candidate(out, n - 1, best), _candidate(out, n, HELD))
            _rate(model, search, obs, n, HELD, out, scratch)
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
