"""`fit_motion`: keypoints of one person in every frame of a clip in, one smooth motion out."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.body import Body
from ptx.geometry.detected_landmarks import LANDMARKS, attach_landmarks
from ptx.geometry.fitting.checks import check_fit, find_missing, split_keypoints
from ptx.geometry.fitting.energy import Observations
from ptx.geometry.fitting.model import FitModel, skeleton_of
from ptx.geometry.fitting.priors import build_prior
from ptx.geometry.fitting.starts import guess_scale
from ptx.geometry.joints import JOINT_COUNT, KEYPOINT_COUNT, TORSO
from ptx.geometry.keypoints import valid_keypoints
from ptx.geometry.motion.contacts import SIDES
from ptx.geometry.motion.options import MotionOptions
from ptx.geometry.motion.shape import clip_betas, mean_points, shaped_skeleton
from ptx.geometry.motion.shots import held_frames, stretches
from ptx.geometry.motion.stretch import BODY, fit_stretch

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class Observed(NamedTuple):
    """One person in the T frames of a clip."""

    keypoints: NDArray[np.floating]
    """(T, 18, 3) x, y in px and confidence 0..1, as for `fit`; frames without the person: confidence 0."""
    keypoints3d: NDArray[np.floating]
    """(T, 18, 4) x, y, z in metres and confidence, as for `fit`."""
    landmarks: NDArray[np.floating]
    """(T, 12, 3) of face, hands and feet (`observe_landmarks`); confidence 0 where there are none."""
    cuts: NDArray[np.integer]
    """(C,) frames at which a new shot begins; the first of the clip is none."""


class Motion(NamedTuple):
    """Body and camera in T frames."""

    pose: NDArray[np.float32]
    """(T, 24, 3) axis-angle, radians."""
    betas: NDArray[np.float32]
    """(10,) of the whole clip."""
    camera: NDArray[np.float32]
    """(T, 3) px per metre, px, px."""
    usable: Bools
    """(T,) False where nobody is, too far from frames that show the person; pose and camera are 0."""
    filled: Bools
    """(T,) True where the person is not seen, and the motion is carried on from neighbouring frames."""
    contacts: Bools
    """(T, 2) the right, the left foot is on the ground, and does not slide to the next such frame."""


def fit_motion(
    body: Body,
    observed: Observed,
    size: tuple[int, int],
    fps: float,
    options: MotionOptions | None = None,
    progress: Callable[[int], None] | None = None,
) -> Motion:
    """Fit the motion of one person to keypoints of all frames: the energy of each (`fit`), and small accelerations.

    Args:
        body: the body model.
        observed: the person.
        size: (H, W) of the frames, px.
        fps: frames a second.
        options: see `MotionOptions`.
        progress: is called with the number of frames that are done, now and then.

    Returns:
        `Motion`. The same input gives the same bits.

    Raises:
        ValueError: an array has the wrong shape, or `fps` is not above 0.
    """
    options = options or MotionOptions()
    count = len(observed.keypoints)
    _check(observed, count, fps)
    seen, prior = _read(observed, options.frame.min_confidence), build_prior(landmarks=True)
    model = FitModel(skeleton_of(body, attach_landmarks(body)), prior)
    known = _known(model, seen, options)
    betas = clip_betas(model, _frames(seen, known), options.frame)
    shaped = FitModel(shaped_skeleton(model.skeleton, betas), prior)
    pose, camera = np.zeros((count, JOINT_COUNT, 3), np.float32), np.zeros((count, 3), np.float32)
    contacts, fitted = np.zeros((count, len(SIDES)), np.bool_), np.zeros(count, np.bool_)
    for start, stop in stretches(known, observed.cuts, round(options.max_gap * fps)):
        part = slice(start, stop)

        def report(share: float, start: int = start, stop: int = stop) -> None:
            if progress:
                progress(start + round(share * (stop - start)))

        pose[part], camera[part], contacts[part], known[part] = fit_stretch(
            shaped, _frames(seen, part), known[part], fps, options, report
        )
        fitted[part] = _is_there(body, pose[part], betas, camera[part], observed.keypoints[part], size, options)
        report(1.0)
    source = held_frames(fitted, observed.cuts, round(options.max_hold * fps))
    usable = source >= 0
    for array in (pose, camera, contacts):
        array[usable] = array[source[usable]]
        array[~usable] = 0
    return Motion(
        pose=pose,
        betas=betas.astype(np.float32),
        camera=camera,
        usable=usable,
        filled=usable & ~known,
        contacts=contacts,
    )


def _check(observed: Observed, count: int, fps: float) -> None:
    """Raise ValueError where an array has another shape."""
    wanted = {
        "keypoints": (count, KEYPOINT_COUNT, 3),
        "keypoints3d": (count, KEYPOINT_COUNT, 4),
        "landmarks": (count, len(LANDMARKS), 3),
    }
    for name, shape in wanted.items():
        if np.shape(getattr(observed, name)) != shape:
            raise ValueError(f"{name} must be {shape}, not {np.shape(getattr(observed, name))}")
    if not fps > 0:
        raise ValueError(f"fps must be above 0, not {fps}")


def _read(observed: Observed, least: float) -> Observations:
    """Keypoints and landmarks, px, and 3D keypoints, metres, with 0 where they are missing."""
    pixels, weight = split_keypoints(observed.keypoints, least)
    more, more_weight = split_keypoints(observed.landmarks, least)
    xyz, weight3 = split_keypoints(observed.keypoints3d, least)
    arrays = np.concatenate([pixels, more], 1), np.concatenate([weight, more_weight], 1), xyz, weight3
    return Observations(*map(np.ascontiguousarray, arrays))  # kernels are compiled for one layout


def _is_there(
    body: Body,
    pose: NDArray[np.float32],
    betas: Floats,
    camera: NDArray[np.float32],
    keypoints: NDArray[np.floating],
    size: tuple[int, int],
    options: MotionOptions,
) -> bool:
    """Return whether bodies meet the keypoints of most frames (T, 18, 3) that show any, as `check_fit` has it."""
    shown = valid_keypoints(keypoints).any(axis=1)
    shapes = np.tile(betas.astype(np.float32), (int(shown.sum()), 1))
    check = check_fit(body, pose[shown], shapes, camera[shown], keypoints[shown], size, options.frame)
    return 2 * len(check.problems) <= len(check.pose)


def _frames(seen: Observations, chosen: slice | Bools) -> Observations:
    """Observations of some frames."""
    return Observations(seen.xy[chosen], seen.weight[chosen], seen.xyz[chosen], seen.weight3[chosen])


def _known(model: FitModel, seen: Observations, options: MotionOptions) -> Bools:
    """Frames (T,) with enough keypoints to hold a body in place, as `fit` has it."""
    unit = guess_scale(seen.xy[:, BODY], seen.weight[:, BODY], mean_points(model)[BODY])
    known = np.ones(len(unit), np.bool_)
    known[list(find_missing(seen.weight[:, BODY], TORSO, unit, options.frame))] = False
    return known
