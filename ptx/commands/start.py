"""`ptx demo`, `ptx doctor`, `ptx config`: where a newcomer starts."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer

from ptx.commands.options import START, Config, LogFormat, Set, console, errors
from ptx.pipeline.errors import PtxError

app = typer.Typer()
config_app = typer.Typer(no_args_is_help=True)


@app.command(rich_help_panel=START)
def demo(
    folder: Annotated[Path, typer.Argument(help="Where to put everything.")] = Path("demo"),
    overrides: Set = None,
    log_format: LogFormat = "auto",
) -> None:
    """Go from nothing to a report in minutes: synthetic people, all data stages, small models."""
    from ptx.commands.demo import run_demo
    from ptx.commands.output import open_output

    output = open_output(log_format)
    for line in run_demo(folder, overrides or [], output.listener):
        output.show(line)


@app.command(rich_help_panel=START)
def doctor(
    config: Config = None,
    overrides: Set = None,
    report: Annotated[
        bool, typer.Option("--report", help="Print what a bug report needs, to paste; it names nobody and no folder.")
    ] = False,
) -> None:
    """List what works on this machine, and how to get what does not."""
    from ptx.commands.bug_report import bug_report
    from ptx.commands.doctor import examine
    from ptx.commands.tables import doctor_table
    from ptx.settings import load_settings

    settings = load_settings(config, overrides)
    checks = examine(settings.workspace)
    if report:
        print(*bug_report(settings, checks), sep="\n")
    else:
        console.print(doctor_table(checks))


@config_app.command("show")
def config_show(config: Config = None, overrides: Set = None) -> None:
    """Print every setting with its value and meaning, as YAML."""
    from ptx.pipeline.config import config_yaml
    from ptx.settings import DEFAULT_CONFIG, load_settings

    if config is not None and _writes_to(config):
        raise PtxError(f"{config}: was emptied before it could be read; print to another file and rename that")
    if _writes_to(DEFAULT_CONFIG):  # nobody can tell a new file from one that the shell has emptied
        errors.print(f"{DEFAULT_CONFIG}: holds the defaults and --set now; what stood in it before was not read")
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")  # as settings files are, whatever the terminal is
    print(config_yaml(load_settings(config, overrides)))


def _writes_to(path: Path) -> bool:
    """Return whether this process prints into a file."""
    try:
        return os.path.samestat(path.stat(), os.fstat(sys.stdout.fileno()))
    except (OSError, ValueError):  # there is no such file, or the output is none
        return False


@config_app.command("check")
def config_check(config: Config = None, overrides: Set = None) -> None:
    """Check the settings: whether they are valid and fit together, what is wrong where, and whether the files that they name are there."""
    from ptx.pipeline.config import missing_files
    from ptx.project import Project
    from ptx.settings import DEFAULT_CONFIG, load_settings

    settings = load_settings(config, overrides)
    project = Project(settings)
    project.check()
    project.check_body(project.stages)
    project.check_backends(project.stages)
    if missing := list(missing_files(settings)):
        raise PtxError("\n".join(f"{line} is not there" for line in missing))
    print(f"{config or (DEFAULT_CONFIG if DEFAULT_CONFIG.exists() else 'defaults')}: fine")


app.add_typer(config_app, name="config", help="Print or check the settings.", rich_help_panel=START)
