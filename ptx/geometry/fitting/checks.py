"""Fitted bodies, and which of them cannot be used and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.body import Body
from ptx.geometry.camera import project
from ptx.geometry.fitting.options import FitOptions
from ptx.geometry.joints import KEYPOINT_COUNT
from ptx.geometry.keypoints import valid_keypoints
from ptx.geometry.skinning import pose_keypoints

Floats = NDArray[np.float64]

PERSON_HEIGHT = 1.7
"""Metres that count as a person's size when a residual is compared with it."""

SMALLEST_PERSON = 0.05
"""Least size of a person, as a fraction of the picture's longer side."""

LARGEST_PERSON = 8.0
"""Greatest size of a person, as a multiple of the picture's longer side: of a face that fills it the body does not show."""

LARGEST_BETA = 6.0
"""Greatest shape coefficient, in standard deviations, of a body that exists."""


class FitProblem(StrEnum):
    """Why a fit cannot be used: codes for programs and for counting."""

    TOO_FEW_KEYPOINTS = "too_few_keypoints"
    """Too few keypoints, or too few of the torso, to hold a body in place; there is no body."""
    DIVERGED = "diverged"
    """The numbers of the body or its camera are not finite; there is no body."""
    IMPLAUSIBLE_SCALE = "implausible_scale"
    """The person would be far smaller or larger than the picture."""
    RESIDUAL = "residual"
    """The body misses the keypoints."""
    IMPLAUSIBLE_POSE = "implausible_pose"
    """The body meets the keypoints only in a pose that the priors exclude."""
    IMPLAUSIBLE_SHAPE = "implausible_shape"
    """A shape coefficient is out of all proportion."""


WITHOUT_BODY = frozenset((FitProblem.TOO_FEW_KEYPOINTS, FitProblem.DIVERGED))
"""Problems that leave no body at all, not even a bad one."""


@dataclass(frozen=True)
class FitIssue:
    """The reason why one fit cannot be used."""

    code: FitProblem
    text: str
    """What is wrong, in plain words, with the numbers."""


@dataclass(frozen=True)
class Fit:
    """Fitted bodies of N pictures."""

    pose: NDArray[np.float32]
    """(N, 24, 3) axis-angle, radians."""
    betas: NDArray[np.float32]
    """(N, 10)."""
    camera: NDArray[np.float32]
    """(N, 3) px per metre, px, px."""
    residual: NDArray[np.float32]
    """(N, 18) px from each keypoint to its fitted position; NaN where missing."""
    energy: NDArray[np.float32]
    """(N,) at least 0; see `energy`."""
    start: NDArray[np.int8]
    """(N,) start that won: 0 front, 1 left, 2 back, 3 right, 4 by 3D keypoints, -1 none."""
    problems: dict[int, FitIssue] = field(default_factory=dict)
    """Row → why its fit cannot be used."""

    @property
    def usable(self) -> NDArray[np.bool_]:
        """(N,) True where there is a body, good or bad; False where `problems` says `WITHOUT_BODY`."""
        out = np.ones(len(self.pose), np.bool_)
        out[[row for row, issue in self.problems.items() if issue.code in WITHOUT_BODY]] = False
        return out


def check_fit(
    body: Body,
    pose: NDArray[np.float32],
    betas: NDArray[np.float32],
    camera: NDArray[np.float32],
    keypoints: NDArray[np.floating],
    size: tuple[int, int],
    options: FitOptions | None = None,
) -> Fit:
    """Check bodies that something else fitted against the keypoints, as `fit` checks its own; nothing is changed.

    Args:
        body: the body model of pose and betas.
        pose: (N, 24, 3) as in `Fit`.
        betas: (N, 10) as in `Fit`.
        camera: (N, 3) as in `Fit`.
        keypoints: (N, 18, 3) as for `fit`.
        size: (H, W) of the pictures, px.
        options: `max_residual` and `min_confidence` count.

    Returns:
        `Fit` with energy 0 and start -1.
    """
    options = options or FitOptions()
    count = len(pose)
    pixels, weight = split_keypoints(keypoints, options.min_confidence)
    residual = reprojection_error(project(camera, pose_keypoints(body, pose, betas)), pixels, weight)
    issues = find_issues(np.arange(count), np.zeros(count), camera, betas, residual, size, options)
    return Fit(
        pose=pose,
        betas=betas,
        camera=camera,
        residual=residual.astype(np.float32),
        energy=np.zeros(count, np.float32),
        start=np.full(count, -1, np.int8),
        problems=issues,
    )


