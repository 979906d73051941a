"""`ptx transfer`: people are painted in other poses. What it has in common with `ptx view`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ptx.commands.networks import (
    EngineName,
    avatar_among,
    check_avatar,
    check_mend,
    chosen_systems,
    load_model,
    load_surface,
)
from ptx.commands.options import (
    PICTURES,
    Config,
    LogFormat,
    ModelFolder,
    Set,
    check_ending,
    check_inputs_kept,
    errors,
)
from ptx.commands.words import counted
from ptx.pipeline.errors import PtxError
from ptx.training.systems import SystemName

if TYPE_CHECKING:
    from ptx.inference.batch import Transfer
    from ptx.inference.group import GroupPainting
    from ptx.inference.model import Model
    from ptx.inference.surface import Place, SurfaceEngine
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
        help="Paint the whole photograph, fitted in, or the person cut out of it; by default the person, and of networks as they "
        "were trained (ingest.crop). Where the person is small, cut them out.",
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


SOURCES_HELP = (
    "Photograph of a person; for the surface engine also several of the same person, or an avatar (`ptx avatar`)."
)
"""Help of the sources of transfers and views."""

EngineOption = Annotated[
    EngineName | None,
    typer.Option(
        "--engine",
        help="surface: the photograph's own pixels on a fitted body, with nothing trained (the default); or the trained networks "
        "of a system.",
        show_default=False,
    ),
]


ProportionsOption = Annotated[
    Literal["source", "pose"] | None,
    typer.Option(
        "--proportions",
        help="Shape and limbs that the surface engine gives a person in somebody else's pose: their own (source, the default), or "
        "the other's.",
        show_default=False,
    ),
]

MendOption = Annotated[
    bool,
    typer.Option(
        "--mend/--no-mend",
        help="Let a small network correct what the surface engine draws: outline, and what no photograph shows. Not yet better on "
        "photographs (docs/mender.md).",
    ),
]


@app.command(
    rich_help_panel=PICTURES,
    epilog="Examples:  ptx transfer me.jpg --pose dancer.jpg -o out.png  ·  ptx transfer --pairs table.csv -o folder",
)
def transfer(
    sources: Annotated[
        list[Path] | None,
        typer.Argument(help=SOURCES_HELP),
    ] = None,
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
    proportions: ProportionsOption = None,
    mend: MendOption = False,
    engine: EngineOption = None,
    model: ModelFolder = None,
    system: Annotated[
        SystemName | None,
        typer.Option(
            "--system",
            help="Networks of dense intrinsic appearance flow, pose flow learning, or novel view synthesis; as --engine.",
        ),
    ] = None,
    config: Config = None,
    overrides: Set = None,
    log_format: LogFormat = "auto",
) -> None:
    """Paint the person of one picture in the pose of another."""
    from ptx.inference.batch import Transfer

    check_frame(look, frame)
    check_background(look, background)
    systems = chosen_systems(engine, system, model)
    if systems and proportions is not None:
        raise PtxError("--proportions is for the surface engine: networks paint the pose as it is")
    check_mend(mend, systems)
    if pairs is not None and not sources and pose is None:
        transfers = _read_table(pairs, look)
    elif pairs is None and sources and pose is not None:
        transfers = [Transfer(tuple(sources), pose)]
    else:
        raise PtxError(
            "name a photograph and a pose (`ptx transfer me.jpg --pose dancer.jpg`), or a table (`--pairs table.csv`)"
        )
    avatar = avatar_among(source for row in transfers for source in row.sources)
    if avatar is not None:
        check_avatar(avatar, systems, look, background)
        background = background or ("none" if look == "picture" else None)

    def load() -> Model | SurfaceEngine:
        if systems:
            return load_model(model, systems[0], config, overrides, frame)
        return load_surface(config, overrides, frame, _place(look, background), proportions or "source", mend)

    if pairs is None:
        _transfer_one(transfers[0], output or Path("transfer.png"), look, background, load)
    else:
        _transfer_table(transfers, output or Path("transfers"), look, background, load, log_format)


def _transfer_one(
    row: Transfer,
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

    sources, pose = row
    check_ending(output, (".png",), "pictures")
    check_inputs_kept(output, *sources, pose)
    model = load()
    background = _background(wanted, look, model)
    made = origin("ptx transfer", [model], look, [*sources, pose], background)
    if look == "everyone":
        source = only_one(sources)
        if isinstance(model, SurfaceEngine):
            known = model.pose(pose)
            group = model.everyone(source, lambda person: model.transfer(person, known))
        else:
            group = model.everyone(source, lambda person: model.transfer(person, pose))
        save_group(group, output, made)
        return
    backdrop = backdrop_of(background)
    painting = model.transfer(sources, pose)
    title = f"{sources[0].name} in the pose of {pose.name}"
    picture = backdrop.draw(painting) if backdrop else draw_painting(painting, look, title)
    print(save_png(picture, output, made))


def _place(look: Look, background: str | None) -> Place:
    """Return where the surface engine draws people: at home where their own photograph is behind them, else where the pose is."""
    home = look in ("paste", "everyone") or (look == "picture" and background in (None, "source"))
    return "source" if home else "pose"


def _background(wanted: str | None, look: Look, engine: Model | SurfaceEngine) -> str:
    """Return the background of a look: the one that is wanted, or the engine's own."""
    return wanted or (engine.usual_background if look == "picture" else "paint")


