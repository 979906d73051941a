"""A decoded frame as it is meant to be seen: upright, of square pixels, in sRGB."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.video.hdr import Transfer, to_srgb

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from av.video.reformatter import VideoReformatter

Image = NDArray[np.uint8]
"""(H, W, 3) RGB."""

BT709, BT601 = 1, 5
"""FFmpeg's numbers of the usual matrices between YUV and RGB."""

MATRICES = {1: BT709, 4: 4, 5: BT601, 6: BT601, 7: 7, 9: 9, 10: 9}
"""FFmpeg's numbers of the matrices that are known; others are not said, or damaged."""

TRANSFERS: dict[int, Transfer] = {16: "pq", 18: "hlg"}
"""FFmpeg's numbers of the curves of HDR."""

BT2020_PRIMARIES = 9
"""FFmpeg's number of BT.2020's primaries."""


class Turn(NamedTuple):
    """How a decoded frame is turned to be upright: transposed first, then mirrored."""

    transposed: bool
    left_right: bool
    upside_down: bool

    def apply(self, image: Image) -> Image:
        """Return the image (H, W, 3) upright, contiguous."""
        image = image.swapaxes(0, 1) if self.transposed else image
        return np.ascontiguousarray(image[:: -1 if self.upside_down else 1, :: -1 if self.left_right else 1])


def turn_of(frame: VideoFrame) -> Turn:
    """Return how a frame is turned, by its display matrix (ISO 14496-12, 16.16 fixed point): shown (x, y) = (ax + cy, bx + dy)."""
    from av.sidedata.sidedata import SideData, Type
    from av.video.reformatter import Interpolation

    # PyAV ties a frame to its side data in a circle, so that it is freed late: that of a tiny copy matters less
    tiny = frame.reformat(
        2, 2, "rgb24", src_colorspace=BT709, dst_colorspace=BT709, interpolation=Interpolation.POINT, threads=1
    )
    for data in tiny.side_data:
        if isinstance(data, SideData) and data.type is Type.DISPLAYMATRIX:
            a, b, _, c, d = np.frombuffer(bytes(data), np.int32)[:5].tolist()
            transposed = abs(b) + abs(c) > abs(a) + abs(d)
            return Turn(transposed, (c if transposed else a) < 0, (b if transposed else d) < 0)
    return Turn(False, False, False)


def shown_size(frame: VideoFrame, aspect: float, turn: Turn, longest: int | None) -> tuple[int, int]:
    """Return height and width of a frame as it is shown.

    Args:
        frame: decoded.
        aspect: width of its pixels in heights of them.
        turn: how it is turned.
        longest: most px of the longer side; None: as they are.
    """
    height, width = float(frame.height), frame.width * aspect
    height, width = (width, height) if turn.transposed else (height, width)
    scale = 1.0 if longest is None else min(1.0, longest / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def as_shown(frame: VideoFrame, size: tuple[int, int], turn: Turn, reformatter: VideoReformatter) -> Image:
    """Convert a frame to RGB of a size.

    Films that do not say their matrix are taken as players take them: BT.709 from 720p on, BT.601 below.

    Args:
        frame: decoded.
        size: height and width as shown.
        turn: how it is turned.
        reformatter: keeps its tables from frame to frame.
    """
    from av.video.reformatter import Interpolation

    height, width = size[::-1] if turn.transposed else size
    shrinks = height < frame.height or width < frame.width
    kind = Interpolation.AREA if shrinks else Interpolation.BICUBIC
    usual = BT709 if frame.width >= 1280 or frame.height > 576 else BT601
    transfer = TRANSFERS.get(frame.color_trc, "gamma" if frame.color_primaries == BT2020_PRIMARIES else None)
    converted = reformatter.reformat(
        frame,
        width,
        height,
        "rgb24" if transfer is None else "rgb48le",
        src_colorspace=BT709 if frame.format.is_rgb else MATRICES.get(frame.colorspace, usual),
        dst_colorspace=BT709,
        interpolation=kind | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT | Interpolation.BITEXACT,
        threads=1,
    ).to_ndarray()
    if transfer is None:
        return turn.apply(np.asarray(converted, np.uint8))
    return turn.apply(to_srgb(np.asarray(converted, np.uint16), transfer))
