"""Garment labels of a person in a photograph, by a network that comes with ptx. Run by OpenCV, without torch."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ptx.detector.onnx_file import open_network
from ptx.detector.shipped import PARSER_MODEL, PARSER_SHA256
from ptx.geometry.framing import frame_box, warp_picture
from ptx.geometry.joints import keypoint
from ptx.geometry.keypoints import valid_keypoints

Floats = NDArray[np.float32]
Image = NDArray[np.uint8]
Labels = NDArray[np.uint8]

HEIGHT, WIDTH = 256, 192
"""Size of the picture that the network sees, px."""

MARGIN = 0.06
"""Room around the person on each side, in sides of the box around silhouette and keypoints."""

NEAR = 4
"""Px of the labels, of 128 from head to foot, by which a person may reach beyond the silhouette."""

LIMB_GROUPS = (
    (("nose", "right_eye"), ("nose", "left_eye"), ("right_eye", "right_ear"), ("left_eye", "left_ear"), ("nose", "neck")),
    (("right_shoulder", "right_hip"), ("left_shoulder", "left_hip"), ("right_shoulder", "left_shoulder"), ("right_hip", "left_hip")),
    (("right_shoulder", "right_elbow"), ("left_shoulder", "left_elbow")),
    (("right_elbow", "right_wrist"), ("left_elbow", "left_wrist")),
    (("right_hip", "right_knee"), ("left_hip", "left_knee")),
    (("right_knee", "right_ankle"), ("left_knee", "left_ankle")),
)  # fmt: skip
"""Keypoints that lines are drawn between in each map of the body: head, trunk, upper arms, forearms, thighs, shins."""

LIMB_WIDTH = 0.04
"""Standard deviation of a line's profile, in heights of what the network sees."""


class Parser:
    """Labels the pixels of a person. May be shared between threads: each has its own network."""

    def __init__(self, model: Path = PARSER_MODEL, sha256: str = PARSER_SHA256) -> None:
        """Load the network.

        Raises:
            PtxError: the file is missing or damaged.
        """
        self._nets = open_network(model, sha256, "parser")

    def __call__(self, image: Image, mask: NDArray[np.generic], keypoints: NDArray[np.floating]) -> Labels:
        """Label every pixel.

        Args:
            image: (H, W, 3) RGB.
            mask: (H, W) the person's silhouette, bool, 0 to 255 or 0 to 1.
            keypoints: (18, 3) x, y px, confidence; 0 or NaN where missing.

        Returns:
            (H, W) numbers of `ptx.labels.GARMENTS`.
        """
        scores, matrix = self.scores(image, mask, keypoints)
        size = image.shape[1::-1]
        back = cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR
        planes = [
            cv2.warpAffine(
                plane, matrix, size, flags=back, borderMode=cv2.BORDER_CONSTANT, borderValue=float(not i) - 0.5
            )
            for i, plane in enumerate(scores)
        ]
        return np.asarray(np.stack(planes).argmax(0), np.uint8)

    def scores(self, image: Image, mask: NDArray[np.generic], keypoints: NDArray[np.floating]) -> tuple[Floats, Floats]:
        """Compute probabilities (12, 128, 96) of the labels within the frame, and the matrix (2, 3) from px of the picture to theirs."""
        share = as_share(mask)
        matrix = frame(share, keypoints)
        shown = show(image, matrix)
        body = body_maps(warp(share, matrix), moved(keypoints, matrix))
        net = self._nets()
        net.setInput(np.ascontiguousarray(picture_blob(shown)[None]), "picture")
        net.setInput(np.ascontiguousarray(body[None]), "body")
        raw = np.asarray(net.forward()[0], np.float32)
        exponents = np.exp(raw - raw.max(0))
        return _of_the_person(exponents / exponents.sum(0), body[0]), matrix / np.float32(2)


def _of_the_person(scores: Floats, share: Floats) -> Floats:
    """Call background what lies far from the silhouette (128, 96): others in the picture. Where there is none all stays."""
    if not share.any():
        return scores
    side = 2 * NEAR + 1
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    far = cv2.dilate((share > 0.25).astype(np.uint8), brush) == 0
    out = np.where(far, np.float32(0), scores)
    out[0, far] = 1
    return out


