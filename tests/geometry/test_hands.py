"""The fingers of the bodies that come with ptx: where they are, and which skin is theirs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ptx.geometry.body import SHIPPED, Body, load_body
from ptx.geometry.hands import FINGER_PARENTS, FINGERS, HAND_KEYS, HAND_POINTS, finger_tips
from ptx.geometry.skinning import pose_hand_points

BODIES = ("builtin", "small")


def rest_points(body: Body) -> np.ndarray:
    """Points (2, 21, 3) of the hands in rest."""
    return pose_hand_points(body, np.zeros((1, 24, 3)), np.zeros(10), np.zeros((1, 30, 3)))[0]


@pytest.mark.parametrize("name", BODIES)
def test_hands_are_mirror_images(name: str) -> None:
    left, right = rest_points(load_body(name))
    np.testing.assert_allclose(left * (-1, 1, 1), right, atol=2e-3)


@pytest.mark.parametrize("name", BODIES)
def test_points_are_those_of_a_hand_with_its_palm_down(name: str) -> None:
    """Outwards from the wrist along each finger; thumb in front, little finger behind; lengths of an adult's bones."""
    left = rest_points(load_body(name))[0]
    assert len(left) == HAND_POINTS
    chains = left[1:].reshape(5, 4, 3)
    assert (np.diff(chains[..., 0], axis=1) > 0).all()
    assert (np.diff(chains[:, 1, 2]) < 0).all()  # thumb, index, middle, ring, little: from front to back
    lengths = np.linalg.norm(np.diff(chains, axis=1), axis=2)
    assert (lengths > 0.012).all()
    assert (lengths < 0.06).all()
    assert np.linalg.norm(left[12] - left[0]) == pytest.approx(0.19, abs=0.02)  # wrist to the tip of the middle finger


def test_parents() -> None:
    """SMPL-H's tree: three joints a finger, the first on the hand."""
    assert FINGER_PARENTS[:4] == (22, 24, 25, 22)
    assert FINGER_PARENTS[15:18] == (23, 39, 40)


@pytest.mark.parametrize("name", BODIES)
def test_skin(name: str) -> None:
    """A finger's own skin lies along it; no vertex gives away more than its hand has, and both hands together lose nothing."""
    body = load_body(name)
    hands = body.fingers
    assert hands.shares.min() >= 0
    assert hands.shares.sum(1).max() < 1 + 1e-6
    split = hands.split_weights(body.weights)
    np.testing.assert_allclose(split.sum(1), body.weights.sum(1), atol=1e-6)
    folded = split[:, :24].copy()
    folded[:, 22] += split[:, 24:39].sum(1)
    folded[:, 23] += split[:, 39:].sum(1)
    np.testing.assert_allclose(folded, body.weights, atol=1e-6)
    for number in range(30):
        own = split[:, 24 + number] > 0.5
        assert own.any()
        assert np.linalg.norm(body.v_template[own] - hands.joint_template[number], axis=1).max() < 0.05


def test_tips_are_the_farthest_vertices() -> None:
    """Of a bar along x on each side, with the last third its last joint's."""
    bar = np.stack([np.linspace(0.6, 0.9, 31), np.zeros(31), np.zeros(31)], axis=1)
    vertices = np.concatenate([bar, bar * (-1, 1, 1)])
    joints = np.tile([[0.6, 0, 0], [0.7, 0, 0], [0.8, 0, 0]], (len(FINGERS), 1))
    shares = np.zeros((62, 15))
    shares[np.abs(vertices[:, 0]) > 0.8, 2::3] = 1
    found = finger_tips(vertices, np.concatenate([joints, joints * (-1, 1, 1)]), shares)
    assert found.tolist() == [30] * 5 + [61] * 5


def test_a_file_without_fingers(tmp_path: Path) -> None:
    """Has the same digest, since nothing else changed; and says so when its fingers are posed."""
    with np.load(SHIPPED["small"]) as file:
        arrays = {key: file[key] for key in file if key not in HAND_KEYS}
    np.savez(tmp_path / "b.npz", **arrays)
    body = load_body(str(tmp_path / "b.npz"))
    assert body.hands is None
    assert body.digest == load_body("small").digest
    with pytest.raises(ValueError, match="no fingers"):
        pose_hand_points(body, np.zeros((1, 24, 3)), np.zeros(10), np.zeros((1, 30, 3)))


def test_some_arrays_of_fingers_are_refused(tmp_path: Path) -> None:
    with np.load(SHIPPED["small"]) as file:
        arrays = dict(file)
    np.savez(tmp_path / "b.npz", **{key: array for key, array in arrays.items() if key != "hand_shares"})
    with pytest.raises(ValueError, match=r"b\.npz: has some of hand_joints.*need all"):
        load_body(str(tmp_path / "b.npz"))
    np.savez(tmp_path / "c.npz", **{**arrays, "hand_shares": arrays["hand_shares"][1:]})
    with pytest.raises(ValueError, match=r"c\.npz: hand_shares has shape"):
        load_body(str(tmp_path / "c.npz"))


def test_the_digest_of_fingers_is_of_the_content(tmp_path: Path) -> None:
    with np.load(SHIPPED["small"]) as file:
        arrays = dict(file)
    arrays["hand_joints"] = arrays["hand_joints"] * 1.01
    np.savez(tmp_path / "b.npz", **arrays)
    other, shipped = load_body(str(tmp_path / "b.npz")), load_body("small")
    assert other.digest == shipped.digest
    assert other.fingers.digest != shipped.fingers.digest
