"""Landmarks and mask of the person in a region: BlazePose (Bazarevsky et al., 2020), as MediaPipe's graph `pose_landmark` has it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ptx.detector.network import ASSETS, Floats, Image, Network, sigmoid
from ptx.detector.regions import PERSON_MARGIN, Region, region_about
from ptx.geometry.detected_landmarks import MIN_VISIBILITY
from ptx.pipeline.errors import PtxError

POSE_MODEL = ASSETS / "pose_landmark_full.tflite"
"""Network of the landmarks and the mask."""

LANDMARKS = 33
"""Landmarks of a body."""

OUTPUTS = 39
"""Points of the network: landmarks, two that say where the person is in a video's next frame, four that are not used."""

LAST_AXES = (5 * OUTPUTS, 1, 1, OUTPUTS, 3 * OUTPUTS)
"""Length of the last axis of the network's outputs: points, presence, mask, heat maps, points in metres."""

FRAME_POINTS = slice(33, 35)
"""Middle of the hips, and a point on the circle around the body."""

MIN_PRESENCE = 0.5
"""Smallest probability that somebody is in the region."""

MIN_PEAK = 0.5
"""Smallest peak of a heat map that moves its landmark."""

WINDOW = 9
"""Cells of a heat map, of 64, about a landmark that refine it. MediaPipe's graph file says 7; its results are those of 9."""


@dataclass(frozen=True)
class Pose:
    """A person in a picture, in MediaPipe's coordinates (`ptx.detector.regions`)."""

    landmarks: Floats
    """(33, 4) x, y, z px, z towards the viewer negative and 0 at the hips; visibility 0 to 1."""
    world: Floats
    """(33, 3) x right, y down, z away from the viewer, in metres from the middle of the hips."""
    frame: Floats
    """(2, 2) px: middle of the hips, and a point on the circle around the body."""
    mask: Floats
    """(256, 256) 0 to 1, the probability that a pixel of the region is the person's."""
    presence: float
    """Probability, 0 to 1, that somebody is there."""
    region: Region
    """The part of the picture that the network was shown."""

    @property
    def visible(self) -> NDArray[np.bool_]:
        """(33,) the landmarks that are seen, not guessed."""
        seen: NDArray[np.bool_] = self.landmarks[:, 3] >= MIN_VISIBILITY
        return seen

    @property
    def body(self) -> Region:
        """The region around the person, as a video's next frame is looked at."""
        return region_about(self.frame[0], self.frame[1]).scaled(PERSON_MARGIN)

    def mask_in(self, size: tuple[int, int]) -> Floats:
        """Lay the mask into the picture of `size` (height, width); 0 outside the region."""
        return self.region.paste(self.mask, size)

    def moved(self, dx: float, dy: float) -> Pose:
        """Return the pose in a picture whose corner lies dx, dy px beside this one's."""
        shift = np.array([dx, dy], np.float32)
        landmarks = self.landmarks.copy()
        landmarks[:, :2] -= shift
        region = Region(self.region.x - dx, self.region.y - dy, self.region.size, self.region.angle)
        return Pose(landmarks, self.world, self.frame - shift, self.mask, self.presence, region)


class PoseNetwork:
    """Finds landmarks and mask of the person that a region shows."""

    def __init__(self, path: Path = POSE_MODEL) -> None:
        """Load the network from its file.

        Raises:
            PtxError: LiteRT is not installed, or the file is not there or another network.
        """
        self._network = Network(path)
        if self._network.last_axes != LAST_AXES:
            raise PtxError(
                f"{path}: is no network of landmarks and masks, such as MediaPipe's pose_landmark_heavy.tflite"
            )

    def __call__(self, image: Image, region: Region, min_presence: float = MIN_PRESENCE) -> Pose | None:
        """Return the pose in a region of an image (H, W, 3); None where nobody is, or not as surely as asked for."""
        side = self._network.side
        points, presence, mask, heat, world = self._network(region.cut(image, side))
        if presence[0] <= min_presence:
            return None
        points = points.reshape(OUTPUTS, 5)
        xyz = region.to_picture(refine(points[:, :3] / np.float32(side), heat))
        return Pose(
            landmarks=np.column_stack([xyz[:LANDMARKS], sigmoid(points[:LANDMARKS, 3])]),
            world=_turned(world.reshape(OUTPUTS, 3)[:LANDMARKS], region.angle),
            frame=xyz[FRAME_POINTS, :2],
            mask=sigmoid(mask[..., 0]),
            presence=float(presence[0]),
            region=region,
        )


def refine(points: Floats, heat: Floats) -> Floats:
    """Move points to the centre of mass of their heat maps nearby, where those are sure.

    Args:
        points: (K, 3) x, y, as shares of the picture's side, z.
        heat: (H, W, K) logits.
    """
    height, width, count = heat.shape
    cell = (points[:, :2] * np.array([width, height], np.float32)).astype(int)
    inside = ((cell >= 0) & (cell < [width, height])).all(1)
    reach = np.arange(WINDOW) - WINDOW // 2
    columns, rows = (cell[:, axis, None] + reach for axis in (0, 1))  # (K, 9)
    valid = ((rows >= 0) & (rows < height))[:, :, None] & ((columns >= 0) & (columns < width))[:, None, :]
    at_rows, at_columns = np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)
    weights = sigmoid(heat[at_rows[:, :, None], at_columns[:, None, :], np.arange(count)[:, None, None]]) * valid
    total = np.maximum(weights.sum((1, 2)), np.float32(1e-12))
    x = (weights.sum(1) * columns).sum(1) / total / width
    y = (weights.sum(2) * rows).sum(1) / total / height
    sure = inside & (weights.max((1, 2)) >= MIN_PEAK)
    out = points.copy()
    out[sure, :2] = np.column_stack([x, y])[sure]
    return out


def _turned(points: Floats, angle: float) -> Floats:
    """Turn points (K, 3) about the z axis, clockwise."""
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    x, y, z = points.T
    return np.column_stack([cos * x - sin * y, sin * x + cos * y, z])
