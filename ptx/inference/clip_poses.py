"""The poses of a clip as files: keypoints a frame, or the motion of a body."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ptx.avatar.bvh_writing import encode_bvh
from ptx.datasets.openpose_writing import PosedPerson, openpose_json
from ptx.geometry.body import Body, load_body
from ptx.geometry.camera import project
from ptx.geometry.skinning import joint_transforms
from ptx.inference.clip_people import PersonInClip
from ptx.inference.driving import Driving, fit_driving
from ptx.pipeline.storage.files import write_atomic, write_json
from ptx.pipeline.storage.npz import write_npz
from ptx.video.span import Span


def write_keypoints(people: Sequence[PersonInClip], size: tuple[int, int], folder: Path, name: str) -> None:
    """Write one OpenPose JSON file a frame: `NAME_000000000000_keypoints.json`, as OpenPose names them.

    Args:
        people: of the clip, numbered from 1 in their order.
        size: height, width of its frames, px.
        folder: of the files.
        name: of the clip.
    """
    count = len(people[0].there)
    folder.mkdir(parents=True, exist_ok=True)
    for frame in range(count):
        shown = [
            PosedPerson(person.observed.keypoints[frame], person.hands[frame], number)
            for number, person in enumerate(people, 1)
            if person.there[frame]
        ]
        write_json(folder / f"{name}_{frame:012d}_keypoints.json", openpose_json(shown, size))


def write_motion(person: PersonInClip, span: Span, path: Path, body: str, advance: Callable[[int], None]) -> None:
    """Fit a body to a person of a clip, and write its motion as .npz (arrays poses, root, fps, and betas) or .bvh.

    Frames without the person hold the pose before. The body moves in metres in the picture's plane: a photograph tells no depth.

    Args:
        person: what the clip shows of them.
        span: the clip.
        path: of the file.
        body: as for `load_body`.
        advance: told how many more frames are fitted.
    """
    model = load_body(body)
    driving = fit_driving(model, person, span.size, span.fps, advance)
    pose, root = body_motion(model, driving)
    if path.suffix.lower() == ".bvh":
        joints = joint_transforms(model, np.zeros((1, *pose.shape[1:])), driving.motion.betas)[1][0]
        write_atomic(path, encode_bvh(joints, pose, root, float(driving.fps)).encode())
        return
    write_npz(path, {"poses": pose, "root": root, "fps": float(driving.fps), "betas": driving.motion.betas})


def body_motion(body: Body, driving: Driving) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return poses (T, 24, 3) and the way (T, 3) in metres from the first place: x to the body's left, y up."""
    motion = driving.motion
    known = np.flatnonzero(motion.usable)
    at = known[np.clip(np.searchsorted(known, np.arange(len(motion.pose)), side="right") - 1, 0, None)]
    pose, camera = motion.pose[at].astype(np.float64), motion.camera[at].astype(np.float64)
    pelvis = joint_transforms(body, np.zeros((1, *pose.shape[1:])), motion.betas)[1][0, :1]
    pixels = project(camera, np.broadcast_to(pelvis, (len(at), 1, 3)))[:, 0, :2]
    scale = np.median(camera[:, 0])
    root = np.column_stack([pixels[:, 0] - pixels[0, 0], pixels[0, 1] - pixels[:, 1], np.zeros(len(at))]) / scale
    return pose, root
