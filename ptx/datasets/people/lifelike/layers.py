"""What is seen of a lifelike person: layers of surface, labels and silhouettes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ptx.datasets.people.lifelike.cloth import Dye
from ptx.datasets.people.lifelike.figure import CARD_GROUPS, FIRST_PIECE, SKIN, Figure
from ptx.datasets.people.lifelike.sampling import sample
from ptx.datasets.people.lifelike.skin import Skin
from ptx.geometry.mesh import interpolate
from ptx.geometry.rasterizer import rasterize
from ptx.labels import garment

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

SUPERSAMPLING = 2
"""Side of the square of samples whose mean is a pixel."""

OPAQUE = 0.5
"""Least alpha of a sample or a pixel that has a label."""


@dataclass(frozen=True, eq=False)
class Person:
    """A person: geometry and looks."""

    figure: Figure
    """The mesh in rest."""
    skin: Skin
    """Skin and hair."""
    pictures: tuple[Floats, ...]
    """Of each piece (H, W, 3) as its dye has made it; of cards (H, W, 4) grey, and alpha."""
    dyes: tuple[Dye | None, ...]
    """Of each piece; None of cards, which have the colour of hair."""
    relief: Floats
    """(V,) change of the cosine to a light by the folds of cloth; 0 on the body and on cards."""
    labels: NDArray[np.uint8]
    """(V,) label that a face of skin has by its first vertex; that of pieces is in the figure."""


class Layer(NamedTuple):
    """The samples that one layer of surface shows, M of an image's."""

    pixel: NDArray[np.intp]
    """(M,) row times width plus column."""
    face: Ints
    """(M,) faces of the figure."""
    bary: Floats
    """(M, 2)"""
    depth: Floats
    """(M,) metres."""
    alpha: Floats
    """(M,) 0..1; 1 but on cards."""


class Window(NamedTuple):
    """The part of an image that a person can cover, and their points in it."""

    top: int
    """Its first row."""
    left: int
    """Its first column."""
    height: int
    """px, at least 1."""
    width: int
    """px, at least 1."""
    fine: Floats
    """(V, 3) points in px of the window, sampled `SUPERSAMPLING` times as finely."""

    def paste(self, part: Floats, size: tuple[int, int]) -> Floats:
        """Lay the window's picture (h, w, ...) into an image of `size` that is 0 elsewhere."""
        out = np.zeros((*size, *part.shape[2:]), part.dtype)
        out[self.top : self.top + self.height, self.left : self.left + self.width] = part
        return out

    def reduced(self, samples: Floats) -> Floats:
        """Average the window's samples (S h, S w, ...) to pixels."""
        return np.asarray(cv2.resize(samples, (self.width, self.height), interpolation=cv2.INTER_AREA), np.float32)


def window_of(points: Floats, size: tuple[int, int]) -> Window:
    """Find the window of points (V, 3) in an image of `size`, height and width."""
    columns = np.ascontiguousarray(points[:, :2].T)
    low = np.clip(np.floor(columns.min(1)) - 1, 0, (size[1] - 1, size[0] - 1)).astype(int)
    high = np.clip(np.ceil(columns.max(1)) + 2, low + 1, (size[1], size[0])).astype(int)
    fine = points.copy()
    fine[:, :2] = (points[:, :2] - low.astype(np.float32) + np.float32(0.5)) * SUPERSAMPLING - np.float32(0.5)
    return Window(int(low[1]), int(low[0]), int(high[1] - low[1]), int(high[0] - low[0]), fine)


def coverage(person: Person, points: Floats, size: tuple[int, int]) -> Floats:
    """Return how much of each pixel (H, W) is the person's, 0..1; points (V, 3) in px and metres as the camera sees them."""
    window = window_of(points, size)
    return window.paste(window.reduced(_sample_labels(person, window)[1]), size)


