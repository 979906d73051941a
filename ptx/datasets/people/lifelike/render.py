"""Draw a lifelike person: what is seen at each sample, its colour, and the light on it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ptx.datasets.people.lifelike.figure import CARD_GROUPS, CARDS, EYES, FIRST_PIECE, SKIN, Figure
from ptx.datasets.people.lifelike.light import Lighting, ball_around, hidden, occlusion, surrounding
from ptx.datasets.people.lifelike.pack import Pack
from ptx.datasets.people.lifelike.skin import Skin
from ptx.geometry.kernel import kernel
from ptx.geometry.mesh import interpolate, unit_normals
from ptx.geometry.rasterizer import rasterize
from ptx.labels import garment

Floats = NDArray[np.float32]
Colours = NDArray[np.float32]
Ints = NDArray[np.int32]
Mask = NDArray[np.bool_]

SUPERSAMPLING = 2
"""Side of the square of samples whose mean is a pixel."""

OPAQUE = 0.5
"""Least alpha of a sample or a pixel that has a label."""

SHADOW_TAPS = ((0.35, -0.2), (-0.35, 0.2), (0.2, 0.35), (-0.2, -0.35))
"""Degrees / 10 by which the distant light is turned: it has an extent, so shadows have soft edges."""

SKIN_GLOSS, CLOTH_GLOSS, EYE_GLOSS = 0.05, 0.008, 0.5
"""Strength of the reflection of the distant light."""


@dataclass(frozen=True, eq=False)
class Person:
    """A person: geometry and looks."""

    figure: Figure
    """The mesh in rest."""
    skin: Skin
    """Skin and hair."""
    pictures: tuple[Floats, ...]
    """Of each piece (H, W, 4): linear RGB and relief; of cards grey and, last, alpha."""
    labels: NDArray[np.uint8]
    """(V,) label that a face of skin has by its first vertex; that of pieces is in the figure."""


@dataclass(frozen=True, eq=False)
class Layer:
    """The samples that one layer of surface shows, M of an image's."""

    rows: NDArray[np.intp]
    """(M,)"""
    columns: NDArray[np.intp]
    """(M,)"""
    face: Ints
    """(M,) faces of the figure."""
    bary: Floats
    """(M, 2)"""
    depth: Floats
    """(M,) metres."""
    alpha: Floats
    """(M,) 0..1; 1 but on cards."""


