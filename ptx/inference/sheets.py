"""Paintings and views drawn: as pictures, sheets beside what they were made from, and moving turntables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from ptx.datasets.images import Image
from ptx.inference.painting import Painting
from ptx.inference.view import NovelView, turntable
from ptx.pictures.animation import write_animation
from ptx.pictures.draw import draw_garments, draw_skeleton
from ptx.pictures.png import save_png
from ptx.pictures.provenance import Provenance
from ptx.pictures.sheet import PANEL_HEIGHT, Panel, sheet

Look = Literal["picture", "sheet", "paste"]
"""The painted picture; the same beside what it was made from; the whole photograph with the picture in it."""

ANIMATION_SUFFIXES = (".gif", ".mp4", ".webm")
"""Endings of files in which views move."""

VIEW_SUFFIXES = (".png", *ANIMATION_SUFFIXES)
"""Endings of files that views can be written to."""

MAX_LARGE_VIEWS = 6
"""Most views in a row of panels of full height."""

MIN_FRAME_HEIGHT = 200
"""Frames of a turntable that are lower, px, are written twice as large."""


def draw_painting(painting: Painting, look: Look, title: str = "") -> Image:
    """Draw a painting; `title` is that of the sheet."""
    if look == "picture":
        return painting.picture
    if look == "paste":
        return painting.pasted
    garments = [] if painting.garments is None else [Panel(draw_garments(painting.garments), "garments")]
    panels = [*_panels(painting, "wanted pose"), *garments, Panel(painting.picture, "painted")]
    return sheet([panels], title, height=PANEL_HEIGHT)


def write_views(
    rows: Sequence[Sequence[NovelView]], look: Look, title: str, output: Path, provenance: Provenance | None = None
) -> Path:
    """Write views of one person by one or several systems; returns the path.

    A .png shows one view by one system as `look` says, everything else as a sheet: for one angle source, skeleton, warped and
    painted, for several a row of views, one row a system. A .gif, .mp4 or .webm turns, systems side by side.

    Args:
        rows: the views of each system, at the same angles.
        look: of a single view.
        title: of the sheet.
        output: ends in one of `VIEW_SUFFIXES`.
        provenance: what the file says about itself.
    """
    if output.suffix.lower() in ANIMATION_SUFFIXES:
        rounds = [turntable(row) for row in rows]
        return write_animation(output, [_side_by_side(frames) for frames in zip(*rounds, strict=True)], provenance)
    if look != "sheet" and len(rows) == len(rows[0]) == 1:
        return save_png(draw_painting(rows[0][0].painting, look), output, provenance)
    return save_png(draw_views(rows, title), output, provenance)


def draw_views(rows: Sequence[Sequence[NovelView]], title: str) -> Image:
    """Draw a sheet: of one angle with what each view was made from, of several angles the steady pictures."""
    angles = len(rows[0])
    panels = [_view_panels(row[0]) if angles == 1 else _round_panels(row) for row in rows]
    return sheet(panels, title, height=PANEL_HEIGHT if angles <= MAX_LARGE_VIEWS else PANEL_HEIGHT // 2)


def _panels(painting: Painting, pose_caption: str) -> list[Panel]:
    """Return the panels of what a painting was made from: source, skeleton of the wanted pose, warped source."""
    person = painting.person
    return [
        Panel(draw_skeleton(person.image, person.keypoints), "source"),
        Panel(draw_skeleton(np.full_like(person.image, 255), painting.pose), pose_caption),
        Panel(painting.warped, "source, warped"),
    ]


def _view_panels(view: NovelView) -> list[Panel]:
    return [*_panels(view.painting, f"{view.yaw:g}°"), Panel(view.painting.picture, "painted")]


def _round_panels(views: Sequence[NovelView]) -> list[Panel]:
    pictures = turntable(views)
    return [Panel(picture, f"{view.yaw:g}°") for picture, view in zip(pictures, views, strict=True)]


def _side_by_side(frames: Sequence[Image]) -> Image:
    """Join frames of one height, twice as large where they are low."""
    wide = np.concatenate(list(frames), axis=1)
    if wide.shape[0] >= MIN_FRAME_HEIGHT:
        return wide
    return np.asarray(cv2.resize(wide, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), np.uint8)
