"""`ptx pose`: the poses of a film's people as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ptx.commands.options import PICTURES, Config, LogFormat, Set, check_ending, check_inputs_kept
from ptx.pipeline.errors import PtxError

app = typer.Typer()


@app.command(
    rich_help_panel=PICTURES,
    epilog="Examples:  ptx pose dance.mp4 -o dance/  ·  ptx pose dance.mp4 -o dance.bvh  ·  ptx pose me.jpg -o me.json",
)
def pose(
    source: Annotated[Path, typer.Argument(help="A film or a photograph of people.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            help="Of a film a folder, for one OpenPose JSON a frame, or the body's motion as .npz or .bvh; of a photograph a .json.",
            show_default=False,
        ),
    ] = None,
    start: Annotated[float, typer.Option("--start", min=0, help="Seconds into the film.")] = 0.0,
    end: Annotated[
        float | None, typer.Option("--end", min=0, help="Seconds into the film; its end.", show_default=False)
    ] = None,
    fps: Annotated[
        float | None, typer.Option("--fps", min=1, max=60, help="Frames a second; the film's.", show_default=False)
    ] = None,
    person: Annotated[
        int | None,
        typer.Option(
            "--person",
            min=1,
            help="One of several people, 1 is the largest; by default all, and of a motion the largest.",
        ),
    ] = None,
    config: Config = None,
    overrides: Set = None,
    log_format: LogFormat = "auto",
) -> None:
    """Find the people of a film, follow them, and write their poses."""
    from ptx.avatar.clip import MOTION_FILES
    from ptx.commands.output import open_output
    from ptx.datasets.picture_formats import suffixes
    from ptx.inference.clip_people import chosen
    from ptx.inference.clip_poses import write_keypoints, write_motion
    from ptx.inference.clip_reading import DETECTED_SIDE, detect_clip, read_people
    from ptx.pipeline.events import progress
    from ptx.pipeline.fingerprint import file_stamp
    from ptx.pipeline.pieces import claim, finish
    from ptx.settings import load_settings
    from ptx.video.span import open_span

    settings = load_settings(config, overrides)
    out = open_output(log_format)
    picture = source.suffix.lower() in suffixes() - {".gif"}
    target = output or source.with_suffix(".json" if picture else "")
    check_inputs_kept(target, source)
    if picture:
        out.write([_photograph(source, target, settings.ingest.max_pixels)])
        return
    suffix = target.suffix.lower()
    if suffix and suffix not in MOTION_FILES:
        raise PtxError(f"{target}: poses of a film are written into a folder, or as .npz or .bvh")
    span = open_span(
        source, max_pixels=settings.ingest.max_pixels, longest=DETECTED_SIDE, start=start, end=end, fps=fps
    )
    folder = claim(target, {"clip": [str(source.resolve()), *file_stamp(source)], "part": [start, end, fps]})
    notes = detect_clip(span, folder, out.listener)
    people = read_people(span, folder)
    one = chosen(people, person, str(source))
    if suffix:
        with progress(out.listener, "fit", len(one.there)) as advance:
            finish(folder, lambda: write_motion(one, span, target, settings.body, advance))
    else:
        wanted = people if person is None else [one]
        finish(folder, lambda: write_keypoints(wanted, span.size, target, source.stem))
    out.write([f"{target}: {len(one.there)} frames, {_people(len(people))}", *notes])


def _photograph(source: Path, target: Path, max_pixels: int) -> str:
    """Write the people of a photograph as one JSON file; returns a line on it."""
    from ptx.datasets.images import read_image
    from ptx.datasets.openpose_writing import PosedPerson, openpose_json
    from ptx.detector.keypoints import KeypointDetector
    from ptx.pipeline.errors import BadSample
    from ptx.pipeline.storage.files import write_json

    check_ending(target, (".json",), "poses of a photograph")
    try:
        image = read_image(source, max_pixels)
        detector = KeypointDetector()
        found = detector.detect_prominent(image)
    except BadSample as error:
        raise PtxError(f"{source}: {error}") from None
    people = [PosedPerson(one.keypoints, detector.details(image, one).hands) for one in found]
    write_json(target, openpose_json(people, (image.shape[0], image.shape[1])))
    return f"{target}: {_people(len(people))}"


def _people(count: int) -> str:
    """Write a number of people."""
    return "1 person" if count == 1 else f"{count} people"
