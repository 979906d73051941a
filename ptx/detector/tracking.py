"""One person through the frames of a video: detected once, then followed."""

from __future__ import annotations

from ptx.detector.network import Image
from ptx.detector.people import PeopleDetector
from ptx.detector.pose import Pose
from ptx.detector.regions import Region


class Tracker:
    """Follows one person from frame to frame. Safe in one thread only.

    The network is shown the region that the pose of the frame before leads to; people are detected anew only where nobody is there, as
    in MediaPipe's video mode, without its smoothing.
    """

    def __init__(self, detector: PeopleDetector) -> None:
        """Start without a person; the detector may be shared with others of the thread."""
        self._detector = detector
        self._region: Region | None = None
        self.detections = 0
        """Frames in which people were detected anew."""

    def __call__(self, frame: Image) -> Pose | None:
        """Return the pose in the next frame (H, W, 3); None where nobody is."""
        pose = None if self._region is None else self._detector.follow(frame, self._region)
        if pose is None:
            self.detections += 1
            pose = self._detector.find(frame)
        self._region = None if pose is None else pose.body
        return pose

    def follow(self, pose: Pose) -> None:
        """Take up the person of a pose, such as one of several in the first frame."""
        self._region = pose.body
