"""Cloth and hair that hang: tubes of columns which fall from what holds them, over thighs and shins, in folds of their spare length."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.body import Body
from ptx.geometry.joints import joint
from ptx.geometry.kernel import kernel

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

RINGS, SIDES = 24, 96
"""Vertices of a tube: rings from where it is held to the hem, sides counter-clockwise from above, the first in front."""

BETWEEN = 5
"""Limbs that cloth lies on between left and right, these included: it spans what is between the legs."""

DEEPEST = 0.28
"""Largest amplitude of a fold, as a share of its width."""

SMOOTHINGS = 3
"""How often each ring is averaged with its neighbours around: cloth has no steps."""


@dataclass(frozen=True, eq=False)
class Tube:
    """How the cloth of a tube hangs; its `RINGS` x `SIDES` vertices are in this order."""

    stiff: Floats
    """(RINGS,) 1 where it keeps its place on the body, 0 where it falls."""
    flare: float
    """Metres outwards per metre down that falling cloth stands off."""
    girth: Floats
    """(RINGS,) length of the cloth around, metres; what the ring is shorter than that lies in folds."""
    folds: float
    """Number of folds around."""
    waves: Floats
    """(RINGS, SIDES) their shape, -1..1."""
    clear: float
    """Metres between the skin of legs and the cloth: what is worn under it."""


@dataclass(frozen=True)
class Held:
    """What hangs from a joint that turns: it stays upright."""

    joint: int
    """Which."""


@dataclass(frozen=True, eq=False)
class Legs:
    """Where a body's legs are measured."""

    bones: tuple[tuple[int, int], ...]
    """Joints at both ends of each bone: left thigh, right thigh, left shin, right shin."""
    skin: tuple[NDArray[np.intp], ...]
    """Vertices around each bone."""


def legs_of(body: Body) -> Legs:
    """Find the skin around thighs and shins of a bare body."""
    heaviest = body.weights.argmax(1)
    bones = [
        (joint(f"{side}_{upper}"), joint(f"{side}_{lower}"))
        for upper, lower in (("hip", "knee"), ("knee", "ankle"))
        for side in ("left", "right")
    ]
    return Legs(tuple(bones), tuple(np.flatnonzero(heaviest == upper)[::3] for upper, _ in bones))


def hang(tube: Tube, rigid: Floats, legs: Legs, skin: Floats, joints: Floats) -> Floats:
    """Let a tube hang.

    Args:
        tube: which.
        rigid: (RINGS, SIDES, 3) where it would be if it moved with the pelvis, metres, y up.
        legs: of the body.
        skin: (B, 3) the posed body.
        joints: (24, 3) its joints.

    Returns:
        (RINGS, SIDES, 3) in metres.
    """
    starts, ends, radii = _limbs(legs, skin, joints, tube.clear)
    fallen = np.empty_like(rigid)
    _fall(rigid, tube.stiff, np.float32(tube.flare), starts, ends, radii, fallen)
    for _ in range(SMOOTHINGS):
        around = np.roll(fallen, 1, axis=1) + np.roll(fallen, -1, axis=1)
        fallen[1:] = 0.5 * fallen[1:] + 0.25 * around[1:]
    _push_out(fallen, starts, ends, radii)
    return _folded(tube, fallen)


def upright(held: Held, points: Floats, rotations: Floats, joints: Floats) -> Floats:
    """Turn what is held (M, 3) back about its joint, so that it stands as in rest but for the body's heading.

    Args:
        held: from which joint.
        points: (M, 3) as they move with the joint.
        rotations: (24, 3, 3) of the joints.
        joints: (24, 3) their positions.
    """
    sine, cosine = rotations[0, 0, 2], rotations[0, 2, 2]
    length = max(float(np.hypot(sine, cosine)), 1e-6)
    s, c = sine / length, cosine / length
    heading = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]], np.float32)
    pivot = joints[held.joint]
    return np.asarray((points - pivot) @ rotations[held.joint] @ heading.T + pivot, np.float32)


def _limbs(legs: Legs, skin: Floats, joints: Floats, clear: float) -> tuple[Floats, Floats, Floats]:
    """Measure the limbs that cloth lies on: starts (L, 3), ends (L, 3), radii (L, 2) at both, metres."""
    ends = np.array([[joints[upper], joints[lower]] for upper, lower in legs.bones])
    radii = np.array([_radii(skin[own], *bone) for own, bone in zip(legs.skin, ends, strict=True)]) + clear
    share = np.linspace(0, 1, BETWEEN)[:, None, None]
    lines = [left * (1 - share) + right * share for left, right in (ends[:2], ends[2:])]
    sizes = [left * (1 - share[..., 0]) + right * share[..., 0] for left, right in (radii[:2], radii[2:])]
    both = np.concatenate(lines).astype(np.float32)
    return (
        np.ascontiguousarray(both[:, 0]),
        np.ascontiguousarray(both[:, 1]),
        np.concatenate(sizes).astype(np.float32),
    )


