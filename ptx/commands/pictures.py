"""`ptx transfer` and `ptx view`: trained models paint people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ptx.commands.networks import (
    DEFAULT_SYSTEM,
    EngineName,
    avatar_among,
    engine_for,
    load_engine,
    load_model,
    load_surface,
)
from ptx.commands.options import (
    PICTURES,
    Config,
    LogFormat,
    ModelFolder,
    Set,
    System,
    check_ending,
    check_inputs_kept,
    errors,
)
from ptx.commands.words import counted
from ptx.pipeline.errors import BadSample, PtxError
from ptx.training.systems import SYSTEMS, find_system

if TYPE_CHECKING:
    from ptx.inference.model import Model
    from ptx.inference.painting import Painting
    from ptx.inference.person import Keypoints, Person
    from ptx.inference.surface import SurfaceEngine
    from ptx.pictures.provenance import Provenance

app = typer.Typer()

Look = Literal["picture", "sheet", "paste", "everyone"]
"""What is written of a transfer or a view."""

As = Annotated[
    Look,
    typer.Option(
        "--as",
        help="The painted picture; it beside source, pose and warped source; the whole photograph with it in place; "
        "or the photograph with all its people painted.",
    ),
]


FrameOption = Annotated[
    Literal["picture", "person"] | None,
    typer.Option(
        "--frame",
        help="Paint the whole photograph, fitted in, or the person cut out of it; by default as the models were trained "
        "(ingest.crop). Where the person is small, cut them out.",
    ),
]

BackgroundOption = Annotated[
    str | None,
    typer.Option(
        "--background",
        help="Behind the person: source or pose, the whole photograph without its person; none, transparent; a colour such as "
        "white or #e0e0e0; paint, what a network paints. By default paint of networks, source of the surface engine.",
        show_default=False,
    ),
]


EngineOption = Annotated[
    EngineName | None,
    typer.Option(
        "--engine",
        help="Trained networks, or the photograph's own pixels on a fitted body, with nothing trained; by default the "
        "networks where there are any.",
    ),
]


@app.command(
    rich_help_panel=PICTURES,
    epilog="Examples:  ptx transfer me.jpg --pose dancer.jpg -o out.png  ·  ptx transfer --pairs table.csv -o folder",
)
def transfer(
    source: Annotated[Path | None, typer.Argument(help="Photograph of a person, or an avatar (`ptx avatar`).")] = None,
    pose: Annotated[
        Path | None, typer.Option("--pose", help="Photograph of someone in the wanted pose, or OpenPose's JSON of one.")
    ] = None,
    pairs: Annotated[
        Path | None, typer.Option("--pairs", help="CSV with the columns source and pose, instead of one pair.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="The PNG to write (transfer.png); for --pairs a folder (transfers)."),
    ] = None,
    look: As = "picture",
    background: BackgroundOption = None,
    frame: FrameOption = None,
    engine: EngineOption = None,
    model: ModelFolder = None,
    system: System = "flow",
    config: Config = None,
    overrides: Set = None,
    log_format: LogFormat = "auto",
) -> None:
    """Paint the person of one picture in the pose of another."""
    _check_frame(look, frame)
    _check_background(look, background)
    if pairs is not None and source is None and pose is None:
        transfers = _read_table(pairs, look)
    elif pairs is None and source is not None and pose is not None:
        transfers = [(source, pose)]
    else:
        raise PtxError(
            "name a photograph and a pose (`ptx transfer me.jpg --pose dancer.jpg`), or a table (`--pairs table.csv`)"
        )
    avatar = avatar_among(source for source, _ in transfers)
    engine = engine_for(avatar, engine, background)
    if avatar is not None and look == "picture":
        background = background or "none"
    home = look == "picture" and background in (None, "source")
    load = partial(load_engine, engine, model, system, config, overrides, frame, "source" if home else "pose")
    if pairs is None:
        _transfer_one(*transfers[0], output or Path("transfer.png"), look, background, load)
    else:
        _transfer_table(transfers, output or Path("transfers"), look, background, load, log_format)


def _transfer_one(
    source: Path,
    pose: Path,
    output: Path,
    look: Look,
    wanted: str | None,
    load: Callable[[], Model | SurfaceEngine],
) -> None:
    """Paint one person, or everyone of one photograph."""
    from ptx.inference.backgrounds import backdrop_of
    from ptx.inference.origin import origin
    from ptx.inference.sheets import draw_painting
    from ptx.inference.surface import SurfaceEngine
    from ptx.pictures.png import save_png

    check_ending(output, (".png",), "pictures")
    check_inputs_kept(output, source, pose)
    model = load()
    _check_look(model, look)
    background = _background(wanted, look, model)
    made = origin("ptx transfer", [model], look, [source, pose], background)
    if look == "everyone":
        assert not isinstance(model, SurfaceEngine)  # it is refused
        _paint_everyone(model, source, output, made, lambda person: model.transfer(person, pose))
        return
    backdrop = backdrop_of(background, model)
    painting = model.transfer(source, pose)
    title = f"{source.name} in the pose of {pose.name}"
    picture = backdrop.draw(painting, pose) if backdrop else draw_painting(painting, look, title)
    print(save_png(picture, output, made))


def _background(wanted: str | None, look: Look, engine: Model | SurfaceEngine) -> str:
    """Return the background of a look: the one that is wanted, or the engine's own."""
    return wanted or (engine.usual_background if look == "picture" else "paint")


