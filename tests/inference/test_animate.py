"""Photographs that move: from films and files of poses to films, stopped and gone on with."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from ptx.datasets.people import People, PeopleOptions
from ptx.detector.keypoints import Networks
from ptx.inference import animate as animate_module
from ptx.inference import clip_reading
from ptx.inference.animate import Wanted, animate
from ptx.inference.clip_detection import detect_people
from ptx.inference.clip_people import people_of
from ptx.inference.clip_poses import write_keypoints
from ptx.inference.surface import SurfaceEngine
from ptx.inference.surface_painting import SurfacePerson
from ptx.pictures.provenance import STATEMENT, Provenance
from ptx.pipeline import pieces
from ptx.pipeline.errors import PtxError
from ptx.pipeline.events import Silent
from ptx.video.span import open_span
from tests.inference.clips import sliding_film
from tests.video.films import numbered, write_film

SIZE = (256, 192)
MADE = Provenance("compositeSynthetic", "ptx animate")


@pytest.fixture(scope="module")
def engine() -> SurfaceEngine:
    return SurfaceEngine(body="small", size=SIZE, frame="picture")


@pytest.fixture(scope="module")
def person(engine: SurfaceEngine) -> SurfacePerson:
    known = People(PeopleOptions(1, 2, seed=1, size=SIZE, half_body=0, body="small"))
    return engine.person(known.render(0), known.truth(0).keypoints)


def write_poses(path: Path, frames: int = 12, fps: float = 10.0) -> Path:
    """Somebody who raises an arm and walks 20 cm to their left."""
    poses = np.zeros((frames, 24, 3))
    poses[:, 16, 2] = np.linspace(0, 1.0, frames)
    root = np.zeros((frames, 3))
    root[:, 0] = np.linspace(0, 0.2, frames)
    np.savez(path, poses=poses, root=root, fps=fps)
    return path


def run(
    engine: SurfaceEngine, person: SurfacePerson, driver: Path, output: Path, wanted: Wanted
) -> animate_module.Animated:
    facts = {"wanted": str(wanted)}
    return animate(
        engine.body, person, driver, output, wanted, MADE, facts, max_pixels=10**7, listener=Silent()
    )  # fmt: skip


def frames_of(path: Path, pixels: str = "rgb24") -> list[np.ndarray]:
    with av.open(str(path)) as film:
        return [frame.to_ndarray(format=pixels) for frame in film.decode(video=0)]


@pytest.mark.slow
@pytest.mark.parametrize("ending", [".mp4", ".webm", ".gif"])
def test_poses_of_a_file(engine: SurfaceEngine, person: SurfacePerson, tmp_path: Path, ending: str) -> None:
    driver, output = write_poses(tmp_path / "wave.npz"), tmp_path / f"out{ending}"
    made = run(engine, person, driver, output, Wanted(background=(250, 250, 250), size=96))
    assert (made.frames, made.seconds, made.notes) == (12, 1.2, [])
    shown = frames_of(output)
    assert len(shown) == 12
    assert max(shown[0].shape[:2]) == 96
    first, last = ((frame.astype(int) < 200).any(-1) for frame in (shown[0], shown[-1]))
    columns = [float(np.flatnonzero(frame[2 * len(frame) // 3 :].any(0)).mean()) for frame in (first, last)]
    assert columns[1] > columns[0] + 3, "their left is the picture's right"
    assert (first != last).mean() > 0.02
    assert STATEMENT.encode() in output.read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"wave.npz", output.name}


@pytest.mark.slow
def test_a_film_drives_and_its_sound_is_kept(engine: SurfaceEngine, person: SurfacePerson, tmp_path: Path) -> None:
    """On their own photograph: its size, its ground, and the person goes where the driver goes."""
    clip = sliding_film(tmp_path / "dance.mp4", tone=("aac", 44100))
    made = run(engine, person, clip, tmp_path / "out.mp4", Wanted(size=128))
    assert (made.frames, made.notes) == (12, [])
    shown = frames_of(tmp_path / "out.mp4")
    height, width = person.person.original.shape[:2]
    assert shown[0].shape[:2] == (128, round(128 * width / height / 2) * 2)
    assert np.abs(shown[0][:4].astype(int) - shown[-1][:4]).mean() < 3, "the ground stays"
    assert np.abs(shown[0].astype(int) - shown[-1]).mean() > 1, "the person does not"
    with av.open(str(tmp_path / "out.mp4")) as film:
        assert film.streams.video[0].codec_context.name == "h264"
        assert film.streams.video[0].codec_context.pix_fmt == "yuv420p"
        assert float(film.streams.video[0].average_rate) == 10
        assert len(film.streams.audio) == 1


@pytest.mark.slow
def test_the_clip_without_its_person_is_behind(engine: SurfaceEngine, person: SurfacePerson, tmp_path: Path) -> None:
    clip = sliding_film(tmp_path / "dance.mp4", 8)
    run(engine, person, clip, tmp_path / "out.mp4", Wanted(background="pose", size=200))
    shown = frames_of(tmp_path / "out.mp4")
    assert len(shown) == 8
    assert max(shown[0].shape[:2]) == 200


@pytest.mark.slow
def test_stopped_and_gone_on_with_it_is_the_same_film(
    engine: SurfaceEngine, person: SurfacePerson, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped in each of its phases; nothing that is done is done again."""
    for module in (pieces, clip_reading, animate_module):
        monkeypatch.setattr(module, "PIECE", 5)
    clip, wanted = sliding_film(tmp_path / "dance.mp4"), Wanted(background=(255, 255, 255), size=96)
    run(engine, person, clip, tmp_path / "calm.mp4", wanted)
    detect, paint = clip_reading.detect_people, animate_module.paint
    calls = {"detect": 0, "paint": 0}

    def stopped_detect(*arguments: object) -> object:
        calls["detect"] += 1
        if calls["detect"] == 2:
            raise KeyboardInterrupt
        return detect(*arguments)

    def stopped_paint(*arguments: object) -> object:
        calls["paint"] += 1
        if calls["paint"] == 8:
            raise KeyboardInterrupt
        return paint(*arguments)

    monkeypatch.setattr(clip_reading, "detect_people", stopped_detect)
    monkeypatch.setattr(animate_module, "paint", stopped_paint)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            run(engine, person, clip, tmp_path / "out.mp4", wanted)
        assert not (tmp_path / "out.mp4").exists()
    run(engine, person, clip, tmp_path / "out.mp4", wanted)
    assert calls == {"detect": 4, "paint": 8 + 7}
    assert (tmp_path / "out.mp4").read_bytes() == (tmp_path / "calm.mp4").read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"dance.mp4", "calm.mp4", "out.mp4"}


