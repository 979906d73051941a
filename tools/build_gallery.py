"""Build ptx/assets/poses.json: the 40 poses of the page's gallery, and the figures that it draws of them.

    python tools/build_gallery.py

Not needed to use ptx. The first are poses of MakeHuman (CC0), of the people pack; the others are composed here, of the angles that the
synthetic people are posed by. A sheet of all of them: --sheet FILE.png.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ptx.datasets.people.poses import Arm, Leg, about_x, about_y, about_z, turn_arm, turn_root
from ptx.geometry.body import load_body
from ptx.geometry.joints import joint
from ptx.geometry.rotation import axis_angles
from ptx.geometry.skinning import pose_keypoints
from ptx.pictures.draw import draw_skeleton

Floats = NDArray[np.float64]

ASSETS = Path(__file__).resolve().parents[1] / "ptx" / "assets"

OF_PACK = {
    "standing01": "Standing, feet together", "standing02": "Standing", "standing03": "Standing, at ease",
    "standing04": "Standing, arm behind", "standing05": "Presenting", "standing06": "Foot on a step", "run01": "Running",
    "run01 mirrored": "Running, other leg", "sit01": "Perching", "fly01": "Flying", "fly02": "Reaching up", "fight01": "En garde",
    "fight02": "Jumping", "fight03": "Fighting stance", "fight04": "Side kick",
}  # fmt: skip
"""Pose of the pack → its name in the gallery."""


class Composed(NamedTuple):
    """A pose of angles, degrees."""

    name: str
    left_leg: Leg
    right_leg: Leg
    left_arm: Arm
    right_arm: Arm
    trunk: tuple[float, float, float] = (0, 0, 0)
    """Bent forward, turned, bent to the side."""
    yaw: float = 0


STILL, APART, FRONT, REAR = Leg(0, 2, 5, 3), Leg(2, 18, 12, 5), Leg(24, 1, 3, 14), Leg(-20, 1, 3, 24)
WEIGHT, LOOSE = Leg(-2, 4, 6, 2), Leg(10, 8, 14, 18)
LUNGE, LUNGE_REAR = Leg(78, 5, 8, 88), Leg(-22, 3, 8, 18)
SQUAT, CHAIR = Leg(62, 24, 22, 88), Leg(82, 9, 6, 86)
RAISED_KNEE, KICK, ASIDE = Leg(82, 6, 8, 92), Leg(74, 4, 4, 8), Leg(12, 44, 22, 6)
TREE, BACKWARDS = Leg(52, 50, 48, 118), Leg(-32, 2, 4, 14)
HANG, HIP, OUT, UP = Arm(78, 5, 0, 15), Arm(50, -12, 35, 88), Arm(2, 4, 0, 6), Arm(-62, 6, -40, 12)
WIDE_UP, WAVE, FORWARD, FACE = Arm(-38, 6, -30, 14), Arm(4, 14, -78, 88), Arm(6, 78, 0, 8), Arm(58, 46, -60, 122)
SWING, BACK, LOW_OUT, ROUND = Arm(66, 34, 0, 52), Arm(70, -28, 0, 22), Arm(48, 6, 0, 8), Arm(-40, 24, -60, 62)
FLEX, CHEST, BEHIND_HEAD = Arm(2, 6, -85, 96), Arm(66, 28, -70, 104), Arm(-34, -8, -72, 128)

COMPOSED = (
    Composed("T-pose", STILL, STILL, OUT, OUT),
    Composed("A-pose", STILL, STILL, LOW_OUT, LOW_OUT),
    Composed("Hands on the hips", APART, APART, HIP, HIP),
    Composed("Star", Leg(2, 26, 10, 3), Leg(2, 26, 10, 3), WIDE_UP, WIDE_UP),
    Composed("Arms up", STILL, STILL, UP, UP),
    Composed("Wave", WEIGHT, LOOSE, HANG, WAVE, (0, 0, -3)),
    Composed("Wave, one hand on the hip", LOOSE, WEIGHT, WAVE, HIP, (0, 0, 4)),
    Composed("Flexing", APART, APART, FLEX, FLEX),
    Composed("Walking", FRONT, REAR, BACK, SWING, (3, 6, 0)),
    Composed("Walking, from the left", FRONT, REAR, BACK, SWING, (3, 6, 0), 70),
    Composed("Striding, from the right", REAR, Leg(36, 1, 3, 18), SWING, BACK, (6, -8, 0), -60),
    Composed("Lunge", LUNGE, LUNGE_REAR, HIP, HIP, (4, 0, 0), 45),
    Composed("Warrior", Leg(50, 42, 52, 72), Leg(-4, 34, 12, 4), OUT, OUT, (0, 0, 0)),
    Composed("Tree", TREE, STILL, UP, UP),
    Composed("Squat", SQUAT, SQUAT, FORWARD, FORWARD, (16, 0, 0)),
    Composed("Knee up", RAISED_KNEE, STILL, SWING, BACK, (2, 0, 0), 25),
    Composed("High kick", STILL, KICK, CHEST, LOW_OUT, (-6, 0, 0), -50),
    Composed("Dancing", ASIDE, WEIGHT, ROUND, HIP, (2, 8, -10)),
    Composed("Arabesque", Leg(-48, 6, 14, 8), STILL, FORWARD, OUT, (18, 0, 0), 75),
    Composed("Side bend", APART, APART, HANG, ROUND, (0, 0, 24)),
    Composed("Bow", STILL, STILL, HANG, CHEST, (58, 0, 0), 35),
    Composed("Hands behind the head", WEIGHT, LOOSE, BEHIND_HEAD, BEHIND_HEAD, (0, 0, -4)),
    Composed("Pointing", WEIGHT, LOOSE, Arm(4, 10, 0, 6), HIP, (0, -8, 2)),
    Composed("Legs crossed", Leg(8, -7, 10, 14), Leg(-2, -3, 5, 2), CHEST, HANG, (0, 0, -2)),
    Composed("From behind", WEIGHT, LOOSE, HANG, HIP, (0, 10, 3), 165),
)  # fmt: skip
"""Poses of angles."""


def composed(wanted: Composed) -> Floats:
    """Return the pose (24, 3), axis-angle."""
    rng = np.random.default_rng(0)  # of a noise whose spread is 0
    rotations = np.tile(np.eye(3), (24, 1, 1))
    sides = (("left", 1, wanted.left_leg, wanted.left_arm), ("right", -1, wanted.right_leg, wanted.right_arm))
    for side, sign, leg, arm in sides:
        rotations[joint(f"{side}_hip")] = (
            about_x(-leg.forward) @ about_z(sign * leg.outward) @ about_y(sign * leg.turned)
        )
        rotations[joint(f"{side}_knee")] = about_x(leg.bent)
        rotations[joint(f"{side}_ankle")] = about_x(0.35 * (leg.forward - leg.bent))
        turn_arm(rotations, side, sign, arm, rng, 0.0)
    forward, turned, aside = np.array(wanted.trunk) / 3
    for name in ("spine1", "spine2", "spine3"):
        rotations[joint(name)] = about_y(turned) @ about_x(forward) @ about_z(aside)
    for name in ("neck", "head"):
        rotations[joint(name)] = about_x(-0.4 * forward) @ about_z(-0.5 * aside)
    return turn_root(axis_angles(rotations).astype(np.float64), wanted.yaw, 0, 0)


def gallery() -> Iterator[tuple[str, Floats]]:
    """Yield names and poses (24, 3)."""
    names = json.loads((ASSETS / "people" / "index.json").read_text(encoding="utf-8"))["poses"]
    poses = np.load(ASSETS / "people" / "pack.npz")["poses"].astype(np.float64)
    for name, shown in OF_PACK.items():
        yield shown, poses[names.index(name)]
    for one in COMPOSED:
        yield one.name, composed(one)


def main() -> None:
    """Write the file, and a sheet of its figures where one is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sheet", type=Path)
    wanted = parser.parse_args()
    body, rows, tiles = load_body("builtin"), [], []
    for name, pose in gallery():
        points = pose_keypoints(body, pose[None].astype(np.float32), np.zeros((1, 10), np.float32))[0]
        figure = (points[:, :2] * (100, -100)).round(1)
        rows.append({"name": name, "pose": pose.round(3).tolist(), "figure": figure.tolist()})
        at = np.concatenate([figure + (150, 150), np.ones((18, 1))], axis=1).astype(np.float32)
        tile = draw_skeleton(np.full((300, 300, 3), 255, np.uint8), at)
        tiles.append(cv2.putText(tile, f"{len(rows)} {name}", (4, 290), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0)))
    text = ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows)
    (ASSETS / "poses.json").write_text(f"[\n{text}\n]\n", encoding="utf-8")
    print(f"{len(rows)} poses")
    if wanted.sheet:
        tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % 8)
        sheet = np.concatenate([np.concatenate(tiles[i : i + 8], axis=1) for i in range(0, len(tiles), 8)])
        cv2.imwrite(str(wanted.sheet), sheet[..., ::-1])


if __name__ == "__main__":
    main()