def _read_table(table: Path, look: Look) -> list[Transfer]:
    """Read the sources and the poses of a table; raises PtxError."""
    from ptx.inference.batch import read_transfers

    if look == "everyone":
        raise PtxError("--as everyone is for one photograph and one pose, not for a table")
    return read_transfers(table)


def _transfer_table(
    transfers: Sequence[Transfer],
    folder: Path,
    look: Look,
    background: str | None,
    load: Callable[[], Model | SurfaceEngine],
    log_format: LogFormat,
) -> None:
    """Paint every row of a table; ends with 1 where some could not be painted."""
    from ptx.commands.output import open_output
    from ptx.inference.batch import transfer_all

    assert look != "everyone"  # it is refused
    output, model = open_output(log_format), load()
    outcome = transfer_all(model, transfers, folder, look, output.listener, _background(background, look, model))
    output.write([f"{outcome.painted} of {len(transfers)} painted into {folder}"])
    if outcome.problems:
        errors.print(
            f"{counted(len(outcome.problems), 'row')} could not be painted: {folder / 'problems.csv'} says why",
            markup=False,
        )
        raise typer.Exit(1)


def check_frame(look: Look, frame: Literal["picture", "person"] | None) -> None:
    """Raise PtxError for everyone in a frame that shows all at once."""
    if look == "everyone" and frame == "picture":
        raise PtxError("--as everyone cuts each person out: leave --frame picture out")


def only_one(sources: Sequence[Path]) -> Path:
    """Return the one photograph of a group; raises PtxError where there are several."""
    if len(sources) > 1:
        raise PtxError("--as everyone is for one photograph: several show one person")
    return sources[0]


def check_background(look: Look, background: str | None) -> None:
    """Raise PtxError for what is no background, and for one of a look that has its own."""
    from ptx.pictures.compose import read_background

    if background not in (None, "paint"):
        read_background(background)
        if look != "picture":
            raise PtxError(f"--as {look} has its own background: leave --background out")


def save_group(group: GroupPainting, output: Path, made: Provenance) -> None:
    """Write a photograph with its people painted anew, and say who could not be."""
    from ptx.pictures.png import save_png

    print(f"{save_png(group.picture, output, made)}: {len(group.paintings)} people painted")
    for problem in group.problems:
        errors.print(f"one could not be painted: {problem}", markup=False)
