"""Where the results and the progress of a command go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from rich.console import Console, RenderableType

from ptx.commands.options import console, errors

if TYPE_CHECKING:
    from ptx.commands.listeners import Format
    from ptx.pipeline.events import Listener


class Output(NamedTuple):
    """The console for results, and the listener that shows progress."""

    console: Console
    listener: Listener

    def show(self, result: RenderableType) -> None:
        """Print a result, with rich's markup."""
        self.console.print(result)

    def write(self, lines: Sequence[str]) -> None:
        """Print lines as they are."""
        for line in lines:
            self.console.print(line, markup=False)


def open_output(log_format: Format) -> Output:
    """Choose where results and progress go.

    With `json`, standard output holds JSON lines and nothing else; results for people go to standard error.
    """
    from ptx.commands.listeners import choose_listener

    return Output(errors if log_format == "json" else console, choose_listener(log_format, console))
