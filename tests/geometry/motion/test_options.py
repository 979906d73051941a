"""Weights in physical units."""

from __future__ import annotations

import numpy as np

from ptx.geometry.fitting import FitOptions
from ptx.geometry.motion import MotionOptions
from ptx.geometry.motion.options import motion_prior, motion_sigmas, smoothness_weights
from tests.geometry.motion.scenes import DOFS, PRIOR, UNKNOWNS


def test_priors_weigh_less() -> None:
    prior, sigmas = motion_prior(PRIOR, 0.25), FitOptions().search().fine.sigmas
    np.testing.assert_allclose(prior.sigma, 2 * PRIOR.sigma)
    assert np.array_equal(prior.upper, PRIOR.upper)
    wider = motion_sigmas(sigmas, 0.25)
    assert (wider.upright, wider.lean, wider.log_scale) == (2 * sigmas.upright, 2 * sigmas.lean, 2 * sigmas.log_scale)
    assert (wider.keypoint, wider.keypoint3d, wider.joint_limit) == (
        sigmas.keypoint,
        sigmas.keypoint3d,
        sigmas.joint_limit,
    )


def test_an_acceleration_of_one_standard_deviation_costs_one() -> None:
    """At any frame rate: x = a t² / 2 has the second difference a / fps²."""
    options = MotionOptions(tempo=3.0, turn_acceleration=5.0, scale_acceleration=0.5, shift_acceleration=7.0)
    deviations = np.concatenate([[5.0] * 3, 9 * PRIOR.sigma, [0.5, 7.0, 7.0, options.scale_3d_acceleration]])
    for fps in (10.0, 60.0):
        t = np.arange(3) / fps
        second = np.diff(deviations[:, None] * t**2 / 2, 2, axis=1)[:, 0]
        weights = smoothness_weights(PRIOR, options, fps)
        assert weights.shape == (UNKNOWNS,) == (3 + DOFS + 4,)
        np.testing.assert_allclose(weights * second**2, 1)
