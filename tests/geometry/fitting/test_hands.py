"""Fingers found again from the projected points of hands whose pose is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ptx.datasets.people.poses import sample_pose
from ptx.geometry.body import load_body
from ptx.geometry.camera import project
from ptx.geometry.fitting.hand_energy import LIMIT_SIGMA, PALM, SeenHand, allocate_work, hand_energy
from ptx.geometry.fitting.hand_priors import relaxed_hands
from ptx.geometry.fitting.hands import SMALLEST_HAND, fit_hands
from ptx.geometry.skinning import pose_hand_points
from tests.geometry.finger_poses import prior_of, random_fingers

BODY = load_body("small")
PRIOR = prior_of(BODY)
COUNT = 24


def people(seed: int, scale: float = 250.0) -> dict[str, np.ndarray]:
    """Poses with turned wrists, fingers, cameras, and the points (N, 2, 21, 3) of hands in metres and in the picture."""
    rng = np.random.default_rng(seed)
    pose = np.stack([sample_pose(BODY, np.zeros(10), rng) for _ in range(COUNT)]).astype(np.float64)
    pose[:, 20:22] = rng.normal(0, 0.4, (COUNT, 2, 3))
    betas, fingers = rng.normal(0, 0.7, (COUNT, 10)), random_fingers(BODY, COUNT, rng)
    camera = np.tile([scale, 128.0, 128.0], (COUNT, 1))
    metres = pose_hand_points(BODY, pose, betas, fingers).astype(np.float64)
    seen = project(camera[:, None], metres)
    seen[..., :2] += rng.normal(0, 0.004 * scale, seen[..., :2].shape)  # 4 mm: fingertips are told to 1 px of 250
    seen[..., 2] = 1
    return {"pose": pose, "betas": betas, "camera": camera, "fingers": fingers, "metres": metres, "seen": seen}


def error(truth: dict[str, np.ndarray], hands_pose: np.ndarray, axes: slice) -> float:
    """Median distance of the points of the fingers, metres, when the hand is held as it truly is."""
    found = pose_hand_points(BODY, truth["pose"], truth["betas"], hands_pose)
    return float(np.median(np.linalg.norm((found - truth["metres"])[..., 1:, axes], axis=-1)))


@pytest.mark.slow
@pytest.mark.parametrize("wrong", [0, 25, 60])
def test_fingers_are_found(wrong: float) -> None:
    """In the picture to 4 mm, which is the noise, and in space to 6 mm, where relaxed hands miss by 12; however wrong the wrists are."""
    truth = people(0)
    rng = np.random.default_rng(1)
    axis = rng.normal(0, 1, (COUNT, 2, 3))
    axis *= np.radians(wrong) / np.linalg.norm(axis, axis=2, keepdims=True)
    held = truth["pose"].copy()
    turned = Rotation.from_rotvec(axis.reshape(-1, 3)) * Rotation.from_rotvec(held[:, 20:22].reshape(-1, 3))
    held[:, 20:22] = turned.as_rotvec().reshape(COUNT, 2, 3)
    found = fit_hands(BODY, held, truth["betas"], truth["camera"], truth["seen"])
    relaxed = np.tile(relaxed_hands(PRIOR), (COUNT, 1, 1))
    assert error(truth, found.hands_pose, slice(0, 2)) < 0.004
    assert error(truth, found.hands_pose, slice(0, 3)) < 0.006 < 0.5 * error(truth, relaxed, slice(0, 3))
    wrists = [
        Rotation.from_rotvec(pose[:, 20:22].reshape(-1, 3).astype(float)) for pose in (found.pose, truth["pose"], held)
    ]
    away = [np.degrees((wrists[1].inv() * one).magnitude()) for one in (wrists[0], wrists[2])]
    assert np.median(away[0]) < 8  # 4 mm of noise turn a palm of 6 cm by as much
    assert np.median(away[0]) < np.median(away[1]) or wrong == 0
    kept = fit_hands(BODY, held, truth["betas"], truth["camera"], truth["seen"], keep_wrists=True)
    np.testing.assert_array_equal(kept.pose, held.astype(np.float32))
    np.testing.assert_array_equal(kept.hands_pose, found.hands_pose)


@pytest.mark.slow
def test_without_noise_points_are_met() -> None:
    truth = people(2)
    seen = project(truth["camera"][:, None], truth["metres"])
    seen[..., 2] = 1
    found = fit_hands(BODY, truth["pose"], truth["betas"], truth["camera"], seen)
    assert error(truth, found.hands_pose, slice(0, 2)) < 0.003


@pytest.mark.slow
def test_wrists_at_rest_are_turned_as_hands_are_seen() -> None:
    truth = people(3)
    held = truth["pose"].copy()
    held[:, 20:22] = 0
    found = fit_hands(BODY, held, truth["betas"], truth["camera"], truth["seen"])
    left, right = (Rotation.from_rotvec(found.pose[:, wrist]) for wrist in (20, 21))
    for wrist, turned in ((20, left), (21, right)):
        missed = (turned * Rotation.from_rotvec(truth["pose"][:, wrist]).inv()).magnitude()
        assert np.degrees(np.median(missed)) < 10
    others = [number for number in range(24) if number not in (20, 21)]
    np.testing.assert_array_equal(found.pose[:, others], held[:, others].astype(np.float32))


def test_hands_that_tell_nothing_are_relaxed() -> None:
    truth = people(4)
    seen = truth["seen"].copy()
    seen[0, 0] = np.nan, np.nan, 0  # not found
    middle = seen[1, 1, 0, :2]
    seen[1, 1, :, :2] = middle + (seen[1, 1, :, :2] - middle) * 0.9 * SMALLEST_HAND / 60  # a few px large
    seen[2, 0, :, :2] = np.random.default_rng(0).uniform(0, 250, (21, 2))  # no hand
    held = truth["pose"].copy()
    held[:, 20:22] = 0
    found = fit_hands(BODY, held, truth["betas"], truth["camera"], seen)
    relaxed = relaxed_hands(PRIOR).astype(np.float32)
    for row, hand in ((0, 0), (1, 1), (2, 0)):
        own = slice(15 * hand, 15 * hand + 15)
        np.testing.assert_array_equal(found.hands_pose[row, own], relaxed[own])
        assert not found.pose[row, 20 + hand].any()
    assert not np.allclose(found.hands_pose[1, :15], relaxed[:15], atol=0.05)


def test_alone_as_in_a_batch_and_without_a_body() -> None:
    truth = people(5)
    camera = truth["camera"].copy()
    camera[3] = 0  # as fits that failed have it
    arguments = truth["pose"], truth["betas"], camera, truth["seen"]
    found = fit_hands(BODY, *arguments)
    for row in (0, 7):
        alone = fit_hands(BODY, *(array[row : row + 1] for array in arguments))
        np.testing.assert_array_equal(alone.hands_pose[0], found.hands_pose[row])
    np.testing.assert_array_equal(found.hands_pose[3], relaxed_hands(PRIOR).astype(np.float32))
    assert fit_hands(BODY, *(array[:0] for array in arguments)).hands_pose.shape == (0, 30, 3)


def test_wrong_shapes() -> None:
    truth = people(6)
    with pytest.raises(ValueError, match=r"points of hands \(24, 21, 3\) must be \(24, 2, 21, 3\)"):
        fit_hands(BODY, truth["pose"], truth["betas"], truth["camera"], truth["seen"][:, 0])


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("seed", range(3))
def test_gradient_of_the_energy(seed: int, side: int) -> None:
    """By finite differences, at any parameters; with a point missing, and one far off."""
    rng = np.random.default_rng(seed)
    size = PALM + len(PRIOR.mean)
    hands = BODY.fingers
    weight = np.full(21, 1e4)
    weight[3] = 0
    hand = SeenHand(
        joints=hands.joint_template[15 * side :][:15].astype(np.float64) - BODY.joint_template[22 + side],
        tips=hands.tip_offset[5 * side :][:5].astype(np.float64),
        wrist=np.array([-0.1, 0, 0]),
        turn=Rotation.random(random_state=seed).as_matrix(),
        xy=rng.normal(0, 0.1, (21, 2)),
        weight=weight,
    )
    params = np.concatenate([rng.normal(0, 0.4, PALM), PRIOR.mean + rng.normal(0, 0.8, size - PALM)])
    work = allocate_work(PRIOR)

    def value(params: np.ndarray) -> float:
        return hand_energy(PRIOR, side, hand, params, allocate_work(PRIOR))[0]

    assert hand_energy(PRIOR, side, hand, params, work)[0] == value(params)
    step = 1e-6 * np.eye(size)
    numeric = np.array([(value(params + one) - value(params - one)) / 4e-6 for one in step])
    np.testing.assert_allclose(work.gradient, numeric, atol=1e-6 * (1 + np.abs(numeric).max()))
    whole = np.tril(work.hessian) + np.tril(work.hessian, -1).T
    assert np.linalg.eigvalsh(whole).min() > 0


def unlikelihood(params: np.ndarray) -> float:
    """The energy of the parameters of a hand of which nothing is seen."""
    hand = SeenHand(
        joints=np.zeros((15, 3)),
        tips=np.zeros((5, 3)),
        wrist=np.zeros(3),
        turn=np.eye(3),
        xy=np.zeros((21, 2)),
        weight=np.zeros(21),
    )
    return hand_energy(PRIOR, 0, hand, params, allocate_work(PRIOR))[0]


def test_a_palm_is_turned_and_moved_as_likely_one_way_as_another() -> None:
    """The body's wrists are wrong in no direction more than in others; of angles at their means the palm's energy is left."""
    rng = np.random.default_rng(0)
    for columns in (slice(0, 3), slice(3, 5)):
        size = len(range(PALM)[columns])
        ways = np.concatenate([np.eye(size), rng.normal(size=(3, size))])
        found = []
        for way in ways / np.linalg.norm(ways, axis=1, keepdims=True):
            params = np.concatenate([np.zeros(PALM), PRIOR.mean])
            params[columns] = 0.1 * way
            found.append(unlikelihood(params))
        assert found[0] > 0
        np.testing.assert_allclose(found, found[0])


def test_each_angle_has_its_own_limits() -> None:
    """Between them it costs its square in standard deviations; 0.1 beyond either, the square of that besides."""
    for dof, (mean, sigma) in enumerate(zip(PRIOR.mean, PRIOR.sigma, strict=True)):
        lower, upper = PRIOR.lower[dof], PRIOR.upper[dof]
        for angle, beyond in ((lower, 0), (upper, 0), (lower - 0.1, 0.1), (upper + 0.1, 0.1)):
            params = np.concatenate([np.zeros(PALM), PRIOR.mean])
            params[PALM + dof] = angle
            assert unlikelihood(params) == pytest.approx(((angle - mean) / sigma) ** 2 + (beyond / LIMIT_SIGMA) ** 2)
