"""`ptx view`: a person from other sides as a picture, a sheet, or a moving turntable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from ptx.datasets.keypoint_files import read_pose3d
from ptx.inference.model import Model, Person
from ptx.inference.view import Joints, View, turntable, views
from ptx.pictures.animation import write_animation
from ptx.pictures.draw import draw_garments, draw_skeleton
from ptx.pictures.png import save_png
from ptx.pictures.sheet import PANEL_HEIGHT, Panel, sheet
from ptx.pipeline.errors import BadSample, PtxError

Look = Literal["picture", "paste", "sheet"]
"""What is written of a transfer: the picture, the photograph with it, or the picture beside what it was made from."""


def show_transfer(model: Model, source: Path, pose: Path, output: Path, look: Look = "picture") -> Path:
    """Paint the person of `source` in a pose; returns the PNG's path.

    Raises:
        PtxError: there is no model, nobody in a picture, or no pose in a file.
    """
    done = model.transfer(source, pose)
    if look != "sheet":
        return save_png(done.picture if look == "picture" else done.pasted, output)
    person = done.person
    panels = [
        Panel(draw_skeleton(person.image, person.keypoints), "source"),
        Panel(draw_skeleton(np.full_like(person.image, 255), done.pose), "wanted pose"),
        Panel(done.warped, "source, warped"),
        *([] if done.garments is None else [Panel(draw_garments(done.garments), "garments")]),
        Panel(done.picture, "painted"),
    ]
    return save_png(sheet([panels], f"{source.name} in the pose of {pose.name}", height=PANEL_HEIGHT), output)


MOVING = (".gif", ".mp4")


def show_views(
    models: Sequence[Model],
    source: Path,
    yaws: Sequence[float],
    pitch: float,
    output: Path,
    *,
    body: str = "builtin",
    joints: Joints = "body",
    keypoints3d: Path | None = None,
    plain: bool = False,
) -> Path:
    """Paint the person of `source` from other sides by one or several systems; returns the path of what was written.

    A .png shows one view by one system alone where `plain`, else a sheet: for one angle source, skeleton, warped and
    painted, for several a row of views, one row a system. A .gif or .mp4 turns, systems side by side. `keypoints3d`: a file
    (`read_pose3d`) instead of the detector's; `body` and `joints` as for `views`.

    Raises:
        PtxError: nobody is in the picture, or the output has another ending.
    """
    if output.suffix.lower() not in (".png", *MOVING):
        raise PtxError(f"{output}: views are written as .png, .gif or .mp4")
    people: dict[tuple[int, int], Person] = {}  # models of one size see the same person, who is looked for once
    for model in models:
        if model.size not in people:
            people[model.size] = _person(model, source, keypoints3d)
    found = [views(model, people[model.size], yaws, pitch, body=body, joints=joints) for model in models]
    if output.suffix.lower() in MOVING:
        rounds = [turntable(one) for one in found]
        return write_animation(output, [_beside(frames) for frames in zip(*rounds, strict=True)])
    if plain and len(yaws) == len(models) == 1:
        return save_png(found[0][0].painting.picture, output)
    rows = [_details(*one) if len(yaws) == 1 else _round(one) for one in found]
    title = f"{source.name} from other sides: {', '.join(model.system for model in models)}"
    return save_png(sheet(rows, title, height=PANEL_HEIGHT if len(yaws) <= 6 else PANEL_HEIGHT // 2), output)


def _person(model: Model, source: Path, keypoints3d: Path | None) -> Person:
    person = model.person(source)
    if keypoints3d is None:
        return person
    try:
        return replace(person, keypoints3d=read_pose3d(keypoints3d))
    except BadSample as error:
        raise PtxError(f"--keypoints3d: {error}") from None


def _details(view: View) -> list[Panel]:
    done = view.painting
    return [
        Panel(draw_skeleton(done.person.image, done.person.keypoints), "source"),
        Panel(draw_skeleton(np.full_like(done.person.image, 255), done.pose), f"{view.yaw:g}°"),
        Panel(done.warped, "source, warped"),
        Panel(done.picture, "painted"),
    ]


def _round(found: Sequence[View]) -> list[Panel]:
    pictures = turntable(found)
    return [Panel(picture, f"{view.yaw:g}°") for picture, view in zip(pictures, found, strict=True)]


def _beside(frames: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Frames side by side, twice as large where they are small."""
    wide = np.concatenate(list(frames), axis=1)
    if wide.shape[0] >= 200:
        return wide
    return np.asarray(cv2.resize(wide, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), np.uint8)
