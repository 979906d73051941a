"""Read image files, bring them to the working resolution, and map coordinates between the two."""

from __future__ import annotations

import errno
import struct
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageOps, UnidentifiedImageError

from ptx.pipeline.errors import BadSample, one_line

Pillow.MAX_IMAGE_PIXELS = None  # `read_image` has a bound of its own, which the user can set

Image = NDArray[np.uint8]
"""(H, W, 3) RGB."""

Transform = NDArray[np.float32]
"""(2, 3) affine map of pixel coordinates, whose centres are at integers: xy = transform @ (x, y, 1)."""

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 in px; the whole image is (-0.5, -0.5, W - 0.5, H - 0.5)."""

Frame = Literal["picture", "person"]
"""Part of a photograph that is brought to the working resolution: all of it, or the person cut out of it."""

SUFFIXES = frozenset((".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".ppm"))
"""Endings, in lower case, of the files that count as images."""

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "PPM")
"""Pillow's decoders that are tried, by content and not by ending; its other ones stay closed."""

MAX_PIXELS = 100_000_000
"""Pixels of the largest picture that is decoded, unless the user sets another bound."""

BOX_MARGIN = 0.15
"""Share of the longer side of a person's keypoints that is added all round: keypoints end at the ankles and the eyes."""

DECODER_ERRORS = (
    OSError, SyntaxError, EOFError, ValueError, TypeError, KeyError, IndexError, OverflowError, struct.error, zlib.error,
)  # fmt: skip
"""Exceptions of Pillow on damaged files, which its decoders, its EXIF parser and its palettes do not translate."""

PASSING = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ESTALE, errno.ETIMEDOUT)
"""Errors of the operating system that say nothing about the file: the run ends, and goes on later."""


def read_image(path: Path, max_pixels: int) -> Image:
    """Read an image as people see it: upright (EXIF), RGB, transparent parts on white.

    Args:
        path: the file.
        max_pixels: larger images are refused before anything is decoded.

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        BadSample: `missing_file`, `empty_file`, `too_large`, `not_an_image` or `damaged_image`.
    """
    picture = _decode(path, max_pixels, _upright_rgb)
    if picture.mode != "RGB":
        return _grey_to_rgb(np.asarray(picture, np.float32))
    return np.asarray(picture, np.uint8)


def read_labels(path: Path, max_pixels: int) -> NDArray[np.uint8]:
    """Read a label map (H, W) uint8 from an indexed (its palette does not matter) or a grey image.

    Raises:
        BadSample: as for `read_image`, or `bad_labels`: it is a colour image.
    """

    def check_mode(picture: Pillow.Image) -> Pillow.Image:
        """Refuse colour images."""
        if picture.mode not in ("P", "L", "1"):
            raise BadSample("bad_labels", f"{path.name} is no indexed or grey picture, its mode is {picture.mode}")
        return picture

    return np.asarray(_decode(path, max_pixels, check_mode), np.uint8)


def _decode(path: Path, max_pixels: int, prepare: Callable[[Pillow.Image], Pillow.Image]) -> Pillow.Image:
    """Open, check, prepare and load an image; only Pillow's work on the file is guarded."""
    try:
        if path.stat().st_size == 0:
            raise BadSample("empty_file", f"{path.name} has 0 bytes")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's notes on odd tags
            with Pillow.open(path, formats=FORMATS) as picture:
                width, height = picture.size
                if width * height > max_pixels:
                    raise BadSample(
                        "too_large", f"{path.name} is {width}×{height}, more than ingest.max_pixels = {max_pixels}"
                    )
                prepared = prepare(picture)
                prepared.load()
                return prepared
    except FileNotFoundError:
        raise BadSample("missing_file", f"{path.name} is not there") from None
    except UnidentifiedImageError:
        raise BadSample("not_an_image", f"{path.name} holds no picture of a known format") from None
    except DECODER_ERRORS as error:
        if isinstance(error, OSError) and error.errno in PASSING:
            raise
        raise BadSample("damaged_image", f"{path.name}: {one_line(error)}") from None


def _upright_rgb(picture: Pillow.Image) -> Pillow.Image:
    """Turn an image upright and convert it to RGB; grey images of more than 8 bits keep their mode."""
    ImageOps.exif_transpose(picture, in_place=True)
    if picture.mode.startswith("I") or picture.mode == "F":
        return picture
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        transparent = picture.convert("RGBA")
        white = Pillow.new("RGBA", picture.size, "white")
        picture = Pillow.alpha_composite(white, transparent)
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def _grey_to_rgb(grey: NDArray[np.float32]) -> Image:
    """Convert grey values (H, W) of 16 bits and more to RGB (H, W, 3), keeping the upper eight bits."""
    top = 65535.0 if grey.max(initial=0) > 255 else 255.0
    return np.repeat((np.clip(grey / top, 0, 1) * 255).astype(np.uint8)[..., None], 3, axis=-1)


