"""`fit`: keypoints in, bodies and cameras out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.camera import project
from ptx.geometry.fitting.checks import Fit, find_issues, find_missing, reprojection_error, split_keypoints
from ptx.geometry.fitting.frames import UPRIGHT_TURN, Frame, choose_frame, torso_turn
from ptx.geometry.fitting.kinematics import pose_skeleton
from ptx.geometry.fitting.model import BETAS, CAMERA_PARAMS, FitModel, SkeletonArrays, mean_state, skeleton_of
from ptx.geometry.fitting.options import FitOptions
from ptx.geometry.fitting.priors import build_prior
from ptx.geometry.fitting.search import Results, allocate_results, fit_all
from ptx.geometry.fitting.solver import allocate_scratch
from ptx.geometry.fitting.starts import guess_scale
from ptx.geometry.joints import KEYPOINT_COUNT, TORSO

Floats = NDArray[np.float64]


def fit(
    body: SkeletonArrays,
    keypoints: NDArray[np.floating],
    keypoints3d: NDArray[np.floating] | None,
    size: tuple[int, int],
    options: FitOptions | None = None,
) -> Fit:
    """Fit pose, shape and camera to keypoints: robust reprojection with pose, joint-limit and shape priors.

    Args:
        body: a `Body`, or anything with its joint and keypoint arrays.
        keypoints: (N, 18, 3) x, y in px and confidence 0..1; missing is NaN with confidence 0.
        keypoints3d: (N, 18, 4) x, y, z in metres (x right, y up, z towards the viewer) and confidence, or None.
        size: (H, W) of the pictures, px.
        options: see `FitOptions`.

    Returns:
        `Fit`; rows that are not usable hold zeros, residual NaN and start -1. The same input gives the same bits, whatever
        else is in the batch.

    Raises:
        ValueError: an array has the wrong shape.
    """
    options = options or FitOptions()
    count = len(keypoints)
    if keypoints.ndim != 3 or keypoints.shape[1:] != (KEYPOINT_COUNT, 3):
        raise ValueError(f"keypoints must be (N, {KEYPOINT_COUNT}, 3), not {keypoints.shape}")
    if keypoints3d is None:
        keypoints3d = np.zeros((count, KEYPOINT_COUNT, 4))
    elif np.shape(keypoints3d) != (count, KEYPOINT_COUNT, 4):
        raise ValueError(f"keypoints3d must be ({count}, {KEYPOINT_COUNT}, 4), not {np.shape(keypoints3d)}")
    pixels, weight = split_keypoints(keypoints, options.min_confidence)
    xyz, weight3 = split_keypoints(keypoints3d, options.min_confidence)

    prior = build_prior()
    model = FitModel(skeleton_of(body), prior)
    scratch = allocate_scratch(prior)
    pose_skeleton(model, mean_state(prior), scratch.posed)
    unit = guess_scale(pixels, weight, scratch.posed.points)
    issues = find_missing(weight, TORSO, unit, options)
    rows = np.array([n for n in range(count) if n not in issues], np.int64)
    centre = (pixels * weight[..., None]).sum(1) / np.maximum(weight.sum(1), 1e-9)[:, None]
    upright = Frame(centre, np.where(np.isfinite(unit), unit, 1.0), np.zeros(count))

    def fit_in(frame: Frame, chosen: NDArray[np.int64]) -> Results:
        results = allocate_results(count, prior)
        fit_all(model, frame.observe(pixels, weight, xyz, weight3), chosen, options.search(), results, scratch)
        return results

    results, frame = fit_in(upright, rows), upright
    turn = torso_turn(pixels, weight)
    lying = rows[np.abs(turn[rows]) > UPRIGHT_TURN]
    if len(lying):
        along = upright._replace(turn=turn)
        frame = choose_frame(results, upright, fit_in(along, lying), along, lying)

    betas = results.params[:, -CAMERA_PARAMS - BETAS : -CAMERA_PARAMS]
    camera = frame.camera(results.params)
    residual = reprojection_error(project(camera, results.points), pixels, weight)
    given = (weight > 0).sum(1) + (weight3 > 0).sum(1)
    issues |= find_issues(rows, results.energy / np.maximum(given, 1), camera, betas, residual, size, options)
    out = Fit(
        pose=results.pose.astype(np.float32),
        betas=betas.astype(np.float32),
        camera=camera.astype(np.float32),
        residual=residual.astype(np.float32),
        energy=results.energy.astype(np.float32),
        start=results.start.astype(np.int8),
        problems=dict(sorted(issues.items())),
    )
    unusable = ~out.usable
    for array in (out.pose, out.betas, out.camera, out.energy):
        array[unusable] = 0
    out.residual[unusable] = np.nan
    out.start[unusable] = -1
    return out
