"""Pictures from files to the working resolution, and the transform that maps results back."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageOps, UnidentifiedImageError

from ptx.geometry.keypoints import valid_keypoints

Pillow.MAX_IMAGE_PIXELS = None  # `read_image` has its own bound, which the user can set

Image = NDArray[np.uint8]
Transform = NDArray[np.float32]
Box = tuple[float, float, float, float]

SUFFIXES = frozenset((".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".ppm"))
"""Endings of the files that count as pictures."""

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "PPM")
"""Decoders that are tried, by content and not by ending; the rest of Pillow's stays shut."""


BOX_MARGIN = 0.15
"""Margin around keypoints, as a share of the longer side of their box: keypoints end at the ankles and the eyes."""


class BadImage(ValueError):
    """A picture that cannot be used; the message is "code: words"."""


def read_image(path: Path, max_pixels: int) -> Image:
    """Read a picture as people see it: upright (EXIF), RGB, transparent parts on white.

    Args:
        path: the file.
        max_pixels: larger pictures are refused before anything is decoded.

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        BadImage: the file is missing, empty, too large, damaged or no picture.
    """

    def upright(picture: Pillow.Image) -> Image:
        ImageOps.exif_transpose(picture, in_place=True)
        return _to_rgb(picture)

    return _read(path, max_pixels, upright)


def read_labels(path: Path, max_pixels: int) -> Image:
    """Read a map of labels (H, W) uint8: an indexed (its palette does not matter) or a grey picture.

    Raises:
        BadImage: as for `read_image`, or it is a colour picture.
    """

    def labels(picture: Pillow.Image) -> Image:
        if picture.mode not in ("P", "L", "1"):
            raise BadImage(f"bad_labels: {path.name} is no indexed or grey picture, its mode is {picture.mode}")
        return np.asarray(picture, np.uint8)

    return _read(path, max_pixels, labels)


def _read(path: Path, max_pixels: int, convert: Callable[[Pillow.Image], Image]) -> Image:
    try:
        if path.stat().st_size == 0:
            raise BadImage(f"empty_file: {path.name} has 0 bytes")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's notes on odd tags
            with Pillow.open(path, formats=FORMATS) as picture:
                width, height = picture.size
                if width * height > max_pixels:
                    raise BadImage(
                        f"too_large: {path.name} is {width}×{height}, more than ingest.max_pixels = {max_pixels}"
                    )
                return convert(picture)
    except FileNotFoundError:
        raise BadImage(f"missing_file: {path.name} is not there") from None
    except UnidentifiedImageError:
        raise BadImage(f"not_an_image: {path.name} holds no picture of a known format") from None
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        if isinstance(error, BadImage):
            raise
        raise BadImage(f"damaged_image: {path.name}: {' '.join(str(error).split())}") from None


def _to_rgb(picture: Pillow.Image) -> Image:
    if picture.mode.startswith("I") or picture.mode == "F":  # 16 bits and more: keep the upper eight
        grey = np.asarray(picture, np.float32)
        top = 65535.0 if grey.max(initial=0) > 255 else 255.0
        return np.repeat((np.clip(grey / top, 0, 1) * 255).astype(np.uint8)[..., None], 3, axis=-1)
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        white = Pillow.new("RGBA", picture.size, "white")
        picture = Pillow.alpha_composite(white, picture)
    return np.asarray(picture if picture.mode == "RGB" else picture.convert("RGB"))


def crop_and_resize(image: Image, box: Box | None, size: tuple[int, int]) -> tuple[Image, Transform]:
    """Bring a box of a picture to the working resolution without distorting it.

    The box grows about its centre to the shape of the result, so that nothing of it is lost; what then lies outside the
    picture has the median colour of the picture's edge.

    Args:
        image: (H, W, 3) uint8.
        box: x0, y0, x1, y1 in px of the picture, None = all of it.
        size: (height, width) of the result.

    Returns:
        Working picture (height, width, 3) and transform (2, 3): working xy = transform @ (x, y, 1) of the original,
        pixel centres at integers in both.
    """
    height, width = image.shape[:2]
    x0, y0, x1, y1 = box if box is not None else (-0.5, -0.5, width - 0.5, height - 0.5)
    scale = min(size[1] / max(x1 - x0, 1.0), size[0] / max(y1 - y0, 1.0))
    left = (x0 + x1 - size[1] / scale) / 2
    top = (y0 + y1 - size[0] / scale) / 2
    # Of the picture only what shows is resized: whole pixels that cover it, by area where it shrinks.
    a, b = max(0, int(np.floor(left + 0.5))), min(width, int(np.ceil(left + size[1] / scale + 0.5)))
    c, d = max(0, int(np.floor(top + 0.5))), min(height, int(np.ceil(top + size[0] / scale + 0.5)))
    if a >= b or c >= d:
        raise BadImage("outside: the person's box lies outside the picture")
    columns, rows = max(1, round((b - a) * scale)), max(1, round((d - c) * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    small = cv2.resize(image[c:d, a:b], (columns, rows), interpolation=how)
    x, y = round((a - 0.5 - left) * scale), round((c - 0.5 - top) * scale)
    rows_in, columns_in = min(rows, size[0] - max(y, 0)), min(columns, size[1] - max(x, 0))
    out = part = small[max(-y, 0) :, max(-x, 0) :][:rows_in, :columns_in]
    if part.shape[:2] != size:
        above, before = max(y, 0), max(x, 0)
        below, behind = size[0] - above - part.shape[0], size[1] - before - part.shape[1]
        colour = _edge_colour(image).astype(int).tolist()
        out = cv2.copyMakeBorder(part, above, below, before, behind, cv2.BORDER_CONSTANT, value=colour)
    sx, sy = columns / (b - a), rows / (d - c)
    transform = np.array(
        [[sx, 0, (0.5 - a) * sx - 0.5 + x], [0, sy, (0.5 - c) * sy - 0.5 + y]], np.float32
    )  # pixel centres: resizing maps x + 0.5 to sx (x + 0.5)
    return out, transform


def box_around(points: NDArray[np.floating], shape: tuple[int, ...], margin: float = BOX_MARGIN) -> Box:
    """A box around a person's keypoints, inside the picture.

    Args:
        points: (K, 3) x, y px, confidence (0: missing).
        shape: (height, width) of the picture.
        margin: added all round, of the longer side: keypoints end at the ankles and the eyes.

    Raises:
        BadImage: fewer than two points are there.
    """
    xy = points[valid_keypoints(points), :2]
    if len(xy) < 2:
        raise BadImage("no_person: fewer than two keypoints were found")
    low, high = xy.min(0), xy.max(0)
    more = margin * float((high - low).max())
    x0, y0 = np.maximum(low - more, -0.5)
    x1, y1 = np.minimum(high + more, (shape[1] - 0.5, shape[0] - 0.5))
    return float(x0), float(y0), float(x1), float(y1)


def _edge_colour(image: Image) -> NDArray[np.float64]:
    edge = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    return np.asarray(np.median(edge, axis=0), np.float64)


def apply_transform(transform: NDArray[np.floating], xy: NDArray[np.floating]) -> NDArray[np.float32]:
    """Points (..., 2) through a transform (2, 3)."""
    return np.asarray(xy @ transform[:, :2].T + transform[:, 2], np.float32)


def invert_transform(transform: NDArray[np.floating]) -> Transform:
    """The transform (2, 3) that maps back."""
    inverse = np.linalg.inv(np.vstack([transform.astype(np.float64), (0, 0, 1)]))
    return inverse[:2].astype(np.float32)
