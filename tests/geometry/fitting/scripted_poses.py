"""Scripted poses to fit: Euler angles of everyday postures, on purpose not in the terms of the fit's own prior."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from ptx.geometry.joints import joint

# Degrees: hips (flexion, abduction, rotation), knees, spine (forward, turn, side), head (forward, turn, side),
# arms (swing forward after lowering, lowering from the T-pose, turn about the arm), elbows. Left, right.
REST = {
    "hips": ((0, 2, 0), (0, 2, 0)), "knees": (3, 3), "spine": (0, 0, 0), "head": (0, 0, 0),
    "arms": ((0, 75, 0), (0, 75, 0)), "elbows": (12, 12),
}  # fmt: skip


def _script(name: str, rng: np.random.Generator) -> dict:
    u = rng.uniform
    if name == "stand":
        return {"spine": (u(-5, 10), u(-10, 10), u(-5, 5)), "elbows": (u(5, 40), u(5, 40))}
    if name == "walk":
        phase = u(0, 2 * np.pi)
        s, c = np.sin(phase), np.cos(phase)
        return {
            "hips": ((10 + 25 * s, 1, 0), (10 - 25 * s, 1, 0)), "knees": (25 + 25 * c, 25 - 25 * c),
            "arms": ((-25 * s, 76, 0), (25 * s, 76, 0)), "elbows": (25 - 15 * s, 25 + 15 * s), "spine": (4, 8 * s, 0),
        }  # fmt: skip
    if name == "arms_up":
        return {"arms": ((u(-20, 40), u(-80, -40), 0), (u(-20, 40), u(-80, -40), 0)), "elbows": (u(0, 60), u(0, 60))}
    if name == "wave":
        return {"arms": ((u(-10, 20), u(-60, 0), u(-60, 0)), (0, 74, 0)), "elbows": (u(40, 110), 15)}
    if name == "hips":
        return {"arms": ((-15, 50, 60), (-15, 50, 60)), "elbows": (95, 95)}
    if name == "sit":
        angle = u(70, 100)
        return {
            "hips": ((angle, u(0, 15), 0), (angle, u(0, 15), 0)), "knees": (u(70, 100), u(70, 100)),
            "arms": ((u(10, 40), 72, 0), (u(10, 40), 72, 0)), "elbows": (u(20, 80), u(20, 80)),
            "spine": (u(-5, 15), 0, 0),
        }  # fmt: skip
    if name == "lunge":
        return {
            "hips": ((u(50, 85), 3, 0), (u(-25, -5), 3, 0)),
            "knees": (u(60, 95), u(20, 60)),
            "spine": (u(0, 20), 0, 0),
        }
    if name == "cross":
        return {"arms": ((u(25, 40), 65, -30), (u(25, 40), 65, -30)), "elbows": (u(95, 120), u(95, 120))}
    if name == "reach":
        return {"arms": ((u(60, 100), 75, u(-20, 20)), (u(-10, 80), 75, u(-20, 20))), "elbows": (u(0, 40), u(0, 70))}
    return {
        "hips": ((u(15, 30), 8, 10), (u(15, 30), 8, 10)),
        "knees": (u(30, 50), u(30, 50)),
        "spine": (u(30, 60), u(-20, 20), 0),
    }


SCRIPTS = ("stand", "walk", "arms_up", "wave", "hips", "sit", "lunge", "cross", "reach", "bend")


def scripted_pose(name: str, rng: np.random.Generator, noise: float = 4.0) -> np.ndarray:
    """Pose (24, 3) axis-angle in radians, root facing +z; `noise` degrees on every joint."""
    script = {**REST, **_script(name, rng)}
    mirrored = rng.random() < 0.5
    turns = {j: Rotation.identity() for j in range(24)}
    for side, sign in (("left", 1), ("right", -1)):
        i = (sign < 0) != mirrored
        flexion, abduction, twist = script["hips"][i]
        turns[joint(f"{side}_hip")] = Rotation.from_euler(
            "XZY", (-flexion, sign * abduction, sign * twist), degrees=True
        )
        turns[joint(f"{side}_knee")] = Rotation.from_euler("X", script["knees"][i], degrees=True)
        swing, lower, twist = script["arms"][i]
        turns[joint(f"{side}_shoulder")] = Rotation.from_euler("XZX", (-swing, -sign * lower, twist), degrees=True)
        turns[joint(f"{side}_elbow")] = Rotation.from_euler("Y", -sign * script["elbows"][i], degrees=True)
    forward, turn, lean = script["spine"]
    for name_ in ("spine1", "spine2", "spine3"):
        turns[joint(name_)] = Rotation.from_euler("YXZ", (turn / 3, forward / 3, lean / 3), degrees=True)
    nod = rng.normal(0, (8, 20, 5))
    for name_ in ("neck", "head"):
        turns[joint(name_)] = Rotation.from_euler("YXZ", (nod[1] / 2, nod[0] / 2, nod[2] / 2), degrees=True)
    pose = np.stack([turns[j].as_rotvec() for j in range(24)])
    jitter = np.radians(noise) * rng.normal(size=(24, 3))
    for hinge in ("left_knee", "right_knee", "left_elbow", "right_elbow"):
        jitter[joint(hinge)] *= 0.3
    pose[1:] = (Rotation.from_rotvec(jitter[1:]) * Rotation.from_rotvec(pose[1:])).as_rotvec()
    return pose


def scripted_people(count: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[str]]:
    """Poses (N, 24, 3) with any yaw and a slight tilt, betas (N, 10), yaw (N,) radians, script names."""
    rng = np.random.default_rng(seed)
    names = [SCRIPTS[i % len(SCRIPTS)] for i in range(count)]
    poses = np.stack([scripted_pose(name, rng) for name in names])
    yaw = rng.uniform(-np.pi, np.pi, count)
    tilt = np.radians(rng.normal(0, 6, (count, 2)))
    poses[:, 0] = Rotation.from_euler("YXZ", np.column_stack([yaw, tilt])).as_rotvec()
    return poses, rng.normal(0, 0.8, (count, 10)), yaw, names


def forward_kinematics(body: object, pose: np.ndarray, betas: np.ndarray) -> np.ndarray:
    """Keypoints (18, 3) of one body by the textbook recursion (a second writing, to check the fit's own)."""
    from ptx.geometry.joints import PARENTS

    rest = body.joint_template + body.joint_shapedirs @ betas
    local = Rotation.from_rotvec(pose).as_matrix()
    world, places = [local[0]], [rest[0]]
    for j in range(1, 24):
        world.append(world[PARENTS[j]] @ local[j])
        places.append(places[PARENTS[j]] + world[PARENTS[j]] @ (rest[j] - rest[PARENTS[j]]))
    offset = body.keypoint_offset + body.keypoint_offset_dirs @ betas
    points = []
    for k in range(18):
        a, b = body.keypoint_joints[k]
        wa, wb = body.keypoint_weights[k]
        points.append(wa * places[a] + wb * places[b] + world[a] @ offset[k])
    return np.array(points)