@pytest.mark.slow
def test_keypoints_of_a_folder(engine: SurfaceEngine, person: SurfacePerson, tmp_path: Path) -> None:
    """As `ptx pose` writes them, of another film: `animate` takes its own medicine; a frame shows nobody."""
    clip = sliding_film(tmp_path / "dance.mp4", 8)
    span = open_span(clip, max_pixels=10**7, longest=1280)
    found = detect_people(span.frames(0, 8), 0, Networks())
    write_keypoints(people_of([found]), span.size, tmp_path / "poses", "dance")
    names = sorted(path.name for path in (tmp_path / "poses").iterdir())
    assert names == [f"dance_{frame:012d}_keypoints.json" for frame in range(8)]
    (tmp_path / "poses" / names[4]).write_text('{"people": []}')
    made = run(engine, person, tmp_path / "poses", tmp_path / "out.gif", Wanted((9, 9, 9), size=64, fps=10))
    assert (made.frames, made.seconds) == (8, 0.8)
    assert made.notes == ["1 of 8 frames lie in gaps in which the person was not detected: they are bridged"]


def test_nobody_in_the_film_is_one_line(engine: SurfaceEngine, person: SurfacePerson, tmp_path: Path) -> None:
    clip = write_film(tmp_path / "empty.mp4", [numbered(k) for k in range(6)], fps=10)
    with pytest.raises(PtxError, match=r"empty\.mp4: nobody is found in any frame of it"):
        run(engine, person, clip, tmp_path / "out.mp4", Wanted())


def test_a_part_of_poses_at_another_rate(engine: SurfaceEngine, person: SurfacePerson, tmp_path: Path) -> None:
    driver = write_poses(tmp_path / "wave.npz", 30, 10.0)
    wanted = Wanted(background="none", size=64, start=1.0, end=2.0, fps=5)
    made = run(engine, person, driver, tmp_path / "out.gif", wanted)
    assert (made.frames, made.seconds) == (5, 1.0)
    with pytest.raises(PtxError, match="wave: from 9 s"):
        run(engine, person, driver, tmp_path / "out.gif", Wanted(background="none", start=9.0))


def test_frames_that_are_not_whole_pixels(tmp_path: Path) -> None:
    assert animate_module.fitting_size((1001, 500), 720) == (720, 360)
    assert animate_module.fitting_size((301, 200), 720) == (300, 200)
