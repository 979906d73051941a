"""Pictures of a filled surface in any pose, of any size: several samples a pixel, with soft edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from ptx.geometry.camera import project
from ptx.geometry.joints import joint, keypoint
from ptx.geometry.kernel import kernel
from ptx.geometry.keypoints import inside_image
from ptx.geometry.rasterizer import rasterize
from ptx.geometry.skinning import joint_transforms
from ptx.geometry.viewpoint import FittedBody
from ptx.surface.completion import STRICT
from ptx.surface.layers import NOTHING, Image, Layer, Mask, confidence_at
from ptx.surface.merge import beside
from ptx.surface.points import Floats, Ints
from ptx.surface.sampling import cubic_colour, linear_colour
from ptx.surface.source import Source
from ptx.surface.store import SurfaceStore

MOST_SAMPLES = 4
"""Most samples along a pixel's side."""

BAND = 128
"""Rows of a picture that are drawn at once: memory does not grow with its height."""

ALIKE = 25.0, 45.0
"""Degrees between two views of a head up to which the photograph's face is right however it is seen, and from which a frontal one is."""

STILL = 5.0, 15.0
"""Degrees by which no joint has turned between two poses that are taken for the same, and by which one has at least in others."""

STEP = 0.02
"""Difference of depth within a pixel, m, from which one thing hides another in it."""

COARSE = 0.8
"""Samples over the photograph's pixels below which the photograph is smoothed first."""


@dataclass(frozen=True)
class Rendering:
    """A person before a camera."""

    colour: Image
    """(H, W, 3) RGB, not multiplied by alpha; 0 where there is nobody."""
    alpha: Floats
    """(H, W) 0..1 share of the pixel that is the person's."""
    own: Floats
    """(H, W) 0..1 share of the person's colour that is fetched from a photograph at the very place."""


def render(store: SurfaceStore, fitted: FittedBody, left_out: Mask | None = None) -> Rendering:
    """Draw the person of a store.

    What a photograph shows is fetched from the one that shows it best, in one resampling; the rest comes from the texture.

    Args:
        store: the filled surface.
        fitted: its body in another pose, before a camera.
        left_out: (F,) faces that are not drawn.
    """
    views, source, scale = store.views, store.source, float(fitted.camera[0])
    samples = min(MOST_SAMPLES, max(2, int(np.ceil(COARSE * source.scale / scale))))
    fetched = _fetched(source.seen, samples * scale / source.scale)
    fetched = fetched._replace(confidence=beside([_confidence(one, fitted) for one in views.sources], 0))
    mesh = _Mesh(fitted.faces, store.atlas.uv, views.points, views.shares)
    drawn = fitted.faces if left_out is None else fitted.faces[~left_out]
    numbers = np.arange(len(fitted.body.faces), dtype=np.int32)
    numbers = numbers if left_out is None else numbers[~left_out]
    height, width = fitted.size
    out = Rendering(
        np.zeros((height, width, 3), np.uint8),
        np.zeros((height, width), np.float32),
        np.zeros((height, width), np.float32),
    )
    points = fitted.points.copy()
    left, top, right, bottom = _box(points, fitted.size)
    if right <= left:
        return out
    smooth, fine = samples * scale < COARSE * source.scale, scale >= COARSE * source.scale
    for first in range(top, bottom, BAND):
        last = min(first + BAND, bottom)
        moved = points.copy()
        moved[:, 0] = (points[:, 0] - left + 0.5) * samples - 0.5
        moved[:, 1] = (points[:, 1] - first + 0.5) * samples - 0.5
        face, bary, depth = rasterize(moved, drawn, (last - first) * samples, (right - left) * samples)
        part = slice(first, last), slice(left, right)
        _shade(
            face, bary, depth, samples, numbers, mesh, store.colours, fetched, smooth, fine,
            out.colour[part], out.alpha[part], out.own[part],
        )  # fmt: skip
    return out


class _Mesh(NamedTuple):
    """Where faces lie in the texture and in K photographs."""

    faces: Ints
    """(F, 3)."""
    uv: Floats
    """(F, 3, 2) px of the texture."""
    points: Floats
    """(K, V, 3) px, px, m in the photographs, side by side."""
    shares: Floats
    """(K, V) 0..1 how far each photograph may be used."""


