"""What is done to drawn people so that what is learned from them holds of photographs, and of silhouettes and keypoints that are wrong."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ptx.detector.parsing import HEIGHT, WIDTH, body_maps, frame, moved, picture_blob, show, warp
from ptx.geometry.joints import MIRRORED_KEYPOINTS, keypoint
from ptx.labels import garment

Floats = NDArray[np.float32]
Image = NDArray[np.uint8]
Labels = NDArray[np.uint8]

IGNORED = 255
"""Label of pixels that no loss looks at."""

HAIR_TONES = (
    (20, 18, 18),
    (60, 40, 28),
    (110, 75, 45),
    (170, 130, 80),
    (215, 190, 140),
    (150, 145, 140),
    (140, 60, 30),
)
"""RGB of hair."""

_SKIRTS = (garment("skirt"), garment("dress"))
_HIPS = (keypoint("left_hip"), keypoint("right_hip"))
_KNEES = (keypoint("left_knee"), keypoint("right_knee"))

WRISTS = (keypoint("left_wrist"), keypoint("right_wrist"))


@dataclass(frozen=True)
class Example:
    """What the network sees of a person, and what it should say."""

    picture: Floats
    """(3, 256, 192) in -1..1."""
    body: Floats
    """(7, 128, 96)"""
    labels: Labels
    """(128, 96), 255 where there is no truth: every other pixel."""


def plain_example(image: Image, labels: Labels, keypoints: Floats) -> Example:
    """Frame a picture as it is, with its true silhouette and keypoints."""
    share = (labels > 0).astype(np.float32)
    matrix = frame(share, keypoints)
    body = body_maps(warp(share, matrix), moved(keypoints, matrix))
    return Example(picture_blob(show(image, matrix)), body, _warp_labels(labels, matrix)[::2, ::2])


def augmented(
    image: Image, labels: Labels, keypoints: Floats, wall: Image, cloths: Image, rng: np.random.Generator
) -> Example:
    """Change a picture (H, W, 3) with labels (H, W) and keypoints (18, 3) at random.

    `wall` (H, W, 3) may come behind the person, and cloth of `cloths` (K, h, w, 3) on them.
    """
    image, labels, keypoints = _cropped(*_mirrored(image, labels, keypoints, rng), rng)
    image = _redyed(image, labels, cloths, rng)
    image = _before(image, labels, wall, rng)
    image, labels = _holding(image, labels, keypoints, wall, rng)
    share = _found_silhouette(labels, rng)
    points = _found_keypoints(keypoints, labels, rng)
    matrix = _jittered(frame(share if share.any() else (labels > 0).astype(np.float32), points), rng)
    if rng.random() < 0.06:
        share = np.zeros_like(share)
    body = body_maps(warp(share, matrix), moved(points, matrix))
    shown, truth = show(image, matrix), _warp_labels(labels, matrix)
    shown, truth = _erased(_photographed(shown, rng), truth, rng)
    return Example(picture_blob(shown), body, truth[::2, ::2])


def _warp_labels(labels: Labels, matrix: Floats) -> Labels:
    """Frame labels; 255 beyond the picture's edges, where the product calls everything background."""
    warped = cv2.warpAffine(labels, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_NEAREST, borderValue=IGNORED)
    return np.asarray(warped, np.uint8)


def _mirrored(
    image: Image, labels: Labels, keypoints: Floats, rng: np.random.Generator
) -> tuple[Image, Labels, Floats]:
    if rng.random() < 0.5:
        return image, labels, keypoints
    points = keypoints[list(MIRRORED_KEYPOINTS)]
    points[:, 0] = image.shape[1] - 1 - points[:, 0]
    return np.ascontiguousarray(image[:, ::-1]), np.ascontiguousarray(labels[:, ::-1]), points


