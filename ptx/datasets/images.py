"""Read image files, bring them to the working resolution, and map coordinates between the two."""

from __future__ import annotations

import errno
import struct
import warnings
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageOps, PngImagePlugin, UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile

from ptx.datasets.colour import MAX_PROFILE_BYTES, Profile, to_srgb
from ptx.datasets.picture_formats import format_hint, formats
from ptx.pipeline.errors import BadSample, one_line

T = TypeVar("T")

Pillow.MAX_IMAGE_PIXELS = None  # `read_image` has a bound of its own, which the user can set
PngImagePlugin.MAX_TEXT_CHUNK = (
    MAX_PROFILE_BYTES  # Pillow refuses pictures with profiles of more than 1 MB, which screens have
)

Image = NDArray[np.uint8]
"""(H, W, 3) RGB."""

Transform = NDArray[np.float32]
"""(2, 3) affine map of pixel coordinates, whose centres are at integers: xy = transform @ (x, y, 1)."""

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 in px; the whole image is (-0.5, -0.5, W - 0.5, H - 0.5)."""

Frame = Literal["picture", "person"]
"""Part of a photograph that is brought to the working resolution: all of it, or the person cut out of it."""

MAX_PIXELS = 100_000_000
"""Pixels of the largest picture that is decoded, unless the user sets another bound."""

BOX_MARGIN = 0.15
"""Share of the longer side of a person's keypoints that is added all round: keypoints end at the ankles and the eyes."""

DECODER_ERRORS = (
    OSError, SyntaxError, EOFError, ValueError, TypeError, KeyError, IndexError, OverflowError, RuntimeError, struct.error, zlib.error,
)  # fmt: skip
"""Exceptions of Pillow on damaged files, which its decoders, its EXIF parser and its palettes do not translate."""

PASSING = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ESTALE, errno.ETIMEDOUT)
"""Errors of the operating system that say nothing about the file: the run ends, and goes on later."""


class Picture(NamedTuple):
    """A picture file as it is read."""

    image: Image
    """(H, W, 3) uint8 RGB."""
    profile: Profile
    """Its colour profile."""


def read_image(path: Path, max_pixels: int) -> Image:
    """Return the pixels (H, W, 3) of `read_picture`."""
    return read_picture(path, max_pixels).image


def read_picture(path: Path, max_pixels: int) -> Picture:
    """Read a picture as people see it: upright (EXIF), in sRGB by its colour profile, transparent parts on white.

    The white of grey pictures of more than 8 bits is what their type says: the largest number of their bits, or 1 of floats.

    Args:
        path: the file.
        max_pixels: larger pictures are refused before anything is decoded.

    Raises:
        BadSample: `missing_file`, `empty_file`, `too_large`, `not_an_image`, `damaged_image` or `unknown_range`.
    """
    decoded = _decode(path, max_pixels, lambda picture: _upright_rgb(picture, path.name))
    if decoded.white is None:
        return Picture(np.asarray(decoded.picture, np.uint8), decoded.profile)
    grey = np.asarray(decoded.picture, np.float32) / np.float32(decoded.white)
    if not (grey.min() >= 0 and grey.max() <= 1):
        raise BadSample("unknown_range", f"{path.name} holds floats that are not all between 0 (black) and 1 (white)")
    image = _grey_to_rgb(1 - grey if decoded.negative else grey)
    picture = Pillow.fromarray(image[..., 0])
    picture.info["icc_profile"] = decoded.picture.info.get("icc_profile")
    converted, profile = to_srgb(picture)
    return Picture(np.asarray(converted, np.uint8) if profile == "converted" else image, profile)


def read_labels(path: Path, max_pixels: int) -> NDArray[np.uint8]:
    """Read a label map (H, W) uint8 from an indexed (its palette does not matter) or a grey image.

    Raises:
        BadSample: as for `read_image`, or `bad_labels`: it is a colour image.
    """

    def check_mode(picture: Pillow.Image) -> Pillow.Image:
        """Refuse colour images."""
        if picture.mode not in ("P", "L", "1"):
            raise BadSample("bad_labels", f"{path.name} is no indexed or grey picture, its mode is {picture.mode}")
        picture.load()
        return picture

    return np.asarray(_decode(path, max_pixels, check_mode), np.uint8)


def _decode(path: Path, max_pixels: int, load: Callable[[Pillow.Image], T]) -> T:
    """Open, check and load an image; only Pillow's work on the file is guarded."""
    try:
        if path.stat().st_size == 0:
            raise BadSample("empty_file", f"{path.name} has 0 bytes")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's notes on odd tags
            with Pillow.open(path, formats=formats()) as picture:
                width, height = picture.size
                if width * height > max_pixels:
                    raise BadSample(
                        "too_large", f"{path.name} is {width}×{height}, more than ingest.max_pixels = {max_pixels}"
                    )
                return load(picture)
    except FileNotFoundError:
        raise BadSample("missing_file", f"{path.name} is not there") from None
    except UnidentifiedImageError:
        hint = format_hint(path)
        raise BadSample("not_an_image", f"{path.name} {hint or 'holds no picture of a known format'}") from None
    except DECODER_ERRORS as error:
        if isinstance(error, OSError) and error.errno in PASSING:
            raise
        raise BadSample("damaged_image", f"{path.name}: {one_line(error)}") from None


