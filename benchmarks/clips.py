"""Clips of moving people with truth: smooth paths of pelvis and feet, legs by inverse kinematics, arms and trunk by sines.

clip("walk", 30.0)      # poses, cameras, which feet are planted
observe(body, clip, rng)    # as a detector sees them: noise, outliers, missing frames, one frame with left and right exchanged
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.spatial.transform import Rotation

from ptx.geometry.body import Body
from ptx.geometry.camera import project
from ptx.geometry.detected_landmarks import LANDMARKS, attach_landmarks
from ptx.geometry.joints import MIRRORED_KEYPOINTS, joint
from ptx.geometry.motion import Observed
from ptx.geometry.skinning import joint_transforms, pose_keypoints

SIZE = (512, 1600)
"""Height and width, px: the walker stays within."""

SCALE = 235.0
"""px per metre: a person of 1.7 m is 400 px tall."""

HEIGHT = 1.7
SIDES = ("right", "left")


class Clip(NamedTuple):
    """T frames of truth."""

    pose: np.ndarray
    """(T, 24, 3) axis-angle."""
    betas: np.ndarray
    """(10,)."""
    camera: np.ndarray
    """(T, 3)."""
    planted: np.ndarray
    """(T, 2) right, left foot on the ground."""
    fps: float


class Script(NamedTuple):
    """Paths of a person's body over time (T,), seconds."""

    pelvis: np.ndarray
    """(T, 3) metres above the ground, where the picture's middle is at 0."""
    turn: np.ndarray
    """(T,) radians about y."""
    lean: np.ndarray
    """(T, 3) degrees of the trunk: forward, turned, aside."""
    feet: np.ndarray
    """(T, 2, 4) ankles: metres from where they stand below the pelvis in rest, and the direction of the foot, radians."""
    planted: np.ndarray
    """(T, 2)."""
    arms: np.ndarray
    """(T, 2, 4) degrees: lowered, forward, turned, elbow."""


def ease(u: np.ndarray) -> np.ndarray:
    """From 0 to 1 with speed and acceleration 0 at both ends (minimum jerk)."""
    u = np.clip(u, 0, 1)
    return u**3 * (10 - 15 * u + 6 * u**2)


def steps(
    t: np.ndarray, times: np.ndarray, places: np.ndarray, duration: float, lift: float = 0.12
) -> tuple[np.ndarray, np.ndarray]:
    """A foot that goes to places[i] (4,) in the `duration` seconds from times[i]; (T, 4) and (T,) where it is planted."""
    out, planted = np.tile(places[0], (len(t), 1)).astype(float), np.ones(len(t), bool)
    for start, before, after in zip(times, places[:-1], places[1:], strict=True):
        u = (t - start) / duration
        out += ease(u)[:, None] * (after - before)
        moving = (u > 0) & (u < 1)
        out[moving, 1] += lift * 64 * (u[moving] * (1 - u[moving])) ** 3
        planted &= ~moving
    return out, planted


def about_y(angle: np.ndarray | float) -> Rotation:
    """Rotations about the vertical by radians."""
    return Rotation.from_rotvec(np.multiply.outer(angle, (0.0, 1.0, 0.0)))


def hanging(t: np.ndarray, swing: np.ndarray | float = 0.0) -> np.ndarray:
    """Arms that hang, and swing against each other by degrees."""
    arms = np.tile([76.0, 4, 0, 18], (len(t), 2, 1))
    arms[:, 0, 1] += swing
    arms[:, 1, 1] -= swing
    return arms