def _check_look(model: Model | SurfaceEngine, look: Look) -> None:
    """Raise PtxError where an engine cannot give a look."""
    from ptx.inference.surface import SurfaceEngine

    if isinstance(model, SurfaceEngine) and look in ("paste", "everyone"):
        raise PtxError(
            f"--as {look}: the surface engine lays people over --background; --as picture, or --engine network"
        )


def _read_table(table: Path, look: Look) -> list[tuple[Path, Path]]:
    """Read the sources and the poses of a table."""
    from ptx.inference.batch import read_transfers

    if look == "everyone":
        raise PtxError("--as everyone is for one photograph and one pose, not for a table")
    return [(row.source, row.pose) for row in read_transfers(table)]


def _transfer_table(
    transfers: Sequence[tuple[Path, Path]],
    folder: Path,
    look: Look,
    background: str | None,
    load: Callable[[], Model | SurfaceEngine],
    log_format: LogFormat,
) -> None:
    """Paint every row of a table; ends with 1 where some could not be painted."""
    from ptx.commands.output import open_output
    from ptx.inference.batch import Transfer, transfer_all

    assert look != "everyone"  # it is refused
    output, model = open_output(log_format), load()
    _check_look(model, look)
    rows = [Transfer(*row) for row in transfers]
    outcome = transfer_all(model, rows, folder, look, output.listener, _background(background, look, model))
    output.write([f"{outcome.painted} of {len(transfers)} painted into {folder}"])
    if outcome.problems:
        errors.print(
            f"{counted(len(outcome.problems), 'row')} could not be painted: {folder / 'problems.csv'} says why",
            markup=False,
        )
        raise typer.Exit(1)