def _radii(points: Floats, start: Floats, end: Floats) -> NDArray[np.float64]:
    """Fit the radii (2,) at both ends of a bone to the skin (M, 3) around it."""
    along = (points - start) @ (end - start) / max(float((end - start) @ (end - start)), 1e-9)
    away = np.linalg.norm(points - start - np.clip(along, 0, 1)[:, None] * (end - start), axis=1)
    inner = (along > 0.2) & (along < 1)
    slope, first = np.polyfit(along[inner], away[inner], 1)
    return np.array([first, first + slope]).clip(0.03, 0.2)


@kernel
def _fall(
    rigid: Floats, stiff: Floats, flare: np.float32, starts: Floats, ends: Floats, radii: Floats, out: Floats
) -> None:
    """Let each column of a tube (R, S, 3) fall by its own lengths, out of the limbs, as `hang` has them."""
    rings, sides = rigid.shape[0], rigid.shape[1]
    cx, cz = np.float32(0), np.float32(0)
    for s in range(sides):
        cx += rigid[0, s, 0] / np.float32(sides)
        cz += rigid[0, s, 2] / np.float32(sides)
    point = np.empty(3, np.float32)
    for s in range(sides):
        ox, oz = rigid[0, s, 0] - cx, rigid[0, s, 2] - cz
        far = max(np.sqrt(ox * ox + oz * oz), np.float32(1e-6))
        ox, oz = ox / far, oz / far
        down = np.float32(1) / np.sqrt(1 + flare * flare)
        out[0, s] = rigid[0, s]
        for r in range(1, rings):
            step = rigid[r, s] - rigid[r - 1, s]
            length = np.sqrt(step[0] * step[0] + step[1] * step[1] + step[2] * step[2])
            k = stiff[r]
            point[0] = out[r - 1, s, 0] + k * step[0] + (1 - k) * length * down * flare * ox
            point[1] = out[r - 1, s, 1] + k * step[1] - (1 - k) * length * down
            point[2] = out[r - 1, s, 2] + k * step[2] + (1 - k) * length * down * flare * oz
            for _ in range(3):
                _leave(point, starts, ends, radii)
                dx, dy, dz = point[0] - out[r - 1, s, 0], point[1] - out[r - 1, s, 1], point[2] - out[r - 1, s, 2]
                share = length / max(np.sqrt(dx * dx + dy * dy + dz * dz), np.float32(1e-6))
                point[0] = out[r - 1, s, 0] + dx * share
                point[1] = out[r - 1, s, 1] + dy * share
                point[2] = out[r - 1, s, 2] + dz * share
            out[r, s] = point


@kernel
def _push_out(points: Floats, starts: Floats, ends: Floats, radii: Floats) -> None:
    """Move points (R, S, 3), but those of the first ring, out of the limbs, in place."""
    for r in range(1, points.shape[0]):
        for s in range(points.shape[1]):
            _leave(points[r, s], starts, ends, radii)


@kernel
def _leave(point: Floats, starts: Floats, ends: Floats, radii: Floats) -> None:
    """Move a point (3,) out of the limbs, in place, away from their axes."""
    for limb in range(len(starts)):
        ax, ay, az = starts[limb, 0], starts[limb, 1], starts[limb, 2]
        bx, by, bz = ends[limb, 0] - ax, ends[limb, 1] - ay, ends[limb, 2] - az
        px, py, pz = point[0] - ax, point[1] - ay, point[2] - az
        along = (px * bx + py * by + pz * bz) / (bx * bx + by * by + bz * bz)
        along = min(max(along, np.float32(0)), np.float32(1))
        px, py, pz = px - along * bx, py - along * by, pz - along * bz
        radius = radii[limb, 0] + along * (radii[limb, 1] - radii[limb, 0])
        away = np.sqrt(px * px + py * py + pz * pz)
        if away < radius:
            more = radius / max(away, np.float32(1e-6)) - 1
            point[0] += more * px
            point[1] += more * py
            point[2] += more * pz


def _folded(tube: Tube, points: Floats) -> Floats:
    """Lay what the cloth (RINGS, SIDES, 3) is longer than its rings into folds: waves whose length is that of the cloth."""
    across = np.roll(points, -1, axis=1) - np.roll(points, 1, axis=1)
    along = np.gradient(points, axis=0)
    normals = np.cross(along, across)
    normals /= np.maximum(np.linalg.norm(normals, axis=2, keepdims=True), 1e-9)
    length = 0.5 * np.linalg.norm(across, axis=2).sum(1)
    width = length / tube.folds
    # A sine of amplitude a and width w is longer than its line by (pi a / w)^2, to the second order.
    spare = np.sqrt(np.maximum(tube.girth / length - 1, 0)) / np.pi
    depth = width * np.minimum(spare, DEEPEST) * (1 - tube.stiff)
    outwards = depth[:, None] * (tube.waves + 0.4)
    return np.asarray(points - outwards[..., None] * normals, np.float32)
