"""What is given to be painted: photographs, poses, keypoints."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.images import Image
from ptx.pipeline.errors import PtxError

Keypoints = NDArray[np.float32]
"""(18, 3) x, y px, confidence; or (18, 4) x, y, z metres, confidence. A missing keypoint is NaN and 0."""
Photograph = str | Path | Image
"""A picture file, or its pixels (H, W, 3) uint8 RGB of any size."""


def several(image: Photograph | Sequence[Photograph]) -> Sequence[Photograph]:
    """Return photographs as a sequence; raises PtxError where there is none."""
    if isinstance(image, (str, Path, np.ndarray)):
        return [image]
    if not image:
        raise PtxError("photographs: no photograph is named")
    return image


def photograph_of(pose: str | Path | Keypoints) -> Path | None:
    """Return the photograph that shows a wanted pose; None where it is given as JSON or as an array."""
    if isinstance(pose, np.ndarray) or Path(pose).suffix.lower() == ".json":
        return None
    return Path(pose)


def checked_keypoints(points: NDArray[np.floating], name: str) -> Keypoints:
    """Return keypoints as (18, 3) float32.

    Raises:
        PtxError: they have another shape; the message calls them `name`.
    """
    if points.shape != (18, 3):
        raise PtxError(f"{name}: {points.shape[0]} joints of {points.shape[-1]} numbers, the model knows 18 of 3")
    return np.asarray(points, np.float32)


def name_of(image: Photograph) -> str:
    """Return the words for a photograph in a message."""
    return "the picture" if isinstance(image, np.ndarray) else str(image)
