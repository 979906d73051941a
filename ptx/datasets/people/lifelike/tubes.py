"""Tubes of cloth in rest: skirts, the lower parts of dresses and tails of coats, which `hanging` lets hang."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.people.lifelike.figure import Worn
from ptx.datasets.people.lifelike.hanging import RINGS, SIDES, Tube
from ptx.datasets.people.lifelike.pack import Piece
from ptx.geometry.body import Body
from ptx.geometry.joints import joint
from ptx.labels import garment

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

AXIS_Z = 0.0
"""z of a tube's axis on the mean body in rest, metres."""

BAND = 0.025
"""Half the height of the band of skin that a ring lies around, metres."""

BOUND = 9
"""Vertices of the body that a vertex of cloth is bound to: cloth has none of the skin's small forms."""

HELD = (-0.06, 0.02)
"""Heights between which cloth goes over from falling to lying on the body."""

UNDER_HEM = 0.06
"""Metres above the hem down to which skin under a tube is hidden."""


@dataclass(frozen=True)
class Fall:
    """The cut of a tube; heights on the mean body in rest, metres."""

    top: float
    """Where it begins."""
    hem: float
    """Where it ends."""
    flare: float = 0.1
    """Metres outwards per metre down that it stands off."""
    fullness: float = 0.1
    """The same of its cloth, at least `flare`: the rest lies in folds."""
    folds: float = 9
    """Number of folds."""
    sharp: float = 0.0
    """0 waves, 1 pressed pleats."""
    open: float = 0.0
    """Half the angle, radians, by which it is open in front."""
    slack: float = 0.008
    """Metres that it stands off at the top."""


@dataclass(frozen=True)
class Style:
    """A kind of skirt."""

    weight: float
    """Relative frequency."""
    flare: tuple[float, float]
    """Least and most of `Fall.flare`."""
    spare: tuple[float, float]
    """Least and most by which the cloth is fuller than that."""
    folds: tuple[int, int]
    """Least and most of their number."""
    hems: tuple[float, float]
    """Lowest and highest hem."""
    sharp: float = 0.0
    """As of a fall."""


STYLES = (
    Style(2.0, (0.0, 0.04), (0.0, 0.05), (5, 8), (-0.55, -0.25)),  # pencil
    Style(3.0, (0.12, 0.28), (0.02, 0.12), (6, 10), (-0.65, -0.25)),  # A-line
    Style(2.0, (0.35, 0.6), (0.2, 0.5), (8, 13), (-0.42, -0.22)),  # skater
    Style(1.5, (0.08, 0.22), (0.3, 0.5), (18, 26), (-0.65, -0.25), 0.7),  # pleated
    Style(2.5, (0.08, 0.22), (0.1, 0.35), (6, 12), (-0.86, -0.66)),  # maxi
)
"""What skirts and dresses are cut as."""


def sample_fall(top: float, rng: np.random.Generator) -> Fall:
    """Sample the cut of a skirt, or of a dress, from a height down."""
    weights = np.array([style.weight for style in STYLES])
    style = STYLES[rng.choice(len(STYLES), p=weights / weights.sum())]
    flare = float(rng.uniform(*style.flare))
    return Fall(
        top,
        float(rng.uniform(*style.hems)),
        flare,
        flare + float(rng.uniform(*style.spare)),
        float(rng.integers(*style.folds, endpoint=True)),
        style.sharp,
    )


def hang_from(body: Body, label: str, fall: Fall, rng: np.random.Generator) -> Worn:
    """Wear a tube of cloth; `rng` draws the shape of its folds."""
    heights = np.linspace(fall.top, fall.hem, RINGS)
    angles = 2 * np.pi * np.arange(SIDES) / SIDES
    around = np.stack([np.sin(angles), np.cos(angles)], axis=1)
    reach = _reach(body, fall.top, fall.hem)
    down = (fall.top - heights)[:, None]
    radius = np.maximum.accumulate(reach, axis=0) + fall.slack + 0.5 * fall.slack * np.clip(down / 0.06, 0, 1)
    below = np.maximum(HELD[1] - heights, 0)[:, None] if fall.top < 0.25 else down
    radius = radius + fall.flare * below
    rest = np.empty((RINGS, SIDES, 3), np.float32)
    rest[..., 0] = radius * around[:, 0]
    rest[..., 1] = heights[:, None]
    rest[..., 2] = radius * around[:, 1] + AXIS_Z
    girth = 2 * np.pi * (radius.mean(1) + (fall.fullness - fall.flare) * below[:, 0])
    stiff = np.clip((heights - HELD[0]) / (HELD[1] - HELD[0]), 0, 1)
    tube = Tube(
        (stiff * stiff * (3 - 2 * stiff)).astype(np.float32),
        fall.flare,
        girth.astype(np.float32),
        fall.folds,
        _waves(fall, angles, np.linspace(0, 1, RINGS)[:, None], rng),
    )
    piece = _piece(body, label, fall, rest, angles)
    y, x = body.v_template[:, 1], np.abs(body.v_template[:, 0])
    hides = (y < fall.top - 0.03) & (y > fall.hem + UNDER_HEM) & (x < 0.4) & ~_arms(body)
    return Worn(piece, label, None, hides & (fall.open == 0), hangs=tube)


