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
from ptx.geometry.fitting import FitOptions
from ptx.geometry.fitting.energy import Observations, Sigmas, energy, robust
from ptx.geometry.fitting.frames import Frame
from ptx.geometry.fitting.model import CX, CY, LOG_SCALE, FitModel, PosedSkeleton, State, mean_state
from ptx.geometry.fitting.search import Search
from ptx.geometry.fitting.solver import Descent, Scratch, descend
from ptx.geometry.fitting.starts import TORSO_3D, start_state
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

FREE_SCALE = 3.0
"""`Sigmas.log_scale` of states that are tracked."""

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


def fit_alone(
    model: FitModel, obs: Observations, search: Search, scratch: Scratch, most: int
) -> list[tuple[float, State]]:
    """Fit one frame from all starts: energies and states of at most so many that are worth finishing, as `fit_one` has it."""
    tried: list[tuple[float, int, State]] = []
    for start in range(TORSO_3D, -1, -1):
        if start < TORSO_3D and (start >= search.starts or (tried and tried[0][1] == TORSO_3D)):
            continue
        state = mean_state(model.prior)
        if start_state(model, obs, start, state, scratch.posed):
            value = descend(model, obs, search.coarse, state, scratch)
            if np.isfinite(value):
                tried.append((value, start, state))
    tried.sort(key=lambda trial: trial[:2])
    return [(descend(model, obs, search.fine, state, scratch), state) for _, _, state in tried[:most]]


def exchange(obs: Observations, order: Ints) -> Observations:
    """Keypoints of a frame in another order (K,), one of `ORDERS`."""
    body = order[:KEYPOINT_COUNT]
    return Observations(obs.xy[order], obs.weight[order], obs.xyz[body], obs.weight3[body])


class Own(NamedTuple):
    """How M frames are seen each in a frame of its own, and how that lies in the path's."""

    observations: Observations
    """Of all frames."""
    turn: Floats
    """(M, 3, 3) rotations about z, from each frame to the path's."""
    size: Floats
    """(M,) unit of each frame over the path's."""
    centre: Floats
    """(M, 2) centre of each frame in the path's, metres, y up."""
    pelvis: Floats
    """(3,) where the root is, metres, which does not turn with it."""


def own_view(model: FitModel, seen: Observations, own: Frame, frame: Frame) -> Own:
    """Keypoints, px and metres, as the frames `own` have them, which are joined to the upright frames of a path."""
    centre = (own.centre - frame.centre) / frame.unit[:, None] * (1, -1)
    return Own(own.observe(*seen), own.rotations, own.unit / frame.unit, centre, model.skeleton.bones[0])


def to_path(own: Own, n: int, state: State) -> None:
    """Bring a state from a frame of its own to the path's."""
    turn, params = own.turn[n], state.params
    pelvis = np.exp(params[LOG_SCALE]) * (turn @ own.pelvis - own.pelvis)[:2]
    params[[CX, CY]] = own.size[n] * (turn[:2, :2] @ params[[CX, CY]] + pelvis) + own.centre[n]
    params[LOG_SCALE] += np.log(own.size[n])
    state.root[:] = turn @ state.root


def search_at(search: Search, size: float) -> Search:
    """How to fit a frame in which the person is seen at some size: standard deviations in the picture grow with it, its scale is free."""

    def at(descent: Descent) -> Descent:
        s = descent.sigmas
        sigmas = s._replace(keypoint=s.keypoint * size, keypoint_cutoff=s.keypoint_cutoff * size, log_scale=FREE_SCALE)
        return descent._replace(sigmas=sigmas)

    return search._replace(coarse=at(search.coarse), fine=at(search.fine))


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
    model: FitModel, sigmas: Sigmas, obs: Observations, state: State, posed: PosedSkeleton, points: Floats
) -> float:
    """Energy of a state; writes its keypoints (18, 3) in front of the camera, metres."""
    value = energy(model, obs, sigmas, state, posed)
    scale = np.exp(state.params[LOG_SCALE])
    for k in range(KEYPOINT_COUNT):
        for i in range(3):
            points[k, i] = scale * posed.points[k, i] + (state.params[CX + i] if i < 2 else 0.0)
    return value


