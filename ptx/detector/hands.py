"""Points of the hands of a person whose pose is known (Zhang et al., 2020), as MediaPipe's graph `holistic_landmark` has it."""

from __future__ import annotations

from typing import Literal

import numpy as np

from ptx.detector.network import ASSETS, Floats, Image, Network
from ptx.detector.pose import MIN_PRESENCE, Pose
from ptx.detector.regions import DOWN, Region, region_about

RECROP_MODEL = ASSETS / "hand_recrop.tflite"
HAND_MODEL = ASSETS / "hand_landmark_full.tflite"

HAND_POINTS = 21
"""Points of a hand: wrist, then four of each finger from the thumb on."""

HANDS = {"left": (15, 17, 19), "right": (16, 18, 20)}
"""Hand → landmarks of the pose at its wrist, its little and its index finger."""

MIN_WRIST = 0.1
"""Visibility of a wrist from which its hand is looked for."""

ROUGH_MARGIN, SHIFT = 2.7, -0.1
"""Side of the region in which the hand's own region is looked for, over twice the length from wrist to fingers; shift of both regions to
the fingers, as a share of their size."""

DEPTH_SCALE = 0.4
"""Unit of the network's z, as a share of that of x and y."""


class HandPoints:
    """Finds the points of hands. Safe in one thread only."""

    def __init__(self) -> None:
        """Load the networks."""
        self._recrop = Network(RECROP_MODEL)
        self._hand = Network(HAND_MODEL)

    def __call__(self, image: Image, pose: Pose, hand: Literal["left", "right"]) -> tuple[Floats, float] | None:
        """Find a hand of a pose in an image (H, W, 3).

        Returns:
            Points (21, 3) px, z away from the viewer, and the probability, 0 to 1, that they are a hand's; None where there is none.
        """
        wrist, little, index = pose.landmarks[list(HANDS[hand])]
        if wrist[3] <= MIN_WRIST:
            return None
        region = self._region(image, wrist, (2 * index + little) / 3)
        points, presence, *_ = self._hand(region.cut(image, self._hand.side))
        confidence = float(presence.ravel()[0])
        if confidence <= MIN_PRESENCE:
            return None
        xyz = points.reshape(HAND_POINTS, 3) / np.float32(self._hand.side)
        xyz[:, 2] /= DEPTH_SCALE
        return region.to_picture(xyz), confidence

    def _region(self, image: Image, wrist: Floats, fingers: Floats) -> Region:
        """Return the region of a hand, which a network finds in a rough one about its knuckles."""
        direction = region_about(wrist, fingers)
        rough = Region(float(fingers[0]), float(fingers[1]), direction.size, direction.angle).scaled(
            ROUGH_MARGIN, SHIFT
        )
        side = self._recrop.side
        points = self._recrop(rough.cut(image, side))[0].reshape(2, -1)[:, :2] / np.float32(side)
        centre, rim = rough.to_picture(points)
        return region_about(centre, rim, DOWN).scaled(1.0, SHIFT)
