"""Tubes of cloth in rest: skirts, the lower parts of dresses and tails of coats, which `hanging` lets hang."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.people.lifelike.figure import Worn
from ptx.datasets.people.lifelike.grids import around, bind_grid
from ptx.datasets.people.lifelike.hanging import RINGS, SIDES, Tube
from ptx.geometry.body import Body
from ptx.geometry.joints import joint
from ptx.geometry.layers.sheet import smoothstep

Floats = NDArray[np.float32]

AXIS_Z = 0.0
"""z of a tube's axis on the mean body in rest, metres."""

BAND = 0.025
"""Half the height of the band of skin that a ring lies around, metres."""

HELD = (-0.06, 0.02)
"""Heights between which cloth goes over from falling to lying on the body."""

UNDER_HEM = 0.06
"""Metres above the hem down to which skin under a tube is hidden."""

HIDDEN_Y = -0.38
"""Height down to which it is at most: shins may swing out of a long skirt."""


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
    clear: float = 0.012
    """Metres that it stays off the skin of the legs at least."""


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
    angles, directions = around(SIDES)
    reach = reach_around(body, fall.top, fall.hem)
    down = (fall.top - heights)[:, None]
    radius = np.maximum.accumulate(reach, axis=0) + fall.slack + 0.5 * fall.slack * np.clip(down / 0.06, 0, 1)
    below = np.maximum(HELD[1] - heights, 0)[:, None] if fall.top < 0.25 else down
    radius = radius + fall.flare * below
    rest = np.empty((RINGS, SIDES, 3), np.float32)
    rest[..., 0] = radius * directions[:, 0]
    rest[..., 1] = heights[:, None]
    rest[..., 2] = radius * directions[:, 1] + AXIS_Z
    girth = 2 * np.pi * (radius.mean(1) + (fall.fullness - fall.flare) * below[:, 0])
    stiff = smoothstep((heights - HELD[0]) / (HELD[1] - HELD[0]))
    tube = Tube(
        stiff.astype(np.float32),
        fall.flare,
        girth.astype(np.float32),
        fall.folds,
        _waves(fall, angles, np.linspace(0, 1, RINGS)[:, None], rng),
        fall.clear,
    )
    piece = bind_grid(
        body, label, rest, ~_arms(body) & (body.v_template[:, 1] < 0.45), kind="tube", left_out=_gap(angles, fall.open)
    )
    piece = replace(piece, skin=_still(body.weights[piece.corners].mean(1)))
    y, x = body.v_template[:, 1], np.abs(body.v_template[:, 0])
    hides = (y < fall.top - 0.03) & (y > max(fall.hem + UNDER_HEM, HIDDEN_Y)) & (x < 0.4) & ~_arms(body)
    return Worn(piece, label, None, hides & (fall.open == 0), hangs=tube)


def _gap(angles: NDArray[np.float64], opening: float) -> NDArray[np.bool_]:
    """Mark the sides (S,) that an opening in front takes, half as wide as `opening`, radians."""
    from_front = np.abs((angles + np.pi / SIDES + np.pi) % (2 * np.pi) - np.pi)
    return np.asarray(from_front < opening, np.bool_)


def _still(weights: Floats) -> Floats:
    """Give what skinning weights (V, 24) leave to legs and arms to the pelvis and the chest: cloth hangs from these."""
    out = weights.copy()
    for parts, into in ((("hip", "knee", "ankle", "foot"), "pelvis"), (("collar", "shoulder", "elbow"), "spine3")):
        limbs = [joint(f"{side}_{part}") for side in ("left", "right") for part in parts]
        out[:, joint(into)] += out[:, limbs].sum(1)
        out[:, limbs] = 0
    return np.asarray(out / out.sum(1, keepdims=True), np.float32)


def _waves(fall: Fall, angles: NDArray[np.float64], down: NDArray[np.float64], rng: np.random.Generator) -> Floats:
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
def reach_around(body: Body, top: float, hem: float) -> NDArray[np.float64]:
    """Compute how far (RINGS, SIDES) the body reaches from a tube's axis at each ring, in each direction, as cloth around it lies."""
    angles, directions = around(SIDES)
    points = body.v_template[~_arms(body)]
    out = np.zeros((RINGS, SIDES))
    for ring, y in enumerate(np.linspace(top, hem, RINGS)):
        band = points[np.abs(points[:, 1] - y) < BAND][:, [0, 2]] - (0, AXIS_Z)
        support = (directions @ band.T).max(1) if len(band) else np.zeros(SIDES)
        # The radius at which a ray leaves the hull is the least of support over the cosine.
        cosine = np.cos(angles[:, None] - angles[None])
        bound = np.where(cosine > 0.2, support[None] / np.maximum(cosine, 0.2), np.inf)
        out[ring] = bound.min(1)
    return out
