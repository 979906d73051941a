"""Draw what the stages store: each function takes arrays and returns an RGB image (H, W, 3) uint8."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ptx.geometry.camera import unproject
from ptx.geometry.joints import KEYPOINTS, LIMBS, keypoint
from ptx.geometry.labels import HIDDEN, VISIBLE
from ptx.geometry.mesh import interpolate, vertex_normals

Image = NDArray[np.uint8]
"""(H, W, 3) RGB."""

Colour = tuple[int, int, int]
"""Red, green, blue, 0 to 255."""

GARMENT_COLOURS = np.array(
    [
        (0, 0, 0), (110, 74, 36), (240, 190, 160), (214, 69, 65), (148, 82, 165), (240, 128, 178), (52, 101, 164), (245, 166, 35),
        (70, 70, 78), (226, 152, 108), (201, 120, 84), (88, 168, 90),
    ],
    np.uint8,
)  # fmt: skip
"""(12, 3) colour of each garment label (`ptx.labels`): hair and skin in colours that people expect."""

PART_COLOURS = np.array(
    [(246, 246, 246), (250, 190, 88), (86, 134, 199), (232, 92, 92), (108, 189, 130), (178, 110, 190), (94, 196, 204)],
    np.uint8,
)
"""(7, 3) colour of each body part: background, head, torso, left arm, right arm, left leg, right leg."""

RIGHT_COLOUR = (62, 166, 78)
"""Colour of the person's right side of a skeleton: green."""

LEFT_COLOUR = (220, 60, 60)
"""Colour of the person's left side of a skeleton: red."""

MIDDLE_COLOUR = (240, 190, 40)
"""Colour of the nose and the neck of a skeleton: yellow."""

POINT_COLOUR = (40, 130, 240)
"""RGB of the points of face and hands."""

RIM_COLOUR = (255, 255, 255)
"""Colour of the rim around each keypoint of a skeleton."""

VISIBLE_COLOUR = (90, 180, 110)
"""Colour of pixels whose body point the source shows: green."""

HIDDEN_COLOUR = (225, 110, 80)
"""Colour of pixels whose body point the source does not show: red."""

BACKGROUND_COLOUR = (246, 246, 246)
"""Colour of the background of flow and visibility."""

CLAY_COLOUR = np.array((222, 214, 232), np.float32)
"""(3,) colour of a body that is drawn as clay, before shading."""

LIGHT = np.array((0.35, 0.55, 0.76), np.float32)
"""(3,) direction to the light that shades clay, of about length 1: x right, y up, z towards the viewer."""

AMBIENT = 0.35
"""Brightness of clay that faces away from the light."""

DIFFUSE = 0.65
"""Brightness added where clay faces the light."""

RIM_LIGHT = (0.12, 0.6)
"""Brightness of a second light from the person's right, and that light's length: outlines stand out."""

WHEEL_VALUE = 242
"""Value (brightness, 0 to 255) of all colours of flow."""

LONGEST_PERCENTILE = 99
"""Percentile of the flow's length on the body that has full saturation, where no length is given."""

SKELETON_SCALE = 4
"""Factor by which a skeleton is drawn larger, and then reduced, for smooth thin lines."""

SUBPIXEL_BITS = 4
"""Fractional bits of the coordinates of OpenCV's drawing: 1/16 px."""


def draw_skeleton(image: Image, keypoints: NDArray[np.floating], thickness: float = 0.008) -> Image:
    """Draw keypoints and limbs over an image, the person's right side green and the left red: front and back look different.

    Args:
        image: (H, W, 3).
        keypoints: (18, 3) x, y in px, confidence; those of confidence 0 or NaN are left out.
        thickness: of the limbs, as a share of the image's longer side.
    """
    canvas = cv2.resize(image, None, fx=SKELETON_SCALE, fy=SKELETON_SCALE, interpolation=cv2.INTER_CUBIC)
    width = max(2, round(thickness * max(image.shape[:2]) * SKELETON_SCALE))
    present = np.isfinite(keypoints).all(1) & (keypoints[:, 2] > 0)
    centres = ((keypoints[:, :2] + 0.5) * SKELETON_SCALE - 0.5) * 2**SUBPIXEL_BITS
    points = np.where(present[:, None], centres, 0).astype(int).tolist()
    for a, b in LIMBS:
        if present[a] and present[b]:
            colour = _limb_colour(KEYPOINTS[a], KEYPOINTS[b])
            cv2.line(canvas, points[a], points[b], colour, width, cv2.LINE_AA, SUBPIXEL_BITS)
    radius = int(1.1 * width * 2**SUBPIXEL_BITS)
    for name in KEYPOINTS:
        k = keypoint(name)
        if present[k]:
            colour = _side_colour(name)
            cv2.circle(canvas, points[k], radius, RIM_COLOUR, -1, cv2.LINE_AA, SUBPIXEL_BITS)
            cv2.circle(canvas, points[k], int(0.75 * radius), colour, -1, cv2.LINE_AA, SUBPIXEL_BITS)
    return np.asarray(cv2.resize(canvas, image.shape[1::-1], interpolation=cv2.INTER_AREA), np.uint8)


