"""Hands of avatars at rest: fingers a little bent, where files have them stretched out."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.avatars.skeleton import Skeleton
from ptx.datasets.gltf.scene import Nodes
from ptx.geometry.joints import joint
from ptx.geometry.rotation import rotation_matrices

Doubles = NDArray[np.float64]

CURLS: Mapping[str, float] = {"index": 14, "middle": 18, "ring": 20, "pinky": 22, "little": 22}
"""Word in the names of a finger's bones → degrees by which each of them is bent. Thumbs, which bend otherwise, stay."""

LAST = ("pinky", "little", "ring")
"""Fingers whose knuckle, with the forefinger's, tells about which axis fingers bend, the surest first."""


def relax_hands(nodes: Nodes, skeleton: Skeleton) -> Doubles:
    """Return how each node moves (N, 4, 4), in our frame, from where the mesh was bound to hands at rest; off the fingers not at all."""
    count = len(nodes.names)
    turns = np.tile(np.eye(4), (count, 1, 1))
    for side, sign in (("left", 1.0), ("right", -1.0)):
        owners = joint(f"{side}_wrist"), joint(f"{side}_hand")
        fingers = {node: _finger(nodes.names[node]) for node in range(count) if skeleton.owner[node] in owners}
        fingers = {node: word for node, word in fingers.items() if word}
        knuckles = {word: node for node, word in fingers.items() if fingers.get(nodes.parents[node]) != word}
        last = next((word for word in LAST if word in knuckles), None)
        if last is None or "index" not in knuckles:
            continue
        line = skeleton.nodes[knuckles["index"], :3, 3] - skeleton.nodes[knuckles[last], :3, 3]
        axis = -sign * line / max(float(np.linalg.norm(line)), 1e-9)
        for node, word in fingers.items():
            turns[node] = _about(skeleton.nodes[node, :3, 3], axis * np.radians(CURLS[word]))
    out = np.tile(np.eye(4), (count, 1, 1))
    for node in sorted(range(count), key=lambda one: len(nodes.up(one))):
        parent = nodes.parents[node]
        out[node] = (out[parent] if parent >= 0 else np.eye(4)) @ turns[node]
    return out


def _finger(name: str) -> str:
    """Return the finger that a bone's name tells; nothing where it tells none."""
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)
    return next((word.lower() for word in words if word.lower() in CURLS), "")


def _about(place: Doubles, turn: Doubles) -> Doubles:
    """Matrix (4, 4) that turns by an axis-angle vector about a place."""
    out = np.eye(4)
    out[:3, :3] = rotation_matrices(turn)
    out[:3, 3] = place - out[:3, :3] @ place
    return out
