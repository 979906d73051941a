"""Face mesh of a person whose pose is known (Kartynnik et al., 2019), as MediaPipe's graph `holistic_landmark` has it."""

from __future__ import annotations

import numpy as np

from ptx.detector.boxes import FACE_ANCHORS, BoxDetector, ScoredBox
from ptx.detector.network import ASSETS, Floats, Image, Network, sigmoid
from ptx.detector.pose import MIN_PRESENCE, Pose
from ptx.detector.regions import angle_between, region_around

FACE_DETECTOR = ASSETS / "face_detection_short_range.tflite"
FACE_MODEL = ASSETS / "face_landmark.tflite"

FACE_POINTS = 468
"""Points of the mesh."""

HEAD = slice(0, 11)
"""Landmarks of the pose on the head."""

EYES = (5, 2)
"""Landmarks of the right and of the left eye."""

HEAD_MARGIN, FACE_MARGIN = 3.0, 2.0
"""Sides of the regions in which the face is detected, and in which the mesh is, over the boxes of the head's and the face's points."""

FACE_SHIFT = -0.1
"""Shift of the mesh's region, as a share of the face's height: up to the forehead, where there are no points."""


class FaceMesh:
    """Finds the points of a face. Safe in one thread only."""

    def __init__(self) -> None:
        """Load the networks."""
        self._boxes = BoxDetector(FACE_DETECTOR, FACE_ANCHORS)
        self._mesh = Network(FACE_MODEL)

    def __call__(self, image: Image, pose: Pose) -> tuple[Floats, float] | None:
        """Find the face of a pose in an image (H, W, 3).

        The face is detected in the region of the pose's head before the mesh is looked for: straight from the pose, the back of a
        head counts as a face.

        Returns:
            Points (468, 3) px, z away from the viewer, and the probability, 0 to 1, that they are a face's; None where there is none.
        """
        faces = self._faces(image, pose)
        if not faces:
            return None
        points = faces[0].points
        region = region_around(points, angle_between(points[0], points[1]), FACE_SHIFT).scaled(FACE_MARGIN)
        values, presence = self._mesh(region.cut(image, self._mesh.side))
        confidence = float(sigmoid(presence.ravel())[0])
        if confidence <= MIN_PRESENCE:
            return None
        return region.to_picture(values.reshape(FACE_POINTS, 3) / np.float32(self._mesh.side)), confidence

    def has_face(self, image: Image, pose: Pose) -> bool:
        """Return True if the points of a face are found in the region of a pose's head: the back of one may pass for a box alone."""
        return self(image, pose) is not None

    def _faces(self, image: Image, pose: Pose) -> list[ScoredBox]:
        """Detect faces in the region of a pose's head."""
        right, left = (pose.landmarks[row] for row in EYES)
        return self._boxes(image, region_around(pose.landmarks[HEAD], angle_between(right, left)).scaled(HEAD_MARGIN))
