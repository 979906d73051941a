"""Clips of a synthetic person: a photograph of them that is shifted a little from frame to frame."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from ptx.datasets.images import Image
from tests.detector.test_people import photograph
from tests.video.films import write_film


def sliding(count: int, step: float = 2.0, number: int = 5) -> list[Image]:
    """Frames of somebody who slides to the right by `step` px a frame."""
    image = photograph(number)
    height, width = image.shape[0] // 2 * 2, image.shape[1] // 2 * 2
    return [
        cv2.warpAffine(
            image, np.float32([[1, 0, step * n], [0, 1, 0]]), (width, height), borderMode=cv2.BORDER_REPLICATE
        )
        for n in range(count)
    ]


def sliding_film(path: Path, count: int = 12, *, tone: tuple[str, int] | None = None) -> Path:
    """Write such a film, 10 frames a second."""
    return write_film(path, sliding(count), fps=10, tone=tone)
