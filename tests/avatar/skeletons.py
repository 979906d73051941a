"""BVH files of skeletons as motion capture names and lays them out, written by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

Tree = dict[str, tuple[str, tuple[float, float, float]]]
"""Joint → its parent and its offset, centimetres."""


class Style(NamedTuple):
    """How a program names its joints."""

    pelvis: str
    spine: Sequence[str]
    neck: Sequence[str]
    head: str
    collar: str
    arm: Sequence[str]
    leg: Sequence[str]


def sided(name: str, side: str) -> str:
    return name.replace("*", side.capitalize()).replace("?", side[0]).replace("!", side[0].upper())


def style(pelvis: str, spine: str, neck: str, head: str, collar: str, arm: str, leg: str, before: str = "") -> Style:
    """Lists of names with commas between; `before` begins each name."""
    lists = [[before + name for name in text.split(",")] for text in (pelvis, spine, neck, head, collar, arm, leg)]
    return Style(lists[0][0], lists[1], lists[2], lists[3][0], lists[4][0], lists[5], lists[6])


ARM, LEG = "*Arm,*ForeArm,*Hand", "*UpLeg,*Leg,*Foot,*ToeBase"

STYLES = {
    "cmu": style("Hips", "LowerBack,Spine,Spine1", "Neck,Neck1", "Head", "*Shoulder", ARM, LEG),
    "mixamo": style("Hips", "Spine,Spine1,Spine2", "Neck", "Head", "*Shoulder", ARM, LEG, "mixamorig:"),
    "rokoko": style("Hips", "Spine1,Spine2,Spine3,Spine4", "Neck", "Head", "*Shoulder", ARM, "*Thigh,*Shin,*Foot,*Toe"),
    "poser": style("hip", "abdomen,chest", "neck", "head", "?Collar", "?Shldr,?ForeArm,?Hand", "?Thigh,?Shin,?Foot"),
    "old": style("Hips", "Chest", "Neck", "Head", "*Collar", "*Shoulder,*Elbow,*Wrist", "*Hip,*Knee,*Ankle"),
    "unreal": style(
        "pelvis", "spine_01,spine_02", "neck_01", "head", "clavicle_?", "upperarm_?,lowerarm_?,hand_?", "thigh_?,calf_?,foot_?,ball_?"
    ),
    "biped": style(
        " Pelvis", " Spine, Spine1", " Neck", " Head", " ! Clavicle", " ! UpperArm, ! Forearm, ! Hand",
        " ! Thigh, ! Calf, ! Foot, ! Toe0", "Bip01",
    ),
}  # fmt: skip


def person(style: str, *, arms_down: bool = False) -> Tree:
    """A person at rest, 170 cm, y up, facing z: arms along x, or down."""
    names = STYLES[style]
    tree: Tree = {names.pelvis: ("", (0.0, 0.0, 0.0))}
    above, height = names.pelvis, 50.0
    for name in names.spine:
        tree[name] = (above, (0.0, 25.0 / len(names.spine), 0.0))
        above = name
    chest = above
    for k, name in enumerate([*names.neck, names.head]):
        tree[name] = (above, (0.0, (height - 25.0 if k == 0 else 8.0), 0.0))
        above = name
    for side, sign in (("left", 1.0), ("right", -1.0)):
        collar = sided(names.collar, side)
        tree[collar] = (chest, (3 * sign, 18.0, 0.0))
        tree[sided(names.arm[0], side)] = (collar, (14 * sign, 0.0, 0.0))
        down = (0.0, -1.0, 0.0) if arms_down else (sign, 0.0, 0.0)
        for above_arm, name, length in zip(names.arm, names.arm[1:], (27.0, 24.0), strict=False):
            tree[sided(name, side)] = (sided(above_arm, side), tuple(length * part for part in down))
        above = names.pelvis
        for name, offset in zip(names.leg, ((9 * sign, -3, 0), (0, -42, 0), (0, -41, 0), (0, -5, 14)), strict=False):
            tree[sided(name, side)] = (above, tuple(map(float, offset)))
            above = sided(name, side)
    return tree


def write_bvh(
    path: Path,
    tree: Tree,
    frames: Sequence[Mapping[str, tuple[float, float, float]]],
    places: Sequence[tuple[float, float, float]],
    *,
    order: str = "ZXY",
    unit: float = 1.0,
    fps: float = 30.0,
) -> Path:
    """Write a file; each frame has joints' degrees about the axes of `order`; `unit` is what a centimetre is in the file."""
    lines = ["HIERARCHY"]

    def put(name: str, depth: int) -> None:
        parent, offset = tree[name]
        tab = "\t" * depth
        lines.extend([f"{tab}{'JOINT' if parent else 'ROOT'} {name}", f"{tab}{{"])
        lines.append(f"{tab}\tOFFSET {' '.join(f'{unit * part:.8f}' for part in offset)}")
        turns = " ".join(f"{axis}rotation" for axis in order)
        lines.append(
            f"{tab}\tCHANNELS {3 if parent else 6} {'' if parent else 'Xposition Yposition Zposition '}{turns}"
        )
        children = [child for child, (above, _) in tree.items() if above == name]
        for child in children:
            put(child, depth + 1)
        if not children:
            lines.extend([f"{tab}\tEnd Site", f"{tab}\t{{", f"{tab}\t\tOFFSET 0 {unit * 5:.6f} 0", f"{tab}\t}}"])
        lines.append(f"{tab}}}")

    root = next(name for name, (parent, _) in tree.items() if not parent)
    put(root, 0)
    names = [line.split(maxsplit=1)[1] for line in lines if line.split()[0] in ("ROOT", "JOINT")]
    lines += ["MOTION", f"Frames: {len(frames)}", f"Frame Time: {1 / fps:.9f}"]
    for frame, place in zip(frames, places, strict=True):
        turns = [frame.get(name, (0.0, 0.0, 0.0)) for name in names]
        lines.append(" ".join(f"{value:.8f}" for value in [*(unit * part for part in place), *np.ravel(turns)]))
    path.write_text("\n".join(lines) + "\n")
    return path
