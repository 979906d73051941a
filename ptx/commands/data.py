"""`ptx run`, and what says and mends how far the steps are: check, status, retry, verify, show."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ptx.commands.options import DATA, ClusterKind, Config, LogFormat, Set, Workers, console
from ptx.commands.steps import StepsHelp, complete_stage, complete_steps
from ptx.pipeline.errors import PtxError

app = typer.Typer()


@app.command(
    rich_help_panel=DATA,
    add_help_option=False,
    epilog="Examples:  ptx run all  ·  ptx run fit-smpl --set fit_smpl.iterations=20  ·  ptx run synth-flow --dry-run",
)
def run(
    step: Annotated[
        str,
        typer.Argument(help="A step, or `all`, or `everything`: see below.", autocompletion=complete_steps),
    ],
    config: Config = None,
    overrides: Set = None,
    workers: Workers = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done; write nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Compute everything again, also what is done.")] = False,
    cluster: ClusterKind = None,
    part: Annotated[
        str | None, typer.Option("--part", help="One of several parts, such as 3/16, for job arrays.")
    ] = None,
    log_format: LogFormat = "auto",
    _help: StepsHelp = False,
) -> None:
    """Run a step: compute what is missing. Killed runs go on where they stopped when the same command is given again."""
    from ptx.commands.output import open_output
    from ptx.commands.tables import estimate_table, outcome_line
    from ptx.pipeline.array_slice import WHOLE, ArraySlice
    from ptx.pipeline.step import run_steps
    from ptx.project import load_project

    project = load_project(config, _overrides(overrides, workers, cluster))
    settings = project.settings
    chosen_slice = ArraySlice.parse(part) if part else WHOLE
    steps = project.prepare(step)
    if part and (len(steps) != 1 or force):
        raise PtxError(
            "--part is for one data stage, without --force: a later stage's parts wait for all parts of the earlier"
        )
    output = open_output(log_format)
    for name, reason in project.left_out(step).items():
        output.show(f"{name} is left out: {reason}")
    lists_data = project.pipeline.listing_stage.name in {one.name for one in steps}
    if dry_run:
        estimates = [one.estimate(force=force) for one in steps]
        output.show(estimate_table(estimates, settings.workspace, settings.run.worker_count))
        output.write(project.pipeline.listing.notes if lists_data else ())
        return
    for outcome in run_steps(steps, settings.run, settings.cluster, output.listener, force=force, part=chosen_slice):
        output.show(outcome_line(outcome))
    if lists_data and project.no_pairs is not None:
        output.write([project.no_pairs])


@app.command(rich_help_panel=DATA, epilog="Example:  ptx check --set data.root=photos")
def check(config: Config = None, overrides: Set = None, log_format: LogFormat = "auto") -> None:
    """Report missing, unreadable, duplicate and leaking photographs before anything is computed, and how many pairs there are."""
    from ptx.commands.output import open_output
    from ptx.datasets.check import check_files, pair_lines
    from ptx.pipeline.events import progress
    from ptx.project import load_project

    project = load_project(config, overrides)
    folder = project.data.folder
    if folder is None:
        raise PtxError(
            "check is for files, and the pictures of this data set are made of none: name a folder, `--set data.root=photos`"
        )
    listing = project.pipeline.listing
    owners = listing.persons.tolist()
    first_image = {person: listing.ids[i] for i, person in reversed(list(enumerate(owners)))}
    output = open_output(log_format)
    with progress(output.listener, "check", len(listing.paths)) as advance:
        findings = check_files(
            folder,
            listing.paths,
            [f"the person of {first_image[person]}" for person in owners],
            listing.splits,
            listing.pairs,
            probe=project.data.probe,
            workers=project.settings.run.worker_count,
            advance=advance,
        )
    counts = pair_lines(listing.pairs, listing.splits, project.data.published_counts)
    no_pairs = project.no_pairs
    output.write([*findings.lines(), *counts, *listing.notes, *([no_pairs] if no_pairs else [])])
    if not findings.fine or no_pairs:
        raise typer.Exit(1)


@app.command(rich_help_panel=DATA)
def status(
    config: Config = None,
    overrides: Set = None,
    problems: Annotated[bool, typer.Option("--problems", help="List quarantined samples and why.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Show where every step stands: done, partial, stale and why, quarantined samples."""
    from ptx.commands.tables import problem_table, status_tables
    from ptx.pipeline.slurm import describe_jobs
    from ptx.project import load_project

    project = load_project(config, overrides)
    rows = [step.status(problems=problems or as_json) for step in project.steps]
    if as_json:
        print(json.dumps([row.as_json() for row in rows], indent=1))
    elif problems:
        console.print(problem_table(rows))
    else:
        for table in status_tables(rows):
            console.print(table)
        for line in describe_jobs(project.pipeline.results):
            console.print(line)


