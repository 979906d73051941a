"""Which of a file's joints is which of ours, by their names, and where they are in rest.

Names that are known: Mixamo's, which VALID and Ready Player Me use (`mixamorig:LeftUpLeg`), VRM's (`J_Bip_L_UpperLeg`), SMPL's (`L_Hip`,
`left_hip`), and those of Unreal (`thigh_l`), Character Creator (`CC_Base_L_Thigh`) and 3ds Max (`Bip01 L Thigh`). The spine is not told by
names, which are numbered in several ways, but is what lies between the pelvis and the shoulders.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.gltf.scene import Nodes, Skin
from ptx.datasets.joint_names import plain_name
from ptx.geometry.joints import JOINT_COUNT, PARENTS, SMPL_JOINTS, joint
from ptx.pipeline.errors import BadSample, printable

Doubles = NDArray[np.float64]

PREFIXES = frozenset(
    ("mixamorig", "armature", "bip", "bip001", "bip01", "cc", "base", "j", "c", "def", "org", "m", "f", "avg", "root", "valve", "biped")
)  # fmt: skip
"""Words before a joint's name that say nothing."""

CENTRE: Mapping[str, tuple[str, ...]] = {
    "pelvis": ("hips", "pelvis", "hip"),
    "neck": ("neck", "neck_1"),
    "head": ("head",),
}
"""Joint in the middle → its names, the surest first."""

SIDED: Mapping[str, tuple[str, ...]] = {
    "hip": ("up_leg", "upper_leg", "upleg", "upperleg", "thigh", "hip"),
    "knee": ("leg", "lower_leg", "lowerleg", "calf", "shin", "knee"),
    "ankle": ("ankle", "foot"),
    "foot": ("toe_base", "toebase", "toes", "toe", "toe_0", "ball", "foot"),
    "shoulder": ("arm", "upper_arm", "upperarm", "up_arm", "shoulder"),
    "collar": ("collar", "clavicle", "shoulder"),
    "elbow": ("fore_arm", "forearm", "lower_arm", "lowerarm", "elbow"),
    "wrist": ("wrist", "hand"),
    "hand": ("hand", "hand_middle_1", "middle_1", "middle_proximal"),
}
"""Joint of either side → its names, the surest first. What one joint has taken is no other: `shoulder` is the upper arm where nothing else
is, else the collar."""

SPINE = ("spine1", "spine2", "spine3")

NOT_NEEDED = frozenset(
    (*SPINE, "neck", "left_foot", "right_foot", "left_collar", "right_collar", "left_hand", "right_hand")
)
"""Joints without which a skeleton can be posed: they move with what is next to them."""

STRAIGHT = {"shoulder": "elbow", "elbow": "wrist", "hip": "knee", "knee": "ankle"}
"""Joint of a limb → the next one: their direction in rest tells a T-pose from an A-pose."""

FOLLOWS = {"wrist": "elbow", "hand": "elbow"}
"""Joint → the one that it is turned with when its limb is brought to the T-pose; feet stay flat on the ground."""


class Skeleton(NamedTuple):
    """The joints of a file as ours."""

    rest: Doubles
    """(24, 3) joints where the mesh was bound, in our frame, metres, the pelvis at the origin."""
    known: NDArray[np.bool_]
    """(24,) False where the file has none, and `rest` is put between its neighbours."""
    owner: NDArray[np.int64]
    """(N,) our joint that each node moves with."""
    bind: list[Doubles]
    """(4, 4) for each skin, from its mesh's frame to ours where the mesh was bound."""
    nodes: Doubles
    """(N, 4, 4) from each node's frame to ours where the mesh was bound."""


def name_joints(names: Sequence[str]) -> dict[str, int]:
    """Find our joints, but for the spine, among names; those that are missing are left out.

    Returns:
        Name of `SMPL_JOINTS` → position in `names`; of several that are called alike the first.
    """
    of_plain: dict[str, int] = {}
    for number, name in enumerate(names):
        of_plain.setdefault(_plain(name), number)
    found: dict[str, int] = {}
    for ours, options in CENTRE.items():
        _take(ours, options, of_plain, found)
    for side in ("left", "right"):
        for ours, options in SIDED.items():
            _take(f"{side}_{ours}", [f"{side}_{option}" for option in options], of_plain, found)
    return found


