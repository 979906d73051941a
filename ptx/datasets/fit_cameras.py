"""Cameras of bodies that other tools fitted: each tool's own convention as a pinhole camera of the original image.

Positions in these files count from the image's edge, where ptx counts from the centre of the first pixel: the middle of a picture of W
pixels, W/2 in a file, is (W - 1)/2 here. So a body lies where its tool's own renderer draws it (pyrender, whose pixels have their centres
at halves: hmr2/utils/renderer.py, smplifyx/fit_single_frame.py). What the networks were trained on is not so clear: 4D-Humans' keypoints go
through OpenCV's affine transforms (hmr2/datasets/utils.py, `trans_point2d`), for which centres are at integers; the two differ by half a
pixel of the photograph, which no fit is exact to. HMR's formula is that of the packs' own points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.array_files import Arrays, rows
from ptx.datasets.foreign_files import Malformed

Floats = NDArray[np.float64]

DEFAULT_FOCAL_RATIO = 5000 / 256
"""Focal length over the longer side of the image, or the side of the crop, where a file gives none: 4D-Humans' value."""

HMR_FOCAL_PX = 500.0
"""Focal length of HMR in px of its crop."""

SMPLIFYX_FOCAL_PX = 5000.0
"""Focal length of SMPLify-X in px of the image; it writes it down only when told to."""

CAMERA_NAMES = (
    "pred_cam_t_full", "cam_t", "camera_translation", "camera_rotation", "scaled_focal_length", "focal_length", "f", "camera_center",
    "pred_cam", "pred_cam_t", "box_center", "box_size",
)  # fmt: skip
"""Arrays of the cameras of `cameras_of`."""

FIRST_PIXEL = 0.5
"""Position of the centre of a picture's first pixel in these files, px."""

HMR_CROP = ("proc_param.scale", "proc_param.img_size", "proc_param.start_pt")
"""How HMR cut its crop: the image times `scale`, `img_size` px about `start_pt`."""


@dataclass(frozen=True)
class Pinhole:
    """A perspective camera of the original image."""

    translation: Floats
    """(3,) metres from the camera to the body's origin, in the tool's frame."""
    focal: float | None = None
    """Focal length in px; None: `DEFAULT_FOCAL_RATIO` times the longer side."""
    centre: Floats | None = None
    """(2,) principal point in px; None: the middle of the image, ((W - 1)/2, (H - 1)/2)."""

    def project(self, points: Floats, size: tuple[int, int]) -> Floats:
        """Project points (K, 3), metres in the tool's frame, to pixels (K, 2) of an image of `size` (height, width)."""
        focal = DEFAULT_FOCAL_RATIO * max(size) if self.focal is None else self.focal
        centre = np.array([size[1] - 1, size[0] - 1]) / 2 if self.centre is None else self.centre
        xyz = points + self.translation
        return np.asarray(focal * xyz[:, :2] / xyz[:, 2:] + centre, np.float64)

    @property
    def finite(self) -> bool:
        """True if all numbers are finite."""
        given = [np.asarray(value) for value in (self.translation, self.focal, self.centre) if value is not None]
        return all(bool(np.isfinite(value).all()) for value in given)


def hmr_camera(weak: Floats, arrays: Arrays) -> Pinhole:
    """Convert HMR's weak-perspective camera (3,) scale, x, y of its crop to a pinhole camera of the image."""
    scale = rows(arrays, "proc_param.scale", 1)[0, 0]
    side = rows(arrays, "proc_param.img_size", 1)[0, 0]
    start = rows(arrays, "proc_param.start_pt", 2)[0]
    distance = HMR_FOCAL_PX / (weak[0] * 0.5 * side)
    return Pinhole(np.array([*weak[1:], distance]), float(HMR_FOCAL_PX / scale), start / scale)


def cameras_of(arrays: Arrays, count: int) -> Sequence[Pinhole | None]:
    """Build a camera for each of `count` bodies; None where the file has none that can be placed in the image.

    Raises:
        Malformed: the camera is turned, or an array has another size.
    """
    if "camera_rotation" in arrays and not np.allclose(rows(arrays, "camera_rotation", 9), np.eye(3).ravel()):
        raise Malformed("a camera that is turned is not understood")
    for name in ("pred_cam_t_full", "cam_t", "camera_translation"):
        if name in arrays:
            return _whole_image_cameras(arrays, name, count)
    if "box_center" in arrays and "box_size" in arrays:
        return _crop_cameras(arrays, count)
    return [None] * count


def _whole_image_cameras(arrays: Arrays, name: str, count: int) -> list[Pinhole]:
    """Build the cameras of a tool that places bodies in the whole image, from the translations called `name`."""
    focal = SMPLIFYX_FOCAL_PX if name == "camera_translation" else None
    for focal_name in ("f", "focal_length", "scaled_focal_length"):
        if focal_name in arrays and (focal_name != "f" or arrays["f"].size <= 2):  # elsewhere f is the faces
            focal = float(rows(arrays, focal_name, 1)[0, 0])  # of one image: the same for all bodies in it
    centre = rows(arrays, "camera_center", 2)[0] - FIRST_PIXEL if "camera_center" in arrays else None
    return [Pinhole(translation, focal, centre) for translation in rows(arrays, name, 3, count)]


def _crop_cameras(arrays: Arrays, count: int) -> Sequence[Pinhole | None]:
    """Build the cameras of a tool that looks at a square crop about each body."""
    if "pred_cam" in arrays:
        scale, x, y = rows(arrays, "pred_cam", 3, count).T
        translations = np.stack([x, y, 2 * DEFAULT_FOCAL_RATIO / scale], axis=1)
    elif "pred_cam_t" in arrays:
        translations = rows(arrays, "pred_cam_t", 3, count)
    else:
        return [None] * count
    sides = rows(arrays, "box_size", 1, count)[:, 0]
    centres = rows(arrays, "box_center", 2, count) - FIRST_PIXEL
    return [
        Pinhole(translation, float(DEFAULT_FOCAL_RATIO * side), centre)
        for translation, side, centre in zip(translations, sides, centres, strict=True)
    ]
