"""Checks of bodies whose faults are known."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.geometry.body import load_body
from ptx.geometry.camera import project
from ptx.geometry.fitting import Fit, FitIssue, FitOptions, FitProblem, check_fit
from ptx.geometry.fitting.checks import find_issues, find_missing, reprojection_error, split_keypoints
from ptx.geometry.joints import TORSO, keypoint
from ptx.geometry.skinning import pose_keypoints

BODY = load_body("small")
SIZE = (256, 192)
COUNT = 4


def people() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Pose, betas, camera and exact keypoints of four people who fill the picture."""
    rng = np.random.default_rng(0)
    pose = rng.normal(0, 0.1, (COUNT, 24, 3)).astype(np.float32)
    betas = rng.normal(0, 0.5, (COUNT, 10)).astype(np.float32)
    camera = np.tile(np.array([120, 96, 140], np.float32), (COUNT, 1))
    points = project(camera, pose_keypoints(BODY, pose, betas))
    keypoints = np.concatenate([points[..., :2], np.ones((COUNT, 18, 1), np.float32)], axis=-1)
    return pose, betas, camera, keypoints


def test_true_bodies_pass_unchanged() -> None:
    pose, betas, camera, keypoints = people()
    checked = check_fit(BODY, pose, betas, camera, keypoints, SIZE)
    assert not checked.problems
    assert checked.usable.all()
    assert np.abs(checked.residual).max() < 1e-4
    assert checked.pose is pose
    assert checked.betas is betas
    assert checked.camera is camera
    assert not checked.energy.any()
    assert (checked.start == -1).all()


def test_residuals_are_distances_in_px() -> None:
    pose, betas, camera, keypoints = people()
    keypoints[0, 3, :2] += (3, 4)
    keypoints[1, 5] = (np.nan, np.nan, 0)
    residual = check_fit(BODY, pose, betas, camera, keypoints, SIZE).residual
    assert residual[0, 3] == pytest.approx(5, abs=1e-4)
    assert np.isnan(residual[1, 5])
    assert np.isnan(residual).sum() == 1


def test_every_fault_has_its_code() -> None:
    pose, betas, camera, keypoints = people()
    betas[0, 3] = np.nan
    camera[1, 0] = 5
    keypoints[2, :, 0] += 30
    betas[3, 1] = -6.5
    keypoints[3, :, :2] = project(camera[3], pose_keypoints(BODY, pose[3:], betas[3:]))[0, :, :2]
    checked = check_fit(BODY, pose, betas, camera, keypoints, SIZE)
    assert {row: issue.code for row, issue in checked.problems.items()} == {
        0: FitProblem.DIVERGED, 1: FitProblem.IMPLAUSIBLE_SCALE, 2: FitProblem.RESIDUAL, 3: FitProblem.IMPLAUSIBLE_SHAPE,
    }  # fmt: skip
    assert checked.usable.tolist() == [False, True, True, True]
    texts = [checked.problems[row].text for row in range(4)]
    assert texts[0] == "the fit did not converge to a finite body"
    assert texts[1] == "the person would be 8 px tall in a picture of 256 x 192"  # 5 px per metre, 1.7 m
    assert texts[2] == "median 30.0 px is 15% of the person, more than 4%"  # of 204 px
    assert texts[3] == "a shape parameter is 6.5"


@pytest.mark.parametrize(("scale", "plausible"), [(7.4, False), (7.6, True), (1204, True), (1206, False)])
def test_plausible_sizes(scale: float, plausible: bool) -> None:
    """A person of 1.7 m takes 0.05 to 8 times the longer side, 256 px."""
    pose, betas, camera, _ = people()
    camera[:, 0] = scale
    points = project(camera, pose_keypoints(BODY, pose, betas))
    keypoints = np.concatenate([points[..., :2], np.ones((COUNT, 18, 1), np.float32)], axis=-1)
    assert (not check_fit(BODY, pose, betas, camera, keypoints, SIZE).problems) == plausible


def test_energy_is_counted_for_each_keypoint() -> None:
    zeros = np.zeros((2, 10))
    camera = np.array([(120.0, 96, 140)] * 2)
    issues = find_issues(
        np.array([0, 1]), np.array([5.9, 6.1]), camera, zeros, np.ones((2, 18)), SIZE, FitOptions(max_energy=6)
    )
    assert list(issues) == [1]
    assert issues[1].code is FitProblem.IMPLAUSIBLE_POSE
    assert issues[1].text.startswith("energy 6.1 a keypoint, more than 6: ")


def test_only_the_rows_that_were_fitted_are_checked() -> None:
    bad = np.full((3, 10), np.nan)
    issues = find_issues(np.array([2]), np.zeros(3), bad[:, :3], bad, np.ones((3, 18)), SIZE, FitOptions())
    assert list(issues) == [2]


def test_too_few_keypoints() -> None:
    weight = np.ones((5, 18))
    weight[1, 5:] = 0
    weight[2, [TORSO[0], TORSO[1], TORSO[2]]] = 0
    weight[3, [TORSO[0], TORSO[1]]] = 0
    unit = np.array([100.0, 100, 100, 100, np.nan])
    issues = find_missing(weight, TORSO, unit, FitOptions(min_keypoints=6))
    assert {row: issue.text for row, issue in issues.items()} == {
        1: "5 of 18 seen, 6 needed",
        2: "1 of the 4 shoulders and hips seen, 2 needed",
        4: "4 of the 4 shoulders and hips seen, 2 needed",
    }
    assert {issue.code for issue in issues.values()} == {FitProblem.TOO_FEW_KEYPOINTS}


def test_split_keypoints() -> None:
    keypoints = np.full((1, 18, 3), (3.0, 4.0, 0.5))
    keypoints[0, :6] = [(3, 4, 2), (3, 4, 0.04), (np.nan, 4, 1), (3, np.inf, 1), (3, 4, np.nan), (3, 4, np.inf)]
    coordinates, weight = split_keypoints(keypoints.astype(np.float32), 0.05)
    assert weight[0].tolist() == [1, 0, 0, 0, 0, 0] + [0.5] * 12
    assert (coordinates[0, weight[0] == 0] == 0).all()
    assert (coordinates[0, weight[0] > 0] == (3, 4)).all()
    assert {coordinates.dtype, weight.dtype} == {np.dtype(np.float64)}


def test_distances_to_missing_keypoints_are_nan() -> None:
    points, pixels, weight = np.zeros((1, 18, 3)), np.zeros((1, 18, 2)), np.ones((1, 18))
    pixels[0, keypoint("nose")] = (6, 8)
    weight[0, keypoint("neck")] = 0
    found = reprojection_error(points, pixels, weight)
    assert found[0, keypoint("nose")] == 10
    assert np.isnan(found[0, keypoint("neck")])


def test_usable_is_whether_there_is_a_body() -> None:
    arrays = [np.zeros((6, *shape), np.float32) for shape in ((24, 3), (10,), (3,), (18,), ())]
    issues = {row: FitIssue(code, "") for row, code in enumerate(FitProblem)}
    found = Fit(*arrays, np.zeros(6, np.int8), issues)
    unusable = {code for code, usable in zip(FitProblem, found.usable, strict=True) if not usable}
    assert unusable == {"too_few_keypoints", "diverged"}
    assert Fit(*arrays, np.zeros(6, np.int8)).usable.all()
