"""`ptx models`: the models that are there, current and kept, and the one way to remove kept ones."""

from __future__ import annotations

from typing import Annotated

import typer

from ptx.commands.options import Config, Set, console
from ptx.commands.words import size

app = typer.Typer(invoke_without_command=True)

ModelNames = Annotated[
    list[str] | None, typer.Argument(help="Trainings (flow or train-flow), or kept models (flow.1); all trainings.")
]


@app.callback(epilog="Examples:  ptx models  ·  ptx models prune flow --keep 1")
def models(context: typer.Context, config: Config = None, overrides: Set = None) -> None:
    """List all models with steps, size, date, scores, and how they differ from the settings of now.

    Other settings never delete a model: it is kept beside the new one (flow.1), and taken up again when they return.
    """
    if context.invoked_subcommand is not None:
        return
    from ptx.commands.tables import model_table
    from ptx.project import load_project
    from ptx.training.kept import list_models

    console.print(model_table(list_models(load_project(config, overrides).context)))


@app.command("prune", epilog="Examples:  ptx models prune  ·  ptx models prune flow.1  ·  ptx models prune --keep 2")
def remove(
    names: ModelNames = None,
    keep: Annotated[int, typer.Option("--keep", min=0, help="Kept models of each training that stay, the newest.")] = 0,
    config: Config = None,
    overrides: Set = None,
) -> None:
    """Remove kept models, never a current one; says what was removed."""
    from ptx.project import load_project
    from ptx.training.kept import prune

    total = 0
    for name, count in prune(load_project(config, overrides).context, names or [], keep):
        console.print(f"removed {name}, {size(count)}")
        total += count
    console.print(f"{size(total)} freed" if total else "nothing to remove")
