"""First guesses of people whose scale and direction are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ptx.geometry.fitting.model import State, allocate_posed, mean_state
from ptx.geometry.fitting.starts import (
    BACK,
    FRONT,
    LEFT,
    RIGHT,
    RIGID_PAIRS,
    START_COUNT,
    TORSO_3D,
    YAWS,
    centre_camera,
    guess_scale,
    orient_by_torso,
    orient_by_yaw,
    start_state,
)
from ptx.geometry.joints import KEYPOINTS, TORSO, keypoint
from tests.geometry.fitting.states import MODEL, PRIOR, exact, likely_state, observed, points_of

REST = points_of(mean_state(PRIOR))


def test_one_whole_pair_gives_its_own_scale() -> None:
    weight = np.zeros((1, 18))
    weight[0, [keypoint("left_hip"), keypoint("left_knee")]] = 1
    xy = 123.0 * REST[None, :, :2] + 7
    upright = np.linalg.norm((REST[keypoint("left_hip")] - REST[keypoint("left_knee")])[:2])
    whole = np.linalg.norm(REST[keypoint("left_hip")] - REST[keypoint("left_knee")])
    np.testing.assert_allclose(guess_scale(xy, weight, REST), 123 * upright / whole)


def test_scale_of_the_mean_body_from_the_front() -> None:
    """The picture of the body itself has the scale of its camera, whatever is missing; without a whole pair there is none."""
    xy = np.stack([REST[:, :2] * 120 + (50, 60)] * 3)
    weight = np.ones((3, 18))
    weight[1, [keypoint("right_wrist"), keypoint("left_knee"), keypoint("nose")]] = 0
    weight[2] = 0
    weight[2, [keypoint("left_wrist"), keypoint("right_ankle"), keypoint("nose")]] = 1
    found = guess_scale(xy, weight, REST)
    assert found[:2] == pytest.approx(120, rel=0.02)
    assert np.isnan(found[2])


def test_foreshortening_only_shortens() -> None:
    """From any side the guess is at most the camera's scale, and not far below it: the second longest bone counts."""
    for yaw in np.radians([0, 45, 90, 180]):
        turned = Rotation.from_rotvec((0, yaw, 0)).apply(REST)
        found = guess_scale(turned[None, :, :2] * 120, np.ones((1, 18)), REST)[0]
        assert 0.9 * 120 < found <= 120 * (1 + 1e-9)


def test_one_wrong_bone_does_not_count() -> None:
    xy = REST[None, :, :2] * 120
    xy[0, keypoint("right_wrist")] += (0, 300)
    assert guess_scale(xy, np.ones((1, 18)), REST)[0] == pytest.approx(120, rel=0.02)


@pytest.mark.parametrize("yaw", [0.0, 90.0, 180.0, -90.0, 33.0])
def test_yaw(yaw: float) -> None:
    root = np.full((3, 3), np.nan)
    orient_by_yaw(np.radians(yaw), root)
    np.testing.assert_allclose(root, Rotation.from_euler("y", yaw, degrees=True).as_matrix(), atol=1e-15)


def test_codes_of_starts() -> None:
    """A body faces +z: turned by +90 degrees about y it faces +x, the picture's right."""
    forward = {}
    for start in (FRONT, LEFT, BACK, RIGHT):
        root = np.empty((3, 3))
        orient_by_yaw(np.radians(YAWS[start]), root)
        forward[start] = root @ (0, 0, 1)
    np.testing.assert_allclose(
        [forward[s] for s in (FRONT, LEFT, BACK, RIGHT)], [(0, 0, 1), (1, 0, 0), (0, 0, -1), (-1, 0, 0)], atol=1e-12
    )
    assert {FRONT, LEFT, BACK, RIGHT, TORSO_3D} == set(range(START_COUNT))


@pytest.mark.parametrize("seed", range(4))
def test_torso_in_3d(seed: int) -> None:
    """Of a rectangle of shoulders and hips, turned by any rotation, it is that rotation."""
    truth = Rotation.random(random_state=seed)
    obs = observed(0, True)
    corners = {
        "right_shoulder": (-0.2, 0.5, 0),
        "left_shoulder": (0.2, 0.5, 0),
        "right_hip": (-0.1, 0, 0),
        "left_hip": (0.1, 0, 0),
    }
    for name, corner in corners.items():
        obs.xyz[keypoint(name)] = truth.apply(corner) + (5, 6, 7)
        obs.weight3[keypoint(name)] = 0.5
    root = np.empty((3, 3))
    assert orient_by_torso(obs, root)
    np.testing.assert_allclose(root, truth.as_matrix(), atol=1e-12)


def test_no_torso_in_3d() -> None:
    obs, root = observed(0, True), np.empty((3, 3))
    obs.weight3[:] = 1
    obs.weight3[TORSO[2]] = 0
    assert not orient_by_torso(obs, root)
    obs.weight3[:] = 1
    obs.xyz[:] = 1  # all in one point
    assert not orient_by_torso(obs, root)
    line = np.arange(18.0)[:, None] * (0, 0.1, 0)  # all on one line
    assert not orient_by_torso(obs._replace(xyz=line), root)


def test_the_camera_is_centred_by_weights() -> None:
    obs, state, posed = observed(3, False), likely_state(np.random.default_rng(0)), allocate_posed(PRIOR)
    state.params[-4:] = 0.3, 9, 9, 0
    centre_camera(MODEL, obs, state, posed)
    off = np.exp(0.3) * posed.points[:, :2] + state.params[-3:-1] - obs.xy
    np.testing.assert_allclose((obs.weight[:, None] * off).sum(0), 0, atol=1e-12)
    assert state.params[-4] == 0.3


def test_starts_of_a_person() -> None:
    truth = likely_state(np.random.default_rng(1), yaw=2.0)
    obs, posed = exact(truth), allocate_posed(PRIOR)
    state = State(np.full((3, 3), np.nan), np.full(len(truth.params), np.nan))
    assert start_state(MODEL, obs, BACK, state, posed)
    np.testing.assert_allclose(state.root, np.diag([-1, 1, -1]), atol=1e-12)
    assert (state.params[: len(PRIOR.mean)] == PRIOR.mean).all()
    assert start_state(MODEL, obs, TORSO_3D, state, posed)
    assert Rotation.from_matrix(state.root.T @ truth.root).magnitude() < np.radians(20)
    assert not start_state(MODEL, exact(truth, space=False), TORSO_3D, state, posed)


def test_pairs_are_bones_and_the_trunk() -> None:
    names = {frozenset((KEYPOINTS[a], KEYPOINTS[b])) for a, b in RIGID_PAIRS}
    assert len(names) == len(RIGID_PAIRS) == 14
    assert frozenset(("left_hip", "left_knee")) in names
