"""`fit`: keypoints in, bodies and cameras out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.body import Body
from ptx.geometry.camera import project
from ptx.geometry.fitting.energy import Widths
from ptx.geometry.fitting.kinematics import BETAS, allocate, pose_skeleton, skeleton_of
from ptx.geometry.fitting.priors import build_prior
from ptx.geometry.fitting.search import fit_all
from ptx.geometry.fitting.solver import allocate_system
from ptx.geometry.fitting.starts import TORSO, guess_scale
from ptx.geometry.keypoints import valid_keypoints
from ptx.geometry.skinning import pose_keypoints

Floats = NDArray[np.float64]

PERSON_HEIGHT = 1.7
"""Metres that count as a person's size when a residual is compared with it."""


@dataclass(frozen=True)
class FitOptions:
    """How to fit. Lengths in metres at the body, so that they hold for pictures of every size."""

    iterations: int = 30
    """Gauss-Newton steps of each finished start, at most."""
    coarse_iterations: int = 8
    """Steps of every start with wide terms, before the best are kept."""
    starts: int = 4
    """Facing front, left, back, right: how many of them to try (1..4); not used where 3D keypoints show the torso."""
    keep: int = 2
    """How many starts are finished with the true widths."""
    tolerance: float = 1e-4
    """Stop once a step lowers the energy by less than this share."""
    sigma: float = 0.015
    """Standard deviation of a keypoint in the picture."""
    sigma_pixels: float = 0.3
    """Standard deviation in px that is added to it (rounding)."""
    sigma_3d: float = 0.04
    """Standard deviation of a 3D keypoint."""
    max_residual: float = 0.04
    """A fit whose median residual exceeds this share of the person's size (1.7 m through its camera) is a problem."""
    max_energy: float = 6.0
    """A fit with more energy than this for each keypoint, 2D and 3D counted, is a problem: points strewn at random come to
    7, noisy true ones to 4."""
    min_keypoints: int = 6
    """Fewer keypoints than this are a problem."""
    min_confidence: float = 0.05
    """Keypoints less certain than this count as missing."""


@dataclass(frozen=True)
class Fit:
    """Fitted bodies of N pictures. Rows in `problems` with codes too_few_keypoints and diverged hold zeros."""

    pose: NDArray[np.float32]
    """(N, 24, 3) axis-angle, radians."""
    betas: NDArray[np.float32]
    """(N, 10)."""
    camera: NDArray[np.float32]
    """(N, 3) px per metre, px, px."""
    residual: NDArray[np.float32]
    """(N, 18) px from keypoint to its fitted place; nan where missing."""
    energy: NDArray[np.float32]
    """(N,) at least 0; see `energy`."""
    start: NDArray[np.int8]
    """(N,) start that won: 0 front, 1 left, 2 back, 3 right, 4 by 3D keypoints, -1 none."""
    problems: dict[int, str] = field(default_factory=dict)
    """Row to "code: reason"; codes too_few_keypoints, diverged, residual, implausible_scale, implausible_shape."""


def fit(
    body: Any,
    keypoints: NDArray[np.floating],
    keypoints3d: NDArray[np.floating] | None,
    size: tuple[int, int],
    options: FitOptions | None = None,
) -> Fit:
    """Fit pose, shape and camera to keypoints: robust reprojection with pose, joint-limit and shape priors.

    Args:
        body: `Body`, or any object with its joint and keypoint arrays.
        keypoints: (N, 18, 3) x, y in px and confidence 0..1; missing is nan with confidence 0.
        keypoints3d: (N, 18, 4) x, y, z in metres (x right, y up, z towards the viewer) and confidence, or None.
        size: (H, W) of the pictures, px.
        options: see `FitOptions`.

    Returns:
        `Fit`. The same input gives the same bits, whatever else is in the batch.

    Raises:
        ValueError: an array has the wrong shape.
    """
    options = options or FitOptions()
    places = np.asarray(keypoints, dtype=np.float64)
    if keypoints.ndim != 3 or keypoints.shape[1:] != (18, 3):
        raise ValueError(f"keypoints must be (N, 18, 3), not {keypoints.shape}")
    count = len(keypoints)
    pixels, weight = _split(places, options.min_confidence)
    if keypoints3d is None:
        keypoints3d = np.zeros((count, 18, 4))
    elif np.shape(keypoints3d) != (count, 18, 4):
        raise ValueError(f"keypoints3d must be ({count}, 18, 4), not {np.shape(keypoints3d)}")
    xyz, weight3 = _split(np.asarray(keypoints3d, dtype=np.float64), options.min_confidence)

    prior, skeleton = build_prior(), skeleton_of(body)
    work, system = allocate(prior), allocate_system(prior)
    pose_skeleton(skeleton, prior, np.eye(3), prior.mean, np.zeros(BETAS), work)
    unit = guess_scale(pixels, weight, work.points)
    problems = _too_few(weight, unit, options)
    which = np.array([n for n in range(count) if n not in problems], dtype=np.int64)
    unit = np.where(np.isfinite(unit), unit, 1.0)
    centre = (pixels * weight[..., None]).sum(1) / np.maximum(weight.sum(1), 1e-9)[:, None]
    xy = (pixels - centre[:, None]) / unit[:, None, None] * (1, -1)

    pose, rest = np.zeros((count, 24, 3)), np.zeros((count, len(prior.mean) + BETAS + 4))
    energy, start, points = np.zeros(count), np.full(count, -1), np.zeros((count, 18, 3))
    coarse, fine = _widths(options)
    fit_all(
        skeleton, prior, xy, weight, xyz, weight3, which, coarse, fine, options.starts, options.keep,
        options.coarse_iterations, options.iterations, options.tolerance, work, system,
        pose, rest, energy, start, points,
    )  # fmt: skip
    betas = rest[:, -4 - BETAS : -4]
    scale = np.exp(rest[:, -4]) * unit
    camera = np.stack([scale, centre[:, 0] + unit * rest[:, -3], centre[:, 1] - unit * rest[:, -2]], axis=-1)
    residual = _residual(project(camera, points), pixels, weight)
    seen = (weight > 0).sum(1) + (weight3 > 0).sum(1)
    _judge(problems, which, energy / np.maximum(seen, 1), camera, betas, residual, size, options)
    for n, reason in problems.items():
        if reason.startswith(("too_few_keypoints", "diverged")):
            pose[n], betas[n], camera[n], energy[n], residual[n], start[n] = 0, 0, 0, 0, np.nan, -1
    f4 = np.float32
    return Fit(
        pose.astype(f4), betas.astype(f4), camera.astype(f4), residual.astype(f4), energy.astype(f4),
        start.astype(np.int8), dict(sorted(problems.items())),
    )  # fmt: skip