def _box(points: Floats, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Pixels left, top, right, bottom of a picture (height, width) that vertices (V, 3) cover; the last two are not among them."""
    low, high = np.floor(points[:, :2].min(0)).astype(int), np.ceil(points[:, :2].max(0)).astype(int) + 1
    left, top = np.clip(low, 0, size[::-1])
    right, bottom = np.clip(high, 0, size[::-1])
    return int(left), int(top), int(right), int(bottom)


def _fetched(layer: Layer, rate: float) -> Layer:
    """Smooth the photograph where it is sampled more coarsely than it is, `rate` samples a pixel."""
    if rate >= COARSE:
        return layer
    return layer._replace(image=np.asarray(cv2.GaussianBlur(layer.image, (0, 0), 0.45 / rate), np.uint8))


def _confidence(source: Source, target: FittedBody) -> Floats:
    """Confidence (H, W) of the photograph's pixels for a view: what it doubts is right where hardly anything has moved."""
    before, after = (
        joint_transforms(fitted.body, fitted.pose[None], fitted.betas)[0][0] for fitted in (source.fitted, target)
    )
    turns = np.degrees(np.arccos(np.clip((np.einsum("jab,jab->j", before, after) - 1) / 2, -1, 1)))
    views = before[joint("head"), 2] @ after[joint("head"), 2]  # of the direction to the viewer, in the head's frame
    out = source.seen.confidence
    for confidence, share in (
        (source.confidence_alike, _falling(float(np.degrees(np.arccos(np.clip(views, -1, 1)))), *ALIKE)),
        (source.seen.depth < NOTHING, _falling(float(turns.max()), *STILL)),
    ):
        if share > 0:
            out = np.asarray((1 - share) * out + share * confidence, np.float32)
    return out


def _falling(value: float, low: float, high: float) -> float:
    """1 up to `low`, 0 from `high` on, linear between."""
    return float(np.clip((high - value) / (high - low), 0, 1))


def unseen_arms(fitted: FittedBody, keypoints: Floats) -> Mask:
    """Faces (F,) of arms that a picture hides: behind the trunk, wherever a fit guesses them to be.

    Of those its keypoints (18, 3) have neither elbow nor wrist. An arm whose elbow is fitted outside of the picture is not hidden but cut
    off, and no such arm.
    """
    body = fitted.body
    _, positions = joint_transforms(body, fitted.pose[None], fitted.betas)
    inside = inside_image(project(fitted.camera, positions[0]), fitted.size)
    joints = [
        joint(f"{side}_{name}")
        for side in ("left", "right")
        if keypoints[keypoint(f"{side}_elbow"), 2] == 0 and keypoints[keypoint(f"{side}_wrist"), 2] == 0
        if inside[joint(f"{side}_elbow")]
        for name in ("shoulder", "elbow", "wrist", "hand")
    ]
    return np.asarray((body.weights[:, joints].sum(1)[body.faces] > 0.5).any(1))


@kernel
def _shade(
    face: Ints,
    bary: Floats,
    depth: Floats,
    samples: int,
    numbers: Ints,
    mesh: _Mesh,
    texture: Image,
    fetched: Layer,
    smooth: bool,
    fine: bool,
    colour: Image,
    alpha: Floats,
    own: Floats,
) -> None:
    """Colour the pixels (h, w) of a band, `samples` x `samples` samples each.

    Args:
        face: (h samples, w samples) index into `numbers`, -1 = none.
        bary: (h samples, w samples, 2).
        depth: (h samples, w samples) m, +inf = none.
        samples: along a pixel's side.
        numbers: of the faces that were drawn.
        mesh: where they lie.
        texture: (T, T, 3).
        fetched: the photographs, side by side.
        smooth: they are sampled more coarsely than they are.
        fine: they are no finer than the pixels, so that the middle of a pixel within one face is enough, and a diagonal of samples where
            nothing in the pixel hides anything else.
        colour: (h, w, 3), written.
        alpha: (h, w), written.
        own: (h, w), written.
    """
    found, work = np.empty(3, np.float32), np.empty(3, np.float32)
    total = np.empty(3, np.float32)
    faces, uv, points, shares = mesh
    image, confidence, nearest = fetched.image, fetched.confidence, fetched.depth
    share = np.float32(1) / (samples * samples)
    for row in range(alpha.shape[0]):
        for column in range(alpha.shape[1]):
            y, x = row * samples, column * samples
            first, count, within = face[y, x], 0, True
            a, b = np.float32(0), np.float32(0)
            near, far = depth[y, x], depth[y, x]
            for i in range(samples):
                for j in range(samples):
                    f = face[y + i, x + j]
                    count += f >= 0
                    within = within and f == first
                    near, far = min(near, depth[y + i, x + j]), max(far, depth[y + i, x + j])
                    a += share * bary[y + i, x + j, 0]
                    b += share * bary[y + i, x + j, 1]
            if not count:
                continue
            total[:] = 0
            shown = np.float32(0)
            middle, diagonal = fine and within, fine and far - near < STEP
            looks = 1 if middle else samples if diagonal else samples * samples
            weight = np.float32(1) / (looks if middle or diagonal else count)
            for n in range(looks):
                f = first
                if not middle:
                    i, j = (n, n) if diagonal else (n // samples, n % samples)
                    f = face[y + i, x + j]
                    if f < 0:
                        continue
                    a, b = bary[y + i, x + j, 0], bary[y + i, x + j, 1]
                part = _colour(
                    numbers[f], a, b, faces, uv, points, shares, texture, image, confidence, nearest, smooth, found, work
                )  # fmt: skip
                shown += weight * part
                for d in range(3):
                    total[d] += weight * found[d]
            for d in range(3):
                colour[row, column, d] = np.uint8(total[d] + np.float32(0.5))
            alpha[row, column] = count * share
            own[row, column] = shown


@kernel
def _colour(
    f: int,
    a: np.float32,
    b: np.float32,
    faces: Ints,
    uv: Floats,
    points: Floats,
    shares: Floats,
    texture: Image,
    image: Image,
    confidence: Floats,
    nearest: Floats,
    smooth: bool,
    out: Floats,
    work: Floats,
) -> np.float32:
    """Write the colour of a face's point to `out` (3,), and return the share of it that photographs show at the very place.

    The arrays of `_Mesh` and `Layer` one by one: taking one out of a tuple for every sample costs a third of the time.

    Args:
        f: the face.
        a: barycentric coordinate of its first corner.
        b: of its second.
        faces: as in `_Mesh`.
        uv: as in `_Mesh`.
        points: as in `_Mesh`.
        shares: as in `_Mesh`.
        texture: (T, T, 3).
        image: of the photographs.
        confidence: theirs.
        nearest: depth that they show.
        smooth: the photographs are sampled more coarsely than they are.
        out: (3,), written.
        work: (3,), overwritten.
    """
    i, j, m = faces[f, 0], faces[f, 1], faces[f, 2]
    c = np.float32(1) - a - b
    left = np.float32(1)
    out[:] = 0
    for k in range(len(points)):
        u = a * points[k, i, 0] + b * points[k, j, 0] + c * points[k, m, 0]
        v = a * points[k, i, 1] + b * points[k, j, 1] + c * points[k, m, 1]
        depth = a * points[k, i, 2] + b * points[k, j, 2] + c * points[k, m, 2]
        allowed = a * shares[k, i] + b * shares[k, j] + c * shares[k, m]
        t = min(np.float32(1), np.float32(STRICT * allowed * confidence_at(confidence, nearest, u, v, depth)))
        part = left * t * t * (3 - 2 * t)
        if part > 0:
            if smooth:
                linear_colour(image, u, v, work)
            else:
                cubic_colour(image, u, v, work)
            for d in range(3):
                out[d] += part * work[d]
            left -= part
        if left <= 0:
            break
    if left > 0:
        s = a * uv[f, 0, 0] + b * uv[f, 1, 0] + c * uv[f, 2, 0]
        w = a * uv[f, 0, 1] + b * uv[f, 1, 1] + c * uv[f, 2, 1]
        linear_colour(texture, s, w, work)
        for d in range(3):
            out[d] += left * work[d]
    return np.float32(1) - left
