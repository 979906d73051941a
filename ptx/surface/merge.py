"""Several photographs of one person: brought to one exposure, laid side by side, and each point taken from where it is seen best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ptx.geometry.mesh import unit_normals
from ptx.geometry.zones import body_zones, ramp
from ptx.surface.diffusion import diffuse
from ptx.surface.layers import NOTHING, Image, Layer, draw_maps, sample_vertices
from ptx.surface.points import Floats
from ptx.surface.source import Source

D = TypeVar("D", np.uint8, np.float32)

GAP = 4
"""Columns of nothing between two photographs, in which points beyond an edge lie."""

BAND = 0.15
"""Share of the best photograph's quality by which another's may be less and still counts: there the two are mixed."""

EVEN = 12.0
"""Stiffness of the membrane that qualities are smoothed by: single vertices choose no photograph."""

HARDLY = 0.02
"""Confidence up to which a vertex is hardly seen."""

SAME = 0.06
"""Metres on the body in rest within which two vertices are taken to have one colour."""

AGREE = 0.2
"""Standard deviation of the logarithms of ratios that agree."""

USUAL = 0.35
"""Standard deviation of the logarithms of photographs' gains."""

CANDIDATES = 300
"""Ratios that are tried."""

PATTERN = 30.0
"""Grey levels from which a difference that is no light is a pattern, or another cloth."""

SHADE = 0.7
"""Logarithm of the ratio of light from which a difference is no light."""

DARK = 10.0
"""Grey levels that are added before colours are compared: of black nothing can be said."""

STIFF, KEEP = 0.5, 2e-2
"""Of the membrane that spreads differences of light inwards (`diffuse`)."""

STRENGTH = 10.0
"""Factor on the weights of differences of light, which are seen aslant."""

SOFT = 0.02
"""Metres over which they are smoothed in the photograph."""

FEWEST = 30
"""Fewest vertices from which exposures are compared."""

TELLING = 20.0, 243.0
"""Grey levels between which a colour tells an exposure: neither black nor burnt out."""

MOST_GAIN = 2.0
"""Largest gain, and its inverse the least."""


@dataclass(frozen=True)
class Views:
    """One person in K photographs, V vertices."""

    sources: tuple[Source, ...]
    """The photographs, in the exposure of the first."""
    whole: Source
    """All of them side by side in one picture; the body and its `points` are those of the first."""
    points: Floats
    """(K, V, 3) px, px, m of the vertices in `whole`."""
    shares: Floats
    """(K, V) 0..1 how far each photograph may be used: 1 where it shows a vertex best."""


def alone(source: Source) -> Views:
    """Return the views of a person of whom there is one photograph."""
    return Views((source,), source, source.points[None], np.ones((1, len(source.points)), np.float32))


def merge(sources: Sequence[Source]) -> Views:
    """Lay photographs of one person side by side.

    Args:
        sources: at least one, seen through fits of one body model. The first one's exposure, skin and scale are kept.

    Raises:
        ValueError: the fits are of different body models.
    """
    if len(sources) == 1:
        return alone(sources[0])
    if any(source.fitted.body is not sources[0].fitted.body for source in sources):
        raise ValueError("photographs of one person are seen through one body model")
    quality = np.stack([_quality(source) for source in sources])
    matched = _one_exposure(sources)
    face = body_zones(sources[0].fitted.body).face
    by_face = sorted(matched, key=lambda source: -float((face * _seen(source)).sum()))
    skin = next((source.skin for source in by_face if source.skin is not None), None)
    starts = np.cumsum([0, *(source.fitted.size[1] + GAP for source in sources[:-1])])
    points = np.stack([source.points for source in sources])
    for place, start, source in zip(points, starts, sources, strict=True):
        place[:, 0] = np.clip(place[:, 0], 1 - GAP / 2, source.fitted.size[1] - 2 + GAP / 2) + start
    whole = replace(
        matched[0],
        seen=_side_by_side([source.seen for source in matched]),
        under_arms=_side_by_side([source.under_arms for source in matched]),
        confidence_alike=beside([source.confidence_alike for source in matched], 0),
        skin=skin,
    )
    return Views(tuple(matched), whole, points.astype(np.float32), _shares(quality))


