"""One drawing a function: each takes what a stage stores and gives an RGB picture (H, W, 3) uint8."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ptx.geometry.camera import unproject
from ptx.geometry.joints import LIMBS
from ptx.geometry.keypoints import valid_keypoints
from ptx.geometry.labels import HIDDEN, VISIBLE
from ptx.geometry.mesh import interpolate, vertex_normals

Image = NDArray[np.uint8]

GARMENT_COLOURS = np.array(
    [
        (0, 0, 0), (110, 74, 36), (240, 190, 160), (214, 69, 65), (148, 82, 165), (240, 128, 178), (52, 101, 164), (245, 166, 35),
        (70, 70, 78), (226, 152, 108), (201, 120, 84), (88, 168, 90),
    ],
    np.uint8,
)  # fmt: skip
"""Of the labels 0..11: skin, hair and cloth in colours that people expect."""

PART_COLOURS = np.array(
    [(246, 246, 246), (250, 190, 88), (86, 134, 199), (232, 92, 92), (108, 189, 130), (178, 110, 190), (94, 196, 204)],
    np.uint8,
)
"""Background, head, torso, left arm, right arm, left leg, right leg."""

RIGHT, LEFT, MIDDLE = (62, 166, 78), (220, 60, 60), (240, 190, 40)
"""Colours of a skeleton's sides: the person's left is red."""

VISIBLE_COLOUR, HIDDEN_COLOUR, BACKGROUND_COLOUR = (90, 180, 110), (225, 110, 80), (246, 246, 246)

CLAY = np.array((222, 214, 232), np.float32)


def draw_skeleton(image: Image, keypoints: NDArray[np.floating], thickness: float = 0.008) -> Image:
    """Keypoints (18, 3) and limbs over a picture; missing ones (confidence 0 or NaN) are left out.

    The person's right side is green, the left red, so that front and back cannot be confused.
    """
    shift, scale = 4, 4  # cv2 draws at 1/16 px; drawn larger for smooth thin lines
    out = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    width = max(2, round(thickness * max(image.shape[:2]) * scale))
    there = valid_keypoints(keypoints)
    places = np.where(there[:, None], ((keypoints[:, :2] + 0.5) * scale - 0.5) * 2**shift, 0).astype(int)
    for a, b in LIMBS:
        if there[a] and there[b]:
            colour = _side_colour(b if b not in (0, 1) else a)
            cv2.line(out, tuple(places[a]), tuple(places[b]), colour, width, cv2.LINE_AA, shift)
    for k in np.flatnonzero(there):
        radius = int(1.1 * width * 2**shift)
        cv2.circle(out, tuple(places[k]), radius, (255, 255, 255), -1, cv2.LINE_AA, shift)
        cv2.circle(out, tuple(places[k]), int(0.75 * radius), _side_colour(k), -1, cv2.LINE_AA, shift)
    return cv2.resize(out, image.shape[1::-1], interpolation=cv2.INTER_AREA)


def _side_colour(k: int) -> tuple[int, int, int]:
    if k in (0, 1):
        return MIDDLE
    return RIGHT if k in (2, 3, 4, 8, 9, 10, 14, 16) else LEFT


def draw_body(
    image: Image,
    face: NDArray[np.int32],
    bary: NDArray[np.float32],
    points: NDArray[np.float32],
    camera: NDArray[np.floating],
    faces: NDArray[np.int32],
    cover: float = 0.82,
) -> Image:
    """The body as grey clay over a picture.

    face (H, W), bary (H, W, 2): from `rasterize`; points (V, 3) as the camera (3,) sees them; cover: 0..1.
    """
    out = image.copy()
    rows, columns = np.nonzero(face >= 0)
    if not len(rows):
        return out
    normals = vertex_normals(np.asarray(unproject(camera, points), np.float32), faces)
    n = interpolate(face[rows, columns], bary[rows, columns], faces, normals)
    n /= np.maximum(np.linalg.norm(n, axis=1, keepdims=True), 1e-12)
    light = np.array((0.35, 0.55, 0.76), np.float32)
    shade = 0.35 + 0.65 * np.clip(n @ light, 0, 1) + 0.12 * np.clip(-n[:, :1] @ [0.6], 0, 1)
    clay = np.clip(shade[:, None] * CLAY, 0, 255)
    out[rows, columns] = np.rint(cover * clay + (1 - cover) * image[rows, columns]).astype(np.uint8)
    return out


def draw_parts(part: NDArray[np.uint8]) -> Image:
    """Part labels (H, W) 0..6 in colours."""
    return PART_COLOURS[part]


def draw_garments(labels: NDArray[np.uint8]) -> Image:
    """Garment labels (H, W) 0..11 (`ptx.labels`) in colours, background black."""
    return GARMENT_COLOURS[labels]


def draw_flow(flow: NDArray[np.floating], body: NDArray[np.bool_], longest: float | None = None) -> Image:
    """Flow (H, W, 2) px as colours: hue is the direction, saturation the length over the longest; white off the body.

    After the colour wheel of Baker et al., A Database and Evaluation Methodology for Optical Flow, IJCV 2011, with a
    plain HSV circle for its hues.
    """
    length = np.linalg.norm(flow, axis=-1)
    if longest is None:
        longest = float(np.percentile(length[body], 99)) if body.any() else 1.0
    hue = (np.degrees(np.arctan2(flow[..., 1], flow[..., 0])) % 360) / 2
    saturation = np.clip(length / max(longest, 1e-6), 0, 1) * 255
    hsv = np.stack([hue, saturation, np.full_like(hue, 242)], axis=-1)
    out = cv2.cvtColor(np.rint(hsv).astype(np.uint8), cv2.COLOR_HSV2RGB)
    out[~body] = BACKGROUND_COLOUR
    return np.asarray(out, np.uint8)


def draw_wheel(side: int) -> Image:
    """The colours of `draw_flow`: where on the disc a colour lies is where its flow points."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    radius = side * 0.42
    return draw_flow(np.stack([x, y], axis=-1), np.hypot(x, y) <= radius, radius)


def draw_visibility(visibility: NDArray[np.uint8]) -> Image:
    """Labels (H, W): green where the source shows the point, red where it does not."""
    out = np.empty((*visibility.shape, 3), np.uint8)
    out[:] = BACKGROUND_COLOUR
    out[visibility == VISIBLE] = VISIBLE_COLOUR
    out[visibility == HIDDEN] = HIDDEN_COLOUR
    return out


def blend(a: Image, b: Image, share: float) -> Image:
    """(1 - share) a + share b."""
    return cv2.addWeighted(a, 1 - share, b, share, 0)
