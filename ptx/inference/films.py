"""`ptx.animate`: photographs and a motion in, a film out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ptx.avatar.read import is_avatar
from ptx.datasets.images import MAX_PIXELS
from ptx.inference.animate import Animated, Wanted, check_driver
from ptx.inference.animate import animate as paint_film
from ptx.inference.origin import origin
from ptx.inference.surface import SurfaceEngine
from ptx.pictures.compose import read_background
from ptx.pipeline.array_slice import WHOLE, ArraySlice
from ptx.pipeline.events import Listener, Silent
from ptx.pipeline.fingerprint import file_stamp
from ptx.pipeline.storage.json_values import Json
from ptx.surface.proportions import Proportions
from ptx.video.writing import check_film

OF_AVATARS = "#e8e8e8"
"""Background of avatars, who have no photograph."""


def animate(
    photographs: str | Path | Sequence[str | Path],
    motion: str | Path,
    output: str | Path,
    *,
    background: str | None = None,
    proportions: Proportions = "source",
    size: int = 720,
    start: float = 0.0,
    end: float | None = None,
    fps: float | None = None,
    person: int | None = None,
    mend: bool = False,
    engine: SurfaceEngine | None = None,
    max_pixels: int = MAX_PIXELS,
    listener: Listener | None = None,
    part: ArraySlice = WHOLE,
) -> Animated:
    """Let the person of a photograph move as somebody else does, as `ptx animate` does.

    Args:
        photographs: of a person, or several of the same person, or the file of an avatar.
        motion: a film of somebody; or poses in an .npz or .bvh file; or a folder of OpenPose's JSON files, one a frame.
        output: the .mp4, .webm or .gif to write. A call that was stopped goes on where it was when it is made again.
        background: `source`, their photograph without them; `pose`, the film without its person; `none`; or a colour. None: `source`,
            or grey for avatars.
        proportions: whose shape and limbs the person has.
        size: longer side of the frames, px, at most.
        start: seconds into the motion.
        end: seconds into the motion; None: its end.
        fps: frames a second; None: those of the motion.
        person: who drives, of several in the film: 1 is the largest over the film, who drives where this is None.
        mend: let the mender correct what is drawn.
        engine: draws the person; None: a new one.
        max_pixels: larger frames of films are refused.
        listener: is told of the progress.
        part: where this process begins, of several that make the same call.

    Returns:
        How many frames the film has, how many seconds, and sentences on what is missing or made up.

    Raises:
        PtxError: a file cannot be read or written, or shows nobody; one line.
    """
    sources = [Path(one) for one in ([photographs] if isinstance(photographs, str | Path) else photographs)]
    driver, film = Path(motion), Path(output)
    text = background or (OF_AVATARS if any(map(is_avatar, sources)) else "source")
    wanted = Wanted(read_background(text), proportions, size, start, end, fps, person, mend)
    check_film(film, alpha=text == "none")
    check_driver(driver, wanted, max_pixels)
    engine = engine or SurfaceEngine(mend=mend)
    shown = engine.person(sources)
    facts: dict[str, Json] = {
        "wanted": [str(value) for value in vars(wanted).values()],
        "files": [[str(path.resolve()), *file_stamp(path)] for path in (*sources, driver)],
        "engine": dict(engine.hashes),
    }
    made = origin("ptx animate", [engine], "picture", [*sources, driver], background or "source")
    return paint_film(
        engine.body, shown, driver, film, wanted, made, facts,
        max_pixels=max_pixels, listener=listener or Silent(), part=part,
    )  # fmt: skip
