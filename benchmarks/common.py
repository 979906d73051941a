"""Helpers of the benchmarks: people before cameras, projects, a stopwatch, tables, the record of a run."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ptx.datasets.people import People, PeopleOptions
from ptx.geometry.body import Body, load_body
from ptx.geometry.camera import project
from ptx.geometry.skinning import pose_vertices
from ptx.project import Project
from ptx.settings import load_settings

SIZE = 256


class Table(NamedTuple):
    """A table that was printed."""

    head: list[str]
    rows: list[list[str]]


TABLES: list[Table] = []
"""Every table that was printed, in order: `record.py` writes them into the result file."""

REPEATS: list[list[float]] = []
"""Seconds of all runs of every `seconds`, in order."""


class Crowd(NamedTuple):
    """N images of synthetic people with the default body."""

    body: Body
    pose: np.ndarray
    betas: np.ndarray
    camera: np.ndarray
    points: np.ndarray
    """(N, V, 3) float32: u, v in px, depth in m."""


def crowd(count: int, seed: int = 7) -> Crowd:
    """The true bodies of `count` images, eight a person: neighbours are seen from sides about 45 degrees apart."""
    people = People(PeopleOptions(-(-count // 8), 8, seed, (SIZE, SIZE)))
    truths = [people.truth(i) for i in range(count)]
    body = load_body("builtin")
    pose, betas, camera = (np.stack([getattr(t, name) for t in truths]) for name in ("pose", "betas", "camera"))
    points = project(camera, pose_vertices(body, pose, betas)).astype(np.float32)
    return Crowd(body, pose, betas, camera, points)


def make_project(workspace: Path, *overrides: str) -> Project:
    """Put a project together from `name=value` settings alone: no file is read."""
    return Project(load_settings(Path(os.devnull), [f"workspace={workspace}", *overrides]))


def seconds(function: Callable[[], object], repeat: int = 3) -> float:
    """The best of some runs, after one that does not count."""
    function()
    runs = []
    for _ in range(repeat):
        started = time.perf_counter()
        function()
        runs.append(time.perf_counter() - started)
    REPEATS.append(runs)
    return min(runs)


def table(head: Sequence[str], rows: Sequence[Sequence[str | float]]) -> None:
    """Print Markdown, and keep the table for `record.py`."""
    text = [[str(cell) for cell in row] for row in rows]
    TABLES.append(Table(list(head), text))
    print(markdown(head, text))


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table as Markdown."""
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, *rows)).replace("\n", f"\n|{'---|' * len(head)}\n", 1)


def processor() -> str:
    """Name of the processor."""
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()
