"""Which keypoints are there: the one place that knows how a missing one looks."""

from __future__ import annotations

import torch
from torch import Tensor


def there_and_places(keypoints: Tensor) -> tuple[Tensor, Tensor]:
    """Which of the keypoints (B, 18, 3) x, y, confidence are there (B, 18), and the places (B, 18, 2), 0 for the others.

    Missing is confidence 0, or a place that is NaN.
    """
    there = (keypoints[..., 2] > 0) & keypoints[..., :2].isfinite().all(-1)
    return there, torch.where(there[..., None], keypoints[..., :2], 0)
