"""`fit`: keypoints in, bodies and cameras out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.body import Body
from ptx.geometry.camera import project
from ptx.geometry.detected_landmarks import LANDMARKS, attach_landmarks
from ptx.geometry.fitting.checks import Fit, find_issues, find_missing, reprojection_error, split_keypoints
from ptx.geometry.fitting.energy import Observations
from ptx.geometry.fitting.frames import UPRIGHT_TURN, Frame, choose_frame, torso_turn
from ptx.geometry.fitting.kinematics import pose_skeleton
from ptx.geometry.fitting.model import BETAS, CAMERA_PARAMS, FitModel, allocate_posed, mean_state, skeleton_of
from ptx.geometry.fitting.options import FitOptions
from ptx.geometry.fitting.priors import build_prior
from ptx.geometry.fitting.search import Results, Search, allocate_results, fit_all
from ptx.geometry.fitting.solver import allocate_scratch
from ptx.geometry.fitting.starts import guess_scale
from ptx.geometry.joints import JOINT_COUNT, KEYPOINT_COUNT, TORSO

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


def fit(
    body: Body,
    keypoints: NDArray[np.floating],
    keypoints3d: NDArray[np.floating] | None,
    size: tuple[int, int],
    options: FitOptions | None = None,
    landmarks: NDArray[np.floating] | None = None,
) -> Fit:
    """Fit pose, shape and camera to keypoints: robust reprojection with pose, joint-limit and shape priors.

    Args:
        body: the body model.
        keypoints: (N, 18, 3) x, y in px and confidence 0..1; missing is NaN with confidence 0.
        keypoints3d: (N, 18, 4) x, y, z in metres (x right, y up, z towards the viewer) and confidence, or None.
        size: (H, W) of the pictures, px.
        options: see `FitOptions`.
        landmarks: (N, 12, 3) of face, hands and feet (`observe_landmarks`), as `keypoints`, or None. Wrists and ankles turn only in
            people who have any.

    Returns:
        `Fit`; rows that are not usable hold zeros, residual NaN and start -1. The same input gives the same bits, whatever
        else is in the batch.

    Raises:
        ValueError: an array has the wrong shape.
    """
    options = options or FitOptions()
    count = len(keypoints)
    if keypoints3d is None:
        keypoints3d = np.zeros((count, KEYPOINT_COUNT, 4))
    if landmarks is None:
        landmarks = np.zeros((count, len(LANDMARKS), 3))
    if keypoints.ndim != 3 or keypoints.shape[1:] != (KEYPOINT_COUNT, 3):
        raise ValueError(f"keypoints must be (N, {KEYPOINT_COUNT}, 3), not {keypoints.shape}")
    _check_shape("keypoints3d", keypoints3d, (count, KEYPOINT_COUNT, 4))
    _check_shape("landmarks", landmarks, (count, len(LANDMARKS), 3))
    pixels, weight = split_keypoints(keypoints, options.min_confidence)
    xyz, weight3 = split_keypoints(keypoints3d, options.min_confidence)
    more_pixels, more_weight = split_keypoints(landmarks, options.min_confidence)

    unit = guess_scale(pixels, weight, _mean_points(body))
    issues = find_missing(weight, TORSO, unit, options)
    usable = np.array([n not in issues for n in range(count)], np.bool_)
    centre = (pixels * weight[..., None]).sum(1) / np.maximum(weight.sum(1), 1e-9)[:, None]

    pose, betas, camera = np.zeros((count, JOINT_COUNT, 3)), np.zeros((count, BETAS)), np.zeros((count, 3))
    residual, energy, start = np.full(weight.shape, np.nan), np.zeros(count), np.zeros(count)
    detailed = (more_weight > 0).any(axis=1)
    everything = np.concatenate([pixels, more_pixels], axis=1), np.concatenate([weight, more_weight], axis=1)
    for chosen, (xy, xy_weight) in ((usable & ~detailed, (pixels, weight)), (usable & detailed, everything)):
        rows = np.flatnonzero(chosen)
        if len(rows) == 0:
            continue
        observed = Observations(xy[rows], xy_weight[rows], xyz[rows], weight3[rows])
        frame = Frame(centre[rows], unit[rows], np.zeros(len(rows)))
        results, camera[rows] = _fit_all(body, observed, frame, options.search())
        pose[rows], energy[rows], start[rows] = results.pose, results.energy, results.start
        betas[rows] = results.params[:, -CAMERA_PARAMS - BETAS : -CAMERA_PARAMS]
        points = results.points[:, :KEYPOINT_COUNT]
        residual[rows] = reprojection_error(project(camera[rows], points), pixels[rows], weight[rows])

    given = (weight > 0).sum(1) + (weight3 > 0).sum(1) + (more_weight > 0).sum(1)
    rows = np.flatnonzero(usable)
    issues |= find_issues(rows, energy / np.maximum(given, 1), camera, betas, residual, size, options)
    out = Fit(
        pose=pose.astype(np.float32),
        betas=betas.astype(np.float32),
        camera=camera.astype(np.float32),
        residual=residual.astype(np.float32),
        energy=energy.astype(np.float32),
        start=start.astype(np.int8),
        problems=dict(sorted(issues.items())),
    )
    unusable = ~out.usable
    for array in (out.pose, out.betas, out.camera, out.energy):
        array[unusable] = 0
    out.residual[unusable] = np.nan
    out.start[unusable] = -1
    return out


def _fit_all(body: Body, observed: Observations, upright: Frame, search: Search) -> tuple[Results, Floats]:
    """Fit people, each in the frame that suits them better.

    Args:
        body: the body model.
        observed: (N, K, ...) keypoints, K 18 or with landmarks; lengths in px.
        upright: the frame of people who stand.
        search: how to fit.

    Returns:
        Results, poses and points in the picture's frame; cameras (N, 3) px per metre, px, px.
    """
    count, points = observed.weight.shape
    with_landmarks = points > KEYPOINT_COUNT
    prior = build_prior(landmarks=with_landmarks)
    model = FitModel(skeleton_of(body, attach_landmarks(body) if with_landmarks else None), prior)
    scratch = allocate_scratch(prior)

    def fit_in(frame: Frame, chosen: Rows) -> Results:
        results = allocate_results(count, prior)
        fit_all(model, frame.observe(*observed), chosen, search, results, scratch)
        return results

    results, frame = fit_in(upright, np.arange(count)), upright
    turn = torso_turn(observed.xy, observed.weight)
    lying = np.flatnonzero(np.abs(turn) > UPRIGHT_TURN)
    if len(lying):
        along = upright._replace(turn=turn)
        turned = fit_in(along, lying)
        bones, betas = model.skeleton, turned.params[:, -CAMERA_PARAMS - BETAS : -CAMERA_PARAMS]
        frame = choose_frame(results, upright, turned, along, lying, bones.bones[0] + betas @ bones.bone_dirs[0].T)
    return results, frame.camera(results.params)


def _mean_points(body: Body) -> Floats:
    """Keypoints (18, 3) of the mean body in the mean pose, metres."""
    prior = build_prior()
    posed = allocate_posed(prior)
    pose_skeleton(FitModel(skeleton_of(body), prior), mean_state(prior), posed)
    return posed.points


def _check_shape(name: str, array: NDArray[np.floating], wanted: tuple[int, ...]) -> None:
    """Raise ValueError where an array has another shape."""
    if np.shape(array) != wanted:
        raise ValueError(f"{name} must be {wanted}, not {np.shape(array)}")
