"""PCKh: the fraction of keypoints that a detector finds in a painted picture close to where the target pose has them."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ptx.datasets.images import Image
from ptx.detector.keypoints import KeypointDetector
from ptx.geometry.joints import KEYPOINTS, keypoint
from ptx.models.pixels import to_uint8
from ptx.models.pose_maps import valid_keypoints
from ptx.pipeline.errors import BadSample

HEAD = tuple(keypoint(name) for name in ("nose", "neck", "right_eye", "left_eye", "right_ear", "left_ear"))
"""Keypoints whose bounding box is the head's size in this field, whose skeleton has no top of the head."""

MIN_HEAD_KEYPOINTS = 2
"""Fewest keypoints of the head from which its size is taken."""

MAX_DISTANCE = 0.5
"""Distance within which a keypoint counts as correct, as a fraction of the head's size."""

Detector = Callable[[Image], Tensor]
"""Picture (H, W, 3) uint8 → keypoints (18, 3) x, y px, confidence (0: missing) of its one person; all missing where there is nobody."""


def pckh(detected: Tensor, target: Tensor, max_distance: float = MAX_DISTANCE) -> Tensor:
    """Compute the fraction of the target's keypoints that were detected at their positions (B,); NaN where the head has no size.

    A keypoint is correct where its horizontal distance is less than `max_distance` times the head's width and its vertical distance
    less than `max_distance` times the head's height. The head is the bounding box of the target's nose, neck, eyes and ears, at
    least two of them: the rule of PATN (Zhu et al., CVPR 2019), whose code however counts over the keypoints of all pictures at once.

    detected, target (B, 18, 3): x, y px, confidence (0, or NaN coordinates: missing).
    """
    detected_valid, detected_xy = valid_keypoints(detected)
    valid, xy = valid_keypoints(target)
    head_valid = valid[:, HEAD, None]
    head_xy = xy[:, HEAD]
    infinity = torch.finfo(xy.dtype).max
    highest = head_xy.masked_fill(~head_valid, -infinity).amax(1)
    lowest = head_xy.masked_fill(~head_valid, infinity).amin(1)
    head_size = highest - lowest  # (B, 2): width, height
    close = ((detected_xy - xy).abs() < max_distance * head_size[:, None]).all(-1)
    correct = close & detected_valid & valid
    fraction = correct.sum(1) / valid.sum(1)  # NaN of nobody, who has no head either
    return torch.where(head_valid.sum((1, 2)) >= MIN_HEAD_KEYPOINTS, fraction, torch.full_like(fraction, torch.nan))


def blazepose_detector() -> Detector:
    """Load the detector, which takes the most prominent person.

    Raises:
        PtxError: LiteRT is not installed.
    """
    model = KeypointDetector()

    def detect(picture: Image) -> Tensor:
        try:
            return torch.from_numpy(model.detect(picture).keypoints)
        except BadSample:  # nobody is in the picture
            return torch.zeros(len(KEYPOINTS), 3)

    return detect


def detect_all(detector: Detector, pictures: Tensor) -> Tensor:
    """Detect the keypoints (B, 18, 3) of pictures (B, 3, H, W) in -1..1."""
    return torch.stack([detector(pixels) for pixels in to_uint8(pictures)])
