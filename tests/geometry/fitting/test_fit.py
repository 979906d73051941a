"""Fits of synthetic people, whose truth is known and was not drawn from the fitter's prior."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from ptx.datasets.people import People, PeopleOptions
from ptx.geometry.body import load_body
from ptx.geometry.fitting import Fit, FitOptions, fit
from ptx.geometry.joints import KEYPOINTS, keypoint
from ptx.geometry.rotation import rotation_matrices
from ptx.geometry.skinning import pose_keypoints

SIZE = (256, 256)
BODY = load_body("small")
REAL = Path(__file__).parents[4] / "shared" / "data" / "annotations" / "openpose18-256x256-txt"
LEGS = [keypoint(f"{side}_{name}") for side in ("left", "right") for name in ("knee", "ankle")]


@lru_cache
def people(half: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """60 images: poses, betas, keypoints, 3D keypoints."""
    truths = [People(PeopleOptions(30, 2, seed=11, half_body=half, body="small")).truth(i) for i in range(60)]
    return tuple(np.stack([getattr(t, name) for t in truths]) for name in ("pose", "betas", "keypoints", "keypoints3d"))  # type: ignore[return-value]


def yaw_error(found: Fit, pose: np.ndarray) -> np.ndarray:
    forward = [rotation_matrices(p[:, 0])[:, [0, 2], 2] for p in (found.pose, pose)]
    angle = [np.degrees(np.arctan2(f[:, 0], f[:, 1])) for f in forward]
    return np.abs((angle[0] - angle[1] + 180) % 360 - 180)


def test_whole_bodies_from_2d() -> None:
    pose, _, keypoints, _ = people()
    found = fit(BODY, keypoints, None, SIZE)
    assert not found.problems
    assert np.nanmedian(found.residual) < 1.5
    assert (yaw_error(found, pose) < 60).mean() >= 0.97


def test_3d_keypoints_settle_depth() -> None:
    pose, betas, keypoints, keypoints3d = people()
    found = fit(BODY, keypoints, keypoints3d, SIZE)
    truth, mine = pose_keypoints(BODY, pose, betas), pose_keypoints(BODY, found.pose, found.betas)
    centred = (truth - truth.mean(1, keepdims=True)) - (mine - mine.mean(1, keepdims=True))
    assert np.median(np.linalg.norm(centred, axis=-1)) < 0.03
    assert (yaw_error(found, pose) < 30).mean() >= 0.97


def test_half_bodies() -> None:
    """Legs outside the picture hang below the hips, the camera stays sane, front and back are told apart."""
    pose, _, keypoints, keypoints3d = people(1.0)
    found = fit(BODY, keypoints, keypoints3d, SIZE)
    points = pose_keypoints(BODY, found.pose, found.betas)
    hidden = ~(keypoints[:, LEGS, 2] > 0).any(1)
    assert hidden.sum() > 10
    hips = points[hidden][:, [keypoint("left_hip"), keypoint("right_hip")], 1].mean(1)
    ankles = points[hidden][:, [keypoint("left_ankle"), keypoint("right_ankle")], 1].max(1)
    assert (ankles < hips - 0.5).all()
    assert ((found.camera[:, 0] * 1.7 > 180) & (found.camera[:, 0] * 1.7 < 1500)).all()
    assert (yaw_error(found, pose) < 60).mean() >= 0.97


def test_nothing_depends_on_the_rest_of_the_batch() -> None:
    _, _, keypoints, _ = people()
    together, alone = fit(BODY, keypoints[:8], None, SIZE), fit(BODY, keypoints[5:6], None, SIZE)
    for name in ("pose", "betas", "camera", "residual", "energy"):
        assert np.array_equal(getattr(together, name)[5:6], getattr(alone, name), equal_nan=True)


def test_scale_and_place_of_the_picture_do_not_matter() -> None:
    _, _, keypoints, _ = people()
    larger = keypoints[:10].copy()
    larger[..., :2] = larger[..., :2] * 3 + (40, -7)
    a, b = fit(BODY, keypoints[:10], None, SIZE), fit(BODY, larger, None, (768, 768))
    assert np.abs(a.betas - b.betas).max() < 0.02
    assert np.abs(rotation_matrices(a.pose) - rotation_matrices(b.pose)).max() < 0.02
    assert np.allclose(b.camera, a.camera * 3 + (0, 40, -7), rtol=1e-3, atol=0.3)


def test_one_wild_keypoint_does_not_spoil_the_fit() -> None:
    _, _, keypoints, _ = people()
    spoiled = keypoints[:20].copy()
    spoiled[:, keypoint("left_wrist"), :2] += (0, -120)
    others = [k for k in range(18) if KEYPOINTS[k] not in ("left_wrist", "left_elbow")]
    assert np.nanmedian(fit(BODY, spoiled, None, SIZE).residual[:, others]) < 2.5


def test_what_cannot_be_fitted_is_a_problem() -> None:
    _, _, keypoints, _ = people()
    odd = keypoints[:5].copy()
    odd[0, 3:] = (np.nan, np.nan, 0)
    odd[1] = (np.nan, np.nan, 0)
    odd[2, :, :2] = np.random.default_rng(0).uniform(0, 256, (18, 2))  # no body has its joints there
    odd[3, :, :2] = 100 + odd[3, :, :2] * 0.01  # 2 px tall
    found = fit(BODY, odd, None, SIZE)
    assert {n: issue.code for n, issue in found.problems.items()} == {
        0: "too_few_keypoints", 1: "too_few_keypoints", 2: "implausible_pose", 3: "implausible_scale",
    }  # fmt: skip
    assert np.isfinite(found.pose).all()
    assert found.usable.tolist() == [False, False, True, True, True]
    assert not found.pose[:2].any()
    assert np.isnan(found.residual[:2]).all()
    assert (found.start[:2] == -1).all()


def test_wrong_shapes() -> None:
    with pytest.raises(ValueError, match=r"keypoints must be \(N, 18, 3\)"):
        fit(BODY, np.zeros((2, 17, 3)), None, SIZE)
    with pytest.raises(ValueError, match=r"keypoints3d must be \(2, 18, 4\)"):
        fit(BODY, np.zeros((2, 18, 3)), np.zeros((2, 18, 3)), SIZE, FitOptions())


def test_nothing_to_fit() -> None:
    assert fit(BODY, np.zeros((0, 18, 3)), None, SIZE).pose.shape == (0, 24, 3)


@pytest.mark.skipif(not REAL.exists(), reason="the field's keypoints are not here")
def test_photographs_of_the_field() -> None:
    """OpenPose's keypoints of DeepFashion, half bodies most of them, in a frame that stretches 750×1101 to a square."""
    xy = np.stack([np.loadtxt(file) for file in sorted(REAL.rglob("*.txt"))])
    there = (xy >= 0).all(-1, keepdims=True)
    keypoints = np.concatenate([np.where(there, xy * (750 / 1101, 1), np.nan), there], axis=-1)
    found = fit(BODY, keypoints, None, SIZE)
    assert not found.problems
    assert np.nanmedian(found.residual) < 4