class _Decoded(NamedTuple):
    """A picture, upright."""

    picture: Pillow.Image
    """RGB, or grey of more than 8 bits."""
    profile: Profile
    """Its colour profile; not yet known of grey ones of more than 8 bits."""
    white: float | None = None
    """Value of white, of grey pictures of more than 8 bits."""
    negative: bool = False
    """True where these count from white to black."""


def _upright_rgb(picture: Pillow.Image, name: str) -> _Decoded:
    """Turn an image upright and convert it to RGB; grey images of more than 8 bits keep their mode."""
    if picture.mode.startswith("I") or picture.mode == "F":
        white = _white(picture, name)
        negative = _tiff_tag(picture, PHOTOMETRIC_TAG) == WHITE_IS_ZERO
        ImageOps.exif_transpose(picture, in_place=True)
        picture.load()
        return _Decoded(picture, "none", white, negative)
    ImageOps.exif_transpose(picture, in_place=True)
    picture, profile = to_srgb(picture)
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        transparent = picture.convert("RGBA")
        white_picture = Pillow.new("RGBA", picture.size, "white")
        picture = Pillow.alpha_composite(white_picture, transparent)
    picture = picture if picture.mode == "RGB" else picture.convert("RGB")
    picture.load()
    return _Decoded(picture, profile)


BITS_TAG, PHOTOMETRIC_TAG = 258, 262
"""Tags of TIFF: bits of a sample; what its numbers mean."""

WHITE_IS_ZERO = 0
"""Value of the latter where numbers count from white to black; Pillow turns those of 8 bits itself."""


def _white(picture: Pillow.Image, name: str) -> float:
    """Return the value that is white in a grey picture of more than 8 bits, by its type alone.

    Raises:
        BadSample: `unknown_range`, whole numbers whose type does not say.
    """
    if picture.mode == "F":
        return 1.0
    bits = _tiff_tag(picture, BITS_TAG)
    if picture.mode == "I" and bits is not None:  # 32 bits, or 16 with a sign; other formats give 16 bits in this mode
        raise BadSample("unknown_range", f"{name} holds signed numbers or such of 32 bits: nothing says which is white")
    return float(2 ** (bits or 16) - 1)


def _tiff_tag(picture: Pillow.Image, tag: int) -> int | None:
    """Return the first number of a tag of a TIFF; None where there is none, or the picture is no TIFF."""
    if not isinstance(picture, TiffImageFile):
        return None
    value = picture.tag_v2.get(tag)
    first = value[0] if isinstance(value, tuple) and value else value
    return first if isinstance(first, int) else None


def _grey_to_rgb(grey: NDArray[np.float32]) -> Image:
    """Convert grey values (H, W), 0 to 1, to RGB (H, W, 3), keeping the upper eight bits."""
    return np.repeat((grey * 255).astype(np.uint8)[..., None], 3, axis=-1)


def photograph_area(transform: Transform, original: Sequence[int], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Mark the pixels of a working picture that are the photograph's, and no filling beyond its edge.

    Args:
        transform: (2, 3) from pixels of the photograph to working pixels (`crop_and_resize`).
        original: height, width of the photograph, px.
        size: height, width of the working picture, px.

    Returns:
        (height, width).
    """
    corners = np.array([(-0.5, -0.5), (original[1] - 0.5, original[0] - 0.5)], np.float32)
    (left, top), (right, bottom) = np.ceil(apply_transform(transform, corners)).astype(int)
    out = np.zeros(size, np.bool_)
    out[max(0, top) : max(0, bottom), max(0, left) : max(0, right)] = True
    return out


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
    scale, left, top = _fit_box(box if box is not None else whole_box((height, width)), size)
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


def crop_transform(box: Box, size: tuple[int, int]) -> Transform:
    """Compute the transform (2, 3) of `crop_and_resize` where there is no picture, up to its rounding to whole pixels.

    Args:
        box: x0, y0, x1, y1 in px of the picture.
        size: (height, width) of the result, px.
    """
    scale, left, top = _fit_box(box, size)
    return np.array([[scale, 0, -left * scale - 0.5], [0, scale, -top * scale - 0.5]], np.float32)


def whole_box(size: tuple[int, int]) -> Box:
    """Return the box of all of an image of `size` (height, width)."""
    return -0.5, -0.5, size[1] - 0.5, size[0] - 0.5


def _fit_box(box: Box, size: tuple[int, int]) -> tuple[float, float, float]:
    """Return the scale at which a box fits into `size` (height, width), and left and top of what shows then, px of the image."""
    x0, y0, x1, y1 = box
    scale = min(size[1] / max(x1 - x0, 1.0), size[0] / max(y1 - y0, 1.0))
    return scale, (x0 + x1 - size[1] / scale) / 2, (y0 + y1 - size[0] / scale) / 2


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


def box_around(keypoints: NDArray[np.floating], size: Sequence[float], margin: float = BOX_MARGIN) -> Box:
    """Compute the box around a person's keypoints, inside the image. The only such box: ingest, transfer and views crop by it.

    Args:
        keypoints: (K, 3) x, y in px, confidence (0 = missing).
        size: (height, width) of the image, px; infinite where it is not known.
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
