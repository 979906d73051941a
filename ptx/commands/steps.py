"""Names of steps as users type them: completed by the shell, and listed by `ptx run --help`."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import wrap

from typer.core import TyperCommand

from ptx.commands.options import console

PADDING = 2
"""Columns that a help page leaves free at its sides."""

GROUPS = {
    "all": "every data stage, in order",
    "everything": "all data stages, and the trainings of the setting `systems`",
}
"""Names that stand for several steps."""


def known_stages() -> dict[str, str]:
    """Return name and summary of every data stage, as default settings have them."""
    from ptx.project import Project
    from ptx.settings import Settings

    return {stage.name: _summary(type(stage)) for stage in Project.of(Settings()).pipeline.stages}


def known_steps() -> dict[str, str]:
    """Return name and summary of every data stage, every training, plugins included, and of the groups of steps."""
    from ptx.training.trainings import TRAININGS

    trainings = {training.name: _summary(training.settings) for training in TRAININGS.values()}
    return {**known_stages(), **trainings, **GROUPS}


def _summary(kind: type) -> str:
    """Return the first sentence of a class's docstring, without its full stop."""
    first_line = (kind.__doc__ or "").strip().splitlines()[0]
    return first_line.removesuffix(".")


def _aligned(summaries: Mapping[str, str], width: int) -> list[str]:
    """Return lines of at most so many characters: names in a column, summaries in another."""
    indent = max(map(len, summaries)) + 4
    lines: list[str] = []
    for name, summary in summaries.items():
        first = f"  {name}".ljust(indent)
        lines += wrap(summary, width, initial_indent=first, subsequent_indent=" " * indent)
    return lines


def complete_stage(incomplete: str) -> list[tuple[str, str]]:
    """Complete the name of a data stage; returns names with their summaries."""
    return [(name, summary) for name, summary in known_stages().items() if name.startswith(incomplete)]


def complete_steps(incomplete: str) -> list[tuple[str, str]]:
    """Complete the name of a step or of a group of steps; returns names with their summaries."""
    return [(name, summary) for name, summary in known_steps().items() if name.startswith(incomplete)]


class StepsCommand(TyperCommand):
    """A command whose help ends with the steps, which are looked up when the help is asked for."""

    _examples: str | None = None

    @property
    def epilog(self) -> str:
        """The list of steps, then the examples."""
        lines = _aligned(known_steps(), console.width - PADDING)
        return "\n".join(["Steps:", *lines, "", self._examples or ""])

    @epilog.setter
    def epilog(self, examples: str | None) -> None:
        self._examples = examples