def beside(maps: Sequence[NDArray[D]], fill: float) -> NDArray[D]:
    """Lay maps (H, W) or (H, W, C) side by side, `GAP` columns of `fill` apart, as `Views.whole` has its photographs."""
    height, last = max(len(one) for one in maps), len(maps) - 1
    padded = []
    for number, one in enumerate(maps):
        below, beyond = (0, height - len(one)), (0, GAP if number < last else 0)
        padded.append(np.pad(one, (below, beyond, (0, 0))[: one.ndim], constant_values=fill))
    return np.concatenate(padded, axis=1)


def _side_by_side(layers: Sequence[Layer]) -> Layer:
    return Layer(
        beside([layer.image for layer in layers], 0),
        beside([layer.smooth for layer in layers], 0),
        beside([layer.confidence for layer in layers], 0),
        beside([layer.depth for layer in layers], NOTHING),
    )


def _seen(source: Source) -> Floats:
    """Confidence (V,) of the vertices that a photograph shows."""
    return sample_vertices(source.points, source.uncovered, source.seen)[1]


def _quality(source: Source) -> Floats:
    """How well a photograph shows each vertex (V,): surely, and from the front; the face as a whole."""
    body, seen = source.fitted.body, _seen(source)
    face = body_zones(body).face
    cosine = np.clip(unit_normals(source.fitted.vertices, source.fitted.faces)[:, 2], 0, 1)
    quality = np.asarray(seen * (1 + cosine) / 2, np.float32)
    smooth = diffuse(body, quality[:, None], np.ones_like(quality), stiff=EVEN, keep=0.0)[:, 0]
    frontal = float((face * quality).sum() / face.sum())
    return np.asarray(np.where(seen > HARDLY, smooth + face * (frontal - smooth), quality), np.float32)


def _shares(quality: Floats) -> Floats:
    """Shares of `Views` for qualities (K, V); where nothing is seen, all may be used."""
    best = quality.max(0)
    return ramp(quality, (1 - BAND) * best - 1e-6, best)


def _one_exposure(sources: Sequence[Source]) -> list[Source]:
    """Bring photographs to the light of those before them: one gain for all of a photograph, and what then still steps at its border."""
    out, known = [sources[0]], [_colours(sources[0])]
    for source in sources[1:]:
        gain = _gain(_common(source, known))
        lit = source if gain is None else _with_gain(source, gain)
        lit = _levelled(lit, _common(lit, known))
        out.append(lit)
        known.append(_colours(lit))
    return out


class _Common(NamedTuple):
    """What N vertices of a photograph look like there, and where they, or their neighbours, are shown by others."""

    vertices: NDArray[np.intp]
    """(N,)."""
    mine: Floats
    """(N, 3) colours in the photograph."""
    theirs: Floats
    """(N, 3) colours in others."""
    weight: Floats
    """(N,) 0..1 how surely both are seen."""


def _colours(source: Source) -> tuple[Floats, Floats]:
    """Smooth colours (V, 3) of the vertices, and how surely (V,) they are seen."""
    return sample_vertices(source.points, source.uncovered, source.seen)


