"""`ptx submit`: steps as jobs of SLURM."""

from __future__ import annotations

from typing import Annotated

import typer

from ptx.commands.options import CLUSTER, Config, Set, console, errors
from ptx.commands.steps import StepsHelp, complete_steps

app = typer.Typer()


@app.command(
    rich_help_panel=CLUSTER,
    add_help_option=False,
    epilog="Examples:  ptx submit everything  ·  ptx submit train-flow train-generator  ·  ptx submit all --print",
)
def submit(
    steps: Annotated[
        list[str],
        typer.Argument(help="Steps, in an order in which they can run: see below.", autocompletion=complete_steps),
    ],
    config: Config = None,
    overrides: Set = None,
    show: Annotated[bool, typer.Option("--print", help="Show the scripts; write and submit nothing.")] = False,
    _help: StepsHelp = False,
) -> None:
    """Submit steps to SLURM: an array of parts for each data stage, a job for each training, each after what it reads."""
    from ptx.pipeline.slurm import as_text, scripts
    from ptx.pipeline.slurm import submit as submit_jobs
    from ptx.project import load_project

    project = load_project(config, overrides)
    results = project.pipeline.results
    for name in steps:
        for training, reason in project.left_out(name).items():
            errors.print(f"{training} is left out: {reason}")
    chosen = {step.name: step for name in steps for step in project.select(name)}
    project.check_pairs(list(chosen.values()))
    project.check_split()
    project.check_body(list(chosen.values()))
    project.check_backends(list(chosen.values()))
    jobs = scripts(list(chosen.values()), project.settings.cluster, results, config, overrides or [])
    if show:
        print(as_text(jobs))
        return
    for step, job in submit_jobs(jobs, results).items():
        console.print(f"{step}: job {job}")
