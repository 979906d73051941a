"""The `ptx` command: parse, call, print. No logic."""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

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


console = Console(highlight=False, soft_wrap=True)
errors = Console(stderr=True, highlight=False, soft_wrap=True)

Config = Annotated[Path | None, typer.Option("-c", "--config", help="Settings file; ./pipeline.yaml where it exists.")]
Set = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override one setting, e.g. size=[128,64].")
]
Workers = Annotated[
    int | None, typer.Option("--workers", min=1, help="Number of workers; short for --set run.workers=N.")
]


def _overrides(given: list[str] | None, workers: int | None = None) -> list[str]:
    return [*(given or []), *([f"run.workers={workers}"] if workers else [])]


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
) -> None:
    """Run a stage. Killed runs go on where they stopped when the same command is given again."""
    from ptx.pipeline.executors import keep_workers
    from ptx.pipeline.history import estimate
    from ptx.pipeline.run import run_stage
    from ptx.pipeline.tables import estimate_table, outcome_line
    from ptx.stages import load_pipeline

    pipeline = load_pipeline(config, _overrides(overrides, workers))
    if stage.replace("_", "-").startswith("train-"):
        _train(pipeline, stage.replace("_", "-"), force)
        return
    chosen = pipeline.active if stage == "all" else [pipeline.stage(stage)]
    if dry_run:
        console.print(estimate_table([estimate(pipeline, s, force=force) for s in chosen], pipeline))
        return
    with keep_workers():
        for one in chosen:
            outcome = run_stage(pipeline, one, console, force=force)
            console.print(outcome_line(outcome, pipeline.plan(one)))


def _train(pipeline: Pipeline, name: str, force: bool) -> None:
    from ptx.training.loop import REQUEUE, Interrupted
    from ptx.training.run import run_training
    from ptx.training.state import TRAININGS

    if name not in TRAININGS:
        raise PtxError(f"no stage '{name}': the training stages are {', '.join(TRAININGS)}")
    try:
        console.print(run_training(pipeline, TRAININGS[name], console, force=force))
    except Interrupted:
        errors.print(f"{name}: stopped by a signal and saved; the same command goes on from here")
        raise typer.Exit(REQUEUE) from None