def search_path(
    model: FitModel,
    observations: Observations,
    own: Own,
    along: Own,
    seconds: Floats,
    given: State | None,
    options: FitOptions,
    scratch: Scratch,
    out: Candidates,
) -> int:
    """Find the least cost of paths through the candidates of frames that show the person, by dynamic programming.

    Args:
        model: the skeleton and its priors.
        observations: of M frames, in the path's.
        own: the same, each in a frame of its own.
        along: likewise, in frames turned with the torso.
        seconds: (M,) since the frame before.
        given: the state of the first frame, its only candidate, or None.
        options: how to fit a frame, and `max_energy`, what a pose costs that is implausible.
        scratch: from `allocate_scratch`.
        out: from `allocate_candidates`, for M frames or more; is written.

    Returns:
        The best candidate of the last frame.
    """
    alone, count = options.search(), len(seconds)
    out.cost[:] = np.inf
    out.wild[:] = False

    def add(n: int, c: int, obs: Observations, state: State, search: Search) -> None:
        out.roots[n, c], out.params[n, c] = state
        out.cost[n, c] = _rate(model, search.fine.sigmas, obs, state, scratch.posed, out.points[n, c])

    def add_own(n: int, c: int, view: Own, points: Ints, most: int, search: Search) -> None:
        seen = exchange(observation(view.observations, n), points)
        for value, state in fit_alone(model, seen, alone, scratch, most):
            to_path(view, n, state)
            add(n, c, observation(observations, n), state, search)
            out.cost[n, c] = value  # in its own frame, whose priors suit it
            c += 1

    def add_tracked(n: int, obs: Observations, best: int, search: Search) -> None:
        enough, sigma = out.cost[n].min() + EXCHANGED, jump_sigma(seconds[n])
        for order, points in enumerate(ORDERS):
            seen, c = exchange(obs, points), TRACKED + order
            state = State(out.roots[n - 1, best].copy(), out.params[n - 1, best].copy())
            for descent in (search.coarse, search.fine):
                descend(model, seen, descent, state, scratch)
            add(n, c, seen, state, search)
            out.cost[n, c] += EXCHANGED * (order > 0)
            if out.cost[n, c] + jump_cost(out.points[n - 1, best], out.points[n, c], sigma * own.size[n]) < enough:
                break  # no exchange can be better

    for n in range(count):
        obs, search = observation(observations, n), search_at(alone, own.size[n])
        if n == 0 and given is not None:
            add(0, HELD, obs, given, search)
            continue
        add_own(n, OWN, own, ORDERS[0], OWN_COUNT, search)
        if along.turn[n, 0, 0] != 1.0:
            add_own(n, ALONG_TORSO, along, ORDERS[0], OWN_COUNT, search)
        if n == 0:
            for order, points in enumerate(ORDERS[1:], 1):
                add_own(0, TRACKED + order, own, points, 1, search)
                out.cost[0, TRACKED + order] += EXCHANGED
            continue
        price = max(WILD * out.cost[n].min(), options.max_energy * (obs.weight.sum() + obs.weight3.sum()))
        best, both = int(out.cost[n - 1].argmin()), slice(n - 1, n + 1)
        add_tracked(n, obs, best, search)
        add(n, HELD, obs, State(out.roots[n - 1, best], out.params[n - 1, best]), search)
        out.wild[n] = out.cost[n, HELD] > price
        out.cost[n, HELD] = min(out.cost[n, HELD], price)
        _join(out.roots[both], out.points[both] / own.size[n], seconds[n], out.cost[both], out.before[n])
    return int(out.cost[count - 1].argmin())


@kernel
def jump_sigma(seconds: float) -> float:
    """Standard deviation, metres, of a keypoint's jump in a time."""
    return float(np.sqrt((SPEED * seconds) ** 2 + NOISE**2))


@kernel
def _join(roots: Floats, points: Floats, seconds: float, cost: Floats, before: Ints) -> None:
    """Join the candidates of a frame, whose costs are their energies, to those of the frame before.

    Args:
        roots: (2, C, 3, 3) of both frames.
        points: (2, C, 18, 3) likewise.
        seconds: between them.
        cost: (2, C) that of the first frame's paths; of the second's, written.
        before: (C,) is written.
    """
    sigma = jump_sigma(seconds)
    turn_variance, turn = (TURN_SPEED * seconds) ** 2 + TURN_NOISE**2, np.empty(3)
    for c in range(CANDIDATES):
        if cost[1, c] < np.inf:
            least = np.inf
            for b in range(CANDIDATES):
                if cost[0, b] < np.inf:
                    relative_turn(roots[1, c], roots[0, b], turn)
                    total = cost[0, b] + (turn[0] ** 2 + turn[1] ** 2 + turn[2] ** 2) / turn_variance
                    total += jump_cost(points[0, b], points[1, c], sigma)
                    if total < least:
                        least, before[c] = total, b
            cost[1, c] += least
