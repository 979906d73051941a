"""How to fit a motion: what users may set, and the standard deviations that it comes to."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.fitting import FitOptions
from ptx.geometry.fitting.energy import Sigmas
from ptx.geometry.fitting.priors import Prior

LOG_SCALE_3D = 0.03
"""`Sigmas.log_scale_3d` of a motion: nearly none. Free, it would shrink the body to shrink the noise of 3D keypoints."""


@dataclass(frozen=True)
class MotionOptions:
    """Options of a motion, in physical units, so that they hold at every frame rate and for pictures of every size."""

    frame: FitOptions = field(default_factory=FitOptions)
    """Options of the fits of single frames."""
    tempo: float = 9.0
    """Angular frequency of movement, rad/s: the standard deviation of an angle's acceleration is that of the angle times its square."""
    turn_acceleration: float = 25.0
    """Standard deviation of the acceleration of the root's rotation, rad/s²."""
    shift_acceleration: float = 7.0
    """Standard deviation of the acceleration of the body in the picture, m/s²."""
    scale_acceleration: float = 0.6
    """Standard deviation of the acceleration of the logarithm of the camera's scale, 1/s²."""
    scale_3d_acceleration: float = 0.1
    """Standard deviation of the acceleration of the logarithm of the 3D keypoints' scale, 1/s²."""
    prior_share: float = 1 / 6
    """Weight of the priors in a frame against those of a picture of its own: the frames of a clip are no independent samples of poses."""
    slide: float = 0.03
    """Standard deviation of the speed of a point of a foot that is on the ground, m/s."""
    max_gap: float = 0.7
    """Seconds without a detection that are bridged; longer ones end a motion."""
    max_hold: float = 0.2
    """Seconds before the first and after the last detection of a shot in which the nearest pose is held."""
    window: float = 6.0
    """Seconds that are solved for at once and kept."""
    lookahead: float = 1.5
    """Seconds that are solved for beside them, and then again in the next window."""
    iterations: int = 30
    """Most Gauss-Newton steps of a window."""
    tolerance: float = 1e-5
    """Stop once a step lowers the energy by less than this fraction of it."""


def motion_prior(prior: Prior, share: float) -> Prior:
    """The prior of a frame among its neighbours: wider by the root of 1 / share."""
    return prior._replace(sigma=prior.sigma / np.sqrt(share))


def motion_sigmas(sigmas: Sigmas, share: float) -> Sigmas:
    """The standard deviations of a frame among its neighbours: those of priors are wider by the root of 1 / share."""
    wider = 1 / np.sqrt(share)
    return sigmas._replace(
        upright=sigmas.upright * wider,
        lean=sigmas.lean * wider,
        log_scale=sigmas.log_scale * wider,
        log_scale_3d=LOG_SCALE_3D,
    )


def smoothness_weights(prior: Prior, options: MotionOptions, fps: float) -> NDArray[np.float64]:
    """Weights (3 + D + 4,) of squared second differences between frames, of the root's rotation, the angles and the camera.

    A frame's acceleration is its second difference times fps², so one frame weighs as much at any frame rate.
    """
    sigma = np.concatenate(
        [
            np.full(3, options.turn_acceleration),
            prior.sigma * options.tempo**2,
            [options.scale_acceleration, *[options.shift_acceleration] * 2, options.scale_3d_acceleration],
        ]
    )
    return np.asarray((fps**2 / sigma) ** 2, np.float64)