def _cropped(image: Image, labels: Labels, keypoints: Floats, rng: np.random.Generator) -> tuple[Image, Labels, Floats]:
    """Let the picture end within the person: below, above or at a side.

    Many photographs end at the thighs, where drawn people's trousers look as skirts do: such are cut out of most that show trousers.
    """
    if rng.random() < 0.55:
        return image, labels, keypoints
    rows, columns = np.flatnonzero((labels > 0).any(1)), np.flatnonzero((labels > 0).any(0))
    top, bottom, left, right = rows[0], rows[-1], columns[0], columns[-1]
    tall, wide = bottom - top, right - left
    y0, y1, x0, x1 = 0, image.shape[0], 0, image.shape[1]
    thigh = _thigh(keypoints)
    if thigh is not None and rng.random() < (0.2 if np.isin(labels, _SKIRTS).any() else 0.6):
        y1 = int(thigh[0] + rng.uniform(0.1, 0.7) * (thigh[1] - thigh[0]))
    elif rng.random() < 0.7:
        y1 = int(bottom - rng.uniform(0.03, 0.6) * tall)
    if rng.random() < 0.25:
        y0 = int(top + rng.uniform(0.02, 0.25) * tall)
    if rng.random() < 0.2:
        x0 = int(left + rng.uniform(0, 0.3) * wide)
    if rng.random() < 0.2:
        x1 = int(right - rng.uniform(0, 0.3) * wide)
    if y1 - y0 < 48 or x1 - x0 < 36 or (labels[y0:y1, x0:x1] > 0).sum() < 800:
        return image, labels, keypoints
    points = keypoints - np.array([x0, y0, 0], np.float32)
    outside = (points[:, :2] < 0).any(1) | (points[:, 0] >= x1 - x0) | (points[:, 1] >= y1 - y0)
    points[outside, 2] = 0
    return image[y0:y1, x0:x1], labels[y0:y1, x0:x1], points


def _thigh(keypoints: Floats) -> tuple[float, float] | None:
    """Return the rows of hips and knees, the one below the other; None where they are not known."""
    hips, knees = keypoints[list(_HIPS)], keypoints[list(_KNEES)]
    if not (hips[:, 2] > 0).all() or not (knees[:, 2] > 0).all():
        return None
    upper, lower = float(hips[:, 1].mean()), float(knees[:, 1].min())
    return (upper, lower) if lower > upper + 10 else None


def _redyed(image: Image, labels: Labels, cloths: Image, rng: np.random.Generator) -> Image:
    """Give garments and hair other colours and cloth.

    Most are plain: drawn people wear more prints than photographed ones. Cloth is of any label, since of the drawn ones some labels wear
    photographed cloth more often than others, which is nothing to be learned.
    """
    out = image.astype(np.float32)
    for label in np.unique(labels):
        if label in _SKIN or rng.random() > 0.45:
            continue
        where = labels == label
        colours = out[where]
        if label != garment("hair") and rng.random() < 0.35:
            cloth = _laid(cloths[rng.integers(len(cloths))], labels.shape, rng)[where]
            light = colours.mean(1, keepdims=True) / max(float(colours.mean()), 8.0)
            out[where] = cloth * light ** np.float32(rng.uniform(0.4, 1.2))
            continue
        if label == garment("hair"):
            tone = np.array(HAIR_TONES[rng.integers(len(HAIR_TONES))], np.float32)
            flat, light = 0.0, colours.mean(1, keepdims=True)
        else:
            tone = np.clip(rng.uniform(0, 255) + rng.normal(0, 45, 3), 8, 245).astype(np.float32)
            flat, light = rng.choice([0.0, 0.5, 0.85]), colours.mean(1, keepdims=True)
        light = flat * cv2.GaussianBlur(out.mean(2), (0, 0), 5)[where][:, None] + (1 - flat) * light
        mixed = tone * light / max(float(light.mean()), 8.0)
        share = rng.choice([1.0, 1.0, 0.6])
        out[where] = share * mixed + (1 - share) * colours
    return np.clip(out, 0, 255).astype(np.uint8)


