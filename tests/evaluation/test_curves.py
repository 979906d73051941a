"""Training curves: read from the log, drawn within their frame."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from ptx.evaluation.curves import HEIGHT, MAX_POINTS, WIDTH, draw_curve, read_curves


def points(svg: str) -> np.ndarray:
    """Corners (N, 2) of the line."""
    line = re.search(r'points="([^"]*)"', svg)
    assert line is not None
    return np.array([[float(x) for x in pair.split(",")] for pair in line[1].split()])


def test_terms_of_a_log(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    assert read_curves(log) == {}
    log.write_text("step,term,value\n1,flow/flow,2.5\n1,test/epe,7\n2,flow/flow,2.25\n")
    assert read_curves(log) == {"flow/flow": [(1, 2.5), (2, 2.25)], "test/epe": [(1, 7.0)]}


def test_a_curve_goes_from_left_to_right_and_up_where_it_grows() -> None:
    corners = points(svg := draw_curve("a < b", [(step, step**2) for step in range(1, 101)]))
    assert len(corners) == 100
    assert (np.diff(corners[:, 0]) > 0).all()
    assert (np.diff(corners[:, 1]) <= 0).all()  # y is down
    assert corners.min() > 0
    assert (corners < (WIDTH, HEIGHT)).all()
    assert "a &lt; b" in svg
    assert "1 to 1e+04 in 100 steps" in svg


def test_long_curves_are_means_of_stretches() -> None:
    corners = points(draw_curve("x", [(step, (-1) ** step) for step in range(12_000)]))
    assert len(corners) == MAX_POINTS
    assert np.ptp(corners[:, 1]) == 0  # every stretch of 100 steps has mean 0


def test_one_point_and_level_lines() -> None:
    assert len(points(draw_curve("x", [(5, 1.0)]))) == 1
    assert np.isfinite(points(draw_curve("x", [(5, 1.0), (6, 1.0)]))).all()