def walk(t: np.ndarray) -> Script:
    speed, period, duration = 0.9, 1.1, 0.38
    count = int(t[-1] / period) + 3
    yaw = np.radians(75)
    heading = np.array([np.sin(yaw), 0, np.cos(yaw)])
    feet, planted = [], []
    for phase in (0.0, 0.5):
        times = (np.arange(count) - 1 + phase) * period
        middle = times + 0.5 * duration
        ahead = np.concatenate([[middle[0] - 0.5 * period], middle + 0.5 * period])
        place = np.zeros((count + 1, 4))
        place[:, :3] = (speed * ahead)[:, None] * heading
        place[:, 3] = yaw
        foot, on = steps(t, times, place, duration)
        feet.append(foot)
        planted.append(on)
    pelvis = speed * t[:, None] * heading
    pelvis[:, 1] = -0.09 + 0.012 * np.cos(4 * np.pi * t / period + 0.6)
    swing = 24 * np.sin(2 * np.pi * t / period)
    lean = np.stack([4 + 0 * t, 7 * np.sin(2 * np.pi * t / period), 2 * np.cos(2 * np.pi * t / period)], 1)
    return Script(pelvis, np.full(len(t), yaw), lean, np.stack(feet, 1), np.stack(planted, 1), hanging(t, swing))


def dance(t: np.ndarray) -> Script:
    beat = 2 * np.pi * t / 1.0
    right, on_right = steps(t, np.arange(0.5, t[-1], 2.0), _toggle(t, 0.5, (-0.12, 0, 0.05, -0.2)), 0.4)
    left, on_left = steps(t, np.arange(1.5, t[-1], 2.0), _toggle(t, 1.5, (0.14, 0, 0.08, 0.3)), 0.4)
    pelvis = np.stack([0.06 * np.sin(beat / 2), -0.07 + 0.03 * np.cos(beat), 0.03 * np.sin(beat / 2 + 1)], 1)
    lean = np.stack([6 + 4 * np.sin(beat), 12 * np.sin(beat / 2), 7 * np.sin(beat / 2 + 0.5)], 1)
    arms = np.zeros((len(t), 2, 4))
    for side, phase in enumerate((0.0, 2.1)):
        arms[:, side] = np.stack(
            [35 + 45 * np.sin(beat / 2 + phase), 20 + 25 * np.sin(beat + phase), -30 + 20 * np.sin(beat / 2),
             60 + 40 * np.sin(beat + 2 * phase)], 1)  # fmt: skip
    return Script(
        pelvis, 0.3 * np.sin(beat / 4), lean, np.stack([right, left], 1), np.stack([on_right, on_left], 1), arms
    )


def _toggle(t: np.ndarray, first: float, place: tuple[float, ...]) -> np.ndarray:
    count = len(np.arange(first, t[-1], 2.0))
    return np.array([np.array(place) * (i % 2) for i in range(count + 1)])


def turn(t: np.ndarray) -> Script:
    total = 2 * np.pi
    start, duration = 0.6, t[-1] - 1.2
    yaw = total * np.clip((t - start) / duration, 0, 1)
    u = (t - start) / duration
    yaw = total * (np.clip(u, 0, 1) - np.sin(2 * np.pi * np.clip(u, 0, 1)) / (2 * np.pi) * 0.6)
    feet, planted = [], []
    count = 8
    for side, sign in enumerate((-1, 1)):
        angle = total * (np.arange(count + 1) / count)
        times = start + duration * (np.arange(count) + 0.25 + 0.5 * side) / count - 0.15
        place = np.zeros((count + 1, 4))
        place[:, 3] = angle
        hip = 0.09 * sign
        place[:, 0], place[:, 2] = hip * (np.cos(angle) - 1), -hip * np.sin(angle)
        foot, on = steps(t, times, place, 0.3, 0.06)
        feet.append(foot)
        planted.append(on)
    pelvis = np.stack([0 * t, -0.05 + 0.01 * np.sin(8 * t), 0 * t], 1)
    lean = np.stack([3 + 0 * t, 6 * np.sin(2 * t), 2 * np.sin(3 * t)], 1)
    arms = hanging(t)
    arms[:, :, 0] -= 15 * ease((t - 0.5) / 0.8)[:, None]
    return Script(pelvis, yaw, lean, np.stack(feet, 1), np.stack(planted, 1), arms)


