"""`ptx app`: the page in the browser."""

from __future__ import annotations

from typing import Annotated

import typer

from ptx.commands.options import PICTURES, Config, Set

app = typer.Typer()

PAINTING = {"flow": "generator", "pose-flow": "synthesis", "view": "refine"}
"""Trained system → folder of the model that paints."""


@app.command(
    "app",
    rich_help_panel=PICTURES,
    epilog="Examples:  ptx app  ·  ptx app --port 9000 --no-browser  ·  ptx app --host 0.0.0.0",
)
def serve(
    host: Annotated[
        str | None,
        typer.Option(
            "--host", help="Address to listen at, for other machines too; by default this one alone may come."
        ),
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=1, max=65535, help="Port; by default 8765, or the next that is free.")
    ] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page.")] = True,
    config: Config = None,
    overrides: Set = None,
) -> None:
    """Open the page: a photograph, a pose, the picture; nothing leaves this machine."""
    from ptx.app.messages import Options
    from ptx.app.run import run
    from ptx.settings import load_settings

    settings = load_settings(config, overrides)
    models = settings.results_folder / "models"
    systems = tuple(name for name, folder in PAINTING.items() if (models / folder / "model.json").exists())
    run(Options(settings.body, settings.ingest.max_pixels, models, systems), host, port, browser)
