"""`ptx demo`: from nothing to a report, small enough for minutes on two cores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ptx.commands.report import evaluate_and_report
from ptx.commands.tables import outcome_line
from ptx.pipeline.events import Listener
from ptx.pipeline.step import run_steps
from ptx.project import load_project

DEMO = """\
# Written by `ptx demo`: synthetic people, small models, minutes on a laptop.
workspace: {workspace}
size: [128, 64]
systems: [flow]
data: {{kind: people, persons: 120, images_per_person: 6}}
train_flow: {{preset: demo, steps: 450, save_every: 225}}
train_generator: {{preset: demo, steps: 400, save_every: 200}}
train_pixel_warp: {{preset: demo, steps: 80, save_every: 80}}
"""
"""Settings of the demo, with the place of the workspace."""

SCORED_PAIRS = 80
"""Test pairs in the report."""


def run_demo(folder: Path, overrides: Sequence[str], listener: Listener) -> Iterator[str]:
    """Make people, run every step, train the models, write the report; yields lines to print.

    Args:
        folder: where everything goes; an interrupted demo goes on there.
        overrides: of settings, `a.b=value`.
        listener: receives the events.
    """
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "pipeline.yaml"
    config.write_text(DEMO.format(workspace=folder.absolute()))
    project = load_project(config, list(overrides))
    settings = project.settings
    yield from map(outcome_line, run_steps(project.select("everything"), settings.run, settings.cluster, listener))
    path = evaluate_and_report(project, SCORED_PAIRS, listener)
    yield f"\nthe report: [bold]{path}[/bold]\ntry next:"
    yield "  ptx transfer ME.jpg --pose DANCER.jpg -o out.png        (the surface engine, which needs no model)"
    yield (
        f"  ptx transfer ME.jpg --pose DANCER.jpg --engine flow --model {folder / 'models'} --frame person --as sheet -o out.png"
    )
    yield f"  ptx show --grid -c {config}"
    yield "  ptx run all --set data.root=PHOTOS        (one sub-folder a person)"