def jump(t: np.ndarray) -> Script:
    """Crouch, leap 0.25 m, land, and again every two seconds."""
    g, rise = 9.81, 0.25
    flight = 2 * np.sqrt(2 * rise / g)
    speed, low, push = g * flight / 2, -0.05, 0.3
    height, planted, crouch = np.full(len(t), low), np.ones(len(t), bool), np.zeros(len(t))
    for start in np.arange(1.2, t[-1] - flight - 0.6, 2.0):
        s = t - start
        # A quintic down and up again that leaves the ground with the speed of the leap, and its mirror image in time on landing.
        for local in (s, flight - s):
            u = (local + push + 0.4) / (push + 0.4)
            inside = (u > 0) & (u < 1)
            a = speed * (push + 0.4)
            dip = a * (u**3 * (-4 + 7 * u - 3 * u**2)) - 1.1 * 64 * 0.2 * (u * (1 - u)) ** 3
            height[inside] = low + dip[inside]
            crouch[inside] = 30 * (u[inside] * (1 - u[inside])) ** 3 * 64
        air = (s >= 0) & (s <= flight)
        height[air] = low + speed * s[air] - g / 2 * s[air] ** 2
        planted &= ~air
    feet = np.zeros((len(t), 2, 4))
    feet[:, :, 1] = np.where(planted, 0, height - low)[:, None]
    pelvis = np.stack([0 * t, height, 0 * t], 1)
    lean = np.stack([3 + crouch, 0 * t, 0 * t], 1)
    arms = hanging(t)
    arms[:, :, 1] += np.where(planted, -crouch, 0)[:, None]
    return Script(pelvis, 0.4 + 0 * t, lean, feet, np.stack([planted, planted], 1), arms)


def kneel(t: np.ndarray) -> Script:
    """Down on the heels of the feet and up again, turned aside."""
    down = ease((t - 0.7) / 1.0) - ease((t - 2.9) / 1.0)
    pelvis = np.stack([0 * t, -0.04 - 0.42 * down, -0.12 * down], 1)
    feet = np.zeros((len(t), 2, 4))
    feet[:, 0, 2], feet[:, 1, 2] = -0.15, 0.22
    lean = np.stack([3 + 22 * down, 0 * t, 3 * np.sin(t)], 1)
    arms = hanging(t)
    arms[:, :, 1] += 45 * down[:, None]
    arms[:, :, 3] += 30 * down[:, None]
    yaw = np.radians(40)
    c, s = np.cos(yaw), np.sin(yaw)
    for place in (pelvis, feet[:, 0], feet[:, 1]):
        place[:, 0], place[:, 2] = c * place[:, 0] + s * place[:, 2], c * place[:, 2] - s * place[:, 0]
    feet[:, :, 3] = yaw
    return Script(pelvis, yaw + 0 * t, lean, feet, np.ones((len(t), 2), bool), arms)


def wave(t: np.ndarray) -> Script:
    """One arm waves, the other punches in 0.2 s, now and then."""
    arms = hanging(t)
    up = ease((t - 0.5) / 0.6)
    arms[:, 0, 0] += -100 * up
    arms[:, 0, 3] += up * (45 + 35 * np.sin(2 * np.pi * 1.6 * t))
    for start in (1.5, 2.5, 3.5):
        out = ease((t - start) / 0.2) - ease((t - start - 0.3) / 0.3)
        arms[:, 1, 1] += 70 * out
        arms[:, 1, 3] -= 10 * out
    pelvis = np.stack([0.02 * np.sin(1.3 * t), -0.04 + 0.005 * np.sin(3 * t), 0 * t], 1)
    lean = np.stack([2 + np.sin(2 * t), 8 * np.sin(1.5 * t), 2 * np.sin(1.1 * t)], 1)
    return Script(pelvis, -0.5 + 0 * t, lean, _stand(t, -0.5), np.ones((len(t), 2), bool), arms)


def _stand(t: np.ndarray, yaw: float) -> np.ndarray:
    feet = np.zeros((len(t), 2, 4))
    feet[:, :, 3] = yaw
    return feet