def label_map(person: Person, points: Floats, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the garment labels (H, W) (`ptx.labels`): of each pixel that is the person's to a half, what most of its samples show."""
    window = window_of(points, size)
    labels, alpha = _sample_labels(person, window)
    step = SUPERSAMPLING
    samples = [np.ascontiguousarray(labels[y::step, x::step]) for y in range(step) for x in range(step)]
    most, best = np.zeros_like(samples[0]), np.zeros_like(samples[0])
    for one in samples:
        votes = sum((one == other).astype(np.uint8) for other in samples) * (one > 0)
        most = np.where(votes > best, one, most)
        best = np.maximum(votes, best)
    out = np.zeros(size, np.uint8)
    inside = np.where(window.reduced(alpha) >= OPAQUE, most, 0)
    out[window.top : window.top + window.height, window.left : window.left + window.width] = inside
    return out


def _sample_labels(person: Person, window: Window) -> tuple[NDArray[np.uint8], Floats]:
    """Return label and alpha of each sample (S h, S w) of a window."""
    shape = window.height * SUPERSAMPLING, window.width * SUPERSAMPLING
    labels, out = np.zeros(shape[0] * shape[1], np.uint8), np.zeros(shape[0] * shape[1], np.float32)
    figure = person.figure
    names = np.array([0, garment("face"), *[garment(item.label) for item in figure.pieces]], np.uint8)
    for layer in find_layers(person, window):
        owner = figure.owner[layer.face]
        first = figure.body.faces[layer.face, 0]
        label = np.where(owner == SKIN, person.labels[np.minimum(first, len(person.labels) - 1)], names[owner])
        seen = layer.alpha >= OPAQUE
        labels[layer.pixel[seen]] = label[seen]
        out[layer.pixel] += layer.alpha * (1 - out[layer.pixel])
    labels[(labels == 0) & (out >= OPAQUE)] = garment("hair")  # strands that only together hide what is behind them
    return labels.reshape(shape), out.reshape(shape)


def find_layers(person: Person, window: Window) -> list[Layer]:
    """Find the layers of surface from the farthest to the nearest: what nothing is seen through, then cards before it."""
    figure = person.figure
    faces = figure.body.faces
    shape = window.height * SUPERSAMPLING, window.width * SUPERSAMPLING
    solid = _drawn(window.fine, faces[: figure.solid], shape, None)
    behind = np.full(shape[0] * shape[1], np.inf, np.float32)
    behind[solid.pixel] = solid.depth
    cards = np.arange(figure.solid, len(faces), dtype=np.int32)
    found = []
    for group in range(CARD_GROUPS):
        own = cards[figure.groups == group]
        if len(own):
            layer = _drawn(window.fine, faces[own], shape, behind)
            layer = layer._replace(face=own[layer.face])
            found.append(layer._replace(alpha=_alpha(person, layer)))
    return [solid, *_by_depth(found)]


def _drawn(points: Floats, faces: Ints, shape: tuple[int, int], behind: Floats | None) -> Layer:
    """Rasterise faces (F, 3); where `behind` is given, only what is nearer than these depths (H W,)."""
    face, bary, depth = rasterize(points, faces, *shape)
    near = depth.ravel()
    pixel = np.flatnonzero(face.ravel() >= 0 if behind is None else near < behind)
    return Layer(pixel, face.ravel()[pixel], bary.reshape(-1, 2)[pixel], near[pixel], np.ones(len(pixel), np.float32))


def _by_depth(layers: list[Layer]) -> list[Layer]:
    """Sort the samples of layers so that in each pixel the farther come first: as many layers as before, of other samples."""
    if not layers:
        return []
    flat = Layer(*(np.concatenate(parts) for parts in zip(*layers, strict=True)))
    place = np.lexsort((-flat.depth, flat.pixel))
    pixel = flat.pixel[place]
    number = np.arange(len(pixel))
    start = np.ones(len(pixel), np.bool_)
    start[1:] = pixel[1:] != pixel[:-1]
    rank = number - np.maximum.accumulate(np.where(start, number, 0))
    return [Layer(*(values[place[rank == k]] for values in flat)) for k in range(len(layers))]


def _alpha(person: Person, layer: Layer) -> Floats:
    """Look the alpha (M,) of cards up."""
    uv, owner = texture_points(person.figure, layer.face, layer.bary), person.figure.owner[layer.face]
    out = np.ones(len(owner), np.float32)
    for number in np.flatnonzero(np.bincount(owner)):
        own = owner == number
        out[own] = sample(person.pictures[number - FIRST_PIECE], uv[own])[:, 3]
    return out


def texture_points(figure: Figure, face: Ints, bary: Floats) -> Floats:
    """Return texture coordinates (M, 2) of points on faces (M,) with barycentric weights (M, 2)."""
    return interpolate(face, bary, figure.face_uv, figure.uv)
