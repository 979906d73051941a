"""PCKh: whether a detector finds the joints of a painted picture where the wanted pose has them."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ptx.datasets.images import Image
from ptx.datasets.mediapipe import MediapipePose
from ptx.geometry.joints import keypoint
from ptx.models.keypoints import there_and_places
from ptx.pipeline.errors import BadSample
from ptx.training.samples import to_pictures

HEAD = tuple(keypoint(name) for name in ("nose", "neck", "right_eye", "left_eye", "right_ear", "left_ear"))
"""Keypoints whose bounding box is the head's size in this field, which has no skeleton with a top of the head."""

SHARE = 0.5
"""Of the head's size, within which a keypoint counts as found."""

Detector = Callable[[Image], Tensor]
"""Picture (H, W, 3) uint8 → keypoints (18, 3) x, y px, confidence (0: missing), of its one person; none where there is nobody."""


def pckh(found: Tensor, wanted: Tensor, share: float = SHARE) -> Tensor:
    """Share of the wanted keypoints that were found at their places (B,); NaN where the wanted head has no size.

    A keypoint is found where it is off by less than `share` of the head's width to the side and less than `share` of its
    height up or down. The head is the bounding box of the wanted nose, neck, eyes and ears, of which two must be there: the
    rule of PATN (Zhu et al., CVPR 2019), whose code however counts over the keypoints of all pictures at once.

    found, wanted (B, 18, 3): x, y px, confidence (0 or NaN places: missing).
    """
    (known, there), (places, targets) = zip(*(there_and_places(x) for x in (found, wanted)), strict=True)
    head, points = there[:, HEAD, None], targets[:, HEAD]
    far = torch.finfo(points.dtype).max
    size = points.masked_fill(~head, -far).amax(1) - points.masked_fill(~head, far).amin(1)  # (B, 2)
    near = ((places - targets).abs() < share * size[:, None]).all(-1) & known & there
    score = near.sum(1) / there.sum(1).clamp(min=1)
    return torch.where(head.sum((1, 2)) >= 2, score, torch.full_like(score, torch.nan))


def mediapipe_detector() -> Detector:
    """MediaPipe's, of the most prominent person.

    Raises:
        PtxError: it is not installed.
    """
    model = MediapipePose()

    def detect(picture: Image) -> Tensor:
        try:
            return torch.from_numpy(model.detect(picture).keypoints)
        except BadSample:  # nobody is in the picture, so no keypoint is found
            return torch.zeros(18, 3)

    return detect


def detect_all(detector: Detector, pictures: Tensor) -> Tensor:
    """Keypoints (B, 18, 3) of pictures (B, 3, H, W) in -1..1."""
    return torch.stack([detector(picture) for picture in to_pictures(pictures)])
