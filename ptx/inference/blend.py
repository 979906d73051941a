"""People that networks have painted, each in a picture of their own, laid back into the photograph that all were cut from."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from ptx.datasets.images import Image, invert_transform
from ptx.inference.given import Keypoints
from ptx.inference.painting import Painting
from ptx.models.pose_maps import silhouette

MARGIN_FRACTION = 0.05
"""Margin around a silhouette within which a person is laid back, for cloth and hair, as a fraction of the picture's height."""


def blend_people(paintings: Sequence[Painting]) -> Image:
    """Lay painted people back into the photograph that all were cut from.

    Only pixels on a person, where they were and where they are now, change; of a person behind another only the pixels that the
    nearer one leaves free.

    Args:
        paintings: from far to near; at least one.

    Returns:
        (H, W, 3) uint8.
    """
    photograph = paintings[0].person.original
    size = photograph.shape[1::-1]
    backs = [invert_transform(painting.person.transform) for painting in paintings]
    before = [_moved_mask(p, p.person.keypoints, back, size) for p, back in zip(paintings, backs, strict=True)]
    after = [_moved_mask(p, p.pose, back, size) for p, back in zip(paintings, backs, strict=True)]
    out = photograph.astype(np.float32)
    for number, (painting, back) in enumerate(zip(paintings, backs, strict=True)):
        weight = np.maximum(before[number], after[number])
        for nearer in before[number + 1 :]:  # these pixels belong to the nearer person, who is laid back later
            weight = np.minimum(weight, 1 - nearer)
        moved = cv2.warpAffine(painting.picture, back, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        out += weight[..., None] * (moved - out)
    return np.asarray(out.round().clip(0, 255), np.uint8)


def _moved_mask(
    painting: Painting, keypoints: Keypoints, back: NDArray[np.float32], size: tuple[int, ...]
) -> NDArray[np.float32]:
    """Return the soft mask of a person with these keypoints in the photograph, whose (width, height) is `size`."""
    return np.asarray(cv2.warpAffine(_soft_mask(painting, keypoints), back, size), np.float32)


def _soft_mask(painting: Painting, keypoints: Keypoints) -> NDArray[np.float32]:
    """Return the silhouette (h, w) of a person with these keypoints, 0..1: widened, fading outwards, 0 at the border."""
    height, width = painting.picture.shape[:2]
    shape = silhouette(torch.from_numpy(keypoints)[None], height, width)[0, 0].numpy()
    margin = max(1, round(MARGIN_FRACTION * height))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * margin + 1, 2 * margin + 1))
    blurred = cv2.GaussianBlur(cv2.dilate(shape, disc), (0, 0), margin / 2)
    soft = np.minimum(2 * blurred, 1)  # 1 inside, fading outwards
    rows, columns = (np.minimum(np.arange(n), np.arange(n)[::-1]) for n in (height, width))
    inside = np.minimum(rows[:, None], columns[None]) / max(1.0, margin)
    return np.asarray(np.minimum(soft, np.minimum(inside, 1)), np.float32)
