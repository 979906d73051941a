"""Training curves as small drawings (SVG), from the logs of trainings."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

import numpy as np

Points = Sequence[tuple[int, float]]
"""(step, value) of a curve."""

WIDTH = 260
"""Width of a drawing in px."""

HEIGHT = 110
"""Height of a drawing in px."""

MAX_POINTS = 120
"""Most points of a line; each is the mean of a stretch of steps."""

MARGIN = 8
"""Left and right of the line, px."""

TOP = 20
"""Above the line, where the name is, px."""

BOTTOM = 24
"""Below the line, where the range is, px."""


def read_curves(log: Path) -> Mapping[str, Points]:
    """Read a training's `log.csv`: term → its curve; empty where there is no log."""
    curves: dict[str, list[tuple[int, float]]] = {}
    if log.exists():
        with log.open(newline="") as file:
            for row in csv.DictReader(file):
                curves.setdefault(row["term"], []).append((int(row["step"]), float(row["value"])))
    return curves


def draw_curve(name: str, points: Points) -> str:
    """Draw a curve as an `<svg>` element with its name, its first and its last value."""
    steps, values = np.array(points, np.float64).T
    stretches = np.array_split(np.arange(len(steps)), min(MAX_POINTS, len(steps)))
    x = np.array([steps[stretch].mean() for stretch in stretches])
    y = np.array([values[stretch].mean() for stretch in stretches])
    u = MARGIN + (WIDTH - 2 * MARGIN) * (x - x[0]) / max(x[-1] - x[0], 1e-9)
    v = HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (y - y.min()) / max(float(y.max() - y.min()), 1e-12)
    line = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(u, v, strict=True))
    extent = f"{y[0]:.3g} to {y[-1]:.3g} in {steps[-1]:.0f} steps"
    return (
        f'<svg width="{WIDTH}" height="{HEIGHT}">'
        f'<text x="{MARGIN}" y="14" font-size="11">{escape(name)}</text>'
        f'<text x="{MARGIN}" y="{HEIGHT - 6}" font-size="10" fill="#777">{extent}</text>'
        f'<polyline points="{line}" fill="none" stroke="#3867b0"/></svg>'
    )
