"""A first guess of a motion: the likeliest path through candidates for every frame (`candidates`), and equal steps where nobody is seen."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.fitting import FitOptions
from ptx.geometry.fitting.energy import Observations
from ptx.geometry.fitting.frames import UPRIGHT_TURN, Frame, torso_turn
from ptx.geometry.fitting.model import FitModel, State
from ptx.geometry.fitting.solver import allocate_scratch
from ptx.geometry.joints import KEYPOINT_COUNT
from ptx.geometry.motion.candidates import HELD, OWN, TRACKED, allocate_candidates, own_view, search_path
from ptx.geometry.motion.solver import Path
from ptx.geometry.rotation import axis_angles, rotation_matrices

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CHUNK = 256
"""Known frames whose states are chosen at once."""

LOOKAHEAD = 0.5
"""Seconds of known frames beyond them that are looked at as well."""


def guess_path(
    model: FitModel,
    seen: Observations,
    frame: Frame,
    size: Floats,
    known: NDArray[np.bool_],
    fps: float,
    options: FitOptions,
    path: Path,
    progress: Callable[[int], None],
) -> tuple[NDArray[np.bool_], Ints]:
    """Write a first guess of all frames of a path: of those that are known the likeliest path, between them equal steps.

    Args:
        model: the skeleton of the person's shape, and the priors.
        seen: (T, ...) keypoints, px and metres.
        frame: of the path, upright.
        size: (T,) how large the person is seen: pixels per metre over those of `frame`.
        known: (T,) frames that show the person, the first and the last among them.
        fps: frames a second.
        options: of the fits of single frames.
        path: is written.
        progress: is called with the number of frames that are done.

    Returns:
        (T,) frames that are taken to be wrong, in which the state of the frame before is kept; (T,) which of the `ORDERS` the keypoints of
        a frame are in.
    """
    wild, order = np.zeros(len(known), np.bool_), np.zeros(len(known), np.int64)
    frames, ahead = np.flatnonzero(known), max(round(LOOKAHEAD * fps), 1)
    scratch, out = allocate_scratch(model.prior), allocate_candidates(CHUNK + ahead + 1, path.params.shape[1])
    turn = torso_turn(seen.xy[:, :KEYPOINT_COUNT], seen.weight[:, :KEYPOINT_COUNT])
    turned = np.where(np.abs(turn) > UPRIGHT_TURN, turn, 0.0)
    centre = (seen.xy * seen.weight[..., None]).sum(1) / np.maximum(seen.weight.sum(1), 1e-9)[:, None]
    for first in range(0, len(frames), CHUNK):
        before = min(first, 1)  # from the second chunk on the last state of the one before is given
        rows = frames[first - before : first + CHUNK + ahead]
        part = Observations(seen.xy[rows], seen.weight[rows], seen.xyz[rows], seen.weight3[rows])
        mine = Frame(frame.centre[rows], frame.unit[rows], frame.turn[rows])
        own = Frame(centre[rows], (size * frame.unit)[rows], frame.turn[rows])
        along = own._replace(turn=turned[rows])
        given = State(path.roots[rows[0]], path.params[rows[0]]) if before else None
        seconds = np.diff(rows, prepend=rows[0]) / fps
        views = own_view(model, part, own, mine), own_view(model, part, along, mine)
        chosen = search_path(model, mine.observe(*part), *views, seconds, given, options, scratch, out)
        for n in range(len(rows) - 1, before - 1, -1):
            path.roots[rows[n]], path.params[rows[n]] = out.roots[n, chosen], out.params[n, chosen]
            wild[rows[n]] = chosen == HELD and out.wild[n]
            order[rows[n]] = chosen - TRACKED if TRACKED <= chosen < OWN else 0
            chosen = int(out.before[n, chosen])
        progress(int(frames[min(first + CHUNK, len(frames)) - 1]) + 1)
    _bridge(path, np.flatnonzero(known & ~wild))
    return wild, order


def _bridge(path: Path, frames: Ints) -> None:
    """Write the frames between known ones: rotations and parameters in equal steps."""
    for before, after in pairwise(frames):
        turn = axis_angles(path.roots[after] @ path.roots[before].T)
        for t in range(before + 1, after):
            fraction = (t - before) / (after - before)
            path.roots[t] = rotation_matrices(fraction * turn) @ path.roots[before]
            path.params[t] = (1 - fraction) * path.params[before] + fraction * path.params[after]