def as_share(mask: NDArray[np.generic]) -> Floats:
    """Return a mask (H, W) of bool, 0 to 255 or 0 to 1 as the share of each pixel, 0 to 1."""
    share = mask.astype(np.float32)
    return share / np.float32(255) if mask.dtype == np.uint8 and mask.max(initial=0) > 1 else share


def frame(share: Floats, keypoints: NDArray[np.floating]) -> Floats:
    """Compute the matrix (2, 3) that maps px of a picture to those of what the network sees: the box around a person, in the middle.

    Args:
        share: (H, W) silhouette, 0 to 1.
        keypoints: (18, 3); those outside the picture do not count.
    """
    height, width = share.shape
    rows, columns = (np.flatnonzero((share > 0.5).any(axis)) for axis in (1, 0))
    corners = [np.array([[columns[0], rows[0]], [columns[-1], rows[-1]]], np.float64)] if len(rows) else []
    points = keypoints[valid_keypoints(keypoints), :2].astype(np.float64)
    inside = points[((points >= 0) & (points <= (width - 1, height - 1))).all(1)]
    corners += [inside] if len(inside) > 1 else []
    corners = corners or [np.array([[0, 0], [width - 1, height - 1]], np.float64)]
    low, high = np.concatenate(corners).min(0), np.concatenate(corners).max(0)
    return frame_box(low, high, (HEIGHT, WIDTH), MARGIN)


def show(image: Image, matrix: Floats) -> Image:
    """Draw what the network sees (256, 192, 3) of an image (H, W, 3); grey beyond its edges."""
    return warp_picture(image, matrix, (HEIGHT, WIDTH), value=(127, 127, 127))


def warp(plane: Floats, matrix: Floats) -> Floats:
    """Draw a plane (H, W) as `show` draws the picture; 0 beyond its edges."""
    return warp_picture(plane, matrix, (HEIGHT, WIDTH))


def moved(keypoints: NDArray[np.floating], matrix: Floats) -> Floats:
    """Move keypoints (18, 3) as a matrix (2, 3) says."""
    out = keypoints.astype(np.float32)
    out[:, :2] = out[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    return out


def picture_blob(shown: Image) -> Floats:
    """Turn (H, W, 3) 0..255 into (3, H, W) -1..1."""
    return shown.astype(np.float32).transpose(2, 0, 1) / np.float32(127.5) - np.float32(1)


def body_maps(share: Floats, keypoints: NDArray[np.floating]) -> Floats:
    """Draw what is known of the body, half as large as what the network sees: (7, 128, 96), 0 to 1.

    Args:
        share: (256, 192) silhouette; all zero where it is not known.
        keypoints: (18, 3) px of the same frame.

    Returns:
        The silhouette, then the lines of each of `LIMB_GROUPS`.
    """
    height, width = share.shape[0] // 2, share.shape[1] // 2
    half = cv2.resize(share, (width, height), interpolation=cv2.INTER_AREA)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    sigma = LIMB_WIDTH * height
    known = valid_keypoints(keypoints)
    points = (keypoints[:, :2].astype(np.float32) - 0.5) / 2
    maps = [half.astype(np.float32)]
    for group in LIMB_GROUPS:
        nearest = np.full((height, width), np.inf, np.float32)
        for names in group:
            start, end = (keypoint(name) for name in names)
            if known[start] and known[end]:
                nearest = np.minimum(nearest, _squared_distance(x, y, points[start], points[end]))
        maps.append(np.exp(-nearest / np.float32(2 * sigma**2)))
    return np.stack(maps)


def _squared_distance(x: Floats, y: Floats, start: Floats, end: Floats) -> Floats:
    """Squared distance (H, W) of pixels to the line between two points (2,)."""
    along = end - start
    dx, dy = x - start[0], y - start[1]
    position = np.clip((dx * along[0] + dy * along[1]) / max(float(along @ along), 1e-6), 0, 1)
    return np.asarray((dx - position * along[0]) ** 2 + (dy - position * along[1]) ** 2, np.float32)
