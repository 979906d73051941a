"""Left and right through a clip, of a person who turns round and whom the network exchanges now and then."""

from __future__ import annotations

import numpy as np

from ptx.geometry.body import load_body
from ptx.geometry.camera import project
from ptx.geometry.detected_landmarks import LANDMARKS
from ptx.geometry.joints import KEYPOINTS
from ptx.geometry.skinning import pose_keypoints
from ptx.inference.clip_sides import LANDMARK_MIRROR, Sighted, with_steady_sides

FRAMES = 90


def turning_person(seed: int = 0) -> Sighted:
    """Somebody who turns round once in three seconds, with a little noise; faces are found while they face us."""
    body, rng = load_body("small"), np.random.default_rng(seed)
    pose = np.zeros((FRAMES, 24, 3))
    yaw = np.linspace(0, 2 * np.pi, FRAMES)
    pose[:, 0, 1] = yaw
    xyz = pose_keypoints(body, pose, np.zeros(10))
    camera = np.array([300.0, 200.0, 300.0])
    flat = project(camera[None], xyz)[..., :2] + rng.normal(0, 1.5, (FRAMES, 18, 2))
    ones = np.ones((FRAMES, 18, 1))
    keypoints = np.concatenate([flat, ones], axis=2).astype(np.float32)
    deep = np.concatenate([xyz + rng.normal(0, 0.01, xyz.shape), ones], axis=2).astype(np.float32)
    landmarks = np.zeros((FRAMES, len(LANDMARKS), 3), np.float32)
    landmarks[:, :, 0] = np.arange(len(LANDMARKS))
    hands = np.zeros((FRAMES, 2, 21, 3), np.float32)
    hands[:, 1] = 1
    evidence = (np.cos(yaw) > 0.5).astype(np.float32)
    return Sighted(np.arange(FRAMES), keypoints, deep, landmarks, hands, evidence)


def test_the_landmarks_of_the_other_side() -> None:
    for row, other in enumerate(LANDMARK_MIRROR):
        sides = {LANDMARKS[row].partition("_")[0], LANDMARKS[other].partition("_")[0]}
        assert sides == {"left", "right"} or row == other
        assert LANDMARK_MIRROR[other] == row


def test_exchanged_stretches_behind_are_put_right() -> None:
    true = turning_person()
    wrong = np.zeros(FRAMES, np.bool_)
    wrong[35:42] = wrong[50:52] = True
    steady = with_steady_sides(true.exchanged(wrong), np.zeros(0, np.int64))
    np.testing.assert_array_equal(steady.keypoints, true.keypoints)
    np.testing.assert_array_equal(steady.landmarks, true.landmarks)
    np.testing.assert_array_equal(steady.hands, true.hands)
    np.testing.assert_allclose(steady.keypoints3d[..., :2], true.keypoints3d[..., :2])


def test_most_of_the_back_exchanged_is_put_right_by_the_faces_on_both_ends() -> None:
    true = turning_person(1)
    wrong = np.zeros(FRAMES, np.bool_)
    wrong[28:62] = True
    steady = with_steady_sides(true.exchanged(wrong), np.zeros(0, np.int64))
    np.testing.assert_array_equal(steady.keypoints, true.keypoints)


def test_a_closer_look_decides_where_nothing_else_does() -> None:
    """Only from behind: without a look the network is taken at its word, with one against it all frames are exchanged."""
    true = turning_person(2)
    behind = true.at(np.arange(40, 50))
    wrong = behind.exchanged(np.ones(10, np.bool_))
    nothing = wrong._replace(evidence=np.zeros(10, np.float32))
    np.testing.assert_array_equal(with_steady_sides(nothing, np.zeros(0, np.int64)).keypoints, wrong.keypoints)
    looked = wrong._replace(evidence=np.r_[-0.5, np.zeros(9)].astype(np.float32))
    np.testing.assert_array_equal(with_steady_sides(looked, np.zeros(0, np.int64)).keypoints, behind.keypoints)


def test_sides_do_not_go_on_over_a_cut() -> None:
    """The second shot shows the back, and nothing of the first says how."""
    true = turning_person(3)
    joined = true.at(np.r_[0:10, 40:50])._replace(frame=np.arange(20))
    wrong = joined.exchanged(joined.frame >= 10)
    np.testing.assert_array_equal(with_steady_sides(wrong, np.array([10])).keypoints[10:], wrong.keypoints[10:])


def test_faces_of_the_exchanged_stay_before_their_trunk() -> None:
    """From behind, taken for the front: the nose is nearer than the ears, and must be farther."""
    true = turning_person(4)
    back = true.at(np.arange(44, 46))
    nose, ear = KEYPOINTS.index("nose"), KEYPOINTS.index("left_ear")
    assert (back.keypoints3d[:, nose, 2] < back.keypoints3d[:, ear, 2]).all()
    seen = back.exchanged(np.ones(2, np.bool_))
    assert (seen.keypoints3d[:, nose, 2] > seen.keypoints3d[:, ear, 2]).all()
    again = seen.exchanged(np.ones(2, np.bool_))
    assert (again.keypoints3d[:, nose, 2] < again.keypoints3d[:, ear, 2]).all()


def test_nobody() -> None:
    nobody = turning_person().at(np.arange(0))
    assert len(with_steady_sides(nobody, np.zeros(0, np.int64)).frame) == 0