def _take(ours: str, options: Sequence[str], of_plain: Mapping[str, int], found: dict[str, int]) -> None:
    """Note the first of the options that is there and that no other joint has taken."""
    free = [option for option in options if option in of_plain and of_plain[option] not in found.values()]
    if free:
        found[ours] = of_plain[free[0]]


def _plain(name: str) -> str:
    """Return a name without the words of its program: `mixamorig:LeftUpLeg` is `left_up_leg`."""
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", name.rpartition(":")[2].rpartition("|")[2])
    while len(words) > 1 and (words[0].lower() in PREFIXES or words[0].isdigit()):
        words = words[1:]
    numbers = [str(int(word)) if word.isdigit() else word for word in words]
    return plain_name("_".join(numbers))


def find_skeleton(nodes: Nodes, skins: Sequence[Skin], target: Doubles) -> Skeleton:
    """Map the joints of a file, and lay the file in our frame: upright, facing +z, the pelvis at the origin.

    Args:
        nodes: the tree.
        skins: what binds meshes; there may be several, each with a frame of its own.
        target: (24, 3) our joints in rest, whose height a file in another unit than metres gets.

    Raises:
        BadSample: `unknown_skeleton`.
    """
    joints = list(dict.fromkeys(node for skin in skins for node in skin.joints))
    if not joints:
        raise BadSample("unknown_skeleton", "it has no skin: nothing binds its mesh to joints")
    found = {name: joints[place] for name, place in name_joints([nodes.names[node] for node in joints]).items()}
    missing = [name for name in SMPL_JOINTS if name not in found and name not in NOT_NEEDED]
    if missing:
        some = ", ".join(nodes.names[node] for node in joints[:4])
        raise BadSample("unknown_skeleton", printable(f"no joint is named as {', '.join(missing)} ({some} ...)"))
    _find_spine(nodes, joints, found)
    owner = _owners(nodes, found)
    frames, bind = _bound_frames(nodes, skins, found["pelvis"])
    to_ours = _our_frame(frames, found, target)
    frames = to_ours @ frames
    known = np.array([name in found for name in SMPL_JOINTS])
    rest = np.zeros((JOINT_COUNT, 3))
    for name, node in found.items():
        rest[joint(name)] = frames[node, :3, 3]
    _fill_in(rest, known)
    return Skeleton(rest, known, owner, [to_ours @ one for one in bind], frames)