@app.command(rich_help_panel=DATA, epilog="Example:  ptx retry extract-keypoints --reason no_person")
def retry(
    stage: Annotated[
        str, typer.Argument(help="The stage that quarantined the samples.", autocompletion=complete_stage)
    ],
    reason: Annotated[str | None, typer.Option("--reason", help="Only samples whose reason contains this.")] = None,
    config: Config = None,
    overrides: Set = None,
    workers: Workers = None,
    log_format: LogFormat = "auto",
) -> None:
    """Compute quarantined samples again, and only those."""
    from ptx.commands.output import open_output
    from ptx.commands.tables import outcome_line
    from ptx.pipeline.executors import open_executor
    from ptx.pipeline.run import retry_stage
    from ptx.project import load_project

    project = load_project(config, _overrides(overrides, workers))
    chosen = project.pipeline.stage(stage)
    output = open_output(log_format)
    with open_executor(project.settings.run, project.settings.cluster, output.listener) as executor:
        output.show(outcome_line(retry_stage(project.pipeline, chosen, reason, output.listener, executor)))


@app.command(rich_help_panel=DATA)
def verify(
    stage: Annotated[str, typer.Argument(help="A stage, or all.", autocompletion=complete_stage)] = "all",
    drop: Annotated[
        bool, typer.Option("--drop", help="Forget damaged blocks, so that the next run computes them again.")
    ] = False,
    config: Config = None,
    overrides: Set = None,
    log_format: LogFormat = "auto",
) -> None:
    """Read every stored byte: checksums, torn chunks, NaN, ranges, totals."""
    from ptx.commands.output import open_output
    from ptx.commands.tables import findings_lines
    from ptx.pipeline.verify import drop_damaged, verify_stage
    from ptx.project import load_project

    pipeline = load_project(config, overrides, any_data=True).pipeline
    chosen = [s for s in pipeline.active if pipeline.store(s).exists()] if stage == "all" else [pipeline.stage(stage)]
    if not chosen:
        raise PtxError(f"{pipeline.workspace}: there is nothing to verify yet; `ptx run all` makes it")
    output = open_output(log_format)
    sound = True
    for one in chosen:
        findings = verify_stage(pipeline, one, output.listener)
        if drop:
            drop_damaged(pipeline.store(one), findings)
        output.show("\n".join(findings_lines(findings, dropped=drop)))
        sound &= findings.adds_up and not findings.faults
    raise typer.Exit(0 if sound else 1)


@app.command(
    rich_help_panel=DATA,
    epilog="Examples:  ptx show p00003_01  ·  ptx show p00003_01 --surface  ·  ptx show --pair 12 -o pair.png  ·  ptx show --grid",
)
def show(
    sample: Annotated[str | None, typer.Argument(help="Id or number of an image.")] = None,
    pair: Annotated[str | None, typer.Option("--pair", help="Number of a directed pair, or TARGET:SOURCE ids.")] = None,
    surface: Annotated[
        bool,
        typer.Option(
            "--surface", help="The image's person as the surface engine fills them: layers, texture, provenance."
        ),
    ] = False,
    grid: Annotated[bool, typer.Option("--grid", help="A contact sheet of many pairs.")] = False,
    count: Annotated[int, typer.Option("--count", min=1, help="Pairs on the contact sheet.")] = 12,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="The PNG to write.")] = None,
    config: Config = None,
    overrides: Set = None,
) -> None:
    """Draw what is stored: pictures, skeletons, fitted body, parts, flow, visibility, the source warped into the target pose."""
    from ptx.project import load_project
    from ptx.samples.sheets import show_grid, show_pair, show_sample
    from ptx.samples.surface_sheet import show_surface

    if surface and (sample is None or grid or pair is not None):
        raise PtxError("--surface is of one image: `ptx show p00000_00 --surface`")
    pipeline = load_project(config, overrides).pipeline
    if grid:
        path = show_grid(pipeline, count, output)
    elif pair is not None:
        path = show_pair(pipeline, pair, output)
    elif sample is not None and surface:
        path = show_surface(pipeline, sample, output)
    elif sample is not None:
        path = show_sample(pipeline, sample, output)
    else:
        raise PtxError("name an image (`ptx show p00000_00`), a pair (`ptx show --pair 0`) or `--grid`")
    print(path)


def _overrides(given: list[str] | None, workers: int | None = None, cluster: str | None = None) -> list[str]:
    """Return the overrides with those that options stand for."""
    short = {"run.workers": workers, "cluster.kind": cluster}
    return [*(given or []), *(f"{name}={value}" for name, value in short.items() if value)]
