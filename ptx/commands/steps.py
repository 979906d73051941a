"""Names of steps as users type them: completed by the shell, and listed by `ptx run --help`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from ptx.commands.options import console

GROUPS = {
    "all": "every data stage, in order",
    "everything": "all data stages, and the trainings of the setting `systems`",
}
"""Names that stand for several steps."""


def known_stages() -> dict[str, str]:
    """Return name and summary of every data stage, as default settings have them."""
    from ptx.project import Project
    from ptx.settings import Settings

    return {stage.name: _summary(type(stage)) for stage in Project(Settings()).pipeline.stages}


def known_steps() -> dict[str, str]:
    """Return name and summary of every data stage, every training, plugins included, and of the groups of steps."""
    from ptx.training.trainings import TRAININGS

    trainings = {training.name: _summary(training.settings) for training in TRAININGS.values()}
    return {**known_stages(), **trainings, **GROUPS}


def _summary(kind: type) -> str:
    """Return the first sentence of a class's docstring, without its full stop."""
    first_line = (kind.__doc__ or "").strip().splitlines()[0]
    return first_line.removesuffix(".")


def complete_stage(incomplete: str) -> list[tuple[str, str]]:
    """Complete the name of a data stage; returns names with their summaries."""
    return [(name, summary) for name, summary in known_stages().items() if name.startswith(incomplete)]


def complete_steps(incomplete: str) -> list[tuple[str, str]]:
    """Complete the name of a step or of a group of steps; returns names with their summaries."""
    return [(name, summary) for name, summary in known_steps().items() if name.startswith(incomplete)]


def _show_help(context: typer.Context, wanted: bool) -> None:
    """Print the help of a command and then the steps, which are looked up now; ends the command."""
    if not wanted:
        return
    text = context.get_help()  # with rich it is printed already, and this is empty
    if text:
        print(text)
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold cyan", no_wrap=True)
    table.add_column()
    for name, summary in known_steps().items():
        table.add_row(name, escape(summary))
    console.print(Panel(table, title="Steps", title_align="left", border_style="dim"))
    raise typer.Exit


StepsHelp = Annotated[
    bool, typer.Option("--help", is_eager=True, callback=_show_help, help="Show this message and exit.")
]
"""Option of a command that is made with `add_help_option=False`: its help ends with the steps."""
