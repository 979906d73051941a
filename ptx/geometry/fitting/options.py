"""How to fit: what users may set, and the search that it comes to."""

from __future__ import annotations

from dataclasses import dataclass

from ptx.geometry.fitting.energy import Sigmas
from ptx.geometry.fitting.search import Search
from ptx.geometry.fitting.solver import Descent

COARSE_TOLERANCE = 1e-3
"""`Descent.tolerance` of the coarse descents."""


@dataclass(frozen=True)
class FitOptions:
    """Options of a fit. Lengths in metres at the body, so that they hold for pictures of every size."""

    iterations: int = 30
    """Most Gauss-Newton steps of each start that is finished."""
    coarse_iterations: int = 8
    """Most steps of every start with wide standard deviations, before the best are kept."""
    starts: int = 4
    """How many of the directions front, left, back, right to try, 1..4; not used where 3D keypoints show the torso."""
    keep: int = 2
    """How many starts are finished with the true standard deviations."""
    tolerance: float = 1e-4
    """Stop once a step lowers the energy by less than this fraction of it."""
    sigma: float = 0.015
    """Standard deviation of a keypoint in the picture, metres."""
    sigma_3d: float = 0.04
    """Standard deviation of a 3D keypoint, metres."""
    max_residual: float = 0.04
    """A fit whose median residual exceeds this fraction of the person's size (1.7 m through its camera) is a problem."""
    max_energy: float = 6.0
    """A fit with more energy than this for each keypoint, 2D and 3D counted, is a problem: points strewn at random come to
    7, noisy true ones to 4."""
    min_keypoints: int = 6
    """Fewer keypoints than this are a problem."""
    min_confidence: float = 0.05
    """Keypoints less certain than this count as missing."""

    def search(self) -> Search:
        """The coarse and the fine descents. Standard deviations not set here are the same in both, and ours."""

        def sigmas(keypoint: float, keypoint_cutoff: float, keypoint3d: float, keypoint3d_cutoff: float) -> Sigmas:
            return Sigmas(
                keypoint=keypoint,
                keypoint_cutoff=keypoint_cutoff,
                keypoint3d=keypoint3d,
                keypoint3d_cutoff=keypoint3d_cutoff,
                depth_factor=1.5,
                joint_limit=0.1,
                upright=0.35,
                lean=0.12,
                lean_cutoff=0.25,
                betas=1.0,
                log_scale=0.3,
                log_scale_3d=0.15,
            )

        coarse = Descent(sigmas(0.05, 0.5, 0.08, 0.6), self.coarse_iterations, COARSE_TOLERANCE)
        fine = Descent(sigmas(self.sigma, 0.12, self.sigma_3d, 0.25), self.iterations, self.tolerance)
        return Search(coarse, fine, self.starts, self.keep)
