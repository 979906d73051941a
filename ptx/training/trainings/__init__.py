"""The trainings that ptx has, one row each, and those that other packages bring. Imports no torch."""

from __future__ import annotations

from ptx.pipeline.plugins import load_plugins
from ptx.training.training import Training
from ptx.training.trainings import appearance_flow, attributes, combined_flow, pose_flow, view

OWN = (*appearance_flow.ROWS, *pose_flow.ROWS, *combined_flow.ROWS, *view.ROWS, *attributes.ROWS)

TRAININGS: dict[str, Training] = {row.name: row for row in (*OWN, *load_plugins("ptx.trainings", Training))}
"""Name, as in `ptx run NAME` → its row, in an order in which they can run."""