@app.command()
def status(
    config: Config = None,
    overrides: Set = None,
    problems: Annotated[bool, typer.Option("--problems", help="List quarantined samples and why.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Where every stage stands: done, partial, stale and why, quarantined samples."""
    from ptx.pipeline.status import describe
    from ptx.pipeline.tables import problem_table, status_table, training_table
    from ptx.stages import load_pipeline
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


@app.command(epilog="Example:  ptx retry extract-keypoints --reason no_person")
def retry(
    stage: Annotated[str, typer.Argument(help="The stage that quarantined the samples.")],
    reason: Annotated[str | None, typer.Option("--reason", help="Only samples whose reason contains this.")] = None,
    config: Config = None,
    overrides: Set = None,
    workers: Workers = None,
) -> None:
    """Compute quarantined samples again, and only those."""
    from ptx.pipeline.run import retry_stage
    from ptx.pipeline.tables import outcome_line
    from ptx.stages import load_pipeline

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
    from ptx.pipeline.tables import findings_lines
    from ptx.pipeline.verify import drop_damaged, verify_stage
    from ptx.stages import load_pipeline

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
    from ptx.stages import load_settings

    print(config_yaml(load_settings(config, overrides)))


@config_app.command("check")
def config_check(config: Config = None, overrides: Set = None) -> None:
    """Say whether the settings are valid, and what is wrong where."""
    from ptx.stages import DEFAULT_CONFIG, load_settings

    load_settings(config, overrides)
    console.print(f"{config or (DEFAULT_CONFIG if DEFAULT_CONFIG.exists() else 'defaults')}: fine")


@app.command()
def doctor(config: Config = None, overrides: Set = None) -> None:
    """What works on this machine, and how to get what does not."""
    from ptx.doctor import report
    from ptx.pipeline.tables import doctor_table
    from ptx.stages import load_settings

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
    from ptx.show import show_grid, show_pair, show_sample
    from ptx.stages import load_pipeline

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


@app.command(
    epilog="Examples:  ptx transfer me.jpg --pose dancer.jpg -o out.png  ·  ptx transfer --pairs table.csv -o folder"
)
def transfer(
    source: Annotated[Path | None, typer.Argument(help="Photograph of a person.")] = None,
    pose: Annotated[
        Path | None, typer.Option("--pose", help="Photograph of someone in the wanted pose, or OpenPose JSON.")
    ] = None,
    pairs: Annotated[
        Path | None, typer.Option("--pairs", help="CSV with the columns source and pose, instead of one pair.")
    ] = None,
    output: Annotated[Path, typer.Option("-o", "--output", help="The PNG to write; for --pairs a folder.")] = Path(
        "transfer.png"
    ),
    model: Annotated[Path | None, typer.Option("--model", help="Folder of trained models; WORKSPACE/models.")] = None,
    sheet: Annotated[bool, typer.Option("--sheet", help="Show source, pose and warped source beside it.")] = False,
    paste: Annotated[bool, typer.Option("--paste", help="Put the result back into the photograph.")] = False,
    config: Config = None,
    overrides: Set = None,
) -> None:
    """Paint the person of one picture in the pose of another."""
    from ptx.show import show_transfer
    from ptx.stages import load_settings
    from ptx.transfer import load
    from ptx.transfer_batch import read_transfers, transfer_all

    if (pairs is None) == (source is None) or (source is None) != (pose is None):
        raise PtxError(
            "name a photograph and a pose (`ptx transfer me.jpg --pose dancer.jpg`), or a table (`--pairs table.csv`)"
        )
    if sheet and paste:
        raise PtxError("--sheet and --paste are two looks; choose one")
    look: Any = "sheet" if sheet else "paste" if paste else "picture"
    table = read_transfers(pairs) if pairs is not None else []
    models = load(model or load_settings(config, overrides).workspace / "models")
    if source is not None and pose is not None:
        console.print(str(show_transfer(models, source, pose, output, look)))
        return
    done = transfer_all(models, table, output.with_suffix(""), look, console)
    folder = output.with_suffix("")
    console.print(f"{done.painted} of {len(table)} painted into {folder}")
    if done.problems:
        errors.print(f"{len(done.problems)} rows could not be painted: {folder / 'problems.csv'} says why")
        raise typer.Exit(1)


@app.command(epilog="Example:  ptx export --model demo/models -o painter.pt2")
def export(
    output: Annotated[Path, typer.Option("-o", "--output", help="The .pt2 to write.")] = Path("painter.pt2"),
    model: Annotated[Path | None, typer.Option("--model", help="Folder of trained models; WORKSPACE/models.")] = None,
    config: Config = None,
    overrides: Set = None,
) -> None:
    """Write the trained networks as one program of torch.export, which runs without ptx."""
    from ptx.stages import load_settings
    from ptx.transfer import load

    models = load(model or load_settings(config, overrides).workspace / "models")
    console.print(str(models.export(output)))


@app.command()
def evaluate(
    count: Annotated[int, typer.Option("--count", min=0, help="Test pairs to score; 0 is all.")] = 0,
    protocol: Annotated[str, typer.Option("--protocol", help="Rules of scoring: ptx, ptx-jpeg, ptx-wang.")] = "ptx",
    against: Annotated[
        Path | None, typer.Option("--against", help="Workspace of another run, to compare with.")
    ] = None,
    config: Config = None,
    overrides: Set = None,
) -> None:
    """Score the trained models on held-out persons, beside copying and warping the source."""
    from ptx.evaluation.evaluate import evaluate, read_evaluation
    from ptx.evaluation.tables import compare, lines
    from ptx.stages import load_pipeline

    other = read_evaluation(against) if against else None
    done = evaluate(load_pipeline(config, overrides), console, count=count, rules=protocol)
    print("\n".join([*lines(done), f"every pair's scores: {done.path}"]))
    if other is not None:
        print("\n".join(["", *compare(done, other)]))


@app.command()
def report(
    count: Annotated[int, typer.Option("--count", min=0, help="Test pairs to score; 0 is all.")] = 0,
    config: Config = None,
    overrides: Set = None,
) -> None:
    """Write one HTML page: status, sheets, training curves, transfers, scores."""
    from ptx.stages import load_pipeline

    console.print(str(_report(load_pipeline(config, overrides), count)))


def _report(pipeline: Pipeline, count: int) -> Path:
    from ptx.evaluation.evaluate import evaluate
    from ptx.evaluation.report import write_report
    from ptx.show import show_grid

    return write_report(pipeline, evaluate(pipeline, console, count=count), show_grid(pipeline, 12, None))


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(help="Where to put everything.")] = Path("demo"),
    overrides: Set = None,
) -> None:
    """From nothing to a report in minutes: synthetic people, the whole pipeline, small models."""
    from ptx.demo import DEMO
    from ptx.pipeline.executors import keep_workers
    from ptx.pipeline.run import run_stage
    from ptx.pipeline.tables import outcome_line
    from ptx.stages import load_pipeline
    from ptx.training.state import TRAININGS

    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "pipeline.yaml"
    config.write_text(DEMO.format(workspace=folder.absolute()))
    pipeline = load_pipeline(config, _overrides(overrides))
    with keep_workers():
        for stage in pipeline.active:
            console.print(outcome_line(run_stage(pipeline, stage, console), pipeline.plan(stage)))
    for name in TRAININGS:
        _train(pipeline, name, force=False)
    path = _report(pipeline, 120)
    console.print(f"\nthe report: [bold]{path}[/bold]\nto try next:")
    console.print(f"  ptx transfer ME.jpg --pose DANCER.jpg --model {folder / 'models'} --sheet -o out.png")
    console.print(f"  ptx show --grid -c {config}")
    console.print("  ptx run all --set data.root=PHOTOS        (one sub-folder a person)")


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