def _common(source: Source, known: Sequence[tuple[Floats, Floats]]) -> _Common:
    """Find what a photograph and others, of `_colours`, have in common.

    Photographs from opposite sides show no point in common: so each vertex is compared with the nearest that another shows, within `SAME`
    of it.
    """
    template, (colours, seen) = source.fitted.body.v_template, _colours(source)
    mine = np.flatnonzero(seen > HARDLY)
    found = [_Common(mine[:0], colours[:0], colours[:0], seen[:0])]
    for before, sure in known:
        theirs = np.flatnonzero(sure > HARDLY)
        if len(theirs) and len(mine):
            away, nearest = cKDTree(template[theirs]).query(template[mine])
            near = away < SAME
            same, other = mine[near], theirs[nearest[near]]
            found.append(_Common(same, colours[same], before[other], np.minimum(seen[same], sure[other])))
    return _Common(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def _gain(common: _Common) -> Floats | None:
    """Gain (3,), in linear light, that brings a photograph to others; None where too few vertices tell.

    The ratio on which most vertices agree, less believed the further it is from 1: a shirt whose back is black and whose front is white
    tells another, but skin, hair and trousers agree.
    """
    telling = _telling(common.mine) & _telling(common.theirs)
    if telling.sum() < FEWEST:
        return None
    ratio = np.log(_linear(common.theirs[telling]) / _linear(common.mine[telling]))
    weight = common.weight[telling]
    candidates = ratio[:: max(1, len(ratio) // CANDIDATES)]
    near = np.exp(-((ratio[None] - candidates[:, None]) ** 2).sum(2) / (2 * AGREE**2)) * weight
    best = int(np.argmax(near.sum(1) * np.exp(-(candidates**2).mean(1) / (2 * USUAL**2))))
    mean = (near[best] @ ratio) / near[best].sum()
    return np.asarray(np.clip(np.exp(mean), 1 / MOST_GAIN, MOST_GAIN), np.float32)


def _levelled(source: Source, common: _Common) -> Source:
    """Lighten and darken a photograph so that it meets others, fading inwards: each has its own light and shade.

    Other colours and large differences are patterns, or another cloth, and count little.
    """
    body, count = source.fitted.body, len(source.points)
    light = np.log((common.theirs.mean(1) + DARK) / (common.mine.mean(1) + DARK))
    colour = np.linalg.norm(common.theirs - common.mine * np.exp(light)[:, None], axis=1)
    weight = STRENGTH * common.weight / (1 + (colour / PATTERN) ** 8 + (light / SHADE) ** 8)
    total = np.bincount(common.vertices, weight, count).astype(np.float32)
    if total.sum() < 1:
        return source
    mean = np.bincount(common.vertices, weight * light, count) / np.maximum(total, 1e-6)
    added = diffuse(body, mean[:, None].astype(np.float32), total, stiff=STIFF, keep=KEEP)
    maps = draw_maps(source.points, source.fitted.faces, source.fitted.size)
    reach = max(1.0, SOFT * source.scale)
    norm = cv2.GaussianBlur(maps.on.astype(np.float32), (0, 0), reach)
    smooth = cv2.GaussianBlur(maps.of(added)[0], (0, 0), reach) / np.maximum(
        norm, 0.05
    )  # also a little beyond the outline
    factor = np.exp(smooth)[..., None]
    layers = [
        layer._replace(image=_rounded(layer.image * factor), smooth=_rounded(layer.smooth * factor))
        for layer in (source.seen, source.under_arms)
    ]
    return replace(source, seen=layers[0], under_arms=layers[1])


def _rounded(values: NDArray[np.floating]) -> Image:
    return np.asarray(np.rint(values).clip(0, 255), np.uint8)


def _telling(colours: Floats) -> NDArray[np.bool_]:
    """Colours (N, 3) that are neither black nor burnt out: (N,)."""
    return np.asarray((colours.min(1) > TELLING[0]) & (colours.max(1) < TELLING[1]))


def _linear(colours: Floats) -> Floats:
    """Colours of sRGB, 0..255, in linear light, 0..1 (IEC 61966-2-1)."""
    value = np.asarray(colours, np.float32) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4).astype(np.float32)


def _encoded(light: Floats) -> Floats:
    """Inverse of `_linear`; beyond 1 it is cut off."""
    value = np.clip(light, 0, 1)
    return np.asarray(255 * np.where(value <= 0.0031308, 12.92 * value, 1.055 * value ** (1 / 2.4) - 0.055), np.float32)


def _with_gain(source: Source, gain: Floats) -> Source:
    """Expose a photograph otherwise: `gain` (3,) in linear light."""
    table = np.rint(_encoded(_linear(np.arange(256, dtype=np.float32))[:, None] * gain)).astype(np.uint8)[None]
    layers = [
        layer._replace(
            image=np.asarray(cv2.LUT(layer.image, table), np.uint8),
            smooth=np.asarray(cv2.LUT(layer.smooth, table), np.uint8),
        )
        for layer in (source.seen, source.under_arms)
    ]
    skin = None if source.skin is None else _encoded(_linear(source.skin) * gain)
    return replace(source, seen=layers[0], under_arms=layers[1], skin=skin)
