"""`ptx animate`: a person of photographs moves as somebody in a clip does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ptx.commands.networks import avatar_among, load_surface
from ptx.commands.options import PICTURES, Config, LogFormat, Set, check_ending, check_inputs_kept
from ptx.commands.pictures import FrameOption, MendOption, ProportionsOption
from ptx.pipeline.errors import PtxError

if TYPE_CHECKING:
    from ptx.inference.animate import Animated

app = typer.Typer()

FILMS = (".mp4", ".webm", ".gif")
"""Endings of films that are written."""


@app.command(
    rich_help_panel=PICTURES,
    epilog="Examples:  ptx animate me.jpg dance.mp4 -o out.mp4  ·  ptx animate me.glb walk.bvh --background white -o walk.gif",
)
def animate(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Photograph of a person, or several of the same person, or an avatar; then what drives them: a film of somebody; or "
            "poses in an .npz or .bvh file; or a folder of OpenPose's JSON, one a frame.",
            metavar="PHOTOGRAPHS... MOTION",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="The .mp4 (H.264), .webm (VP9) or .gif to write.")
    ] = Path("animated.mp4"),
    background: Annotated[
        str | None,
        typer.Option(
            "--background",
            help="Behind the person: source, their photograph without them (the default); pose, the film without its person; none, "
            "transparent (.webm, .gif); or a colour such as white.",
            show_default=False,
        ),
    ] = None,
    frame: FrameOption = None,
    proportions: ProportionsOption = None,
    size: Annotated[
        int, typer.Option("--size", min=64, max=4096, help="Longer side of the frames, px, at most.")
    ] = 720,
    start: Annotated[float, typer.Option("--start", min=0, help="Seconds into the motion.")] = 0.0,
    end: Annotated[
        float | None, typer.Option("--end", min=0, help="Seconds into the motion; its end.", show_default=False)
    ] = None,
    fps: Annotated[
        float | None,
        typer.Option("--fps", min=1, max=60, help="Frames a second; those of the motion.", show_default=False),
    ] = None,
    person: Annotated[
        int | None,
        typer.Option(
            "--person", min=1, help="Who drives, of several in the film: 1 is the largest.", show_default=False
        ),
    ] = None,
    mend: MendOption = False,
    part: Annotated[
        str | None,
        typer.Option(
            "--part",
            help="Where this process begins, such as 3/16: the same command on several machines shares the work.",
        ),
    ] = None,
    config: Config = None,
    overrides: Set = None,
    log_format: LogFormat = "auto",
) -> None:
    """Let the person of a photograph move as somebody in a film does.

    A run that was stopped goes on where it was when the same command is given again.
    """
    from ptx.commands.output import open_output
    from ptx.inference.films import animate
    from ptx.pipeline.array_slice import WHOLE, ArraySlice
    from ptx.settings import load_settings

    if len(files) < 2:
        raise PtxError("name a photograph and what drives it: `ptx animate me.jpg dance.mp4 -o out.mp4`")
    *sources, driver = files
    check_ending(output, FILMS, "films")
    check_inputs_kept(output, *files)
    _check_background(background, sources)
    if end is not None and end <= start:
        raise PtxError(f"--end {end:g}: must be after --start {start:g}")
    engine = load_surface(config, overrides, frame, mend=mend)
    out = open_output(log_format)
    result = animate(
        sources, driver, output,
        background=background, proportions=proportions or "source", size=size, start=start, end=end, fps=fps, person=person,
        mend=mend, engine=engine, max_pixels=load_settings(config, overrides).ingest.max_pixels, listener=out.listener,
        part=ArraySlice.parse(part) if part else WHOLE,
    )  # fmt: skip
    out.write(_lines(result, output))


def _check_background(text: str | None, sources: list[Path]) -> None:
    """Raise PtxError where there is no such background, or an avatar cannot have it."""
    from ptx.pictures.compose import read_background

    avatar = avatar_among(sources)
    if avatar is not None and text == "source":
        raise PtxError(f"--background source: {avatar} has no photograph: take pose, none or a colour")
    if text is not None:
        read_background(text)


def _lines(result: Animated, output: Path) -> list[str]:
    return [f"{output}: {result.frames} frames, {result.seconds:.1f} s", *result.notes]