SCRIPTS: dict[str, Callable[[np.ndarray], Script]] = {
    "walk": walk, "dance": dance, "turn": turn, "jump": jump, "kneel": kneel, "wave": wave,
}  # fmt: skip


def clip(body: Body, name: str, fps: float = 30.0, seconds: float = 5.0, seed: int = 0) -> Clip:
    """Act a script with a body of random shape."""
    t = np.arange(round(seconds * fps)) / fps
    script = SCRIPTS[name](t)
    rng = np.random.default_rng([seed, list(SCRIPTS).index(name)])
    betas = np.clip(rng.normal(0, 1, 10), -2, 2)
    pose = np.zeros((len(t), 24, 3))
    root = about_y(script.turn)
    pose[:, 0] = root.as_rotvec()
    _bend_trunk(pose, script)
    for side, sign in enumerate((-1, 1)):
        _bend_arm(pose, SIDES[side], sign, script.arms[:, side])
        _bend_leg(body, betas, pose, root, SIDES[side], script.pelvis, script.feet[:, side], script.turn[0])
    middle = script.pelvis[:, 0].min() / 2 + script.pelvis[:, 0].max() / 2
    camera = np.full((len(t), 3), SCALE)
    camera[:, 1] = SIZE[1] / 2 + SCALE * (script.pelvis[:, 0] - middle)
    camera[:, 2] = SIZE[0] / 2 - 30 - SCALE * script.pelvis[:, 1]
    return Clip(pose.astype(np.float32), betas, camera, script.planted, fps)


def _bend_trunk(pose: np.ndarray, script: Script) -> None:
    forward, turned, aside = script.lean.T / 3
    for name in ("spine1", "spine2", "spine3"):
        pose[:, joint(name)] = Rotation.from_euler(
            "YXZ", np.stack([turned, forward, aside], 1), degrees=True
        ).as_rotvec()
    nod = np.stack([-1.2 * turned, -1.2 * forward, 0 * aside], 1)
    for name in ("neck", "head"):
        pose[:, joint(name)] = Rotation.from_euler("YXZ", nod, degrees=True).as_rotvec()


def _bend_arm(pose: np.ndarray, side: str, sign: int, angles: np.ndarray) -> None:
    lowered, forward, turned, bent = angles.T
    shoulder = Rotation.from_euler("XZX", np.stack([-forward, -sign * lowered, turned], 1), degrees=True)
    pose[:, joint(f"{side}_shoulder")] = shoulder.as_rotvec()
    pose[:, joint(f"{side}_elbow")] = np.radians(-sign * np.clip(bent, 2, 140))[:, None] * (0, 1, 0)


def _bend_leg(
    body: Body,
    betas: np.ndarray,
    pose: np.ndarray,
    root: Rotation,
    side: str,
    pelvis: np.ndarray,
    foot: np.ndarray,
    first_turn: float,
) -> None:
    """Bring an ankle to its place, the knee in the plane of the foot: hinge of the knee, then the hip."""
    rest = body.joint_template + body.joint_shapedirs @ betas
    hip, knee, ankle = (rest[joint(f"{side}_{name}")] for name in ("hip", "knee", "ankle"))
    thigh, shin = knee - hip, ankle - knee
    stands = about_y(first_turn).apply(ankle - rest[0])
    target = foot[:, :3] + stands - pelvis  # from the pelvis
    reach = target - root.apply(hip - rest[0])
    far = np.linalg.norm(reach, axis=1)
    # thigh . Rx(b) shin = (far^2 - thigh^2 - shin^2) / 2 for the bend b of the knee
    cosine, sine = thigh[1] * shin[1] + thigh[2] * shin[2], thigh[2] * shin[1] - thigh[1] * shin[2]
    wanted = (far**2 - thigh @ thigh - shin @ shin) / 2 - thigh[0] * shin[0]
    bend = np.arctan2(sine, cosine) + np.arccos(np.clip(wanted / np.hypot(sine, cosine), -1, 1))
    knee_turn = Rotation.from_rotvec(bend[:, None] * (1, 0, 0))
    across = about_y(foot[:, 3]).apply((1.0, 0, 0))
    hip_turn = Rotation.from_matrix(
        _frame(reach, across) @ _frame(thigh + knee_turn.apply(shin), (1.0, 0, 0)).swapaxes(1, 2)
    )
    pose[:, joint(f"{side}_hip")] = (root.inv() * hip_turn).as_rotvec()
    pose[:, joint(f"{side}_knee")] = knee_turn.as_rotvec()
    flat = about_y(foot[:, 3])
    pose[:, joint(f"{side}_ankle")] = ((hip_turn * knee_turn).inv() * flat).as_rotvec()


