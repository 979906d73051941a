"""What hangs: cloth keeps its length, lies on the legs and falls down; a held bag stays upright."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.datasets.people.lifelike.bags import sample_bag
from ptx.datasets.people.lifelike.figure import Figure, assemble, pose_figure
from ptx.datasets.people.lifelike.hanging import RINGS, SIDES, Tube
from ptx.datasets.people.lifelike.pack import load_pack
from ptx.datasets.people.lifelike.tubes import Fall, hang_from
from ptx.datasets.people.poses import turn_root
from ptx.geometry.body import load_body
from ptx.geometry.joints import joint
from ptx.geometry.skinning import joint_transforms

BODY, PACK = load_body("builtin"), load_pack("")
FLAT = np.zeros(PACK.face_shapes.shape[2], np.float32)
BETAS, HANDS = np.zeros(10, np.float32), np.zeros((30, 3), np.float32)
pytestmark = pytest.mark.slow


def dressed(fall: Fall) -> Figure:
    return assemble(PACK, BODY, FLAT, [hang_from(BODY, "skirt", fall, np.random.default_rng(0))])


def posed(figure: Figure, pose: np.ndarray) -> np.ndarray:
    return pose_figure(figure, pose.astype(np.float32), BETAS, HANDS)[figure.starts[0] :].reshape(RINGS, SIDES, 3)


def sitting() -> np.ndarray:
    pose = np.zeros((24, 3))
    for side in ("left", "right"):
        pose[joint(f"{side}_hip"), 0], pose[joint(f"{side}_knee"), 0] = -1.4, 1.4
    return pose


def length_around(rings: np.ndarray) -> np.ndarray:
    return np.linalg.norm(np.roll(rings, -1, axis=1) - rings, axis=2).sum(1)


def test_folds_take_up_what_the_cloth_is_longer_than_the_ring() -> None:
    figure = dressed(Fall(0.1, -0.5, flare=0.1, fullness=0.25, folds=8))
    tube = figure.pieces[0].hangs
    assert isinstance(tube, Tube)
    cloth = posed(figure, np.zeros((24, 3)))
    np.testing.assert_allclose(length_around(cloth)[16:], tube.girth[16:], rtol=0.12)
    smooth = posed(dressed(Fall(0.1, -0.5, flare=0.1, fullness=0.1, folds=8)), np.zeros((24, 3)))
    assert (length_around(cloth)[16:] > 1.1 * length_around(smooth)[16:]).all()


def test_a_skirt_of_one_who_sits_lies_on_the_thighs_and_falls_over_the_knees() -> None:
    cloth = posed(dressed(Fall(0.1, -0.8)), sitting())
    joints = joint_transforms(BODY, sitting()[None], BETAS)[1][0]
    hip, knee = joints[joint("left_hip")], joints[joint("left_knee")]
    front = cloth[:, SIDES // 16]  # a little to the left of the middle
    above = front[(front[:, 2] > hip[2] + 0.1) & (front[:, 2] < knee[2] - 0.05)]
    assert len(above) > 3
    thigh = np.interp(above[:, 2], (hip[2], knee[2]), (hip[1], knee[1]))
    assert (above[:, 1] > thigh + 0.04).all()
    assert front[-1, 1] < knee[1] - 0.1
    for start, end in (("left_hip", "left_knee"), ("right_hip", "right_knee")):
        a, b = joints[joint(start)], joints[joint(end)]
        along = np.clip((cloth - a) @ (b - a) / ((b - a) @ (b - a)), 0, 1)
        away = np.linalg.norm(cloth - a - along[..., None] * (b - a), axis=2)
        assert away[8:].min() > 0.05


def test_hanging_turns_with_who_turns() -> None:
    """What hangs knows the vertical only."""
    figure = dressed(Fall(0.1, -0.5, flare=0.2, fullness=0.3))
    ahead, turned = (posed(figure, turn_root(sitting(), yaw, 0, 0)) for yaw in (0, 90))
    quarter = np.array([[0, 0, 1], [0, 1, 0], [-1, 0, 0]], np.float32)
    np.testing.assert_allclose(turned, ahead @ quarter.T, atol=2e-4)


def test_a_held_bag_hangs_upright_whatever_the_arm_does() -> None:
    worn = next(
        bag
        for seed in range(200)
        if (bag := sample_bag(PACK, BODY, np.random.default_rng(seed))) and bag[0].hangs is not None
    )
    figure = assemble(PACK, BODY, FLAT, worn)
    first = figure.starts[0]
    lowered = np.zeros((24, 3))
    lowered[joint("left_shoulder")], lowered[joint("right_shoulder")] = (0.3, 0.2, -1.2), (0.3, -0.2, 1.2)
    rest, hanging = (
        pose_figure(figure, pose.astype(np.float32), BETAS, HANDS)[first:] for pose in (np.zeros((24, 3)), lowered)
    )
    np.testing.assert_allclose(np.ptp(hanging, axis=0), np.ptp(rest, axis=0), atol=1e-4)
    assert hanging[:, 1].max() < rest[:, 1].max() - 0.2