def judge(
    body: Body,
    pose: NDArray[np.float32],
    betas: NDArray[np.float32],
    camera: NDArray[np.float32],
    keypoints: NDArray[np.floating],
    size: tuple[int, int],
    options: FitOptions | None = None,
) -> Fit:
    """Bodies that something else fitted, judged by the keypoints as those of `fit` are; nothing is changed.

    Args:
        body: the body model that pose and betas are of.
        pose, betas, camera: (N, 24, 3), (N, 10), (N, 3) as in `Fit`.
        keypoints: (N, 18, 3) as for `fit`.
        size: (H, W) of the pictures, px.
        options: `max_residual` and `min_confidence` count.

    Returns:
        `Fit` with energy 0 and start -1.
    """
    options, count = options or FitOptions(), len(pose)
    pixels, weight = _split(np.asarray(keypoints, np.float64), options.min_confidence)
    residual = _residual(project(camera, pose_keypoints(body, pose, betas)), pixels, weight)
    problems: dict[int, str] = {}
    _judge(problems, np.arange(count), np.zeros(count), camera, betas, residual, size, options)
    return Fit(
        pose,
        betas,
        camera,
        residual.astype(np.float32),
        np.zeros(count, np.float32),
        np.full(count, -1, np.int8),
        problems,
    )


def _split(keypoints: Floats, min_confidence: float) -> tuple[Floats, Floats]:
    """Coordinates with 0 where missing, and weights 0..1."""
    confidence = keypoints[..., -1]
    valid = valid_keypoints(keypoints) & (confidence >= min_confidence)
    coordinates = np.where(valid[..., None], keypoints[..., :-1], 0.0)
    return np.ascontiguousarray(coordinates), np.where(valid, np.minimum(confidence, 1.0), 0.0)


def _widths(options: FitOptions) -> tuple[Widths, Widths]:
    common = {"depth": 1.5, "limit": 0.1, "upright": 0.35, "balance": 0.12, "balance_turn": 0.25}
    common |= {"betas": 1.0, "camera": 0.3, "space_scale": 0.15}
    coarse = Widths(image=0.05, image_turn=0.5, space=0.08, space_turn=0.6, **common)
    fine = Widths(image=options.sigma, image_turn=0.12, space=options.sigma_3d, space_turn=0.25, **common)
    return coarse, fine


def _too_few(weight: Floats, unit: Floats, options: FitOptions) -> dict[int, str]:
    problems = {}
    for n in range(len(weight)):
        seen, torso = int((weight[n] > 0).sum()), int((weight[n, TORSO] > 0).sum())
        if seen < options.min_keypoints:
            problems[n] = f"too_few_keypoints: {seen} of 18 seen, {options.min_keypoints} needed"
        elif torso < 2 or not np.isfinite(unit[n]):
            problems[n] = f"too_few_keypoints: {torso} of the 4 shoulders and hips seen, 2 needed"
    return problems


def _residual(points: NDArray[np.floating], pixels: Floats, weight: Floats) -> Floats:
    return np.where(weight > 0, np.linalg.norm(points[..., :2] - pixels, axis=-1), np.nan)


def _judge(
    problems: dict[int, str],
    which: NDArray[np.int64],
    energy: Floats,
    camera: NDArray[np.floating],
    betas: NDArray[np.floating],
    residual: Floats,
    size: tuple[int, int],
    options: FitOptions,
) -> None:
    """Add the fits that cannot be used to `problems`; `energy` is that of each keypoint."""
    for n in which:
        person = camera[n, 0] * PERSON_HEIGHT
        if not (np.isfinite(energy[n]) and np.isfinite(camera[n]).all() and np.isfinite(betas[n]).all()):
            problems[int(n)] = "diverged: the fit did not converge to a finite body"
        elif not 0.05 * max(size) < person < 8 * max(size):
            problems[int(n)] = (
                f"implausible_scale: the person would be {person:.0f} px tall in a picture of {size[0]} x {size[1]}"
            )
        elif (share := float(np.nanmedian(residual[n])) / person) > options.max_residual:
            problems[int(n)] = (
                f"residual: median {np.nanmedian(residual[n]):.1f} px is {share:.0%} of the person, "
                f"more than {options.max_residual:.0%}"
            )
        elif energy[n] > options.max_energy:
            problems[int(n)] = (
                f"implausible_pose: energy {energy[n]:.1f} a keypoint, more than {options.max_energy:g}: the keypoints contradict "
                "each other, or no one stands so"
            )
        elif np.abs(betas[n]).max() > 6:
            problems[int(n)] = f"implausible_shape: a shape parameter is {np.abs(betas[n]).max():.1f}"
