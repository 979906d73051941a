"""The `ptx` command: parse, call, print. No logic."""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ptx.commands.models import models, train
from ptx.commands.options import Cluster, Config, Set, Workers, console, errors
from ptx.pipeline.errors import PtxError

if TYPE_CHECKING:
    from ptx.pipeline.plan import Pipeline

app = typer.Typer(
    help="From photographs of people to dense appearance flow. Start with `ptx run all`.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
config_app = typer.Typer(help="Look at the settings.", no_args_is_help=True)
app.add_typer(config_app, name="config")
app.add_typer(models)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"ptx {version('ptx')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False,
) -> None:
    """From photographs of people to dense appearance flow. Start with `ptx run all`."""
    del version


def _overrides(given: list[str] | None, workers: int | None = None, cluster: str | None = None) -> list[str]:
    more = {"run.workers": workers, "cluster.kind": cluster}
    return [*(given or []), *(f"{name}={value}" for name, value in more.items() if value)]


@app.command(
    epilog="Examples:  ptx run all  ·  ptx run fit-smpl --set fit_smpl.iterations=20  ·  ptx run synth-flow --dry-run"
)
def run(
    stage: Annotated[str, typer.Argument(help="A stage, or `all` for whatever is missing, in order.")],
    config: Config = None,
    overrides: Set = None,
    workers: Workers = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done; write nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Compute everything again, also what is done.")] = False,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Of ingest: report missing, unreadable, duplicate and leaking images; run nothing."
        ),
    ] = False,
    cluster: Cluster = None,
    part: Annotated[
        str | None, typer.Option("--part", help="One of several parts, such as 3/16, for job arrays.")
    ] = None,
) -> None:
    """Run a stage. Killed runs go on where they stopped when the same command is given again."""
    from ptx.commands.tables import estimate_table, outcome_line
    from ptx.pipeline.estimate import estimate
    from ptx.pipeline.executors import keep_workers
    from ptx.pipeline.part import Part
    from ptx.pipeline.run import run_stage
    from ptx.project import load_pipeline

    pipeline = load_pipeline(config, _overrides(overrides, workers, cluster))
    chosen_part = Part.read(part) if part else Part()
    training = stage.replace("_", "-").startswith("train-")
    if part and (stage == "all" or training or force):
        raise PtxError(
            "--part is for one data stage, without --force: a later stage's parts wait for all parts of the earlier"
        )
    if check:
        _check(pipeline, stage)
        return
    if training:
        train(pipeline, stage.replace("_", "-"), force=force)
        return
    chosen = pipeline.active if stage == "all" else [pipeline.stage(stage)]
    if dry_run:
        console.print(estimate_table([estimate(pipeline, s, force=force) for s in chosen], pipeline))
        return
    with keep_workers():
        for one in chosen:
            outcome = run_stage(pipeline, one, console, force=force, part=chosen_part)
            console.print(outcome_line(outcome, pipeline.plan(one)))


def _check(pipeline: Pipeline, stage: str) -> None:
    from ptx.datasets.check import check_files
    from ptx.pipeline.progress import progress

    settings, listing = pipeline.settings, pipeline.listing
    if stage != "ingest" or settings.data.kind == "people":
        raise PtxError("--check is for `ptx run ingest` on photographs")
    first = {person: listing.ids[i] for i, person in reversed(list(enumerate(listing.persons.tolist())))}
    with progress("check", len(listing.paths), 0, console) as advance:
        found = check_files(
            settings.data.root, listing.paths, [f"the person of {first[p]}" for p in listing.persons.tolist()], listing.splits,
            listing.pairs, max_pixels=settings.ingest.max_pixels, workers=settings.run.worker_count, advance=advance,
        )  # fmt: skip
    for line in found.lines():
        console.print(line)
    if not found.fine:
        raise typer.Exit(1)


@app.command(epilog="Examples:  ptx submit all  ·  ptx submit train-flow train-generator  ·  ptx submit all --print")
def submit(
    stages: Annotated[
        list[str], typer.Argument(help="Stages, or `all` data stages, in the order they depend on each other.")
    ],
    config: Config = None,
    overrides: Set = None,
    show: Annotated[bool, typer.Option("--print", help="Show the scripts; write and submit nothing.")] = False,
) -> None:
    """Submit stages to SLURM: an array of parts for each data stage, a job for each training, each after what it reads."""
    from ptx.commands.slurm import as_text, scripts
    from ptx.commands.slurm import submit as give
    from ptx.project import load_pipeline

    pipeline = load_pipeline(config, overrides)
    names = [n for one in stages for n in ([s.name for s in pipeline.active] if one == "all" else [one])]
    jobs = scripts(pipeline, names, config, overrides or [])
    if show:
        print(as_text(jobs))
        return
    for stage, job in give(pipeline, jobs).items():
        console.print(f"{stage}: job {job}")