def _find_spine(nodes: Nodes, joints: Sequence[int], found: dict[str, int]) -> None:
    """Note up to three of the joints between the pelvis and both shoulders: the first, the middle one, the last."""
    left, right = (nodes.up(found[f"{side}_shoulder"]) for side in ("left", "right"))
    trunk = [node for node in left if node in right]
    below = trunk[: trunk.index(found["pelvis"])] if found["pelvis"] in trunk else []
    spine = [node for node in reversed(below) if node in joints and node not in found.values()]
    if not spine:
        return
    taken = {"spine1": spine[0], "spine2": spine[len(spine) // 2], "spine3": spine[-1]}
    found.update({name: node for name, node in taken.items() if len(spine) > 2 or name != "spine2"})
    if len(spine) == 1:
        del found["spine1"]


def _owners(nodes: Nodes, found: Mapping[str, int]) -> NDArray[np.int64]:
    """Our joint (N,) that each node moves with: the nearest on its way to the root, else the pelvis."""
    ours = {node: joint(name) for name, node in found.items()}
    ways = map(nodes.up, range(len(nodes.names)))
    return np.array([next((ours[node] for node in way if node in ours), joint("pelvis")) for way in ways], np.int64)


def _bound_frames(nodes: Nodes, skins: Sequence[Skin], pelvis: int) -> tuple[Doubles, list[Doubles]]:
    """Frames of all nodes where the meshes were bound, and of each skin's mesh.

    A file may stand in any pose; how it was bound is in the matrices of its skins, each in a frame of its own: the pelvis stays where its
    node is, one skin's joints tell the frame of the next, and nodes of no skin stand to their parents as they do now.

    Returns:
        (N, 4, 4) from the nodes' frames to the file's, and for each skin (4, 4) from its mesh's.
    """
    frames = {pelvis: nodes.world[pelvis]}
    bind: dict[int, Doubles] = {}
    waiting = list(range(len(skins)))
    while waiting:
        shared = [number for number in waiting if any(node in frames for node in skins[number].joints)]
        number = shared[0] if shared else waiting[0]
        waiting.remove(number)
        skin = skins[number]
        anchor = next((place for place, node in enumerate(skin.joints) if node in frames), 0)
        node = skin.joints[anchor]
        bind[number] = frames.get(node, nodes.world[node]) @ skin.inverse_bind[anchor]
        for place, one in enumerate(skin.joints):
            frames.setdefault(one, bind[number] @ np.linalg.inv(skin.inverse_bind[place]))
    out = nodes.world.copy()
    for node in sorted(range(len(out)), key=lambda one: len(nodes.up(one))):
        parent = nodes.parents[node]
        if node in frames:
            out[node] = frames[node]
        elif parent >= 0:
            out[node] = out[parent] @ np.linalg.pinv(nodes.world[parent]) @ nodes.world[node]
    return out, [bind[number] for number in range(len(skins))]


def _our_frame(frames: Doubles, found: Mapping[str, int], target: Doubles) -> Doubles:
    """Matrix (4, 4) from a file's frame to ours: x to the person's left, y up, z to the front, metres, the pelvis at the origin.

    Up is from the ankles to the head, left from the right hip and shoulder to the left ones, whatever the file's axes are. A person of .5
    to 3 m between ankles and head keeps their size; others are in another unit, and become as tall as our body.
    """
    at = {name: frames[node, :3, 3] for name, node in found.items()}
    up = at["head"] - (at["left_ankle"] + at["right_ankle"]) / 2
    left = at["left_hip"] - at["right_hip"] + at["left_shoulder"] - at["right_shoulder"]
    height = float(np.linalg.norm(up))
    front = np.cross(left, up)
    if not np.linalg.norm(front) > 1e-9 * max(height, 1e-9) ** 2:
        raise BadSample("unknown_skeleton", "its joints lie in one line")
    front /= np.linalg.norm(front)
    up = up / height
    axes = np.stack([np.cross(up, front), up, front])
    nearest = np.rint(axes)  # a file's axes are ours in another order; the person may lean
    if np.abs(axes - nearest).max() < 0.3 and np.isclose(abs(np.linalg.det(nearest)), 1):
        axes = nearest
    ours = float(target[joint("head"), 1] - target[joint("left_ankle"), 1])
    out = np.eye(4)
    out[:3, :3] = axes * (1.0 if 0.5 < height < 3 else ours / height)
    out[:3, 3] = -out[:3, :3] @ at["pelvis"]
    return out


def _fill_in(rest: Doubles, known: NDArray[np.bool_]) -> None:
    """Put joints that a file does not have between the known ones before and after them, in place."""
    for number in range(JOINT_COUNT):
        if known[number]:
            continue
        parent = rest[PARENTS[number]]
        after = [child for child in range(JOINT_COUNT) if known[child] and number in _line(child)]
        if after:
            nearest = min(after, key=lambda child: len(_line(child)))
            steps = _line(nearest).index(number) + 1
            rest[number] = parent + (rest[nearest] - parent) / (steps + 1)
        else:
            rest[number] = parent


def _line(number: int) -> list[int]:
    """Joints above one of ours, the nearest first."""
    out = []
    while PARENTS[number] >= 0:
        number = PARENTS[number]
        out.append(number)
    return out


def to_t_pose(skeleton: Skeleton, target: Doubles) -> Doubles:
    """Rotation (24, 3, 3) of each joint from where the mesh was bound, in an A-pose, say, to our rest, a T-pose: limbs by the least turn.

    Args:
        skeleton: of a file.
        target: (24, 3) our joints in rest.
    """
    out = np.tile(np.eye(3), (JOINT_COUNT, 1, 1))
    for side in ("left", "right"):
        for name, following in STRAIGHT.items():
            here, there = joint(f"{side}_{name}"), joint(f"{side}_{following}")
            out[here] = _least_turn(skeleton.rest[there] - skeleton.rest[here], target[there] - target[here])
        for name, leader in FOLLOWS.items():
            out[joint(f"{side}_{name}")] = out[joint(f"{side}_{leader}")]
    return out


def _least_turn(start: Doubles, end: Doubles) -> Doubles:
    """Rotation (3, 3) by the least angle that brings one direction to another."""
    a = start / max(float(np.linalg.norm(start)), 1e-12)
    b = end / max(float(np.linalg.norm(end)), 1e-12)
    axis, cosine = np.cross(a, b), float(a @ b)
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    if cosine < -1 + 1e-9:  # opposite: half a turn about the front
        return np.diag([-1.0, -1.0, 1.0])
    return np.asarray(np.eye(3) + cross + cross @ cross / (1 + cosine))
