"""What the degrees of freedom of fingers do to a hand."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ptx.geometry.body import Body, load_body
from ptx.geometry.fitting.hand_priors import COUPLED, FINGER_DOFS, HandPrior, _angle, relaxed_hands
from ptx.geometry.hands import FINGERS
from ptx.geometry.skinning import pose_hand_points
from tests.geometry.finger_poses import pose_of, prior_of

BODY = load_body("builtin")
PRIOR = prior_of(BODY)
OTHERS = ("index", "middle", "ring", "little")


def number(finger: str, dof: int) -> int:
    """A degree of freedom among all."""
    return int(PRIOR.finger_first[FINGERS.index(finger)]) + dof


def points(angles: np.ndarray, body: Body = BODY, prior: HandPrior = PRIOR) -> np.ndarray:
    """Points (2, 21, 3) of hands of a body in T-pose, palms down, by angles in degrees."""
    return pose_hand_points(body, np.zeros((1, 24, 3)), np.zeros(10), pose_of(prior, np.radians(angles))[None])[0]


def bones(found: np.ndarray, finger: str, hand: int = 0) -> np.ndarray:
    """Unit vectors (3, 3) along a finger."""
    first = 1 + 4 * ("thumb", *OTHERS).index(finger)
    vectors = np.diff(found[hand, first : first + 4], axis=0)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.mark.parametrize("finger", OTHERS)
def test_zero_is_a_straight_finger(finger: str) -> None:
    along = bones(points(np.zeros(len(PRIOR.mean))), finger)
    assert (along @ along[0] > np.cos(np.radians(5))).all()  # bones are a little crooked
    assert np.abs(along[:, 1]).max() < 0.1  # level, as the palm is
    assert np.abs(along[:, 2]).max() < 0.13  # parallel to the arm


@pytest.mark.parametrize("finger", OTHERS)
@pytest.mark.parametrize("hand", [0, 1])
def test_fingers_bend_into_the_palm(finger: str, hand: int) -> None:
    """By the angles that they are given: the knuckle, the middle joint, and the last one by its share of that."""
    angles = np.zeros(len(PRIOR.mean))
    angles[number(finger, 0)], angles[number(finger, 2)] = 30, 60
    along = bones(points(angles), finger, hand)
    flat = bones(points(np.zeros(len(PRIOR.mean))), finger, hand)
    turned = np.degrees(np.arccos(np.clip((along * flat).sum(1), -1, 1)))
    np.testing.assert_allclose(turned, [30, 90, 90 + 60 * COUPLED], atol=2)
    assert (along[:2, 1] < -0.4).all()  # down


def test_fingers_spread_towards_the_thumb() -> None:
    angles = np.zeros(len(PRIOR.mean))
    for finger in OTHERS:
        angles[number(finger, 1)] = 10
    for hand in (0, 1):
        for finger in OTHERS:
            assert bones(points(angles), finger, hand)[0, 2] == pytest.approx(np.sin(np.radians(10)), abs=0.12)


def test_the_thumb_bends_across_the_palm() -> None:
    rest = points(np.zeros(len(PRIOR.mean)))
    angles = np.zeros(len(PRIOR.mean))
    angles[[number("thumb", 0), number("thumb", 2), number("thumb", 3)]] = 30, 30, 40
    bent = points(angles)
    little = rest[:, 17]
    before, after = (np.linalg.norm(found[:, 4] - little, axis=1) for found in (rest, bent))
    assert (after < before - 0.03).all()
    angles[:] = 0
    angles[number("thumb", 1)] = 30
    assert (points(angles)[:, 4, 1] < rest[:, 4, 1] - 0.02).all()  # away from the fingers, down


def test_hands_are_mirrored() -> None:
    rng = np.random.default_rng(0)
    left, right = points(np.degrees(PRIOR.mean + rng.normal(0, 0.3, len(PRIOR.mean))))
    np.testing.assert_allclose(left * (-1, 1, 1), right, atol=3e-3)


def test_numbers() -> None:
    assert len(PRIOR.mean) == sum(len(dofs) for dofs in FINGER_DOFS.values()) == 16
    assert (PRIOR.lower <= PRIOR.mean).all()
    assert (PRIOR.mean <= PRIOR.upper).all()
    assert ((PRIOR.starts >= PRIOR.lower) & (PRIOR.starts <= PRIOR.upper)).all()
    np.testing.assert_allclose(relaxed_hands(PRIOR), pose_of(PRIOR, PRIOR.mean), atol=1e-12)


def test_another_rest_pose_is_straightened_too() -> None:
    """A body whose fingers are bent and closed in rest, as those of another file may be, has the same hand at the same angles."""
    bent = points(np.degrees(PRIOR.mean))
    order = [("thumb", *OTHERS).index(finger) for finger in FINGERS]
    chains = bent[:, 1:].reshape(2, 5, 4, 3)[:, order].reshape(10, 4, 3)
    hands = dataclasses.replace(
        BODY.fingers,
        joint_template=chains[:, :3].reshape(30, 3),
        tip_offset=chains[:, 3] - chains[:, 2],
    )
    other = dataclasses.replace(BODY, hands=hands)
    angles = np.zeros(len(PRIOR.mean))
    angles[[number("index", 0), number("middle", 2)]] = 40, 50
    found = points(angles, other, prior_of(other))
    fingers = [0, *range(5, 21)]  # the thumb's zero is its rest
    np.testing.assert_allclose(found[:, fingers], points(angles)[:, fingers], atol=4e-3)


@pytest.mark.parametrize("finger", ["thumb", *OTHERS])
def test_a_relaxed_hand(finger: str) -> None:
    """Bones of the posed hand are turned, each against the one before, by what the module's text says."""
    angles = np.degrees(PRIOR.mean)
    if finger != "thumb":
        angles[number(finger, 1)] = 0  # spread aside
    for hand in (0, 1):
        relaxed, flat = (bones(points(each), finger, hand) for each in (angles, np.zeros(len(angles))))
        turned = np.degrees(np.arccos(np.clip((relaxed * flat).sum(1), -1, 1)))
        bent = (0, 10, 15) if finger == "thumb" else (20, 30, 20)
        np.testing.assert_allclose(np.diff(turned, prepend=0), bent, atol=0.7)  # bones are a little crooked


@pytest.mark.parametrize("degrees", [-170, -80, 5, 90, 175])
def test_angle_of_a_turn(degrees: float) -> None:
    """SciPy's rotation about any axis, of directions that are not perpendicular to it."""
    axis, start = np.random.default_rng(0).normal(size=(2, 3))
    axis, start = axis / np.linalg.norm(axis), start / np.linalg.norm(start)
    assert abs(axis @ start) > 0.2
    end = Rotation.from_rotvec(np.radians(degrees) * axis).apply(start)
    assert np.degrees(_angle(start, end, axis)) == pytest.approx(degrees)
