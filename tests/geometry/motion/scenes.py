"""Motions and keypoints to fit, with the small body, for the tests of the fit of motions."""

from __future__ import annotations

import numpy as np

from ptx.geometry.body import load_body
from ptx.geometry.camera import project
from ptx.geometry.detected_landmarks import attach_landmarks
from ptx.geometry.fitting import FitOptions
from ptx.geometry.fitting.energy import Observations
from ptx.geometry.fitting.model import FitModel, skeleton_of
from ptx.geometry.fitting.priors import build_prior
from ptx.geometry.joints import HIPS, joint
from ptx.geometry.motion import MotionOptions, Observed
from ptx.geometry.motion.options import motion_prior, motion_sigmas, smoothness_weights
from ptx.geometry.motion.shape import shaped_skeleton
from ptx.geometry.motion.solver import Path, Terms
from ptx.geometry.rotation import rotation_matrices
from ptx.geometry.skinning import joint_transforms, pose_keypoints

BODY = load_body("small")
PRIOR = build_prior(landmarks=True)
DOFS = len(PRIOR.mean)
UNKNOWNS = 3 + DOFS + 4
POINTS = 30
SIZE = (512, 512)
SCALE = 235.0
FEET = np.array([10, 23, 25])
OPTIONS = MotionOptions()
MODEL = FitModel(skeleton_of(BODY, attach_landmarks(BODY)), PRIOR)
SHAPED = FitModel(shaped_skeleton(MODEL.skeleton, np.linspace(-1, 1, 10)), motion_prior(PRIOR, 0.1))


def random_path(count: int, seed: int, spread: float = 0.3) -> Path:
    """States of so many frames, far from each other."""
    rng = np.random.default_rng(seed)
    roots = rotation_matrices(rng.normal(0, 2 * spread, (count, 3))).astype(np.float64)
    params = np.zeros((count, DOFS + 14))
    params[:, :DOFS] = PRIOR.mean + rng.normal(0, spread, (count, DOFS))
    params[:, -4:] = rng.normal(0, 0.2, (count, 4))
    return Path(roots, params)


def random_terms(count: int, seed: int, fps: float = 10.0) -> Terms:
    """Keypoints near the body, a few missing, and some feet that are held."""
    rng = np.random.default_rng([seed, 1])
    weight, weight3 = rng.uniform(0.2, 1, (count, POINTS)), rng.uniform(0.2, 1, (count, 18))
    weight[rng.random(weight.shape) < 0.2] = 0
    weight3[rng.random(weight3.shape) < 0.2] = 0
    observations = Observations(
        rng.normal(0, 0.5, (count, POINTS, 2)), weight, rng.normal(0, 0.5, (count, 18, 3)), weight3
    )
    return Terms(
        observations=observations,
        sigmas=motion_sigmas(FitOptions().search().fine.sigmas, 0.1),
        size=rng.uniform(0.5, 2, count),
        upright=rng.random(count) < 0.7,
        smoothness=smoothness_weights(PRIOR, OPTIONS, fps),
        feet=FEET,
        held=(rng.random((count, len(FEET))) < 0.6) * 100.0,
    )


def standing(count: int) -> np.ndarray:
    """Poses (T, 24, 3) of who stands, arms hanging."""
    pose = np.zeros((count, 24, 3))
    pose[:, joint("left_shoulder"), 2], pose[:, joint("right_shoulder"), 2] = -1.2, 1.2
    pose[:, joint("left_elbow"), 1], pose[:, joint("right_elbow"), 1] = -0.3, 0.3
    return pose


def observe(
    pose: np.ndarray,
    betas: np.ndarray | None = None,
    *,
    noise: float = 0.0,
    seed: int = 0,
    shift: np.ndarray | None = None,
) -> Observed:
    """Keypoints of poses (T, 24, 3) as a detector sees them: `noise` in metres in the picture, twice that in space.

    Args:
        pose: axis-angle.
        betas: (10,), or None for zeros.
        noise: standard deviation.
        seed: of the noise.
        shift: (T, 2) px from the middle of the picture, or None.
    """
    shape = np.zeros(10) if betas is None else betas
    rng = np.random.default_rng(seed)
    camera = np.tile([SCALE, 256.0, 226.0], (len(pose), 1))
    if shift is not None:
        camera[:, 1:] += shift
    xyz = pose_keypoints(BODY, pose, shape).astype(float)
    attached = attach_landmarks(BODY)
    R, t = joint_transforms(BODY, pose, shape)
    offset = attached.offset + attached.offset_dirs @ shape
    more = t[:, attached.joints] + np.einsum("nkab,kb->nka", R[:, attached.joints], offset)

    def seen(points: np.ndarray) -> np.ndarray:
        flat = project(camera, points)[..., :2]
        return np.concatenate([flat + rng.normal(0, 1, flat.shape) * noise * SCALE, np.ones((*flat.shape[:2], 1))], 2)

    deep = xyz - xyz[:, HIPS].mean(1, keepdims=True) + rng.normal(0, 1, xyz.shape) * 2 * noise
    deep = np.concatenate([deep, np.ones((*xyz.shape[:2], 1))], 2)
    return Observed(seen(xyz), deep, seen(more), np.zeros(0, np.int64))


def without(observed: Observed, frames: slice | list[int]) -> Observed:
    """The same with nobody in some frames."""
    arrays = [array.copy() for array in observed[:3]]
    for array in arrays:
        array[frames] = np.nan
        array[frames, :, -1] = 0
    return Observed(*arrays, observed.cuts)
