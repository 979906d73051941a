"""`ptx demo`, `ptx doctor`, `ptx config`: where a newcomer starts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ptx.commands.options import START, Config, LogFormat, Set, console

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
def doctor(config: Config = None, overrides: Set = None) -> None:
    """List what works on this machine, and how to get what does not."""
    from ptx.commands.doctor import examine
    from ptx.commands.tables import doctor_table
    from ptx.settings import load_settings

    console.print(doctor_table(examine(load_settings(config, overrides).workspace)))


@config_app.command("show")
def config_show(config: Config = None, overrides: Set = None) -> None:
    """Print every setting with its value and meaning, as YAML."""
    from ptx.pipeline.config import config_yaml
    from ptx.settings import load_settings

    print(config_yaml(load_settings(config, overrides)))


@config_app.command("check")
def config_check(config: Config = None, overrides: Set = None) -> None:
    """Check the settings: whether they are valid and fit together, and what is wrong where."""
    from ptx.project import Project
    from ptx.settings import DEFAULT_CONFIG, load_settings

    Project.of(load_settings(config, overrides)).check()
    print(f"{config or (DEFAULT_CONFIG if DEFAULT_CONFIG.exists() else 'defaults')}: fine")


app.add_typer(config_app, name="config", help="Print or check the settings.", rich_help_panel=START)