@app.command()
def status(
    config: Config = None,
    overrides: Set = None,
    problems: Annotated[bool, typer.Option("--problems", help="List quarantined samples and why.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Where every stage stands: done, partial, stale and why, quarantined samples."""
    from ptx.commands.slurm import describe_jobs
    from ptx.commands.tables import problem_table, status_table, training_table
    from ptx.pipeline.status import describe
    from ptx.project import load_pipeline
    from ptx.training.state import TRAININGS, describe_training

    pipeline = load_pipeline(config, overrides)
    rows = [describe(pipeline, stage, problems=problems or as_json) for stage in pipeline.active]
    trainings = [describe_training(pipeline, training) for training in TRAININGS.values()]
    if as_json:
        print(json.dumps([row.as_json() for row in [*rows, *trainings]], indent=1))
    elif problems:
        console.print(problem_table(rows))
    else:
        console.print(status_table(rows))
        console.print(training_table(trainings))
        for line in describe_jobs(pipeline.results):
            console.print(line)


@app.command(epilog="Example:  ptx retry extract-keypoints --reason no_person")
def retry(
    stage: Annotated[str, typer.Argument(help="The stage that quarantined the samples.")],
    reason: Annotated[str | None, typer.Option("--reason", help="Only samples whose reason contains this.")] = None,
    config: Config = None,
    overrides: Set = None,
    workers: Workers = None,
) -> None:
    """Compute quarantined samples again, and only those."""
    from ptx.commands.tables import outcome_line
    from ptx.pipeline.run import retry_stage
    from ptx.project import load_pipeline

    pipeline = load_pipeline(config, _overrides(overrides, workers))
    chosen = pipeline.stage(stage)
    outcome = retry_stage(pipeline, chosen, reason, console)
    console.print(outcome_line(outcome, pipeline.plan(chosen)))


@app.command()
def verify(
    stage: Annotated[str, typer.Argument(help="A stage, or all.")] = "all",
    drop: Annotated[
        bool, typer.Option("--drop", help="Forget damaged blocks, so that the next run computes them again.")
    ] = False,
    config: Config = None,
    overrides: Set = None,
) -> None:
    """Read every stored byte: checksums, torn chunks, NaN, ranges, totals."""
    from ptx.commands.tables import findings_lines
    from ptx.pipeline.verify import drop_damaged, verify_stage
    from ptx.project import load_pipeline

    pipeline = load_pipeline(config, overrides)
    chosen = [s for s in pipeline.active if pipeline.store(s).exists()] if stage == "all" else [pipeline.stage(stage)]
    if not chosen:
        raise PtxError(f"{pipeline.workspace}: there is nothing to verify yet; `ptx run all` makes it")
    sound = True
    for one in chosen:
        found = verify_stage(pipeline, one)
        console.print("\n".join(findings_lines(found)))
        if drop:
            drop_damaged(pipeline.store(one), found)
        sound &= not found.faults and found.adds_up
    raise typer.Exit(0 if sound else 1)


@config_app.command("show")
def config_show(config: Config = None, overrides: Set = None) -> None:
    """Print every setting with its value and meaning, as YAML."""
    from ptx.pipeline.config import config_yaml
    from ptx.project import load_settings

    print(config_yaml(load_settings(config, overrides)))


@config_app.command("check")
def config_check(config: Config = None, overrides: Set = None) -> None:
    """Say whether the settings are valid, and what is wrong where."""
    from ptx.project import DEFAULT_CONFIG, load_settings

    load_settings(config, overrides)
    console.print(f"{config or (DEFAULT_CONFIG if DEFAULT_CONFIG.exists() else 'defaults')}: fine")


@app.command()
def doctor(config: Config = None, overrides: Set = None) -> None:
    """What works on this machine, and how to get what does not."""
    from ptx.commands.doctor import report
    from ptx.commands.tables import doctor_table
    from ptx.project import load_settings

    console.print(doctor_table(report(load_settings(config, overrides).workspace)))


@app.command(epilog="Examples:  ptx show p00003_01  ·  ptx show --pair 12 -o pair.png  ·  ptx show --grid")
def show(
    sample: Annotated[str | None, typer.Argument(help="Id or number of an image.")] = None,
    pair: Annotated[str | None, typer.Option("--pair", help="Number of a directed pair, or TARGET:SOURCE ids.")] = None,
    grid: Annotated[bool, typer.Option("--grid", help="A contact sheet of many pairs.")] = False,
    count: Annotated[int, typer.Option("--count", min=1, help="Pairs on the contact sheet.")] = 12,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="The PNG to write.")] = None,
    config: Config = None,
    overrides: Set = None,
) -> None:
    """One PNG to look at: pictures, skeletons, fitted body, parts, flow, visibility, the source warped into the target pose."""
    from ptx.project import load_pipeline
    from ptx.samples.sheets import show_grid, show_pair, show_sample

    pipeline = load_pipeline(config, overrides)
    if grid:
        path = show_grid(pipeline, count, output)
    elif pair is not None:
        path = show_pair(pipeline, pair, output)
    elif sample is not None:
        path = show_sample(pipeline, sample, output)
    else:
        raise PtxError("name an image (`ptx show p00000_00`), a pair (`ptx show --pair 0`) or `--grid`")
    console.print(str(path))


def main() -> None:
    """Entry point: a user's mistake ends in one line and exit code 2, Ctrl-C in 130."""
    try:
        app(standalone_mode=True)
    except PtxError as error:
        errors.print(f"[red]error:[/red] {_escape(str(error))}")
        sys.exit(2)
    except KeyboardInterrupt:
        errors.print("stopped; the same command goes on from here")
        sys.exit(130)


def _escape(text: str) -> str:
    return text.replace("[", r"\[")


if __name__ == "__main__":
    main()