def split_keypoints(keypoints: NDArray[np.floating], min_confidence: float) -> tuple[Floats, Floats]:
    """Coordinates (..., 18, D), 0 where missing, and weights (..., 18) in 0..1, 0 where missing, of keypoints (..., 18, D + 1)."""
    numbers = np.asarray(keypoints, np.float64)
    confidence = numbers[..., -1]
    valid = valid_keypoints(numbers) & (confidence >= min_confidence)
    coordinates = np.where(valid[..., None], numbers[..., :-1], 0.0)
    return np.ascontiguousarray(coordinates), np.where(valid, np.minimum(confidence, 1.0), 0.0)


def reprojection_error(points: NDArray[np.floating], pixels: Floats, weight: Floats) -> Floats:
    """Distances (N, 18) px from projected keypoints (N, 18, 3) to the observed (N, 18, 2); NaN where the weight (N, 18) is 0."""
    return np.where(weight > 0, np.linalg.norm(points[..., :2] - pixels, axis=-1), np.nan)


def find_missing(weight: Floats, torso: tuple[int, ...], unit: Floats, options: FitOptions) -> dict[int, FitIssue]:
    """Issues of the people whose keypoints cannot hold a body in place.

    Args:
        weight: (N, 18) 0 where missing.
        torso: keypoints of shoulders and hips, two of which are needed.
        unit: (N,) px per metre by a first guess, NaN where there is none.
        options: `min_keypoints` counts.
    """
    issues = {}
    for row, given in enumerate(weight > 0):
        count = int(given.sum())
        of_torso = int(given[list(torso)].sum())
        if count < options.min_keypoints:
            text = f"{count} of {KEYPOINT_COUNT} seen, {options.min_keypoints} needed"
        elif of_torso < 2 or not np.isfinite(unit[row]):
            text = f"{of_torso} of the 4 shoulders and hips seen, 2 needed"
        else:
            continue
        issues[row] = FitIssue(FitProblem.TOO_FEW_KEYPOINTS, text)
    return issues


def find_issues(
    rows: NDArray[np.int64],
    energy: Floats,
    camera: NDArray[np.floating],
    betas: NDArray[np.floating],
    residual: Floats,
    size: tuple[int, int],
    options: FitOptions,
) -> dict[int, FitIssue]:
    """First issue of each of the bodies `rows` that has any.

    Args:
        rows: (M,) which of N bodies to look at.
        energy: (N,) for each keypoint.
        camera: (N, 3) px per metre, px, px.
        betas: (N, 10).
        residual: (N, 18) px, NaN where a keypoint is missing.
        size: (H, W) of the pictures, px.
        options: `max_residual` and `max_energy` count.
    """
    issues = {}
    for row in map(int, rows):
        issue = _issue(float(energy[row]), camera[row], betas[row], residual[row], size, options)
        if issue is not None:
            issues[row] = issue
    return issues


def _issue(
    energy: float,
    camera: NDArray[np.floating],
    betas: NDArray[np.floating],
    residual: Floats,
    size: tuple[int, int],
    options: FitOptions,
) -> FitIssue | None:
    """First issue of one body, or None."""
    if not (np.isfinite(energy) and np.isfinite(camera).all() and np.isfinite(betas).all()):
        return FitIssue(FitProblem.DIVERGED, "the fit did not converge to a finite body")
    person = camera[0] * PERSON_HEIGHT
    longer = max(size)
    if not SMALLEST_PERSON * longer < person < LARGEST_PERSON * longer:
        text = f"the person would be {person:.0f} px tall in a picture of {size[0]} x {size[1]}"
        return FitIssue(FitProblem.IMPLAUSIBLE_SCALE, text)
    median = np.nanmedian(residual)
    fraction = float(median) / person
    if fraction > options.max_residual:
        text = f"median {median:.1f} px is {fraction:.0%} of the person, more than {options.max_residual:.0%}"
        return FitIssue(FitProblem.RESIDUAL, text)
    if energy > options.max_energy:
        text = (
            f"energy {energy:.1f} a keypoint, more than {options.max_energy:g}: the keypoints contradict each other, "
            "or no one stands so"
        )
        return FitIssue(FitProblem.IMPLAUSIBLE_POSE, text)
    largest = np.abs(betas).max()
    if largest > LARGEST_BETA:
        return FitIssue(FitProblem.IMPLAUSIBLE_SHAPE, f"a shape parameter is {largest:.1f}")
    return None
