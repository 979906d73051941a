"""Light of panoramas as spherical harmonics of second order."""

from __future__ import annotations

from pathlib import Path

import cv2
import Imath
import numpy as np
import OpenEXR
from numpy.typing import NDArray

from ptx.datasets.people.lifelike.light import harmonics

SIZE = (128, 64)
"""Width, height that a panorama is reduced to, px."""


def light_coefficients(path: Path) -> NDArray[np.float32]:
    """Project a panorama in equirectangular form; mean radiance over the sphere and the channels becomes 1. Returns (9, 3)."""
    file = OpenEXR.InputFile(str(path))
    window = file.header()["dataWindow"]
    shape = window.max.y - window.min.y + 1, window.max.x - window.min.x + 1
    kind = Imath.PixelType(Imath.PixelType.FLOAT)
    channels = [np.frombuffer(file.channel(name, kind), np.float32).reshape(shape) for name in "RGB"]
    picture = cv2.resize(np.stack(channels, axis=-1), SIZE, interpolation=cv2.INTER_AREA).astype(np.float64)
    theta = (np.arange(SIZE[1]) + 0.5) / SIZE[1] * np.pi
    phi = ((np.arange(SIZE[0]) + 0.5) / SIZE[0] - 0.5) * 2 * np.pi
    directions = np.stack(np.broadcast_arrays(
        np.sin(theta)[:, None] * np.sin(phi), np.cos(theta)[:, None], np.sin(theta)[:, None] * np.cos(phi)
    ), axis=-1)  # fmt: skip
    share = np.sin(theta)[:, None] / (np.sin(theta).sum() * SIZE[0])
    picture /= (picture.mean(axis=2) * share).sum()
    solid_angle = 4 * np.pi * share * np.ones(picture.shape[:2])
    return np.einsum("ijk,ijc,ij->kc", harmonics(directions), picture, solid_angle).astype(np.float32)
