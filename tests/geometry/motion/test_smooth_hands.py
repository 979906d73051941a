"""Fingers of a clip: noise, gaps, cuts, frames that are wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ptx.geometry.fitting.hand_priors import build_hand_prior, relaxed_hands
from ptx.geometry.fitting.hands import FittedHands
from ptx.geometry.hands import WRISTS
from ptx.geometry.motion import smooth_hands
from ptx.geometry.motion.smooth_hands import ACCELERATION, SIGMA, smooth_vectors
from tests.geometry.motion.scenes import BODY

FPS = 30.0


@pytest.mark.parametrize("count", [1, 2, 3, 9])
def test_least_squares(count: int) -> None:
    """Against NumPy, of values so near to a line that no frame counts as wrong."""
    rng = np.random.default_rng(0)
    given = 1e-6 * rng.normal(size=(count, 2, 3))
    weight = rng.uniform(0.1, 1, count)
    second = np.diff(np.eye(count), 2, axis=0) * FPS**2 / ACCELERATION
    matrix = np.diag(weight / SIGMA**2) + second.T @ second
    expected = np.linalg.solve(matrix, (weight / SIGMA**2)[:, None] * given.reshape(count, 6))
    np.testing.assert_allclose(smooth_vectors(given, weight, FPS), expected.reshape(given.shape), rtol=1e-4, atol=1e-12)


def hands_of(angle: np.ndarray) -> FittedHands:
    """Both hands' fingers, and the wrists, bent by an angle (T,)."""
    pose, fingers = np.zeros((len(angle), 24, 3), np.float32), np.zeros((len(angle), 30, 3), np.float32)
    pose[:, 3, 0] = 0.7
    pose[:, WRISTS, 1] = angle[:, None]
    fingers[:, :, 2] = angle[:, None]
    return FittedHands(pose, fingers)


def smoothed(hands: FittedHands, cuts: tuple[int, ...] = ()) -> FittedHands:
    return smooth_hands(BODY, hands, np.array(cuts, int), FPS)


def test_a_fist_opens_and_closes() -> None:
    """Once a second, with noise of 0.2: less than half of it is left, and the amplitude is."""
    t = np.arange(90) / FPS
    true = 0.6 + 0.5 * np.sin(2 * np.pi * t)
    noisy = hands_of(true)
    rng = np.random.default_rng(0)
    noisy.hands_pose[:] += rng.normal(0, 0.1, noisy.hands_pose.shape)
    noisy.pose[:, WRISTS] += rng.normal(0, 0.1, (90, 2, 3))
    out = smoothed(noisy)
    for mine, its, exact in (
        (out.hands_pose, noisy.hands_pose, hands_of(true).hands_pose),
        (out.pose[:, WRISTS], noisy.pose[:, WRISTS], hands_of(true).pose[:, WRISTS]),
    ):
        assert np.std(mine - exact) < 0.6 * np.std(its - exact)
        assert np.abs(np.diff(mine - exact, 2, axis=0)).mean() < 0.15 * np.abs(np.diff(its - exact, 2, axis=0)).mean()
    assert abs(np.ptp(out.hands_pose[..., 2].mean(1)[10:-10]) / 1.0 - 1) < 0.06
    assert out.hands_pose.dtype == out.pose.dtype == np.float32
    assert np.array_equal(np.delete(out.pose, WRISTS, 1), np.delete(noisy.pose, WRISTS, 1))


def test_a_gap_is_bridged_and_a_long_one_relaxes() -> None:
    relaxed = relaxed_hands(build_hand_prior(BODY.joint_template, BODY.fingers))
    hands = hands_of(np.full(90, 1.2))
    for gap in (slice(10, 16), slice(30, 80)):
        hands.hands_pose[gap] = relaxed
    out = smoothed(hands).hands_pose
    assert np.abs(out[10:16, :, 2] - 1.2).max() < 0.12
    assert np.abs(out[50:60] - relaxed).max() < 0.25
    assert np.abs(np.diff(out, axis=0)).max() < 0.15


def test_a_wild_frame() -> None:
    hands = hands_of(np.full(40, 0.3))
    hands.hands_pose[20, :15, 2] = 2.0  # the left hand only
    out = smoothed(hands).hands_pose
    assert np.abs(out[:, :15, 2] - 0.3).max() < 0.1
    assert np.abs(out[:, 15:, 2] - 0.3).max() < 1e-5


def test_cuts() -> None:
    out = smoothed(hands_of(np.repeat([0.2, 1.4], 20)), (20,)).hands_pose
    np.testing.assert_allclose(out[:20, :, 2], 0.2, atol=1e-5)
    np.testing.assert_allclose(out[20:, :, 2], 1.4, atol=1e-5)


def test_a_body_without_fingers() -> None:
    with pytest.raises(ValueError, match="no fingers"):
        smooth_hands(replace(BODY, hands=None), hands_of(np.zeros(2)), np.zeros(0, int), FPS)
