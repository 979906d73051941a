"""Masks of people whose keypoints are known, whoever found them."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ptx.detector.matting import sharpen_mask
from ptx.detector.network import Floats, Image, PerThread
from ptx.detector.people import PeopleDetector
from ptx.detector.pose import POSE_MODEL
from ptx.detector.regions import FIRST_PIXEL, PERSON_MARGIN, Region, region_about
from ptx.geometry.joints import keypoint
from ptx.pipeline.errors import BadSample

HIPS = (keypoint("right_hip"), keypoint("left_hip"))
SHOULDERS = (keypoint("right_shoulder"), keypoint("left_shoulder"))

RADIUS = 1.06
"""Radius of BlazePose's circle around the body over the distance of the furthest keypoint from the hips (median of synthetic people)."""

RADIUS_OF_TRUNK = 1.8
"""The same over the trunk's length, for people of whom the picture shows a part."""

MIN_PRESENCE = 0.05
"""Smallest probability, as the network has it, that somebody is where the keypoints say so."""

TIGHT = 0.95
"""Scale of the region in which masks are best: a little closer than that of landmarks."""


class Silhouettes:
    """Finds the mask of a person. May be shared between threads: each has its own networks."""

    def __init__(self, model: Path = POSE_MODEL) -> None:
        """Load the network.

        Raises:
            PtxError: LiteRT is not installed, or the file is not there.
        """
        self._people = PerThread(partial(PeopleDetector, model))

    def __call__(self, image: Image, keypoints: NDArray[np.floating]) -> Floats:
        """Compute the mask (H, W), 0 to 1, of a person in an image (H, W, 3).

        Args:
            image: the picture.
            keypoints: (18, 3) x, y px, confidence; 0 or NaN where missing.

        Raises:
            BadSample: `no_silhouette`, the network sees nobody there.
        """
        people, region = self._people(), body_region(keypoints)
        # The keypoints say that somebody is there: the network need not be sure, as of the small pictures of Market-1501 it is not.
        pose = people.find(image) if region is None else people.follow(image, region, min_presence=MIN_PRESENCE)
        if pose is None or pose.mask.max() < 0.5 or not _holds(pose.region, keypoints):
            raise BadSample("no_silhouette", "the network sees nobody around the keypoints")
        return sharpen_mask(image, pose.mask_in(image.shape[:2]))


def body_region(keypoints: NDArray[np.floating]) -> Region | None:
    """Return the region around a person of keypoints (18, 3), upright in it, as the pose network is used to; None without a trunk."""
    if not (keypoints[[*HIPS, *SHOULDERS], 2] > 0).all():
        return None
    points = keypoints[keypoints[:, 2] > 0, :2].astype(np.float64) + FIRST_PIXEL
    hips, shoulders = (keypoints[list(rows), :2].mean(0) + FIRST_PIXEL for rows in (HIPS, SHOULDERS))
    trunk = shoulders - hips
    length = max(1.0, float(np.hypot(*trunk)))
    radius = max(RADIUS * float(np.linalg.norm(points - hips, axis=1).max()), RADIUS_OF_TRUNK * length)
    rim = hips + trunk / length * radius
    return region_about(hips.astype(np.float32), rim.astype(np.float32)).scaled(PERSON_MARGIN * TIGHT)


def _holds(region: Region, keypoints: NDArray[np.floating]) -> bool:
    """Return True if most of the keypoints (18, 3) lie within a region: of another person few do."""
    points = keypoints[keypoints[:, 2] > 0, :2] + FIRST_PIXEL
    inverse = np.linalg.inv(np.vstack([region.matrix(1), (0, 0, 1)]))[:2]
    inside = points @ inverse[:, :2].T + inverse[:, 2]
    return bool(((inside > 0) & (inside < 1)).all(1).mean() > 0.5)
