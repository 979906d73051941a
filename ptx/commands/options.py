"""Options that several commands share, their help panels, and the consoles that they print to."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from ptx.pipeline.errors import PtxError
from ptx.training.systems import SystemName

console = Console(highlight=False, soft_wrap=True)
errors = Console(stderr=True, highlight=False, soft_wrap=True)

START = "Start"
"""Panel of `ptx --help` for newcomers."""

DATA = "Data"
"""Panel of commands that compute and look at the stores."""

MODELS = "Models"
"""Panel of commands that score trained models."""

PICTURES = "Pictures"
"""Panel of commands that paint."""

CLUSTER = "Cluster"
"""Panel of commands for batch systems."""

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
    typer.Option(
        "--log-format", help="Progress: auto is bars on a terminal and plain lines elsewhere; json for machines."
    ),
]
ModelFolder = Annotated[Path | None, typer.Option("--model", help="Folder of trained models; WORKSPACE/models.")]
System = Annotated[
    SystemName,
    typer.Option("--system", help="Dense intrinsic appearance flow, pose flow learning, or novel view synthesis."),
]


def check_inputs_kept(output: Path, *inputs: Path | None) -> None:
    """Raise PtxError if a file that is to be written is one of those that it is made from."""
    for given in inputs:
        if given is not None and os.path.exists(output) and os.path.exists(given) and os.path.samefile(output, given):
            raise PtxError(f"{output}: would replace what it is made from: name another file by --output")


def check_ending(path: Path, endings: Sequence[str], subject: str) -> None:
    """Raise PtxError unless a path ends in one of some endings; `subject` is written there, in the plural."""
    if path.suffix.lower() not in endings:
        *first, last = endings
        known = f"{', '.join(first)} or {last}" if first else last
        raise PtxError(f"{path}: {subject} are written as {known}")
