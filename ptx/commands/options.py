"""Options that several commands share, and where they print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

console = Console(highlight=False, soft_wrap=True)
errors = Console(stderr=True, highlight=False, soft_wrap=True)

Config = Annotated[Path | None, typer.Option("-c", "--config", help="Settings file; ./pipeline.yaml where it exists.")]
Set = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override one setting, e.g. size=[128,64].")
]
Workers = Annotated[
    int | None, typer.Option("--workers", min=1, help="Number of workers; short for --set run.workers=N.")
]
Cluster = Annotated[
    str | None, typer.Option("--cluster", metavar="KIND", help="Where to run: short for --set cluster.kind=KIND.")
]