_SKIN = tuple(garment(name) for name in ("background", "face", "arms", "legs"))


def _laid(cloth: Image, size: tuple[int, ...], rng: np.random.Generator) -> Floats:
    """Lay a cloth over a picture (H, W), as large as it comes."""
    scale = float(rng.uniform(0.4, 2))
    tile = cv2.resize(cloth, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    down, right = (int(rng.integers(side)) for side in tile.shape[:2])
    rolled = np.roll(tile, (down, right), (0, 1))
    repeats = (-(-size[0] // tile.shape[0]), -(-size[1] // tile.shape[1]), 1)
    return np.tile(rolled, repeats)[: size[0], : size[1]].astype(np.float32)


def _before(image: Image, labels: Labels, wall: Image, rng: np.random.Generator) -> Image:
    """Now and then put a plain ground, a gradient or another picture behind the person."""
    chance = rng.random()
    if chance > 0.6:
        return image
    height, width = labels.shape
    if chance < 0.35:
        grey = rng.choice([255, 245, 230, 200, 128, 40]) + rng.normal(0, 6, 3)
        slope = rng.normal(0, 20) * np.linspace(-1, 1, height, dtype=np.float32)[:, None, None]
        ground = np.broadcast_to(grey + slope, (height, width, 3)).astype(np.float32)
    else:
        ground = cv2.resize(wall, (width, height)).astype(np.float32)
        ground = cv2.GaussianBlur(ground, (0, 0), float(rng.uniform(0.3, 4)))
    person = cv2.GaussianBlur((labels > 0).astype(np.float32), (0, 0), 0.8)[..., None]
    return np.clip(image * person + ground * (1 - person), 0, 255).astype(np.uint8)


def _holding(
    image: Image, labels: Labels, keypoints: Floats, wall: Image, rng: np.random.Generator
) -> tuple[Image, Labels]:
    """Now and then hang a bag at a wrist, of the colours of another picture: drawn people hold nothing."""
    if rng.random() > 0.15:
        return image, labels
    x, y, known = keypoints[WRISTS[rng.integers(2)]]
    if not (known > 0 and 0 <= x < labels.shape[1] and 0 <= y < labels.shape[0]):
        return image, labels
    rows = np.flatnonzero((labels > 0).any(1))
    unit = (rows[-1] - rows[0]) * float(rng.uniform(0.05, 0.12))
    corners = rng.uniform(-1, 1, (7, 2)) * (unit, unit * 0.9) + (x, y + unit)
    shape = np.zeros_like(labels)
    cv2.fillConvexPoly(shape, cv2.convexHull(corners.astype(np.int32)), 1)
    hands = (labels == garment("arms")) & (rng.random() < 0.7)
    where = (shape > 0) & ~hands
    stuff = cv2.resize(wall, labels.shape[::-1]).astype(np.float32) * rng.uniform(0.3, 1.2)
    plain = np.clip(rng.uniform(0, 255) + rng.normal(0, 40, 3), 0, 255)
    stuff = stuff if rng.random() < 0.4 else 0.15 * stuff + 0.85 * plain
    image, labels = image.copy(), labels.copy()
    image[where] = np.clip(stuff[where], 0, 255).astype(np.uint8)
    labels[where] = garment("accessory")
    return image, labels


def _found_silhouette(labels: Labels, rng: np.random.Generator) -> Floats:
    """Return the silhouette as a detector finds it: wider, narrower, with holes and lumps, blurred."""
    mask = (labels > 0).astype(np.uint8)
    if rng.random() < 0.2:
        return mask.astype(np.float32)
    scale = max(labels.shape) / 320
    side = 2 * int(rng.integers(0, max(2, round(5 * scale)))) + 1
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    mask = np.asarray(cv2.dilate(mask, brush) if rng.random() < 0.5 else cv2.erode(mask, brush), np.uint8)
    rows, columns = np.nonzero(labels)
    for _ in range(int(rng.choice([0, 0, 1, 2, 3]))):
        i = rng.integers(len(rows))
        axes = (rng.uniform(0.02, 0.09, 2) * max(labels.shape)).astype(int)
        value = int(rng.random() < 0.4)
        cv2.ellipse(mask, (int(columns[i]), int(rows[i])), axes.tolist(), float(rng.uniform(0, 180)), 0, 360, value, -1)
    return np.asarray(cv2.GaussianBlur(mask.astype(np.float32), (0, 0), float(rng.uniform(0.3, 3.5) * scale + 0.1)))


def _found_keypoints(keypoints: Floats, labels: Labels, rng: np.random.Generator) -> Floats:
    """Return keypoints as a detector finds them: beside their place, some missing, now and then all."""
    out = keypoints.copy()
    spread = rng.choice([0.003, 0.01, 0.025]) * np.ptp(np.flatnonzero(labels.any(1)))
    out[:, :2] += rng.normal(0, spread, (len(out), 2)).astype(np.float32)
    out[rng.random(len(out)) < 0.05, 2] = 0
    if rng.random() < 0.06:
        out[:, 2] = 0
    return out


def _jittered(matrix: Floats, rng: np.random.Generator) -> Floats:
    """Turn, scale and shift what the network sees."""
    turn = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), float(rng.normal(0, 6)), float(rng.uniform(0.8, 1.12)))
    turn[:, 2] += rng.normal(0, 0.03, 2) * (WIDTH, HEIGHT)
    wide = np.vstack([matrix, (0, 0, 1)])
    return np.asarray(turn @ wide, np.float32)


def _photographed(image: Image, rng: np.random.Generator) -> Image:
    """Other exposure, colours, sharpness and noise; as small a picture as 176 x 256 and less, and JPEG."""
    x = image.astype(np.float32) / 255
    x = np.clip(x, 0, 1) ** np.float32(np.exp(rng.normal(0, 0.25)))
    grey = x.mean(2, keepdims=True)
    x = grey + (x - grey) * np.float32(rng.uniform(0.2, 1.5))
    x = (x - 0.5) * np.float32(rng.uniform(0.65, 1.35)) + 0.5 + rng.normal(0, 0.06)
    x = (x * (1 + rng.normal(0, 0.06, 3))).astype(np.float32)
    if rng.random() < 0.5:
        small = 1 / float(np.exp(rng.uniform(0, np.log(4))))
        ways = (cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC)
        little = cv2.resize(x, None, fx=small, fy=small, interpolation=ways[rng.integers(2)])
        x = np.asarray(cv2.resize(little, (WIDTH, HEIGHT), interpolation=ways[1 + rng.integers(2)]), np.float32)
    elif rng.random() < 0.3:
        x = np.asarray(cv2.GaussianBlur(x, (0, 0), float(rng.uniform(0.4, 2))), np.float32)
    if rng.random() < 0.5:
        x = x + rng.normal(0, rng.uniform(0.005, 0.06), x.shape).astype(np.float32)
    out = (np.clip(x, 0, 1) * 255).astype(np.uint8)
    if rng.random() < 0.5:
        quality = int(rng.integers(20, 95))
        out = np.asarray(cv2.imdecode(cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], 1), np.uint8)
    return out


def _erased(image: Image, labels: Labels, rng: np.random.Generator) -> tuple[Image, Labels]:
    """Now and then hide a rectangle (Zhong et al., AAAI 2020), of which nothing is asked."""
    if rng.random() > 0.15:
        return image, labels
    tall, wide = (rng.uniform(0.06, 0.3, 2) * (HEIGHT, WIDTH)).astype(int)
    y, x = int(rng.integers(HEIGHT - tall)), int(rng.integers(WIDTH - wide))
    image, labels = image.copy(), labels.copy()
    image[y : y + tall, x : x + wide] = rng.integers(0, 256, 3)
    labels[y : y + tall, x : x + wide] = IGNORED
    return image, labels