@app.command(
    rich_help_panel=PICTURES,
    epilog="Examples:  ptx view me.jpg --yaw 45 -o side.png  ·  ptx view me.jpg --yaw 0:360:15 -o round.gif",
)
def view(
    source: Annotated[Path, typer.Argument(help="Photograph of a person, or an avatar (`ptx avatar`).")],
    yaw: Annotated[
        str, typer.Option("--yaw", help="Degrees to the person's left: 45, -30,30 or start:stop:step.")
    ] = "45",
    pitch: Annotated[float, typer.Option("--pitch", min=-60, max=60, help="Degrees towards the viewer.")] = 0.0,
    output: Annotated[Path, typer.Option("-o", "--output", help="A .png, or a turntable as .gif or .mp4.")] = Path(
        "view.png"
    ),
    look: As = "picture",
    background: BackgroundOption = None,
    frame: FrameOption = None,
    engine: EngineOption = None,
    model: ModelFolder = None,
    systems: Annotated[
        str,
        typer.Option(
            "--system",
            help="flow, pose-flow or view; or several with commas between, each a row of the sheet.",
            autocompletion=lambda incomplete: [name for name in SYSTEMS if name.startswith(incomplete)],
        ),
    ] = DEFAULT_SYSTEM,
    joints: Annotated[
        Literal["body", "landmarks"],
        typer.Option("--joints", help="What is turned: the fitted body's joints, or 3D landmarks."),
    ] = "body",
    keypoints3d: Annotated[
        Path | None,
        typer.Option("--keypoints3d", help=r"JSON of 18 \[x, y, z, confidence] in metres, instead of the detector's."),
    ] = None,
    config: Config = None,
    overrides: Set = None,
) -> None:
    """Paint the person of a picture from other sides: a body is fitted to it and turned."""
    from ptx.inference.backgrounds import backdrop_of
    from ptx.inference.origin import origin
    from ptx.inference.sheets import VIEW_SUFFIXES, write_views
    from ptx.inference.view import read_yaws
    from ptx.pictures.png import save_png

    yaws = read_yaws(yaw)
    names = [find_system(name.strip()).name for name in systems.split(",")]
    _check_background(look, background)
    background = background or "paint"
    alone = look in ("paste", "everyone") or background != "paint"
    check_ending(output, (".png",) if alone else VIEW_SUFFIXES, "views")
    check_inputs_kept(output, source, keypoints3d)
    if alone and (len(yaws) > 1 or len(names) > 1):
        option = f"--as {look}" if background == "paint" else f"--background {background}"
        raise PtxError(f"{option} turns by one angle, with one system")
    if look == "everyone" and keypoints3d is not None:
        raise PtxError("--as everyone turns what the detector finds: leave --keypoints3d out")
    _check_frame(look, frame)
    landmarks = _read_landmarks(keypoints3d) if keypoints3d is not None else None
    engine = engine_for(avatar_among([source]), engine, background)
    surface = load_surface(engine, model, systems, config, overrides, frame)
    if surface is not None:
        _check_look(surface, look)
        assert look == "picture" or look == "sheet"
        if joints != "body" or landmarks is not None:
            raise PtxError("the surface engine turns the fitted body: leave --joints and --keypoints3d out")
        made = origin("ptx view", [surface], look, [source], background, yaw=yaws, pitch=pitch)
        views = surface.view(source, yaws, pitch)
        backdrop = backdrop_of(background, surface)
        if backdrop is not None:
            print(save_png(backdrop.draw(views[0].painting), output, made))
        else:
            print(write_views([views], look, f"{source.name} from other sides", output, made))
        return
    painters = {name: load_model(model, name, config, overrides, frame) for name in names}
    sources = [source] if keypoints3d is None else [source, keypoints3d]
    made = origin("ptx view", list(painters.values()), look, sources, background, yaw=yaws, pitch=pitch, joints=joints)
    if look == "everyone":
        painter = painters[names[0]]
        _paint_everyone(
            painter, source, output, made, lambda one: painter.view(one, yaws, pitch, joints=joints)[0].painting
        )
        return
    # Models of one size and frame see the same person, who is looked for once.
    alike = {(painter.size, painter.frame): painter for painter in painters.values()}
    people = {key: painter.person(source, keypoints3d=landmarks) for key, painter in alike.items()}
    rows = [
        painter.view(people[painter.size, painter.frame], yaws, pitch, joints=joints) for painter in painters.values()
    ]
    backdrop = backdrop_of(background, painters[names[0]])
    if backdrop is not None:
        print(save_png(backdrop.draw(rows[0][0].painting), output, made))
        return
    title = f"{source.name} from other sides: {', '.join(names)}"
    print(write_views(rows, look, title, output, made))


def _check_frame(look: Look, frame: Literal["picture", "person"] | None) -> None:
    """Raise PtxError for everyone in a frame that shows all at once."""
    if look == "everyone" and frame == "picture":
        raise PtxError("--as everyone cuts each person out: leave --frame picture out")


def _check_background(look: Look, background: str | None) -> None:
    """Raise PtxError for what is no background, and for one of a look that has its own."""
    from ptx.pictures.compose import read_background

    if background not in (None, "paint"):
        read_background(background)
        if look != "picture":
            raise PtxError(f"--as {look} has its own background: leave --background out")


def _paint_everyone(
    model: Model, source: Path, output: Path, made: Provenance, paint: Callable[[Person], Painting]
) -> None:
    """Paint all people of a photograph, and write it."""
    from ptx.pictures.png import save_png

    group = model.everyone(source, paint)
    print(f"{save_png(group.picture, output, made)}: {len(group.paintings)} people painted")
    for problem in group.problems:
        errors.print(f"one could not be painted: {problem}", markup=False)


def _read_landmarks(path: Path) -> Keypoints:
    from ptx.datasets.keypoint_files import read_pose3d

    try:
        return read_pose3d(path)
    except BadSample as error:
        raise PtxError(f"--keypoints3d: {error}") from None
