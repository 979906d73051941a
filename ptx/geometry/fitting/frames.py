"""The frame that a person is fitted in: metres at the body, y up.

Priors are those of people who stand upright. Whoever lies, hangs or stands on their head does so in a frame that is turned with them, whose
up is along the torso. Whoever bends has the same torso in the picture, so both frames are tried, and the lower energy wins.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.fitting.energy import Observations
from ptx.geometry.fitting.model import CX, CY, LOG_SCALE
from ptx.geometry.fitting.search import Results
from ptx.geometry.joints import HIPS, SHOULDERS
from ptx.geometry.landmarks import HEAD_KEYPOINTS
from ptx.geometry.rotation import axis_angles, rotation_matrices

Floats = NDArray[np.float64]

UPRIGHT_TURN = np.radians(25.0)
"""Radians: who is turned by less is fitted in the picture's frame alone."""


class Frame(NamedTuple):
    """Pixels of N pictures ↔ metres at the body, so that one set of standard deviations serves pictures of every size."""

    centre: Floats
    """(N, 2) px, weighted mean of the keypoints."""
    unit: Floats
    """(N,) px per metre, a first guess of the camera's scale."""
    turn: Floats
    """(N,) radians by which the frame's up is turned from the picture's, anticlockwise as seen."""

    @property
    def rotations(self) -> Floats:
        """(N, 3, 3) from the frame to the picture's, y up: rotations about z by `turn`."""
        out = np.zeros((len(self.turn), 3, 3))
        out[:, 0, 0] = out[:, 1, 1] = np.cos(self.turn)
        out[:, 1, 0] = np.sin(self.turn)
        out[:, 0, 1] = -out[:, 1, 0]
        out[:, 2, 2] = 1.0
        return out

    def observe(self, pixels: Floats, weight: Floats, xyz: Floats, weight3: Floats) -> Observations:
        """Keypoints (N, 18, 2) px and (N, 18, 3) metres, with their weights (N, 18), as the fit sees them."""
        flat = (pixels - self.centre[:, None]) / self.unit[:, None, None] * (1, -1)
        if not self.turn.any():  # exactly as they are
            return Observations(flat, weight, xyz, weight3)
        rotations = self.rotations
        return Observations(flat @ rotations[:, :2, :2], weight, np.ascontiguousarray(xyz @ rotations), weight3)

    def camera(self, params: Floats) -> Floats:
        """Cameras (N, 3) px per metre, px, px of parameters (N, D + 14)."""
        offset = np.einsum("nij,nj->ni", self.rotations[:, :2, :2], params[:, [CX, CY]])
        x, y = self.centre.T + self.unit * offset.T * [[1], [-1]]
        return np.stack([np.exp(params[:, LOG_SCALE]) * self.unit, x, y], axis=-1)


def torso_turn(xy: Floats, weight: Floats) -> Floats:
    """Angle of each torso in the picture: from the hips to the shoulders, or from the shoulders to the face where there are no hips.

    Args:
        xy: (N, 18, 2) px, finite.
        weight: (N, 18) 0 where missing.

    Returns:
        (N,) radians from upright, anticlockwise as seen, -π..π; 0 where it is not to be seen.
    """
    (hips, some_hips), (shoulders, some_shoulders), (face, some_face) = (
        _middle(xy, weight, group) for group in (HIPS, SHOULDERS, HEAD_KEYPOINTS)
    )
    whole = (some_hips & some_shoulders)[:, None]
    along = np.where(whole, shoulders - hips, face - shoulders)
    along[~(some_shoulders & (some_hips | some_face))] = (0, -1)  # up, in pixels
    return np.arctan2(-along[:, 0], -along[:, 1])


def choose_frame(
    upright: Results, picture: Frame, along: Results, body: Frame, rows: NDArray[np.int64], pelvis: Floats
) -> Frame:
    """Choose the better of two fits of some people, by energy.

    Args:
        upright: fits of N people in the picture's frame; the better ones are written here, poses and points turned to that frame.
        picture: that frame.
        along: fits of `rows` in the frame along the body.
        body: that frame.
        rows: (M,) who has both.
        pelvis: (N, 3) where the pelvis of the fits along the body is in rest, metres: what the root turns about.

    Returns:
        The frame that each of the N was fitted in, which says how to read the camera's parameters.
    """
    better = rows[along.energy[rows] < upright.energy[rows]]
    for mine, other in zip(upright, along, strict=True):
        mine[better] = other[better]
    rotations = body.rotations[better]
    upright.pose[better, 0] = axis_angles(rotations @ rotation_matrices(upright.pose[better, 0]))
    # Turned in the picture's frame the pelvis stays where it is, and the camera moves instead.
    moved = np.einsum("nij,nj->ni", rotations, pelvis[better]) - pelvis[better]
    upright.points[better] = upright.points[better] @ rotations.swapaxes(1, 2) - moved[:, None]
    scale = np.exp(upright.params[better, LOG_SCALE])
    back = np.einsum("nji,nj->ni", rotations[:, :2, :2], moved[:, :2])
    upright.params[better, CX] += scale * back[:, 0]
    upright.params[better, CY] += scale * back[:, 1]
    turn = np.zeros_like(body.turn)
    turn[better] = body.turn[better]
    return picture._replace(turn=turn)


def _middle(xy: Floats, weight: Floats, group: tuple[int, ...]) -> tuple[Floats, NDArray[np.bool_]]:
    """Mean (N, 2) of the given keypoints of a group, and (N,) where there are any."""
    given = weight[:, list(group)] > 0
    total = (xy[:, list(group)] * given[..., None]).sum(axis=1)
    count = given.sum(axis=1)
    return total / np.maximum(count, 1)[:, None], count > 0
