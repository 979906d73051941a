"""`ptx animate`, `ptx pose`: which files are written where, and mistakes in one line."""

from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image as Pillow

from ptx.datasets.people import People
from ptx.inference import person
from tests.commands.runner import fails, ptx
from tests.conftest import SIZE
from tests.detector.test_people import photograph
from tests.inference.clips import sliding_film
from tests.inference.detectors import EnlargedPerson
from tests.inference.test_animate import write_poses

SMALL = ("--set", "body=small", "--size", "64", "--frame", "picture")


@pytest.fixture
def folder(people: People, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a photograph, whose person a detector knows, and a file of poses."""
    Pillow.fromarray(people.render(0)).save(tmp_path / "me.png")
    known = EnlargedPerson(people.truth(0).keypoints, SIZE)
    monkeypatch.setattr(person, "PhotographDetector", lambda: known)
    write_poses(tmp_path / "wave.npz", 5)
    return tmp_path


@pytest.mark.slow
def test_a_film_of_a_photograph_and_poses(folder: Path) -> None:
    done = ptx(folder, "animate", "me.png", "wave.npz", "-o", "out.gif", "--background", "white", *SMALL)
    assert done.code == 0, done.err
    assert done.out.splitlines()[-1] == "out.gif: 5 frames, 0.5 s"
    with Pillow.open(folder / "out.gif") as gif:
        assert gif.n_frames == 5
        assert max(gif.size) == 64
        assert b"ptx animate" in gif.info["comment"]
    part = ptx(folder, "animate", "me.png", "wave.npz", "-o", "part.gif", "--start", "0.2", "--part", "2/3", *SMALL)
    assert part.out.splitlines()[-1] == "part.gif: 3 frames, 0.3 s"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["me.png"], "name a photograph and what drives it"),
        (["me.png", "wave.npz", "-o", "out.avi"], "out.avi: films are written as .mp4, .webm or .gif"),
        (
            ["me.png", "wave.npz", "-o", "out.mp4", "--background", "none"],
            "MP4 has no transparency",
        ),
        (["me.png", "wave.npz", "--background", "sky"], "sky: no background"),
        (["me.png", "wave.npz", "--background", "pose"], "--background pose: wave.npz is no film"),
        (["me.png", "wave.npz", "--start", "3", "--end", "2"], "--end 2: must be after --start 3"),
        (["me.png", "wave.npz", "--start", "3"], "wave: from 3 s"),
        (["me.png", "nothing.mp4"], "nothing.mp4"),
        (["me.png", "wave.npz", "nothing.mp4"], "nothing.mp4: no such file"),
        (["me.png", "wave.npz", "--part", "4/3"], "--part 4/3"),
        (["me.glb", "wave.npz", "--background", "source"], "me.glb has no photograph"),
    ],
)
def test_mistakes_are_one_line(folder: Path, words: list[str], line: str) -> None:
    fails(ptx(folder, "animate", *words, "--set", "body=small"), line)
    assert sorted(path.name for path in folder.iterdir() if not path.name.startswith(".")) == ["me.png", "wave.npz"]


@pytest.mark.slow
def test_poses_of_a_film(tmp_path: Path) -> None:
    sliding_film(tmp_path / "dance.mp4", 6)
    done = ptx(tmp_path, "pose", "dance.mp4")
    assert done.code == 0, done.err
    assert done.out.splitlines()[-1] == "dance: 6 frames, 1 person"
    files = sorted((tmp_path / "dance").iterdir())
    assert len(files) == 6
    nose = [json.loads(file.read_text())["people"][0]["pose_keypoints_2d"][0] for file in files]
    assert np.median(np.diff(nose)) == pytest.approx(2.0, abs=0.5), "the person slides by 2 px a frame"
    for name in ("dance.npz", "dance.bvh"):
        assert ptx(tmp_path, "pose", "dance.mp4", "-o", name, "--set", "body=small").code == 0
    with np.load(tmp_path / "dance.npz") as clip:
        assert clip["poses"].shape == (6, 24, 3)
        assert float(clip["fps"]) == 10
        assert (np.diff(clip["root"][:, 0]) > 0).all()
    assert "Frames: 6" in (tmp_path / "dance.bvh").read_text()
    assert {path.name for path in tmp_path.iterdir()} == {"dance", "dance.mp4", "dance.npz", "dance.bvh"}


def test_poses_of_a_photograph(tmp_path: Path) -> None:
    Pillow.fromarray(photograph(1)).save(tmp_path / "me.png")
    assert ptx(tmp_path, "pose", "me.png").out.splitlines()[-1] == "me.json: 1 person"
    document = json.loads((tmp_path / "me.json").read_text())
    assert (document["canvas_height"], document["canvas_width"]) == photograph(1).shape[:2]
    assert len(document["people"]) == 1


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["nothing.mp4"], "nothing.mp4"),
        (["dance.mp4", "-o", "dance.csv"], "dance.csv: poses of a film are written into a folder, or as .npz or .bvh"),
        (["dance.mp4", "--start", "9"], "beyond the end"),
        (["grey.png"], "grey.png: nobody is found"),
        (["grey.png", "-o", "grey.bvh"], "grey.bvh: poses of a photograph are written as .json"),
    ],
)
def test_mistakes_about_poses_are_one_line(tmp_path: Path, words: list[str], line: str) -> None:
    sliding_film(tmp_path / "dance.mp4", 2)
    Pillow.fromarray(np.full((90, 90, 3), 128, np.uint8)).save(tmp_path / "grey.png")
    fails(ptx(tmp_path, "pose", *words), line)


def test_without_pyav_a_line_names_the_extra(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    fails(ptx(folder, "animate", "me.png", "wave.npz", "-o", "out.mp4", *SMALL), "pip install 'ptx[video]'")
    assert av is not None