def draw(
    person: Person, pack: Pack, points: Floats, scale: float, lighting: Lighting, size: tuple[int, int]
) -> tuple[Colours, Floats]:
    """Draw a person.

    Args:
        person: who.
        pack: with the masks of skin and the pictures of eyes.
        points: (V, 3) vertices as the camera sees them: u, v in px, depth in m.
        scale: of the camera, px per metre.
        lighting: of the scene.
        size: height, width in px.

    Returns:
        Linear colour (H, W, 3) times alpha, and alpha (H, W).
    """
    height, width = (side * SUPERSAMPLING for side in size)
    out = np.zeros((height, width, 4), np.float32)
    vertices = np.stack([points[:, 0] / scale, -points[:, 1] / scale, -points[:, 2]], axis=-1).astype(np.float32)
    layers = _layers(person, _finer(points), height, width)
    if not len(layers[0].rows):
        return out[::SUPERSAMPLING, ::SUPERSAMPLING, :3], out[::SUPERSAMPLING, ::SUPERSAMPLING, 3]
    light = _VertexLight(person.figure, vertices, lighting, layers)
    for layer in layers:
        colours = _colours(person, pack, layer, light)
        under = out[layer.rows, layer.columns]
        alpha = layer.alpha[:, None]
        over = np.concatenate([colours * alpha, alpha], axis=1)
        out[layer.rows, layer.columns] = over + (1 - alpha) * under
    small = cv2.resize(out, (size[1], size[0]), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(small[..., :3]), np.ascontiguousarray(small[..., 3])


def coverage(person: Person, points: Floats, size: tuple[int, int]) -> Floats:
    """Return the alpha (H, W) of `draw`."""
    return _reduced(_sample_labels(person, points, size)[1], size)


def label_map(person: Person, points: Floats, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the garment labels (H, W) (`ptx.labels`): of each pixel that is the person's to a half, what most of its samples show."""
    labels, alpha = _sample_labels(person, points, size)
    four = labels.reshape(size[0], SUPERSAMPLING, size[1], SUPERSAMPLING).transpose(0, 2, 1, 3).reshape(*size, -1)
    votes = (four[..., None] == four[..., None, :]).sum(-1) * (four > 0)
    most = np.take_along_axis(four, votes.argmax(-1)[..., None], axis=-1)[..., 0]
    return np.where(_reduced(alpha, size) >= OPAQUE, most, 0).astype(np.uint8)


def _sample_labels(person: Person, points: Floats, size: tuple[int, int]) -> tuple[NDArray[np.uint8], Floats]:
    """Return label and alpha of each sample (S H, S W), where S is `SUPERSAMPLING`."""
    height, width = (side * SUPERSAMPLING for side in size)
    labels, out = np.zeros((height, width), np.uint8), np.zeros((height, width), np.float32)
    figure = person.figure
    names = np.array([0, garment("face"), *[garment(item.label) for item in figure.pieces]], np.uint8)
    for layer in _layers(person, _finer(points), height, width):
        owner = figure.owner[layer.face]
        first = figure.body.faces[layer.face, 0]
        label = np.where(owner == SKIN, person.labels[np.minimum(first, len(person.labels) - 1)], names[owner])
        seen = layer.alpha >= OPAQUE
        labels[layer.rows[seen], layer.columns[seen]] = label[seen]
        out[layer.rows, layer.columns] += layer.alpha * (1 - out[layer.rows, layer.columns])
    faint = (labels == 0) & (out >= OPAQUE)  # strands that only together hide what is behind them
    labels[faint] = garment("hair")
    return labels, out


def _reduced(samples: Floats, size: tuple[int, int]) -> Floats:
    """Average samples (S H, S W) to pixels (H, W)."""
    return np.asarray(cv2.resize(samples, (size[1], size[0]), interpolation=cv2.INTER_AREA), np.float32)


def _finer(points: Floats) -> Floats:
    """Return points (V, 3) in px of the supersampled image."""
    fine = points.copy()
    fine[:, :2] = (points[:, :2] + 0.5) * SUPERSAMPLING - 0.5
    return fine


def _layers(person: Person, points: Floats, height: int, width: int) -> list[Layer]:
    """Find the layers of surface from the farthest to the nearest: what nothing is seen through, then cards before it."""
    figure = person.figure
    faces = figure.body.faces
    face, bary, depth = rasterize(points, faces[: figure.solid], height, width)
    rows, columns = np.nonzero(face >= 0)
    own = face[rows, columns]
    layers = [Layer(rows, columns, own, bary[rows, columns], depth[rows, columns], np.ones(len(rows), np.float32))]
    cards = np.arange(figure.solid, len(faces))
    if not len(cards):
        return layers
    members = [cards[figure.groups == g] for g in range(CARD_GROUPS)]
    drawn = [(own, *rasterize(points, faces[own], height, width)) for own in members]
    found = []
    for own, card, weights, near in drawn:
        r, c = np.nonzero((card >= 0) & (near < depth))
        index = own[card[r, c]].astype(np.int32)
        found.append(Layer(r, c, index, weights[r, c], near[r, c], _alpha(person, index, weights[r, c])))
    # Of the cards at a sample the farther come first: by depth among the groups.
    flat = [np.concatenate([getattr(layer, name) for layer in found]) for name in Layer.__dataclass_fields__]
    place = np.argsort(-flat[4], kind="stable")
    place = place[np.argsort(flat[0][place] * width + flat[1][place], kind="stable")]
    rows, columns = flat[0][place], flat[1][place]
    pixel = rows * width + columns
    start = np.concatenate([[True], pixel[1:] != pixel[:-1]]) if len(pixel) else np.zeros(0, bool)
    rank = np.arange(len(pixel)) - np.maximum.accumulate(np.where(start, np.arange(len(pixel)), 0))
    for k in range(CARD_GROUPS):
        chosen = place[rank == k]
        if len(chosen):
            layers.append(Layer(*(values[chosen] for values in flat)))
    return layers


def _alpha(person: Person, face: Ints, bary: Floats) -> Floats:
    """Look the alpha (M,) of cards up."""
    uv, owner = _texture_points(person.figure, face, bary), person.figure.owner[face]
    out = np.ones(len(face), np.float32)
    for number in np.unique(owner):
        own = owner == number
        out[own] = sample(person.pictures[number - FIRST_PIECE], uv[own])[:, 3]
    return out


def _texture_points(figure: Figure, face: Ints, bary: Floats) -> Floats:
    """Return texture coordinates (M, 2)."""
    return interpolate(face, bary, figure.face_uv, figure.uv)


@kernel
def sample(picture: Floats, uv: Floats) -> Floats:
    """Look a picture (H, W, C) up at texture coordinates (M, 2), between four texels each; returns (M, C)."""
    height, width, channels = picture.shape
    out = np.empty((len(uv), channels), np.float32)
    for m in range(len(uv)):
        x = min(max(uv[m, 0] * width - np.float32(0.5), np.float32(0)), np.float32(width - 1.001))
        y = min(max(uv[m, 1] * height - np.float32(0.5), np.float32(0)), np.float32(height - 1.001))
        column, row = int(x), int(y)
        right, down = x - column, y - row
        for c in range(channels):
            top = picture[row, column, c] * (1 - right) + picture[row, column + 1, c] * right
            bottom = picture[row + 1, column, c] * (1 - right) + picture[row + 1, column + 1, c] * right
            out[m, c] = top * (1 - down) + bottom * down
    return out


class _VertexLight:
    """Light at the vertices that are seen."""

    def __init__(self, figure: Figure, vertices: Floats, lighting: Lighting, layers: list[Layer]) -> None:
        faces = figure.body.faces
        solid = faces[: figure.solid]
        self.lighting, self.vertices, self.solid = lighting, vertices, solid
        self.normals = unit_normals(vertices, faces)
        cards = np.unique(faces[figure.solid :])
        if len(cards):  # strands face away from the head, whichever way their cards are turned
            head = vertices[cards].mean(0) - np.array([0, 0.02, 0], np.float32)
            away = vertices[cards] - head
            self.normals[cards] = away / np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-6)
        asked = np.unique(np.concatenate([faces[layer.face].ravel() for layer in layers]))
        self.ambient = np.zeros((len(vertices), 3), np.float32)
        ball = ball_around(vertices)
        seen = occlusion(vertices, solid, self.normals, asked, ball)[:, None]
        self.ambient[asked] = surrounding(lighting, self.normals[asked]) * seen
        lit = np.zeros(len(asked), np.float32)
        right = np.cross((0, 1, 0), lighting.direction).astype(np.float32)
        up = np.cross(lighting.direction, right).astype(np.float32)
        for across, along in SHADOW_TAPS:
            turned = lighting.direction + np.float32(0.1 * across) * right + np.float32(0.1 * along) * up
            turned /= np.linalg.norm(turned)
            lit += ~hidden(vertices, solid, vertices[asked], turned, ball)
        self.lit = np.zeros((len(vertices), 1), np.float32)
        self.lit[asked, 0] = lit / len(SHADOW_TAPS)
        self.ambient = _smoothed(self.ambient, solid)
        self.lit = _smoothed(self.lit, solid)
        self.values = np.ascontiguousarray(np.concatenate([self.normals, self.ambient, self.lit], axis=1))


def _smoothed(values: Floats, faces: Ints) -> Floats:
    """Average values (V, K) of vertices over the faces (F, 3) around them; those without faces keep theirs."""
    total = np.zeros_like(values)
    count = np.zeros(len(values), np.float32)
    _spread(faces, values, total, count)
    return np.where(count[:, None] > 0, total / np.maximum(count, 1)[:, None], values)


@kernel
def _spread(faces: Ints, values: Floats, total: Floats, count: Floats) -> None:
    """Add the mean value (V, K) of each face's corners to each of them, and count."""
    for f in range(len(faces)):
        i, j, k = faces[f, 0], faces[f, 1], faces[f, 2]
        for c in range(values.shape[1]):
            mean = (values[i, c] + values[j, c] + values[k, c]) / np.float32(3)
            total[i, c] += mean
            total[j, c] += mean
            total[k, c] += mean
        for v in (i, j, k):
            count[v] += 1


def _colours(person: Person, pack: Pack, layer: Layer, light: _VertexLight) -> Colours:
    """Compute the linear colour (M, 3) of a layer's samples."""
    figure, lighting = person.figure, light.lighting
    at = interpolate(layer.face, layer.bary, figure.body.faces, light.values)
    normals = at[:, :3] * np.where(at[:, 2:3] < -0.1, -1, 1)  # the inside of a hem faces the viewer too
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-6)
    albedo, relief, gloss, soft = _surface(person, pack, layer)
    cosine = normals @ lighting.direction + relief
    wrapped = np.clip((cosine[:, None] + soft) / (1 + soft), 0, 1)
    ambient = at[:, 3:6] * (1 + 0.7 * relief[:, None])
    half = lighting.direction + np.array([0, 0, 1], np.float32)
    half /= np.linalg.norm(half)
    shine = gloss * np.clip(normals @ half, 0, 1) ** 24
    direct = lighting.strength * at[:, 6:7]
    return np.asarray(albedo * (ambient + direct * wrapped) + direct * shine[:, None], np.float32)


