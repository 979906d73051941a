"""The `ptx` command: composes the groups of commands, and turns exceptions into exit codes."""

from __future__ import annotations

import sys
from importlib.metadata import version
from io import TextIOWrapper
from typing import Annotated

import typer
from rich.markup import escape

from ptx.commands import animate, avatar, cluster, data, export, models, page, pictures, pose, start, trained, views
from ptx.commands.options import DATA, MODELS, errors
from ptx.pipeline.errors import PtxError
from ptx.pipeline.signals import Interrupted, ending_on_signals
from ptx.pipeline.storage.files import explained_surroundings

MISTAKE = 2
"""Exit code after a user's mistake."""

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
for group in (start, data):
    app.add_typer(group.app)
app.add_typer(
    export.app,
    name="export",
    help="Write trained networks, or what is stored, in files for other tools.",
    rich_help_panel=DATA,
)
app.add_typer(trained.app, name="models", rich_help_panel=MODELS)
for group in (models, pictures, views, animate, pose, avatar, page, cluster):
    app.add_typer(group.app)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"ptx {version('ptx')}")
        raise typer.Exit


@app.callback()
def options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Paint a person from a photograph in the pose of another photograph, or from another side.

    `ptx transfer ME.jpg --pose DANCER.jpg` needs nothing but the photographs. Models of your own: `ptx demo` shows all of it in minutes,
    without any data; with photographs `ptx run everything --set data.root=PHOTOS`, then `--engine flow`.
    """


def _print_every_name() -> None:
    """Have what the terminal's encoding lacks printed as \\xe9 and the like: names of files may be any bytes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def main() -> None:
    """Entry point: a user's mistake ends in one line and exit code 2, a signal to a training in 75, other signals in 128 + theirs."""
    _print_every_name()
    try:
        with ending_on_signals(), explained_surroundings():
            app()
    except PtxError as error:
        errors.print(f"[red]error:[/red] {escape(str(error))}")
        sys.exit(MISTAKE)
    except Interrupted as signal:
        errors.print("stopped by a signal and saved; the same command goes on from here")
        sys.exit(signal.exit_code)


if __name__ == "__main__":
    main()
