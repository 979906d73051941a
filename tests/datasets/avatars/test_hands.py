from __future__ import annotations

import numpy as np
import pytest

from ptx.datasets.avatars.hands import CURLS, relax_hands
from ptx.datasets.avatars.skeleton import Skeleton
from ptx.datasets.gltf.scene import Nodes
from ptx.geometry.joints import joint

BONES = (
    ("Hand", 0.7, 0.0, -1), ("HandIndex1", 0.8, 0.03, 0), ("HandIndex2", 0.84, 0.03, 1), ("HandIndex2_end", 0.87, 0.03, 2),
    ("HandPinky1", 0.8, -0.03, 0), ("HandThumb1", 0.72, 0.05, 0),
)  # fmt: skip
"""Name, metres outwards, metres to the front, parent."""


def hands(turn: np.ndarray) -> tuple[Nodes, Skeleton]:
    """Both hands of a T-pose, palms down, in a frame of its own: forefingers at the front, little fingers behind."""
    names, parents, places, owner = [], [], [], []
    for side, sign in (("left", 1), ("right", -1)):
        first = len(names)
        for name, x, z, parent in BONES:
            names.append(side.capitalize() + name)
            parents.append(first + parent if parent >= 0 else -1)
            places.append(turn @ (sign * x, 0.4, z))
            owner.append(joint(f"{side}_wrist"))
    frames = np.tile(np.eye(4), (len(names), 1, 1))
    frames[:, :3, 3] = places
    skeleton = Skeleton(np.zeros((24, 3)), np.ones(24, np.bool_), np.array(owner), [], frames)
    return Nodes(names, parents, frames), skeleton


@pytest.mark.parametrize("turned", [False, True])
def test_fingers_bend_towards_the_palm(turned: bool) -> None:
    turn = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]]) if turned else np.eye(3)
    nodes, skeleton = hands(turn)
    moves = relax_hands(nodes, skeleton)
    curl = np.radians(CURLS["index"])
    for side, sign in (("Left", 1), ("Right", -1)):
        first, second, end = (nodes.names.index(f"{side}Hand{name}") for name in ("Index1", "Index2", "Index2_end"))
        knuckle, joint_place, tip = (skeleton.nodes[node, :3, 3] for node in (first, second, end))
        bent = turn.T @ (moves[first, :3, :3] @ joint_place + moves[first, :3, 3] - knuckle)
        assert bent == pytest.approx([sign * 0.04 * np.cos(curl), -0.04 * np.sin(curl), 0], abs=1e-9)
        further = turn.T @ (
            moves[second, :3, :3] @ tip
            + moves[second, :3, 3]
            - moves[first, :3, :3] @ joint_place
            - moves[first, :3, 3]
        )
        assert further == pytest.approx([sign * 0.03 * np.cos(2 * curl), -0.03 * np.sin(2 * curl), 0], abs=1e-9)
        for name in ("Hand", "HandThumb1"):
            assert (moves[nodes.names.index(side + name)] == np.eye(4)).all()


def test_hands_without_told_fingers_stay() -> None:
    nodes, skeleton = hands(np.eye(3))
    nodes = nodes._replace(names=[name.replace("Pinky", "Bone") for name in nodes.names])
    assert (relax_hands(nodes, skeleton) == np.eye(4)).all()
