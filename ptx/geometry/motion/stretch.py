"""One stretch of a clip, from a first guess to a smooth motion whose feet do not slide."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from ptx.geometry.fitting.energy import Observations
from ptx.geometry.fitting.frames import Frame
from ptx.geometry.fitting.model import FitModel, State, parameter_count
from ptx.geometry.fitting.search import write_pose
from ptx.geometry.fitting.solver import allocate_scratch
from ptx.geometry.fitting.starts import guess_scale
from ptx.geometry.joints import JOINT_COUNT, KEYPOINT_COUNT
from ptx.geometry.motion.candidates import ORDERS
from ptx.geometry.motion.contacts import FOOT_POINTS, feet_on_ground, find_contacts
from ptx.geometry.motion.first_guess import guess_path
from ptx.geometry.motion.options import MotionOptions, motion_prior, motion_sigmas, smoothness_weights
from ptx.geometry.motion.shape import mean_points
from ptx.geometry.motion.solver import Path, Terms, allocate_window, see_feet, solve_window

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

BODY = slice(KEYPOINT_COUNT)
"""The 18 keypoints, which the landmarks follow."""

COARSE_TOLERANCE = 1e-3
"""`MotionOptions.tolerance` of solutions that only tell which feet are on the ground."""

CONTACT_ROUNDS = 2
"""How often feet on the ground are found, and the motion solved again with them."""

UPRIGHT = np.cos(np.radians(45))
"""Least height of the pelvis's up axis, of length 1, of who stands: others have no prior on which way is up."""


def fit_stretch(
    model: FitModel,
    seen: Observations,
    known: Bools,
    fps: float,
    options: MotionOptions,
    progress: Callable[[float], None],
) -> tuple[Floats, Floats, Bools, Bools]:
    """Fit T frames without a cut or a long gap between them.

    Args:
        model: the skeleton of the person's shape, and the priors.
        seen: keypoints and landmarks, px, and 3D keypoints, metres.
        known: (T,) frames that show the person, the first and the last among them.
        fps: frames a second.
        options: see `MotionOptions`.
        progress: is called with the share that is done.

    Returns:
        Poses (T, 24, 3), cameras (T, 3), feet on the ground (T, 2), and (T,) known frames but those that are taken to be wrong.
    """
    count, share = len(known), options.prior_share
    units = _seen_scale(guess_scale(seen.xy[:, BODY], seen.weight[:, BODY], mean_points(model)[BODY]), known, fps)
    unit = np.median(units)
    centre = (seen.xy * seen.weight[..., None]).sum((0, 1)) / seen.weight.sum()
    frame, size = Frame(np.tile(centre, (count, 1)), np.full(count, unit), np.zeros(count)), units / unit
    path = Path(np.zeros((count, 3, 3)), np.zeros((count, parameter_count(model.prior))))
    report = _portion(progress, 0.0, 0.5 / count)
    wild, order = guess_path(model, seen, frame, size, known, fps, options.frame, path, report)

    terms = Terms(
        observations=frame.observe(*_believed(seen, wild, order)),
        sigmas=motion_sigmas(options.frame.search().fine.sigmas, share),
        size=size,
        upright=path.roots[:, 1, 1] > UPRIGHT,
        smoothness=smoothness_weights(model.prior, options, fps),
        feet=np.array(FOOT_POINTS),
        held=np.zeros((count, len(FOOT_POINTS))),
    )
    free, scratch = model._replace(prior=motion_prior(model.prior, share)), allocate_scratch(model.prior)
    _solve(free, terms, path, fps, options, COARSE_TOLERANCE, _portion(progress, 0.5, 0.1 / count))
    for n in range(CONTACT_ROUNDS):
        contacts = find_contacts(see_feet(free, terms.feet, path, scratch.posed), size, fps)
        terms.held[:-1] = np.minimum(contacts[1:], contacts[:-1]) * (fps / options.slide / size[1:, None]) ** 2
        tolerance = options.tolerance if n == CONTACT_ROUNDS - 1 else COARSE_TOLERANCE
        _solve(free, terms, path, fps, options, tolerance, _portion(progress, 0.6 + 0.2 * n, 0.2 / count))
    pose = np.zeros((count, JOINT_COUNT, 3))
    for t in range(count):
        write_pose(free.prior, State(path.roots[t], path.params[t]), pose[t])
    return pose, frame.camera(path.params), feet_on_ground(contacts), known & ~wild


def _believed(seen: Observations, wild: Bools, order: NDArray[np.int64]) -> Observations:
    """Keypoints with left and right put right, those of wrong frames with weight 0."""
    points, rows, right = ORDERS[order], np.arange(len(order))[:, None], ~wild[:, None]
    deep = points[:, BODY]
    return Observations(
        seen.xy[rows, points], seen.weight[rows, points] * right, seen.xyz[rows, deep], seen.weight3[rows, deep] * right
    )


def _seen_scale(guesses: Floats, known: Bools, fps: float) -> Floats:
    """Pixels per metre (T,) by guesses for single frames: the median over a second, between known frames as if they went on steadily."""
    frames = np.flatnonzero(known)
    steady = np.exp(np.interp(np.arange(len(known)), frames, np.log(guesses[frames])))
    return np.asarray(median_filter(steady, 2 * round(fps / 2) + 1, mode="nearest"), np.float64)


def _portion(progress: Callable[[float], None], start: float, each: float) -> Callable[[int], None]:
    """Progress of a part of the work: a share of the whole where it starts, and that of each frame."""
    return lambda done: progress(start + each * done)


def _solve(
    model: FitModel,
    terms: Terms,
    path: Path,
    fps: float,
    options: MotionOptions,
    tolerance: float,
    progress: Callable[[int], None],
) -> None:
    """Solve a path in windows, one after another; each continues the one before, and looks beyond its end."""
    count = len(path.roots)
    keep, ahead = max(round(options.window * fps), 1), round(options.lookahead * fps)
    scratch = allocate_scratch(model.prior)
    window = allocate_window(min(keep + ahead, count), terms, path)
    for first in range(0, count, keep):
        last = min(first + keep + ahead, count)
        solve_window(model, terms, path, first, last, options.iterations, tolerance, scratch, window)
        progress(min(first + keep, count))
