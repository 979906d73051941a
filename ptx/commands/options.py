"""Options that several commands share, their help panels, and the consoles that they print to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from ptx.pipeline.errors import PtxError

console = Console(highlight=False, soft_wrap=True)
errors = Console(stderr=True, highlight=False, soft_wrap=True)

START = "Start"
DATA = "Data"
MODELS = "Models"
PICTURES = "Pictures"
CLUSTER = "Cluster"
"""Panels of `ptx --help`, in its order."""

Config = Annotated[Path | None, typer.Option("-c", "--config", help="Settings file; ./pipeline.yaml where it exists.")]
Set = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override one setting, e.g. size=[128,64].")
]
Workers = Annotated[
    int | None, typer.Option("--workers", min=1, help="Number of workers; short for --set run.workers=N.")
]
ClusterKind = Annotated[
    Literal["local", "threads", "serial", "address", "slurm", "pbs", "lsf", "sge"] | None,
    typer.Option("--cluster", help="Where to run: short for --set cluster.kind=KIND."),
]
LogFormat = Annotated[
    Literal["auto", "plain", "json"],
    typer.Option("--log-format", help="Progress: auto is bars on a terminal and plain lines elsewhere; json for machines."),
]
ModelFolder = Annotated[Path | None, typer.Option("--model", help="Folder of trained models; WORKSPACE/models.")]
System = Annotated[
    Literal["flow", "pose-flow", "view"],
    typer.Option("--system", help="Dense intrinsic appearance flow, pose flow learning, or novel view synthesis."),
]


def check_ending(path: Path, endings: Sequence[str], subject: str) -> None:
    """Raise PtxError unless a path ends in one of some endings; `subject` is written there, in the plural."""
    if path.suffix.lower() not in endings:
        *first, last = endings
        raise PtxError(f"{path}: {subject} are written as {f'{", ".join(first)} or ' if first else ''}{last}")
