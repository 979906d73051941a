"""The commands that use models: parse, call, print. No logic."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from ptx.commands.options import Config, Set, console, errors
from ptx.pipeline.errors import PtxError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptx.inference.model import Model, Painting, Person
    from ptx.pipeline.plan import Pipeline

models = typer.Typer()


def train(pipeline: Pipeline, name: str, *, force: bool = False) -> None:
    """Run one training stage; a signal ends the command with the code on which schedulers queue it again."""
    from ptx.training.loop import Interrupted
    from ptx.training.run import run_training
    from ptx.training.state import REQUEUE, TRAININGS

    if name not in TRAININGS:
        raise PtxError(f"no stage '{name}': the training stages are {', '.join(TRAININGS)}")
    try:
        if said := run_training(pipeline, TRAININGS[name], console, force=force):
            console.print(said)
    except Interrupted:
        errors.print(f"{name}: stopped by a signal and saved; the same command goes on from here")
        raise typer.Exit(REQUEUE) from None


def _everyone(model: Model, source: Path, paint: Callable[[Person], Painting], output: Path, body: str) -> None:
    from ptx.inference.crowd import paint_everyone
    from ptx.pictures.png import save_png

    done = paint_everyone(model, source, paint, body=body)
    console.print(f"{save_png(done.picture, output)}: {len(done.paintings)} people painted")
    for problem in done.problems:
        errors.print(f"one could not be painted: {problem}")


@models.command(
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
    system: Annotated[
        str, typer.Option("--system", help="flow (dense intrinsic appearance flow), pose-flow or view.")
    ] = "flow",
    sheet: Annotated[bool, typer.Option("--sheet", help="Show source, pose and warped source beside it.")] = False,
    paste: Annotated[bool, typer.Option("--paste", help="Put the result back into the photograph.")] = False,
    everyone: Annotated[
        bool, typer.Option("--everyone", help="Paint all people of the photograph, each back in place.")
    ] = False,
    config: Config = None,
    overrides: Set = None,
) -> None:
    """Paint the person of one picture in the pose of another."""
    from ptx.inference.batch import read_transfers, transfer_all
    from ptx.inference.model import load
    from ptx.inference.sheets import show_transfer
    from ptx.project import load_settings

    if (pairs is None) == (source is None) or (source is None) != (pose is None):
        raise PtxError(
            "name a photograph and a pose (`ptx transfer me.jpg --pose dancer.jpg`), or a table (`--pairs table.csv`)"
        )
    if sheet + paste + everyone > 1:
        raise PtxError("--sheet, --paste and --everyone are three looks; choose one")
    if everyone and pairs is not None:
        raise PtxError("--everyone is for one photograph and one pose, not for a table")
    look: Any = "sheet" if sheet else "paste" if paste else "picture"
    table = read_transfers(pairs) if pairs is not None else []
    settings = load_settings(config, overrides)
    models = load(model or settings.results_folder / "models", system)  # type: ignore[arg-type]
    if source is not None and pose is not None and everyone:
        wanted = pose
        _everyone(
            models, source, lambda person: models.paint(person, models.pose(wanted, person)), output, settings.body
        )
        return
    if source is not None and pose is not None:
        console.print(str(show_transfer(models, source, pose, output, look)))
        return
    done = transfer_all(models, table, output.with_suffix(""), look, console)
    folder = output.with_suffix("")
    console.print(f"{done.painted} of {len(table)} painted into {folder}")
    if done.problems:
        errors.print(f"{len(done.problems)} rows could not be painted: {folder / 'problems.csv'} says why")
        raise typer.Exit(1)


@models.command(
    epilog="Examples:  ptx view me.jpg --yaw 45 -o side.png  ·  ptx view me.jpg --yaw 0:360:15 -o round.gif"
)
def view(
    source: Annotated[Path, typer.Argument(help="Photograph of a person.")],
    yaw: Annotated[
        str, typer.Option("--yaw", help="Degrees to the person's left: 45, -30,30 or start:end:step.")
    ] = "45",
    pitch: Annotated[float, typer.Option("--pitch", min=-60, max=60, help="Degrees towards the viewer.")] = 0.0,
    output: Annotated[Path, typer.Option("-o", "--output", help="A .png, or a turntable as .gif or .mp4.")] = Path(
        "view.png"
    ),
    model: Annotated[Path | None, typer.Option("--model", help="Folder of trained models; WORKSPACE/models.")] = None,
    system: Annotated[str, typer.Option("--system", help="flow, pose-flow, view, or several with commas.")] = "flow",
    sheet: Annotated[bool, typer.Option("--sheet", help="Show source, skeleton and warped source beside it.")] = False,
    joints: Annotated[
        str, typer.Option("--joints", help="What is turned: the fitted body, or landmarks (3D).")
    ] = "body",
    keypoints3d: Annotated[
        Path | None,
        typer.Option("--keypoints3d", help="JSON of 18 [x, y, z, confidence] in metres, for the detector's."),
    ] = None,
    everyone: Annotated[
        bool, typer.Option("--everyone", help="Turn all people of the photograph, each in place.")
    ] = False,
    config: Config = None,
    overrides: Set = None,
) -> None:
    """Paint the person of a picture from other sides: a body is fitted to it and turned."""
    from ptx.inference.model import load
    from ptx.inference.sheets import show_views
    from ptx.inference.view import Joints, read_yaws, views
    from ptx.project import load_settings

    if joints not in get_args(Joints):
        raise PtxError(f"--joints {joints}: body or landmarks")
    yaws, settings = read_yaws(yaw), load_settings(config, overrides)
    folder = model or settings.results_folder / "models"
    systems: list[Any] = [name.strip() for name in system.split(",")]
    loaded = [load(folder, name) for name in systems]
    if everyone:
        if len(yaws) > 1 or len(loaded) > 1 or keypoints3d:
            raise PtxError("--everyone turns by one angle, with one system, and with what the detector finds")
        how: Any = {"body": settings.body, "joints": joints}
        _everyone(
            loaded[0], source, lambda p: views(loaded[0], p, yaws, pitch, **how)[0].painting, output, settings.body
        )
        return
    how = {"body": settings.body, "joints": joints, "keypoints3d": keypoints3d, "plain": not sheet}
    console.print(str(show_views(loaded, source, yaws, pitch, output, **how)))


@models.command(
    epilog="Examples:  ptx export --model demo/models -o painter.pt2  ·  ptx export flow --format corr -o corr/"
)
def export(
    what: Annotated[str, typer.Argument(help="model, or of the stores: flow, keypoints, images, pairs.")] = "model",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="The file to write (painter.pt2); for flow, images a folder.")
    ] = None,
    form: Annotated[
        str | None, typer.Option("--format", help="flow: corr or flo; keypoints: coco; pairs: tar.")
    ] = None,
    model: Annotated[Path | None, typer.Option("--model", help="Folder of trained models; WORKSPACE/models.")] = None,
    system: Annotated[str, typer.Option("--system", help="flow, pose-flow or view.")] = "flow",
    config: Config = None,
    overrides: Set = None,
) -> None:
    """Write the trained networks as one program of torch.export, or what the stores hold in files that other tools read."""
    from ptx.project import load_pipeline, load_settings

    if what != "model":
        from ptx.samples.export import export_data

        if output is None:
            raise PtxError(f"say where to write: `ptx export {what} -o PATH`")
        console.print(export_data(load_pipeline(config, overrides), what, form, output, console))
        return
    from ptx.inference.model import load

    models = load(model or load_settings(config, overrides).results_folder / "models", system)  # type: ignore[arg-type]
    console.print(str(models.export(output or Path("painter.pt2"))))


@models.command()
def evaluate(
    count: Annotated[int, typer.Option("--count", min=0, help="Test pairs to score; 0 is all.")] = 0,
    protocol: Annotated[
        str, typer.Option("--protocol", help="Rules of scoring: ours, ours-jpeg, intrinsic2019, gfla2020 ...")
    ] = "ours",
    against: Annotated[
        Path | None, typer.Option("--against", help="Workspace of another run, to compare with.")
    ] = None,
    table: Annotated[
        bool,
        typer.Option("--table", help="Print the published table's columns too, beside what others have published."),
    ] = False,
    config: Config = None,
    overrides: Set = None,
) -> None:
    """Score the trained models on held-out persons, beside copying and warping the source."""
    from ptx.evaluation.evaluate import evaluate, read_evaluation
    from ptx.evaluation.tables import beside_published, compare, lines
    from ptx.project import load_pipeline

    other = read_evaluation(against) if against else None
    pipeline = load_pipeline(config, overrides)
    done = evaluate(pipeline, console, count=count, rules=protocol)
    print("\n".join([*lines(done), f"every pair's scores: {done.path}"]))
    if table:
        print("\n".join(["", *beside_published(done, pipeline.settings.data.kind)]))
    if other is not None:
        print("\n".join(["", *compare(done, other)]))


@models.command()
def report(
    count: Annotated[int, typer.Option("--count", min=0, help="Test pairs to score; 0 is all.")] = 0,
    config: Config = None,
    overrides: Set = None,
) -> None:
    """Write one HTML page: status, sheets, training curves, transfers, scores."""
    from ptx.evaluation.report import evaluate_and_report
    from ptx.project import load_pipeline

    console.print(str(evaluate_and_report(load_pipeline(config, overrides), console, count)))


@models.command(epilog="Examples:  ptx study study.html --count 30  ·  ptx study --score anna.json ben.json")
def study(
    files: Annotated[list[Path], typer.Argument(help="The page to write; with --score, files of answers.")],
    score: Annotated[bool, typer.Option("--score", help="Say what answers come to.")] = False,
    count: Annotated[int, typer.Option("--count", min=1, help="Pairs that are asked about.")] = 30,
    methods: Annotated[
        str | None,
        typer.Option("--methods", help="Two of `ptx evaluate`'s rows or `the photograph`, with a comma between."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of the order and the sides; another one a person.")] = 0,
    config: Config = None,
    overrides: Set = None,
) -> None:
    """Let people choose between the pictures of two methods: one HTML page that needs no server; and score their answers."""
    from ptx.evaluation.study import preference, read_answers, write_study
    from ptx.project import load_pipeline

    if score:
        print("\n".join(preference([read_answers(path) for path in files]).lines()))
        return
    if len(files) > 1:
        raise PtxError("name one page to write, or give --score for files of answers")
    names = [name.strip() for name in methods.split(",")] if methods else []
    console.print(str(write_study(load_pipeline(config, overrides), files[0], count, seed, names)))


@models.command()
def demo(
    folder: Annotated[Path, typer.Argument(help="Where to put everything.")] = Path("demo"),
    overrides: Set = None,
) -> None:
    """From nothing to a report in minutes: synthetic people, the whole pipeline, small models."""
    from ptx.commands.demo import run_demo

    for line in run_demo(folder, overrides or [], console, train):
        console.print(line)