def _surface(person: Person, pack: Pack, layer: Layer) -> tuple[Colours, Floats, Floats, Colours]:
    """Return albedo (M, 3), relief (M,), gloss (M,) and softness (M, 3) of a layer's samples."""
    figure, skin = person.figure, person.skin
    owner = figure.owner[layer.face]
    uv = _texture_points(figure, layer.face, layer.bary)
    count = len(owner)
    albedo, relief = np.zeros((count, 3), np.float32), np.zeros(count, np.float32)
    gloss, soft = np.full(count, CLOTH_GLOSS, np.float32), np.full((count, 3), 0.05, np.float32)
    for number in np.unique(owner):
        own = owner == number
        if number == SKIN:
            rest = interpolate(layer.face[own], layer.bary[own], figure.body.faces, figure.rest)
            albedo[own] = skin.colours(pack.picture("skin.png"), rest, uv[own])
            gloss[own] = SKIN_GLOSS
            soft[own] = (0.35, 0.14, 0.1)  # light comes out of skin beside where it went in, red the farthest
        elif number == EYES:
            albedo[own] = sample(skin.eye, uv[own])
            gloss[own] = EYE_GLOSS
        else:
            texels = sample(person.pictures[number - FIRST_PIECE], uv[own])
            if figure.pieces[number - FIRST_PIECE].piece.kind in CARDS:
                albedo[own] = texels[:, :3] * skin.hair
                gloss[own] = 0.03 * texels[:, 0]
            else:
                albedo[own], relief[own] = texels[:, :3], texels[:, 3]
    return albedo, relief, gloss, soft
