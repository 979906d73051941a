"""Draw a lifelike person: the colour of what is seen, and the light on it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.people.lifelike.figure import EYES, FIRST_PIECE, SKIN
from ptx.datasets.people.lifelike.hanging import Tube
from ptx.datasets.people.lifelike.layers import (
    SUPERSAMPLING,
    Layer,
    Person,
    find_layers,
    texture_points,
    window_of,
)
from ptx.datasets.people.lifelike.light import Lighting, ball_around, hidden, occlusion, surrounding
from ptx.datasets.people.lifelike.pack import Pack
from ptx.datasets.people.lifelike.sampling import sample
from ptx.geometry.kernel import kernel
from ptx.geometry.mesh import interpolate, unit_normals

Floats = NDArray[np.float32]
Colours = NDArray[np.float32]
Ints = NDArray[np.int32]

SHADOW_TAPS = ((0.35, -0.2), (-0.35, 0.2), (0.2, 0.35), (-0.2, -0.35))
"""Degrees / 10 by which the distant light is turned: it has an extent, so shadows have soft edges."""

WHITEST = 0.75
"""Largest albedo of hair."""

SKIN_GLOSS, CLOTH_GLOSS, EYE_GLOSS = 0.05, 0.008, 0.5
"""Strength of the reflection of the distant light."""


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
    window = window_of(points, size)
    vertices = np.stack([points[:, 0] / scale, -points[:, 1] / scale, -points[:, 2]], axis=-1).astype(np.float32)
    layers = find_layers(person, window)
    shape = window.height * SUPERSAMPLING, window.width * SUPERSAMPLING
    out = np.zeros((shape[0] * shape[1], 4), np.float32)
    if len(layers[0].pixel):
        light = _VertexLight(person, vertices, lighting, layers)
        for layer in layers:
            alpha = layer.alpha[:, None]
            over = np.concatenate([_colours(person, pack, layer, light) * alpha, alpha], axis=1)
            out[layer.pixel] = over + (1 - alpha) * out[layer.pixel]
    small = window.paste(window.reduced(out.reshape(*shape, 4)), size)
    return np.ascontiguousarray(small[..., :3]), np.ascontiguousarray(small[..., 3])


class _VertexLight:
    """Light at the vertices that are seen."""

    def __init__(self, person: Person, vertices: Floats, lighting: Lighting, layers: list[Layer]) -> None:
        figure = person.figure
        faces = figure.body.faces
        solid = faces[: figure.solid]
        self.lighting, self.vertices, self.solid = lighting, vertices, solid
        self.normals = unit_normals(vertices, faces)
        cards = _marked(len(vertices), faces[figure.solid :])
        if len(cards):  # strands face away from the head, whichever way their cards are turned
            head = vertices[cards].mean(0) - np.array([0, 0.02, 0], np.float32)
            away = vertices[cards] - head
            self.normals[cards] = _unit(away)
        asked = _marked(len(vertices), *(faces[layer.face] for layer in layers))
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
        self.values = np.ascontiguousarray(
            np.concatenate([self.normals, self.ambient, self.lit, person.relief[:, None]], axis=1)
        )


def _marked(count: int, *corners: Ints) -> NDArray[np.intp]:
    """List the vertices, of `count`, that faces have for corners."""
    marked = np.zeros(count, np.bool_)
    for faces in corners:
        marked[faces] = True
    return np.flatnonzero(marked)


def _unit(vectors: Floats) -> Floats:
    """Scale vectors (M, 3) to length 1."""
    length = np.sqrt(np.einsum("mc,mc->m", vectors, vectors))
    return np.asarray(vectors / np.maximum(length, 1e-6)[:, None], np.float32)


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
    normals = _unit(at[:, :3] * np.where(at[:, 2:3] < -0.1, -1, 1))  # the inside of a hem faces the viewer too
    albedo, gloss, soft = _surface(person, pack, layer)
    relief = at[:, 7]
    cosine = normals @ lighting.direction + relief
    wrapped = np.clip((cosine[:, None] + soft) / (1 + soft), 0, 1)
    ambient = at[:, 3:6] * (1 + 0.7 * relief[:, None])
    half = lighting.direction + np.array([0, 0, 1], np.float32)
    half /= np.linalg.norm(half)
    shine = gloss * np.clip(normals @ half, 0, 1) ** 24
    direct = lighting.strength * at[:, 6:7]
    return np.asarray(albedo * (ambient + direct * wrapped) + direct * shine[:, None], np.float32)


def _surface(person: Person, pack: Pack, layer: Layer) -> tuple[Colours, Floats, Colours]:
    """Return albedo (M, 3), gloss (M,) and softness (M, 3) of a layer's samples."""
    figure, skin = person.figure, person.skin
    owner = figure.owner[layer.face]
    uv = texture_points(figure, layer.face, layer.bary)
    count = len(owner)
    albedo = np.zeros((count, 3), np.float32)
    gloss, soft = np.full(count, CLOTH_GLOSS, np.float32), np.full((count, 3), 0.05, np.float32)
    for number in np.flatnonzero(np.bincount(owner)):
        own = owner == number
        if number == SKIN:
            rest = interpolate(layer.face[own], layer.bary[own], figure.body.faces, figure.rest)
            albedo[own] = skin.colours(pack.picture("skin.png"), np.ascontiguousarray(rest[:, :3]), uv[own])
            gloss[own] = SKIN_GLOSS
            soft[own] = (0.35, 0.14, 0.1)  # light comes out of skin beside where it went in, red the farthest
        elif number == EYES:
            albedo[own] = sample(skin.eye, uv[own])
            gloss[own] = EYE_GLOSS
        else:
            item, dye = number - FIRST_PIECE, person.dyes[number - FIRST_PIECE]
            texels = sample(person.pictures[item], uv[own])
            if dye is None:
                albedo[own] = np.minimum(texels[:, :3] * skin.hair, WHITEST)
                gloss[own] = 0.03 * texels[:, 0]
            else:
                rest = interpolate(layer.face[own], layer.bary[own], figure.body.faces, figure.rest)
                points, loose = np.ascontiguousarray(rest[:, :3]), isinstance(figure.pieces[item].hangs, Tube)
                albedo[own] = dye.colours(texels, points, rest[:, 3] > 0, loose)
    return albedo, gloss, soft