def _frame(along: np.ndarray, across: np.ndarray | tuple[float, float, float]) -> np.ndarray:
    """Orthonormal axes (T, 3, 3), columns: along, across as far as it is square to that, and the third."""
    a = along / np.linalg.norm(along, axis=1, keepdims=True)
    b = np.broadcast_to(across, a.shape)
    b = b - (a * b).sum(1, keepdims=True) * a
    b = b / np.linalg.norm(b, axis=1, keepdims=True)
    return np.stack([a, b, np.cross(a, b)], axis=2)


def landmark_points(body: Body, pose: np.ndarray, betas: np.ndarray) -> np.ndarray:
    """`LANDMARKS` (T, 12, 3) of posed bodies, metres."""
    attached = attach_landmarks(body)
    R, t = joint_transforms(body, pose, betas)
    offset = attached.offset + attached.offset_dirs @ betas
    return t[:, attached.joints] + np.einsum("nkab,kb->nka", R[:, attached.joints], offset)


def exact(body: Body, truth: Clip) -> Observed:
    """Keypoints of a clip as a detector without fault gives them."""
    xyz = pose_keypoints(body, truth.pose, truth.betas).astype(float)
    more = landmark_points(body, truth.pose, truth.betas)

    def seen(points: np.ndarray) -> np.ndarray:
        return np.concatenate([project(truth.camera, points)[..., :2], np.ones((*points.shape[:2], 1))], axis=2)

    deep = np.concatenate([xyz - xyz[:, [8, 11]].mean(1, keepdims=True), np.ones((*xyz.shape[:2], 1))], axis=2)
    return Observed(seen(xyz), deep, seen(more), np.zeros(0, int))


def observe(
    body: Body, truth: Clip, rng: np.random.Generator, *, noise: float = 0.015, missing: bool = True
) -> Observed:
    """Keypoints of a clip with white noise, outliers of little confidence, missing frames, one frame with left and right exchanged."""
    flat, deep, more, cuts = exact(body, truth)
    for points in (flat, more):
        wild = rng.random(points.shape[:2]) < 0.03
        points[..., 2] = np.where(wild, rng.uniform(0.1, 0.4, wild.shape), rng.uniform(0.6, 1.0, wild.shape))
        sigma = noise * HEIGHT * SCALE * np.where(wild, 6, 1)
        points[..., :2] += rng.normal(size=points[..., :2].shape) * sigma[..., None]
    deep[..., :3] += rng.normal(0, 0.04, deep[..., :3].shape)
    deep[..., 3] = flat[..., 2]
    count = len(flat)
    swapped = count // 3
    for points in (flat, deep):
        points[swapped] = points[swapped][list(MIRRORED_KEYPOINTS)]
    more[swapped] = more[swapped][[LANDMARKS.index(_other_side(name)) for name in LANDMARKS]]
    if missing:
        lost = np.zeros(count, bool)
        lost[count // 2 : count // 2 + 6] = True
        lost[rng.choice(np.arange(2, count - 2), count // 50, replace=False)] = True
        for points in (flat, deep, more):
            points[lost] = np.nan
            points[lost, :, -1] = 0
    return Observed(flat, deep, more, cuts)


def _other_side(name: str) -> str:
    for one, other in (SIDES, SIDES[::-1]):
        if name.startswith(f"{one}_"):
            return other + name[len(one) :]
    return name
