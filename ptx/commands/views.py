"""`ptx view`: people are painted from other sides."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import typer

from ptx.commands.networks import avatar_among, check_avatar, check_mend, chosen_systems, load_model, load_surface
from ptx.commands.options import PICTURES, Config, ModelFolder, Set, check_ending, check_inputs_kept
from ptx.commands.pictures import (
    SOURCES_HELP,
    As,
    BackgroundOption,
    EngineOption,
    FrameOption,
    Look,
    MendOption,
    check_background,
    check_frame,
    only_one,
    save_group,
)
from ptx.pipeline.errors import BadSample, PtxError
from ptx.training.systems import SYSTEMS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ptx.inference.given import Keypoints
    from ptx.inference.model import Model
    from ptx.inference.surface import SurfaceEngine
    from ptx.inference.view import Joints, NovelView
    from ptx.pictures.provenance import Provenance

app = typer.Typer()


class _Wanted(NamedTuple):
    """Options of `ptx view` that both engines read."""

    sources: list[Path]
    yaws: list[float]
    pitch: float
    output: Path
    look: Look
    background: str


@app.command(
    rich_help_panel=PICTURES,
    epilog="Examples:  ptx view me.jpg --yaw 45 -o side.png  ·  ptx view me.jpg --yaw 0:360:15 -o round.gif",
)
def view(
    sources: Annotated[
        list[Path],
        typer.Argument(help=SOURCES_HELP),
    ],
    yaw: Annotated[
        str, typer.Option("--yaw", help="Degrees to the person's left: 45, -30,30 or start:stop:step.")
    ] = "45",
    pitch: Annotated[float, typer.Option("--pitch", min=-60, max=60, help="Degrees towards the viewer.")] = 0.0,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="A .png, or a turntable as .gif, .mp4 or .webm.")
    ] = Path("view.png"),
    look: As = "picture",
    background: BackgroundOption = None,
    frame: FrameOption = None,
    mend: MendOption = False,
    engine: EngineOption = None,
    model: ModelFolder = None,
    systems: Annotated[
        str | None,
        typer.Option(
            "--system",
            help="Networks: flow, pose-flow or view; or several with commas between, each a row of the sheet.",
            autocompletion=lambda incomplete: [name for name in SYSTEMS if name.startswith(incomplete)],
        ),
    ] = None,
    joints: Annotated[
        Literal["body", "landmarks"],
        typer.Option("--joints", help="What networks turn: the fitted body's joints, or 3D landmarks."),
    ] = "body",
    keypoints3d: Annotated[
        Path | None,
        typer.Option(
            "--keypoints3d",
            help=r"JSON of 18 \[x, y, z, confidence] in metres that networks turn, instead of the detector's.",
        ),
    ] = None,
    config: Config = None,
    overrides: Set = None,
) -> None:
    """Paint the person of a picture from other sides: a body is fitted to it and turned."""
    from ptx.inference.sheets import ANIMATION_SUFFIXES, VIEW_SUFFIXES
    from ptx.inference.view import read_yaws
    from ptx.video.writing import check_film

    wanted = _Wanted(sources, read_yaws(yaw), pitch, output, look, background or "paint")
    names = chosen_systems(engine, systems, model)
    check_background(look, background)
    check_mend(mend, names)
    avatar = avatar_among(sources)
    if avatar is not None:
        check_avatar(avatar, names, look, background)
    alone = look in ("paste", "everyone") or wanted.background != "paint"
    check_ending(output, (".png",) if alone else VIEW_SUFFIXES, "views")
    if output.suffix.lower() in ANIMATION_SUFFIXES:
        check_film(output)
    check_inputs_kept(output, *sources, keypoints3d)
    if alone and (len(wanted.yaws) > 1 or len(names) > 1):
        option = f"--as {look}" if wanted.background == "paint" else f"--background {background}"
        raise PtxError(f"{option} turns by one angle, with one system")
    if look == "everyone" and keypoints3d is not None:
        raise PtxError("--as everyone turns what the detector finds: leave --keypoints3d out")
    check_frame(look, frame)
    landmarks = _read_landmarks(keypoints3d) if keypoints3d is not None else None
    if not names:
        if joints != "body" or landmarks is not None:
            raise PtxError("the surface engine turns the fitted body: leave --joints and --keypoints3d out")
        _surface_views(wanted, load_surface(config, overrides, frame, "source", mend=mend))
        return
    painters = [load_model(model, name, config, overrides, frame) for name in names]
    files = sources if keypoints3d is None else [*sources, keypoints3d]
    _network_views(wanted, painters, joints, landmarks, files)


def _surface_views(wanted: _Wanted, engine: SurfaceEngine) -> None:
    """Paint views by the surface engine."""
    from ptx.inference.origin import origin

    made = origin(
        "ptx view", [engine], wanted.look, wanted.sources, wanted.background, yaw=wanted.yaws, pitch=wanted.pitch
    )
    if wanted.look == "everyone":
        group = engine.everyone(
            only_one(wanted.sources), lambda person: engine.view(person, wanted.yaws, wanted.pitch)[0].painting
        )
        save_group(group, wanted.output, made)
    else:
        _write([engine.view(wanted.sources, wanted.yaws, wanted.pitch)], wanted, "", made)


def _network_views(
    wanted: _Wanted, painters: Sequence[Model], joints: Joints, landmarks: Keypoints | None, files: Sequence[Path]
) -> None:
    """Paint views by networks, one row a system."""
    from ptx.inference.origin import origin

    look, yaws, pitch = wanted.look, wanted.yaws, wanted.pitch
    made = origin("ptx view", painters, look, files, wanted.background, yaw=yaws, pitch=pitch, joints=joints)
    if look == "everyone":
        painter = painters[0]
        group = painter.everyone(
            only_one(wanted.sources), lambda one: painter.view(one, yaws, pitch, joints=joints)[0].painting
        )
        save_group(group, wanted.output, made)
        return
    # Models of one size and frame see the same person, who is looked for once.
    alike = {(painter.size, painter.frame): painter for painter in painters}
    people = {key: painter.person(wanted.sources, keypoints3d=landmarks) for key, painter in alike.items()}
    rows = [painter.view(people[painter.size, painter.frame], yaws, pitch, joints=joints) for painter in painters]
    _write(rows, wanted, ", ".join(painter.name for painter in painters), made)


def _write(rows: Sequence[Sequence[NovelView]], wanted: _Wanted, by: str, made: Provenance) -> None:
    """Write views of one person; `by` names the systems, one a row."""
    from ptx.inference.backgrounds import backdrop_of
    from ptx.inference.sheets import write_views
    from ptx.pictures.png import save_png

    backdrop = backdrop_of(wanted.background)
    if backdrop is not None:
        print(save_png(backdrop.draw(rows[0][0].painting), wanted.output, made))
        return
    assert wanted.look != "everyone"  # several people are written as a group
    title = f"{wanted.sources[0].name} from other sides{': ' + by if by else ''}"
    print(write_views(rows, wanted.look, title, wanted.output, made))


def _read_landmarks(path: Path) -> Keypoints:
    """Read 3D keypoints; raises PtxError."""
    from ptx.datasets.keypoint_files import read_pose3d

    try:
        return read_pose3d(path)
    except BadSample as error:
        raise PtxError(f"--keypoints3d: {error}") from None
