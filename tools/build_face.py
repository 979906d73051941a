"""Average portraits to the face that is painted where no photograph shows one: `ptx/assets/face.png`.

Not needed to use ptx. The portraits are those of https://github.com/cjdowner/interfaces, dedicated to the public domain (CC0 1.0). To make
it again:

    git clone https://github.com/cjdowner/interfaces && python tools/build_face.py "interfaces/500 x 500" ptx/assets/face.png

Each portrait is brought to the view of `ptx.surface.face` by its 468 points, divided by the colour of its skin, and averaged with all
others and with its mirror image: what is left is the light on a calm face, as a factor on anybody's skin.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import LinearNDInterpolator

from ptx.detector.keypoints import KeypointDetector
from ptx.geometry.zones import ramp
from ptx.surface.face import ANCHORS, HEIGHT, WIDTH, thin_plate
from ptx.surface.painted_face import BOX, EYE_REFERENCE, RATIO_UNIT, STEP

Floats = NDArray[np.floating]

PORTRAITS = ("007", "011", "035", "051", "056", "073", "074", "076", "080", "083", "085", "096", "100")
"""Calm faces seen from the front, without glasses, hats and beards, picked by eye."""

MARGIN = 400, 200, 200
"""Pixels of border above, below and beside a portrait: the detector wants room around a head."""

SKIN = (50, 280, 205, 425, 101, 330, 151)
"""Points of cheeks and forehead, whose median is the skin."""

RING = 24
"""Points around the face at which it goes on as the whole of it does."""

OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150, 136, 172, 58, 132,
    93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
EYE = (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7)
BROW = (70, 63, 105, 66, 107, 55, 65, 52, 53, 46)
"""Outlines, by number of the points: of the face, the right eye, the right brow."""

EDGE = 8.0, 60.0
"""Pixels of the view from its outline between which the averaged face ends: beside it, it shows hair."""


def main() -> None:
    """Average the portraits of a folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("output", type=Path)
    args = parser.parse_args()
    pictures, points = zip(*(_portrait(args.folder / f"{name}.jpg") for name in PORTRAITS), strict=True)
    shape = _mean_shape(np.stack(points))
    faces = [_in_view(picture, at, shape) for picture, at in zip(pictures, points, strict=True)]
    colours = np.exp(np.mean([np.log(face + 1) for face, _ in faces], axis=0))
    ratios = np.exp(np.mean([np.log((face + 1) / skin) for face, skin in faces], axis=0))
    both = [(picture + picture[:, ::-1]) / 2 for picture in (colours, ratios)]
    cv2.imwrite(str(args.output), _encoded(*both, shape))


def _portrait(path: Path) -> tuple[Floats, Floats]:
    """Read a portrait (H, W, 3) RGB and find the points (468, 2) of its face."""
    above, below, beside = MARGIN
    picture = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    picture = cv2.copyMakeBorder(picture, above, below, beside, beside, cv2.BORDER_REPLICATE)
    detector = KeypointDetector()
    return picture.astype(np.float32), detector.details(picture, detector.detect(picture)).face[:, :2].astype(
        np.float64
    )


def _mean_shape(points: Floats) -> Floats:
    """Average faces (K, 468, 2), symmetric, at its place (468, 2) in the view."""
    eyes, mouth = points[:, [33, 263]], points[:, 17]
    middle = eyes.mean(axis=1)
    across = eyes[:, 1] - eyes[:, 0]
    unit = across / (across**2).sum(axis=1, keepdims=True)
    away = points - middle[:, None]
    x = (away * unit[:, None]).sum(-1)
    y = away[..., 1] * unit[:, None, 0] - away[..., 0] * unit[:, None, 1]
    tall = np.median(((mouth - middle) * np.stack([-unit[:, 1], unit[:, 0]], 1)).sum(1))
    y *= (tall / y[:, 17])[:, None]  # who looks down or up
    mean = np.stack([x.mean(0), y.mean(0)], axis=1)
    at, wanted = mean[list(ANCHORS)], np.array(list(ANCHORS.values()), np.float64)
    wanted[:, 0] -= WIDTH / 2 + 1
    at, wanted = (np.concatenate([values, values * (-1, 1)]) for values in (at, wanted))
    return thin_plate(at, wanted, mean, 1e-3) + (WIDTH / 2, 0)


def _in_view(picture: Floats, at: Floats, shape: Floats) -> tuple[Floats, Floats]:
    """Bring a portrait with points (468, 2) to the view, and tell the colour (3,) of its skin."""
    turns = np.linspace(0, 2 * np.pi, RING, endpoint=False)
    ring = shape.mean(0) + 600 * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    affine = np.linalg.lstsq(np.column_stack([shape, np.ones(len(shape))]), at, rcond=None)[0]
    places = np.concatenate([shape, ring])
    values = np.concatenate([at, np.column_stack([ring, np.ones(RING)]) @ affine])
    x, y = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
    where = LinearNDInterpolator(places, values)(x, y).astype(np.float32)
    face = cv2.remap(picture, where[..., 0], where[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE).clip(
        0, 255
    )
    spots = shape[list(SKIN)].round().astype(int)
    skin = np.median([face[v - 6 : v + 7, u - 6 : u + 7].mean((0, 1)) for u, v in spots], axis=0)
    return face, skin


def _outline(shape: Floats, numbers: tuple[int, ...], soft: float, grow: int = 0) -> Floats:
    """Fill an outline of the mean shape and its mirror image: (H, W) 0..1."""
    out = np.zeros((HEIGHT, WIDTH), np.float32)
    for side in (shape, shape * (-1, 1) + (WIDTH, 0)):
        cv2.fillPoly(out, [side[list(numbers)].round().astype(np.int32)], 1.0, cv2.LINE_AA)
    if grow:
        out = cv2.dilate(out, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * grow + 1, 2 * grow + 1)))
    return cv2.GaussianBlur(out, (0, 0), soft)


def _encoded(colours: Floats, ratios: Floats, shape: Floats) -> NDArray[np.uint8]:
    """Lay the right half of the face above its masks: factors on the skin, and shares of brow, eye and face; BGR."""
    eye = _outline(shape, EYE, 2.0, grow=1)[..., None]
    near = _outline(shape, BROW, 5.0, grow=9)
    light = ratios.mean(2)
    without = (
        cv2.inpaint((ratios * 100).clip(0, 255).astype(np.uint8), (near > 0.2).astype(np.uint8), 9, cv2.INPAINT_TELEA)
        / 100.0
    )
    without = cv2.GaussianBlur(without, (0, 0), 8)
    brow = near * np.clip(1 - light / without.mean(2), 0, None)
    ratios = ratios + near[..., None] * (without - ratios)
    inside = (_outline(shape, OVAL, 0.7) > 0.5).astype(np.uint8)
    face = ramp(cv2.distanceTransform(inside, cv2.DIST_L2, 5), *EDGE)
    ratios = ratios * (1 - eye) + eye * colours / np.array(EYE_REFERENCE)
    left, top, right, bottom = BOX
    size = (right - left) // STEP, (bottom - top) // STEP
    masks = np.stack([brow / brow.max(), eye[..., 0], face], axis=2)
    parts = [
        cv2.resize(part[top:bottom, left:right], size, interpolation=cv2.INTER_AREA)
        for part in (ratios / RATIO_UNIT, masks)
    ]
    return (255 * np.concatenate(parts).clip(0, 1)).round().astype(np.uint8)[..., ::-1]


if __name__ == "__main__":
    main()