def _piece(body: Body, label: str, fall: Fall, rest: Floats, angles: NDArray[np.float64]) -> Piece:
    """Bind a tube (RINGS, SIDES, 3) to the body."""
    flat = rest.reshape(-1, 3)
    corners = _nearest(body, flat)
    weights = np.full(corners.shape, 1 / BOUND, np.float32)
    offset = flat - body.v_template[corners].mean(1)
    return Piece(
        name=f"tube.{label}",
        kind="tube",
        label=garment(label),
        sex="",
        texture="",
        corners=corners,
        weights=weights,
        offset=offset.astype(np.float32),
        faces=_faces(angles, fall.open),
        uv=np.zeros((1, 2), np.float32),
        face_uv=np.zeros((len(_faces(angles, fall.open)), 3), np.int32),
        groups=np.zeros(0, np.uint8),
        hides=np.zeros(len(body.v_template), np.bool_),
        skin=_still(body.weights[corners].mean(1)),
    )


def _faces(angles: NDArray[np.float64], opening: float) -> Ints:
    """Return a tube's triangles (F, 3), counter-clockwise from outside, but for an opening in front."""
    ring, side = (a.ravel() for a in np.meshgrid(np.arange(RINGS - 1), np.arange(SIDES), indexing="ij"))
    from_front = np.abs((angles[side] + np.pi / SIDES + np.pi) % (2 * np.pi) - np.pi)
    ring, side = ring[from_front >= opening], side[from_front >= opening]
    a, b = ring * SIDES + side, ring * SIDES + (side + 1) % SIDES
    c, d = a + SIDES, b + SIDES
    return np.concatenate([np.stack([a, c, b], 1), np.stack([b, c, d], 1)]).astype(np.int32)


def _still(weights: Floats) -> Floats:
    """Give what skinning weights (V, 24) leave to legs and arms to the pelvis and the chest: cloth hangs from these."""
    out = weights.copy()
    for parts, into in ((("hip", "knee", "ankle", "foot"), "pelvis"), (("collar", "shoulder", "elbow"), "spine3")):
        limbs = [joint(f"{side}_{part}") for side in ("left", "right") for part in parts]
        out[:, joint(into)] += out[:, limbs].sum(1)
        out[:, limbs] = 0
    return out / out.sum(1, keepdims=True)


def _waves(
    fall: Fall, angles: NDArray[np.float64], down: NDArray[np.float64], rng: np.random.Generator
) -> Floats:
    """Sample the shape (RINGS, SIDES) of folds: even pleats, or waves of uneven width that wander on their way down."""
    first, second, third = rng.uniform(0, 2 * np.pi, 3)
    wander = (1 - fall.sharp) * (0.9 * np.sin(2 * angles + first) + 0.5 * np.sin(3 * angles + second) + 0.5 * down)
    phase = fall.folds * angles + wander + third
    soft = np.cos(phase) * (1 + 0.35 * (1 - fall.sharp) * np.sin(3 * angles + first))
    pressed = 2 * ((phase / (2 * np.pi)) % 1) - 1
    return np.asarray((1 - fall.sharp) * soft + fall.sharp * pressed, np.float32)


@lru_cache(maxsize=2)
def _arms(body: Body) -> NDArray[np.bool_]:
    """Mark the vertices (V,) of arms."""
    arms = [joint(f"{side}_{part}") for side in ("left", "right") for part in ("shoulder", "elbow", "wrist", "hand")]
    return np.asarray(body.weights[:, arms].sum(1) > 0.3, np.bool_)


@lru_cache(maxsize=32)
def _reach(body: Body, top: float, hem: float) -> NDArray[np.float64]:
    """Compute how far (RINGS, SIDES) the body reaches from a tube's axis at each ring, in each direction, as cloth around it lies."""
    angles = 2 * np.pi * np.arange(SIDES) / SIDES
    around = np.stack([np.sin(angles), np.cos(angles)], axis=1)
    points = body.v_template[~_arms(body)]
    out = np.zeros((RINGS, SIDES))
    for ring, y in enumerate(np.linspace(top, hem, RINGS)):
        band = points[np.abs(points[:, 1] - y) < BAND][:, [0, 2]] - (0, AXIS_Z)
        support = (around @ band.T).max(1) if len(band) else np.zeros(SIDES)
        # The radius at which a ray leaves the hull is the least of support over the cosine.
        cosine = np.cos(angles[:, None] - angles[None])
        bound = np.where(cosine > 0.2, support[None] / np.maximum(cosine, 0.2), np.inf)
        out[ring] = bound.min(1)
    return out


def _nearest(body: Body, points: Floats) -> Ints:
    """Find the `BOUND` vertices (V, BOUND), of every fourth of trunk and legs, nearest to each point (V, 3)."""
    candidates = np.flatnonzero(~_arms(body) & (body.v_template[:, 1] < 0.45))[::4]
    place = body.v_template[candidates]
    away = (points**2).sum(1)[:, None] - 2 * points @ place.T + (place**2).sum(1)
    return candidates[np.argpartition(away, BOUND, axis=1)[:, :BOUND]].astype(np.int32)

