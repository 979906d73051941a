"""The gallery: 40 poses of people, by name, and the figures that the page draws of them (tools/build_gallery.py)."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import TypedDict

from ptx.pipeline.errors import PtxError


class Row(TypedDict):
    """A pose of the gallery."""

    name: str
    pose: list[list[float]]
    """(24, 3) axis-angle, radians."""
    figure: list[list[float]]
    """(18, 2) keypoints, centimetres, y down, the pelvis at about 0."""


@cache
def rows() -> list[Row]:
    """Return all poses."""
    text = (files("ptx") / "assets" / "poses.json").read_text(encoding="utf-8")
    read: list[Row] = json.loads(text)
    return read


def find(name: str) -> Row:
    """Return a pose; raises PtxError where none has this name."""
    row = next((row for row in rows() if row["name"] == name), None)
    if row is None:
        raise PtxError(f"gallery: no pose is called {name[:80]!r}; GET api/poses lists them")
    return row
