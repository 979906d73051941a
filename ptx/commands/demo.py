"""`ptx demo`: from nothing to a report, small enough for minutes on two cores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from ptx.commands.tables import outcome_line
from ptx.pipeline.executors import keep_workers
from ptx.pipeline.plan import Pipeline
from ptx.pipeline.run import run_stage

DEMO = """\
# Written by `ptx demo`: synthetic people, small models, minutes on a laptop.
workspace: {workspace}
size: [128, 64]
data: {{kind: people, persons: 120, images_per_person: 6}}
train_flow: {{preset: demo, steps: 450, save_every: 225}}
train_generator: {{preset: demo, steps: 400, save_every: 200}}
train_pixel_warp: {{preset: demo, steps: 80, save_every: 80}}
"""

TRAINED = ("train-flow", "train-generator", "train-pixel-warp")
"""What the demo trains: dense intrinsic appearance flow."""

SCORED = 80
"""Test pairs in the report."""


def run_demo(
    folder: Path, overrides: Sequence[str], console: Console, train: Callable[[Pipeline, str], None]
) -> list[str]:
    """Make people, run every stage, train the models, write the report; returns what to say at the end.

    Args:
        folder: where everything goes; an interrupted demo goes on there.
        overrides: of settings, `a.b=value`.
        console: for progress.
        train: trains one stage by its name.
    """
    from ptx.evaluation.report import evaluate_and_report
    from ptx.project import load_pipeline

    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "pipeline.yaml"
    config.write_text(DEMO.format(workspace=folder.absolute()))
    pipeline = load_pipeline(config, list(overrides))
    with keep_workers():
        for stage in pipeline.active:
            console.print(outcome_line(run_stage(pipeline, stage, console), pipeline.plan(stage)))
    for name in TRAINED:
        train(pipeline, name)
    path = evaluate_and_report(pipeline, console, SCORED)
    return [
        f"\nthe report: [bold]{path}[/bold]\ntry next:",
        f"  ptx transfer ME.jpg --pose DANCER.jpg --model {folder / 'models'} --sheet -o out.png",
        f"  ptx show --grid -c {config}",
        "  ptx run all --set data.root=PHOTOS        (one sub-folder a person)",
    ]
