"""The systems that paint, and the trainings that each is made of. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ptx.pipeline.errors import PtxError

SystemName = Literal["flow", "pose-flow", "view"]


@dataclass(frozen=True)
class SystemRow:
    """The trainings of a system."""

    name: SystemName
    title: str
    """The paper."""
    trainings: tuple[str, ...]
    """In the order in which they can run; the last ones may be optional in use."""


SYSTEMS: dict[str, SystemRow] = {
    row.name: row
    for row in (
        SystemRow(
            "flow",
            "dense intrinsic appearance flow (CVPR 2019)",
            ("train-flow", "train-generator", "train-pixel-warp"),
        ),
        SystemRow(
            "pose-flow", "pose flow learning (TIP 2021)", ("train-pose-flow", "train-garment", "train-synthesis")
        ),
        SystemRow("view", "novel 3D view synthesis (after PG², 2017)", ("train-coarse", "train-refine")),
    )
}
"""Name, as in `--system NAME` → its trainings."""


def find_system(name: str) -> SystemRow:
    """Return the row of a system.

    Raises:
        PtxError: there is none of this name; names those that are.
    """
    if name not in SYSTEMS:
        *first, last = SYSTEMS
        raise PtxError(f"no system '{name}': {', '.join(first)} or {last}")
    return SYSTEMS[name]
