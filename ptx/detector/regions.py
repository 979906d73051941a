"""Square regions of a picture, turned and of any size, that networks look at: cut out, and results carried back.

Coordinates are MediaPipe's: px of the picture, y down, x = 0 at the picture's left edge as at the first pixel's sample. Its graphs know
no half pixels; `ptx.detector.keypoints` moves results to ptx's pixel centres.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Image = NDArray[np.uint8]

SUBPIXELS = 32
"""Positions a pixel at which pictures are sampled, as OpenCV did before version 5, and as MediaPipe does: its networks move landmarks
by up to 8 px of 512 where the sampling is exact instead."""

FIRST_PIXEL = 0.5
"""Position of the first pixel's centre in these coordinates, px."""

PERSON_MARGIN = 1.25
"""Side of the region around a person over the diameter of the circle around their body."""

LARGEST_POSITION = 2**20
"""Bound of positions in 1/32 px: what lies further out is border anyway, and must fit 16 bits of whole pixels."""

UP, DOWN = np.pi / 2, -np.pi / 2
"""Directions, as angles of the picture's x axis, counted against the clock."""


@dataclass(frozen=True)
class Region:
    """A square in a picture."""

    x: float
    """Column of its centre, px."""
    y: float
    """Row of its centre, px."""
    size: float
    """Length of a side, px."""
    angle: float = 0.0
    """Clockwise turn, rad."""

    def matrix(self, side: int) -> NDArray[np.float64]:
        """Return the affine map (2, 3) from px of the region, cut out at `side` px, to px of the picture."""
        scale = self.size / side
        cos, sin = scale * np.cos(self.angle), scale * np.sin(self.angle)
        half = side / 2
        return np.array([[cos, -sin, self.x - half * (cos - sin)], [sin, cos, self.y - half * (sin + cos)]])

    def cut(self, image: Image, side: int, *, black: bool = False) -> Image:
        """Cut the region out of an image (H, W, 3), bilinearly, as (side, side, 3); beside it its edge is repeated, or it is black."""
        matrix = self.matrix(side) * SUBPIXELS
        u, v = np.arange(side), np.arange(side)[:, None]
        bound = LARGEST_POSITION - 1
        x, y = (np.rint(row[0] * u + row[1] * v + row[2]).clip(-bound, bound).astype(np.int32) for row in matrix)
        whole = np.stack([x // SUBPIXELS, y // SUBPIXELS], -1).astype(np.int16)
        fraction = (y % SUBPIXELS * SUBPIXELS + x % SUBPIXELS).astype(np.uint16)
        border = cv2.BORDER_CONSTANT if black else cv2.BORDER_REPLICATE
        return np.asarray(cv2.remap(image, whole, fraction, cv2.INTER_LINEAR, borderMode=border), np.uint8)

    def paste(self, values: Floats, size: tuple[int, int]) -> Floats:
        """Lay a map (S, S) of the region into a picture of `size` (height, width), bilinearly; 0 outside."""
        height, width = size
        inverse = cv2.invertAffineTransform(self.matrix(len(values)))
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return np.asarray(cv2.warpAffine(values, inverse, (width, height), flags=flags), np.float32)

    def to_picture(self, points: Floats) -> Floats:
        """Carry points (K, 2 or 3) to px of the picture: x and y are shares of the region's side from its corner, z of its length."""
        matrix = self.matrix(1)
        out = points * np.float32(self.size)
        out[:, :2] = points[:, :2] @ matrix[:, :2].T + matrix[:, 2]
        return out

    def scaled(self, scale: float, shift: float = 0.0) -> Region:
        """Return the region made larger, after a shift down its own y axis by a share of its size."""
        down = shift * self.size
        return Region(
            self.x - down * np.sin(self.angle), self.y + down * np.cos(self.angle), self.size * scale, self.angle
        )


def whole_picture(image: Image) -> Region:
    """Return the square of the longer side about the middle of an image (H, W, 3)."""
    height, width = image.shape[:2]
    return Region(width / 2, height / 2, max(width, height))


def region_about(centre: Floats, rim: Floats, direction: float = UP) -> Region:
    """Return the region about `centre` whose inner circle passes through `rim`, turned so that this lies in a direction.

    Args:
        centre: (2 or more,) x, y px.
        rim: (2 or more,) x, y px.
        direction: in which `rim` lies of the centre in the region cut out, rad against the clock.
    """
    dx, dy = (float(d) for d in rim[:2] - centre[:2])
    angle = wrap(direction - np.arctan2(-dy, dx))
    return Region(float(centre[0]), float(centre[1]), 2 * float(np.hypot(dx, dy)), angle)


def region_around(points: Floats, angle: float, shift: float = 0.0) -> Region:
    """Return the region of the longer side of the points' upright bounding box, moved first by a share of its height.

    Args:
        points: (K, 2 or more) x, y px.
        angle: of the region, rad clockwise.
        shift: down the region's own y axis, as a share of the box's height.
    """
    low, high = points[:, :2].min(0), points[:, :2].max(0)
    x, y = (float(value) for value in (low + high) / 2)
    down = shift * float(high[1] - low[1])
    return Region(x - down * np.sin(angle), y + down * np.cos(angle), float((high - low).max()), angle)


def angle_between(start: Floats, end: Floats) -> float:
    """Return the clockwise angle of the way from one point to another; 0 to the right."""
    return wrap(float(np.arctan2(end[1] - start[1], end[0] - start[0])))


def wrap(angle: float) -> float:
    """Bring an angle to -pi <= angle < pi."""
    return float(angle - 2 * np.pi * np.floor((angle + np.pi) / (2 * np.pi)))