def draw_points(image: Image, points: NDArray[np.floating], colour: Colour = POINT_COLOUR) -> Image:
    """Draw points (K, 3) x, y px, confidence over an image, each as one pixel; those of confidence 0 are left out."""
    out = image.copy()
    xy = np.rint(points[points[:, 2] > 0, :2]).astype(int)
    height, width = image.shape[:2]
    inside = ((xy >= 0) & (xy < (width, height))).all(1)
    out[xy[inside, 1], xy[inside, 0]] = colour
    return out


def cut_out(image: Image, mask: NDArray[np.uint8]) -> Image:
    """Lay what a mask (H, W) 0 to 255 shows of an image over white."""
    share = mask[..., None] / 255
    return np.asarray(np.rint(image * share + 255 * (1 - share)), np.uint8)


def _side_colour(name: str) -> Colour:
    """Return the colour of a keypoint by name."""
    if name.startswith("left_"):
        return LEFT_COLOUR
    return RIGHT_COLOUR if name.startswith("right_") else MIDDLE_COLOUR


def _limb_colour(first: str, second: str) -> Colour:
    """Return the colour of a limb: that of its second keypoint, of its first where the second is in the middle."""
    colour = _side_colour(second)
    return _side_colour(first) if colour == MIDDLE_COLOUR else colour


def draw_body(
    image: Image,
    face: NDArray[np.int32],
    bary: NDArray[np.float32],
    points: NDArray[np.float32],
    camera: NDArray[np.floating],
    faces: NDArray[np.int32],
    cover: float = 0.82,
) -> Image:
    """Draw a body as grey clay over an image.

    Args:
        image: (H, W, 3).
        face: (H, W) face of each pixel, -1 = none, of `rasterize`.
        bary: (H, W, 2) barycentric weights of `rasterize`.
        points: (V, 3) vertices as the camera sees them: u, v in px, depth in m.
        camera: (3,) px per metre, px, px.
        faces: (F, 3) vertices of each face.
        cover: opacity of the clay, 0 to 1.
    """
    out = image.copy()
    rows, columns = np.nonzero(face >= 0)
    if not len(rows):
        return out
    vertices = np.asarray(unproject(camera, points), np.float32)
    normals = interpolate(face[rows, columns], bary[rows, columns], faces, vertex_normals(vertices, faces))
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    strength, length = RIM_LIGHT
    rim = strength * np.clip(-normals[:, :1] @ [length], 0, 1)
    brightness = AMBIENT + DIFFUSE * np.clip(normals @ LIGHT, 0, 1) + rim
    clay = np.clip(brightness[:, None] * CLAY_COLOUR, 0, 255)
    out[rows, columns] = np.rint(cover * clay + (1 - cover) * image[rows, columns]).astype(np.uint8)
    return out


def draw_parts(part: NDArray[np.uint8]) -> Image:
    """Colour body part labels (H, W), 0 to 6."""
    return np.asarray(PART_COLOURS[part], np.uint8)


def draw_garments(labels: NDArray[np.uint8]) -> Image:
    """Colour garment labels (H, W), 0 to 11 (`ptx.labels`); the background is black."""
    return np.asarray(GARMENT_COLOURS[labels], np.uint8)


def draw_flow(flow: NDArray[np.floating], body: NDArray[np.bool_], longest: float | None = None) -> Image:
    """Colour flow: the hue is its direction, the saturation its length, as in `draw_wheel`.

    After the colour wheel of Baker et al., "A Database and Evaluation Methodology for Optical Flow", IJCV 2011, with a plain HSV
    circle for its hues.

    Args:
        flow: (H, W, 2) px.
        body: (H, W) pixels that are coloured; the others are blank.
        longest: length in px of full saturation; None: `LONGEST_PERCENTILE` of the lengths on the body.
    """
    length = np.linalg.norm(flow, axis=-1)
    if longest is None:
        longest = float(np.percentile(length[body], LONGEST_PERCENTILE)) if body.any() else 1.0
    hue = (np.degrees(np.arctan2(flow[..., 1], flow[..., 0])) % 360) / 2
    saturation = np.clip(length / max(longest, 1e-6), 0, 1) * 255
    hsv = np.stack([hue, saturation, np.full_like(hue, WHEEL_VALUE)], axis=-1)
    out = np.asarray(cv2.cvtColor(np.rint(hsv).astype(np.uint8), cv2.COLOR_HSV2RGB), np.uint8)
    out[~body] = BACKGROUND_COLOUR
    return out


def draw_wheel(side: int) -> Image:
    """Draw the legend of `draw_flow`, a disc in a square of `side` px: a flow has the colour of the point it leads to from the middle."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    radius = side * 0.42
    return draw_flow(np.stack([x, y], axis=-1), np.hypot(x, y) <= radius, radius)


def draw_visibility(visibility: NDArray[np.uint8]) -> Image:
    """Colour visibility labels (H, W): green where the source shows the body point, red where it does not."""
    out = np.empty((*visibility.shape, 3), np.uint8)
    out[:] = BACKGROUND_COLOUR
    out[visibility == VISIBLE] = VISIBLE_COLOUR
    out[visibility == HIDDEN] = HIDDEN_COLOUR
    return out


def blend(first: Image, second: Image, weight: float) -> Image:
    """Mix two images of one size: (1 - weight) first + weight second."""
    return np.asarray(cv2.addWeighted(first, 1 - weight, second, weight, 0), np.uint8)
