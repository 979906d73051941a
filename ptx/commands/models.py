"""`ptx evaluate`, `ptx report`, `ptx study`: what trained models are worth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from ptx.commands.options import MODELS, Config, LogFormat, Set, console
from ptx.pipeline.errors import PtxError

app = typer.Typer()

ProtocolName = Literal[
    "ours", "ours-jpeg", "wang2004", "intrinsic2019", "patn2019", "gfla2020", "pidm2023", "cfld2024"
]
"""Names of `ptx.evaluation.protocols.PROTOCOLS`, which imports torch."""

Count = Annotated[int, typer.Option("--count", min=0, help="Test pairs to score; 0 is all.")]


@app.command(
    rich_help_panel=MODELS,
    epilog="Examples:  ptx evaluate --count 100  ·  ptx evaluate --table --protocol intrinsic2019",
)
def evaluate(
    count: Count = 0,
    protocol: Annotated[ProtocolName, typer.Option("--protocol", help="Rules of scoring.")] = "ours",
    against: Annotated[
        Path | None, typer.Option("--against", help="Workspace of another run, to compare with.")
    ] = None,
    table: Annotated[
        bool,
        typer.Option("--table", help="Print the published table's columns too, beside what others have published."),
    ] = False,
    config: Config = None,
    overrides: Set = None,
    log_format: LogFormat = "auto",
) -> None:
    """Score the trained models on held-out persons, beside copying and warping the source."""
