"""One shape for a clip: that of the person whom its frames show, and the skeleton that has it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.body import SHAPES, Body
from ptx.geometry.fitting import FitOptions, fit
from ptx.geometry.fitting.model import Skeleton

Floats = NDArray[np.float64]

MOST_FRAMES = 48
"""Frames that the shape is taken from."""


def clip_betas(
    body: Body,
    keypoints: NDArray[np.floating],
    keypoints3d: NDArray[np.floating],
    landmarks: NDArray[np.floating],
    size: tuple[int, int],
    options: FitOptions,
) -> Floats:
    """Shape (10,) of the person in T frames: the median of fits of frames from the whole clip, those without problems if there are any.

    Args:
        body: the body model.
        keypoints: (T, 18, 3) as for `fit`.
        keypoints3d: (T, 18, 4) as for `fit`.
        landmarks: (T, 12, 3) as for `fit`.
        size: (H, W) of the pictures, px.
        options: of the fits.

    Returns:
        Zeros where no frame shows a body.
    """
    if len(keypoints) == 0:
        return np.zeros(SHAPES)
    frames = np.unique(np.linspace(0, len(keypoints) - 1, MOST_FRAMES).round().astype(int))
    found = fit(body, keypoints[frames], keypoints3d[frames], size, options, landmarks[frames])
    good = found.usable.copy()
    good[list(found.problems)] = False
    chosen = found.betas[good if good.any() else found.usable]
    return np.median(chosen, axis=0).astype(np.float64) if len(chosen) else np.zeros(SHAPES)


def shaped_skeleton(skeleton: Skeleton, betas: Floats) -> Skeleton:
    """The skeleton of one shape (10,), which no longer depends on betas."""
    return skeleton._replace(
        bones=skeleton.bones + skeleton.bone_dirs @ betas,
        bone_dirs=np.zeros_like(skeleton.bone_dirs),
        keypoint_offset=skeleton.keypoint_offset + skeleton.keypoint_offset_dirs @ betas,
        keypoint_offset_dirs=np.zeros_like(skeleton.keypoint_offset_dirs),
    )
