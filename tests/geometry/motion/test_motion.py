"""Motions of known people: what is smoothed and what is not, gaps, cuts, windows."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from ptx.geometry.camera import project
from ptx.geometry.fitting import fit
from ptx.geometry.joints import MIRRORED_KEYPOINTS, joint, keypoint
from ptx.geometry.motion import Motion, MotionOptions, Observed, fit_motion
from ptx.geometry.rotation import rotation_matrices
from ptx.geometry.skinning import pose_keypoints
from tests.geometry.motion.scenes import BODY, SCALE, SIZE, observe, standing, without

WRIST = keypoint("left_wrist")


def points_of(motion: Motion) -> np.ndarray:
    """Keypoints (T, 18, 3), metres."""
    return pose_keypoints(BODY, motion.pose, motion.betas).astype(float)


def seen_points(motion: Motion) -> np.ndarray:
    """Keypoints (T, 18, 2), px."""
    return project(motion.camera.astype(float), points_of(motion))[..., :2]


def waving(t: np.ndarray) -> np.ndarray:
    """Poses (T, 24, 3): trunk, arms and legs swing, each at its own pace."""
    pose = standing(len(t))
    pose[:, 0, 1] = 0.4 * np.sin(1.3 * t)
    pose[:, joint("spine1"), 0] = 0.1 + 0.1 * np.sin(2 * t)
    pose[:, joint("left_shoulder"), 2] += 0.8 + 0.6 * np.sin(4 * t)
    pose[:, joint("right_elbow"), 1] += 0.6 + 0.5 * np.sin(5 * t + 1)
    pose[:, joint("left_hip"), 0] = -0.4 + 0.3 * np.sin(3 * t)
    pose[:, joint("left_knee"), 0] = 0.5 - 0.3 * np.sin(3 * t)
    return pose


@lru_cache
def noisy(count: int = 60, fps: float = 30.0) -> tuple[np.ndarray, Observed]:
    pose = waving(np.arange(count) / fps)
    return pose, observe(pose, noise=0.015)


def fitted(observed: Observed, fps: float = 30.0, **options: float) -> Motion:
    return fit_motion(BODY, observed, SIZE, fps, MotionOptions(**options))


@pytest.mark.slow
def test_better_than_frame_by_frame() -> None:
    pose, observed = noisy()
    truth = pose_keypoints(BODY, pose, np.zeros(10)).astype(float)
    motion = fitted(observed)
    alone = fit(BODY, observed.keypoints, observed.keypoints3d, SIZE, None, observed.landmarks)
    errors = []
    for points in (points_of(motion), pose_keypoints(BODY, alone.pose, alone.betas).astype(float)):
        difference = points - points.mean(1, keepdims=True) - truth + truth.mean(1, keepdims=True)
        errors.append(
            [np.linalg.norm(np.diff(difference, 2, axis=0), axis=-1).mean(), np.linalg.norm(difference, axis=-1).mean()]
        )
    (jerk, error), (jerk_alone, error_alone) = errors
    assert jerk < 0.25 * jerk_alone
    assert error < 0.6 * error_alone
    assert motion.usable.all()
    assert not motion.filled.any()
    assert motion.pose.dtype == motion.camera.dtype == motion.betas.dtype == np.float32


@pytest.mark.slow
def test_a_still_person_is_still() -> None:
    """Noise of 1 cm, 2.4 px, a frame comes to tenths of a pixel."""
    motion = fitted(observe(standing(60), noise=0.01))
    moved = np.linalg.norm(np.diff(seen_points(motion), axis=0), axis=-1)
    assert np.median(moved) < 0.5
    assert motion.contacts.all()


@pytest.mark.slow
@pytest.mark.parametrize("speed", [2.0, 6.0])
def test_a_steady_turn_is_not_damped(speed: float) -> None:
    """Right round, to 2 %; and without feet that are held the angle of every frame comes out."""
    t = np.arange(60) / 30
    pose = standing(60)
    pose[:, 0, 1] = speed * t
    for slide, near in ((MotionOptions().slide, 0.15), (1e3, 0.02)):
        motion = fitted(observe(pose), slide=slide)
        yaw = np.unwrap(np.arctan2(*rotation_matrices(motion.pose[:, 0])[:, [0, 2], 2].T))
        assert abs((yaw[-1] - yaw[0]) / (speed * (t[-1] - t[0])) - 1) < 0.02
        assert np.abs(yaw - speed * t - np.median(yaw - speed * t)).max() < near


def test_a_swing_keeps_its_amplitude() -> None:
    """An arm up and down once a second, to 2 %."""
    t = np.arange(60) / 30
    pose = standing(60)
    pose[:, joint("left_shoulder"), 2] += 0.8 * np.sin(2 * np.pi * t)
    height, true = points_of(fitted(observe(pose)))[:, WRIST, 1], pose_keypoints(BODY, pose, np.zeros(10))[:, WRIST, 1]
    assert abs(np.ptp(height[8:-8]) / np.ptp(true[8:-8]) - 1) < 0.02


def test_a_punch_of_a_fifth_of_a_second() -> None:
    """Out in 0.1 s, back in 0.1 s: at least nine tenths of it."""
    t = np.arange(45) / 30
    pose = standing(45)
    out = np.where(np.abs(t - 0.75) < 0.1, 0.5 + 0.5 * np.cos(np.pi * (t - 0.75) / 0.1), 0)
    pose[:, joint("left_shoulder"), 2] += 1.2 * out
    reach, true = points_of(fitted(observe(pose)))[:, WRIST], pose_keypoints(BODY, pose, np.zeros(10))[:, WRIST]
    assert np.ptp(reach[:, 1]) > 0.9 * np.ptp(true[:, 1])


@pytest.mark.slow
def test_frame_rates_give_the_same_curve() -> None:
    t = np.arange(90) / 60
    fine, coarse = observe(waving(t)), observe(waving(t[::2]))
    difference = points_of(fitted(fine, 60.0))[::2] - points_of(fitted(coarse, 30.0))
    assert np.abs(difference).mean() < 0.003
    assert np.abs(difference).max() < 0.03


@pytest.mark.slow
def test_picture_sizes_give_the_same_motion() -> None:
    _, observed = noisy(30)
    larger = observed._replace(
        keypoints=observed.keypoints * (3, 3, 1) + (40, -7, 0), landmarks=observed.landmarks * (3, 3, 1) + (40, -7, 0)
    )
    small, large = fitted(observed), fit_motion(BODY, larger, (1536, 1536), 30.0)
    assert np.abs(points_of(small) - points_of(large)).max() < 0.005
    np.testing.assert_allclose(large.camera, small.camera * 3 + (0, 40, -7), rtol=1e-3, atol=0.3)


@pytest.mark.slow
def test_windows_cannot_be_seen() -> None:
    """Solved a second at a time, the motion is that which is solved at once."""
    _, observed = noisy(150)
    at_once, pieces = fitted(observed, window=10.0), fitted(observed, window=1.0)
    assert np.linalg.norm(points_of(at_once) - points_of(pieces), axis=-1).max() < 0.005
    accelerations = [
        np.linalg.norm(np.diff(points_of(motion), 2, axis=0), axis=-1).mean(1) for motion in (at_once, pieces)
    ]
    assert np.abs(accelerations[0] - accelerations[1]).max() < 0.001


@pytest.mark.slow
def test_the_same_bits() -> None:
    _, observed = noisy(30)
    one, other = fitted(observed), fitted(Observed(*(np.array(array, order="F") for array in observed)))
    for mine, its in zip(one, other, strict=True):
        assert np.array_equal(mine, its)


@pytest.mark.slow
def test_a_gap_is_bridged() -> None:
    """Half a second without a detection: marked, and the swing goes on."""
    pose, observed = noisy(60)
    motion = fitted(without(observed, slice(25, 40)))
    assert motion.usable.all()
    assert motion.filled.tolist() == [25 <= t < 40 for t in range(60)]
    truth = pose_keypoints(BODY, pose, np.zeros(10)).astype(float)
    difference = points_of(motion) - truth
    difference -= difference.mean(1, keepdims=True)
    assert np.linalg.norm(difference[25:40], axis=-1).mean() < 0.08
    steps = np.linalg.norm(np.diff(points_of(motion), axis=0), axis=-1).max(1)
    assert steps.max() < 0.15


def test_a_long_gap_is_not() -> None:
    """A second without anybody: the nearest poses are held for 0.2 s, the rest is unusable and 0."""
    _, observed = noisy(60)
    motion = fitted(without(observed, slice(15, 45)))
    assert motion.usable.tolist() == [t < 21 or t >= 39 for t in range(60)]
    assert motion.filled.tolist() == [15 <= t < 21 or 39 <= t < 45 for t in range(60)]
    assert np.array_equal(motion.pose[15:21], np.tile(motion.pose[14], (6, 1, 1)))
    assert np.array_equal(motion.camera[39:45], np.tile(motion.camera[45], (6, 1)))
    assert not motion.pose[21:39].any()
    assert not motion.camera[21:39].any()
    assert not motion.contacts[21:39].any()


@pytest.mark.slow
def test_cuts_are_respected() -> None:
    """Two shots from different sides: each is what it is alone, to what the shape that they share makes of it."""
    t = np.arange(30) / 30
    pose = np.concatenate([waving(t), waving(t + 3)])
    pose[30:, 0, 1] += 2.0
    shift = np.concatenate([np.zeros((30, 2)), np.tile([90.0, 20.0], (30, 1))])
    observed = observe(pose, shift=shift)._replace(cuts=np.array([30]))
    motion = fitted(observed)
    truth = project(
        np.concatenate([np.full((60, 1), SCALE), (256.0, 226.0) + shift], 1), pose_keypoints(BODY, pose, np.zeros(10))
    )
    assert np.linalg.norm(seen_points(motion) - truth[..., :2], axis=-1)[28:32].max() < 8
    uncut = seen_points(fitted(observed._replace(cuts=np.zeros(0, int))))
    assert np.linalg.norm(uncut - truth[..., :2], axis=-1)[28:32].max() > 15


@pytest.mark.slow
def test_a_frame_with_left_and_right_exchanged() -> None:
    _, observed = noisy(40)
    wrong = [array.copy() for array in observed[:2]]
    for array in wrong:
        array[20] = array[20][list(MIRRORED_KEYPOINTS)]
    landmarks = observed.landmarks.copy()
    landmarks[20, :, 2] = 0
    motion = fitted(Observed(*wrong, landmarks, observed.cuts))
    difference = np.linalg.norm(points_of(motion) - points_of(fitted(observed)), axis=-1)
    assert difference[20].max() < 0.1
    assert difference.mean() < 0.01


def test_a_frame_of_someone_else() -> None:
    """The detector jumps to another place for a frame."""
    _, observed = noisy(40)
    keypoints, landmarks = observed.keypoints.copy(), observed.landmarks.copy()
    keypoints[20, :, 0] += 180
    landmarks[20, :, 0] += 180
    motion = fitted(observed._replace(keypoints=keypoints, landmarks=landmarks))
    assert np.abs(motion.camera[20] - (motion.camera[19] + motion.camera[21]) / 2)[1:].max() < 4


@pytest.mark.parametrize("what", ["frame", "shot"])
def test_single_frames(what: str) -> None:
    """A clip of one frame, and a shot of one: about what `fit` makes of it."""
    pose = waving(np.array([0.3, 0.7, 1.1]))
    observed = observe(pose)
    if what == "frame":
        observed = Observed(*(array[:1] for array in observed[:3]), observed.cuts)
    else:
        observed = observed._replace(cuts=np.array([1, 2]))
    motion = fitted(observed)
    alone = fit(BODY, observed.keypoints, observed.keypoints3d, SIZE, None, observed.landmarks)
    difference = points_of(motion) - pose_keypoints(BODY, alone.pose, alone.betas)
    difference -= difference.mean(1, keepdims=True)
    assert motion.usable.all()
    assert not motion.contacts.any()
    assert np.linalg.norm(difference, axis=-1).mean() < 0.04


@pytest.mark.parametrize("shown", ["legs", "upper"])
def test_half_a_person(shown: str) -> None:
    """Only legs, or only what is above the hips: usable, as `fit` has it, and what shows is met."""
    _, observed = noisy(30)
    keypoints, keypoints3d, landmarks = (array.copy() for array in observed[:3])
    low = [keypoint(f"{side}_{name}") for side in ("left", "right") for name in ("knee", "ankle")]
    legs = [*low, keypoint("left_hip"), keypoint("right_hip")]
    hidden = low if shown == "upper" else [k for k in range(18) if k not in legs]
    keypoints[:, hidden] = keypoints3d[:, hidden, :3] = np.nan
    keypoints[:, hidden, 2] = keypoints3d[:, hidden, 3] = 0
    landmarks[:, 4:8] = (np.nan, np.nan, 0)
    if shown == "legs":
        landmarks = observed.landmarks.copy()
        landmarks[:, [0, 1, 2, 3, 8, 9, 10, 11]] = (np.nan, np.nan, 0)
    motion = fitted(Observed(keypoints, keypoints3d, landmarks, observed.cuts))
    assert motion.usable.all()
    rest = [k for k in range(18) if k not in hidden]
    assert np.median(np.linalg.norm(seen_points(motion) - observed.keypoints[..., :2], axis=-1)[:, rest]) < 8


@pytest.mark.slow
def test_from_the_picture_alone() -> None:
    """Without 3D keypoints: smooth, and the person does not turn round from one frame to the next."""
    _, observed = noisy()
    flat = observed._replace(keypoints3d=np.zeros_like(observed.keypoints3d))
    motion = fitted(flat)
    turns = rotation_matrices(motion.pose[1:, 0]) @ rotation_matrices(motion.pose[:-1, 0]).swapaxes(1, 2)
    assert np.degrees(np.arccos((np.trace(turns, axis1=1, axis2=2) - 1).clip(-2, 2) / 2)).max() < 15
    assert np.median(np.linalg.norm(seen_points(motion) - observed.keypoints[..., :2], axis=-1)) < 8


def test_who_lies() -> None:
    """Along the picture: the head stays where it is seen."""
    pose = standing(20)
    pose[:, 0, 2] = np.pi / 2
    pose[:, joint("left_elbow"), 1] = -1 + np.sin(np.arange(20) / 5)
    observed = observe(pose, noise=0.005)
    motion = fitted(observed)
    assert np.median(np.linalg.norm(seen_points(motion) - observed.keypoints[..., :2], axis=-1)) < 4


@pytest.mark.slow
def test_feet_that_stand_do_not_slide() -> None:
    """The body sways on its feet, whose keypoints are noisy: they stay to a tenth of a pixel a frame."""
    t = np.arange(60) / 30
    pose = standing(60)
    sway = 0.12 * np.sin(3 * t)
    pose[:, 0, 2] = sway
    for side in ("left", "right"):
        pose[:, joint(f"{side}_hip"), 2] = -sway
    shift = np.zeros((60, 2))
    observed = observe(pose, noise=0.01, shift=shift)
    motion = fitted(observed)
    ankles = seen_points(motion)[:, [keypoint("right_ankle"), keypoint("left_ankle")]]
    slid = np.linalg.norm(np.diff(ankles, axis=0), axis=-1)
    assert motion.contacts.mean() > 0.9
    assert slid[motion.contacts[1:] & motion.contacts[:-1]].mean() < 0.3


@pytest.mark.slow
def test_who_comes_nearer() -> None:
    """From a third to thrice the size, with noise that grows with it: as well seen at the end as at the beginning."""
    t = np.arange(60) / 30
    pose, observed = waving(t), observe(waving(t), noise=0.01)
    grown = np.exp(np.linspace(np.log(0.33), np.log(3), 60))[:, None, None]
    keypoints, landmarks = observed.keypoints.copy(), observed.landmarks.copy()
    for points in (keypoints, landmarks):
        points[..., :2] = 256 + (points[..., :2] - 256) * grown
    motion = fit_motion(BODY, observed._replace(keypoints=keypoints, landmarks=landmarks), (2048, 2048), 30.0)
    truth = project(np.tile([SCALE, 256.0, 226.0], (60, 1)), pose_keypoints(BODY, pose, np.zeros(10)))[..., :2]
    errors = np.linalg.norm((seen_points(motion) - 256) / grown - (truth - 256), axis=-1).mean(1)
    assert not motion.filled.any()
    assert errors[:20].mean() < 3
    assert errors[-20:].mean() < 3


def test_nobody() -> None:
    nobody = without(observe(standing(7)), slice(None))
    for observed in (nobody, Observed(*(array[:0] for array in nobody[:3]), nobody.cuts)):
        motion = fitted(observed)
        assert not motion.usable.any()
        assert not motion.filled.any()
        assert not motion.pose.any()
        assert motion.pose.shape == (len(observed.keypoints), 24, 3)


@pytest.mark.slow
def test_rubbish_is_not_usable() -> None:
    """Keypoints strewn at random are nobody, as for `fit`."""
    observed = observe(standing(20))
    keypoints = observed.keypoints.copy()
    keypoints[..., :2] = np.random.default_rng(0).uniform(0, 512, (20, 18, 2))
    landmarks, deep = np.zeros_like(observed.landmarks), np.zeros_like(observed.keypoints3d)
    assert not fitted(Observed(keypoints, deep, landmarks, observed.cuts)).usable.any()


def test_progress() -> None:
    told: list[int] = []
    _, observed = noisy(40)
    fit_motion(BODY, without(observed, slice(18, 20))._replace(cuts=np.array([20])), SIZE, 30.0, None, told.append)
    assert told == sorted(told)
    assert told[-1] == 40
    assert len(told) >= 4


def test_wrong_arguments() -> None:
    observed = observe(standing(3))
    with pytest.raises(ValueError, match=r"keypoints3d must be \(3, 18, 4\), not \(2, 18, 4\)"):
        fitted(observed._replace(keypoints3d=observed.keypoints3d[:2]))
    with pytest.raises(ValueError, match="fps must be above 0"):
        fitted(observed, 0.0)