def crop_and_resize(image: Image, box: Box | None, size: tuple[int, int]) -> tuple[Image, Transform]:
    """Bring a box of an image to the working resolution without distorting it.

    The box grows about its centre to the shape of the result, so that all of it shows; pixels outside the image get the
    median colour of the image's edge.

    Args:
        image: (H, W, 3) uint8.
        box: x0, y0, x1, y1 in px of the image; None: all of it.
        size: (height, width) of the result, px.

    Returns:
        Working image (height, width, 3) uint8, and the transform (2, 3) from pixels of `image` to working pixels.

    Raises:
        BadSample: `outside`, the box lies outside the image.
    """
    height, width = image.shape[:2]
    x0, y0, x1, y1 = box if box is not None else (-0.5, -0.5, width - 0.5, height - 0.5)
    scale = min(size[1] / max(x1 - x0, 1.0), size[0] / max(y1 - y0, 1.0))
    left = (x0 + x1 - size[1] / scale) / 2
    top = (y0 + y1 - size[0] / scale) / 2
    # Only the part that shows is resized: whole pixels that cover it.
    first_column = max(0, int(np.floor(left + 0.5)))
    last_column = min(width, int(np.ceil(left + size[1] / scale + 0.5)))
    first_row = max(0, int(np.floor(top + 0.5)))
    last_row = min(height, int(np.ceil(top + size[0] / scale + 0.5)))
    if first_column >= last_column or first_row >= last_row:
        raise BadSample("outside", "the person's box lies outside the picture")
    part = image[first_row:last_row, first_column:last_column]
    columns = max(1, round(part.shape[1] * scale))
    rows = max(1, round(part.shape[0] * scale))
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    resized = np.asarray(cv2.resize(part, (columns, rows), interpolation=interpolation), np.uint8)
    x = round((first_column - 0.5 - left) * scale)
    y = round((first_row - 0.5 - top) * scale)
    scale_x = columns / part.shape[1]
    scale_y = rows / part.shape[0]
    transform = np.array(
        [
            [scale_x, 0, (0.5 - first_column) * scale_x - 0.5 + x],
            [0, scale_y, (0.5 - first_row) * scale_y - 0.5 + y],
        ],
        np.float32,
    )  # pixel centres: resizing maps x + 0.5 to scale_x (x + 0.5)
    return _place(resized, x, y, size, image), transform


def _place(part: Image, x: int, y: int, size: tuple[int, int], image: Image) -> Image:
    """Put a part of an image with its upper left pixel at x, y of a canvas of `size` (height, width), cut it there, fill the rest."""
    rows = min(part.shape[0], size[0] - max(y, 0))
    columns = min(part.shape[1], size[1] - max(x, 0))
    shown = part[max(-y, 0) :, max(-x, 0) :][:rows, :columns]
    if shown.shape[:2] == size:
        return shown
    above, before = max(y, 0), max(x, 0)
    below = size[0] - above - shown.shape[0]
    behind = size[1] - before - shown.shape[1]
    fill = _edge_colour(image).astype(int).tolist()
    return np.asarray(
        cv2.copyMakeBorder(shown, above, below, before, behind, cv2.BORDER_CONSTANT, value=fill), np.uint8
    )


def _edge_colour(image: Image) -> NDArray[np.float64]:
    """Return the median colour (3,) of an image's outermost pixels."""
    edge = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    return np.asarray(np.median(edge, axis=0), np.float64)


def box_around(keypoints: NDArray[np.floating], size: tuple[int, ...], margin: float = BOX_MARGIN) -> Box:
    """Compute the box around a person's keypoints, inside the image. The only such box: ingest, transfer and views crop by it.

    Args:
        keypoints: (K, 3) x, y in px, confidence (0 = missing).
        size: (height, width) of the image, px.
        margin: share of the longer side that is added all round.

    Raises:
        BadSample: `no_person`, fewer than two keypoints are present.
    """
    xy = keypoints[keypoints[:, 2] > 0, :2]
    if len(xy) < 2:
        raise BadSample("no_person", "fewer than two keypoints were found")
    low, high = xy.min(0), xy.max(0)
    border = margin * float((high - low).max())
    x0, y0 = np.maximum(low - border, -0.5)
    x1, y1 = np.minimum(high + border, (size[1] - 0.5, size[0] - 0.5))
    return float(x0), float(y0), float(x1), float(y1)


def apply_transform(transform: NDArray[np.floating], xy: NDArray[np.floating]) -> NDArray[np.float32]:
    """Map points (..., 2) px by a transform (2, 3)."""
    return np.asarray(xy @ transform[:, :2].T + transform[:, 2], np.float32)


def invert_transform(transform: NDArray[np.floating]) -> Transform:
    """Invert a transform (2, 3)."""
    inverse = np.linalg.inv(np.vstack([transform.astype(np.float64), (0, 0, 1)]))
    return inverse[:2].astype(np.float32)
