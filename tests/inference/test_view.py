"""Views with untrained models of the right layout: angles, skeletons, files, mistakes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from typer.testing import CliRunner

import ptx
from ptx.cli import app
from ptx.datasets.keypoint_files import read_pose3d
from ptx.datasets.people import People
from ptx.inference.model import Model
from ptx.inference.sheets import show_views
from ptx.inference.view import read_yaws, turntable, views
from ptx.pipeline.errors import BadSample, PtxError
from tests.conftest import SIZE
from tests.inference.test_model import Known


@pytest.mark.parametrize("system", ["flow", "pose-flow", "view"])
def test_views_by_every_system(models: Path, people: People, system: ptx.System) -> None:
    model, pose = ptx.load(models, system), people.truth(0).keypoints
    found = views(model, people.render(0), [0, 90], keypoints=pose, body="small")
    assert [view.yaw for view in found] == [0, 90]
    assert all(view.painting.picture.shape == (*SIZE, 3) for view in found)
    seen = found[0].painting
    there = seen.person.keypoints[:, 2] > 0
    off = np.linalg.norm(seen.pose[there, :2] - seen.person.keypoints[there, :2], axis=1)
    assert np.nanmedian(off) < 2  # unturned it is the pose that the picture shows
    if system != "pose-flow":
        assert np.abs(seen.flow).max() < 1e-3
        assert np.abs(found[1].painting.flow).max() > 3


def test_landmarks_turn_without_a_body(models: Path, people: People, tmp_path: Path) -> None:
    model, truth = ptx.load(models), people.truth(0)
    person = model.person(people.render(0), truth.keypoints)
    with pytest.raises(PtxError, match="no 3D keypoints to turn"):
        views(model, person, [30], body="small", joints="landmarks")
    path = tmp_path / "deep.json"
    rows = [[*row[:3], row[3]] if row[3] > 0 else [None, None, None, 0] for row in truth.keypoints3d.tolist()]
    path.write_text(json.dumps(rows))
    known = read_pose3d(path)
    np.testing.assert_array_equal(np.isnan(known[:, 0]), truth.keypoints3d[:, 3] == 0)
    person = replace(person, keypoints3d=known)
    turned, fitted = (
        views(model, person, [40], body="small", joints=how)[0].painting.pose for how in ("landmarks", "body")
    )
    assert np.nanmedian(np.linalg.norm(turned[:, :2] - fitted[:, :2], axis=1)) < 3
    path.write_text("[[1, 2, 3, 1]]")
    with pytest.raises(BadSample, match="expected 18 of 4"):
        read_pose3d(path)


def test_a_round_is_closed(models: Path, people: People) -> None:
    model, pose = ptx.load(models), people.truth(0).keypoints
    found = views(model, people.render(0), read_yaws("0:360:90"), keypoints=pose, body="small")
    frames = turntable(found)
    assert len(frames) == 4
    assert all(frame.shape == (*SIZE, 3) for frame in frames)


def test_yaws() -> None:
    assert read_yaws("45") == [45]
    assert read_yaws("-30,30") == [-30, 30]
    assert read_yaws("0:360:15") == list(range(0, 360, 15))
    for wrong in ("left", "0:360", "0:10:0", "0:1e9:1", "nan", ""):
        with pytest.raises(PtxError, match="--yaw"):
            read_yaws(wrong)


def test_files(models: Path, people: People, tmp_path: Path) -> None:
    photo = tmp_path / "me.png"
    Pillow.fromarray(people.render(0)).save(photo)
    loaded = [Model(models, Known(people.truth(0).keypoints), system) for system in ("flow", "view")]
    plain = show_views(loaded[:1], photo, [30], 0, tmp_path / "side.png", body="small", plain=True)
    assert np.asarray(Pillow.open(plain)).shape == (*SIZE, 3)
    sheet = np.asarray(Pillow.open(show_views(loaded, photo, [-30, 30], 0, tmp_path / "both.png", body="small")))
    assert sheet.shape[0] > 2 * 300
    with Pillow.open(show_views(loaded, photo, read_yaws("0:360:120"), 0, tmp_path / "r.gif", body="small")) as turning:
        assert turning.n_frames == 3
        assert turning.size == (4 * SIZE[1], 2 * SIZE[0])
    with pytest.raises(PtxError, match=r"\.png, \.gif or \.mp4"):
        show_views(loaded, photo, [30], 0, tmp_path / "side.jpg")


def test_mistakes_are_one_line(models: Path, tmp_path: Path) -> None:
    photo = tmp_path / "grey.png"
    Pillow.new("RGB", (90, 90), "grey").save(photo)
    with pytest.raises(PtxError, match=r"grey.png: nobody is in the picture"):
        show_views([Model(models, Known(np.zeros((18, 3), np.float32)))], photo, [30], 0, tmp_path / "x.png")
    result = CliRunner().invoke(app, ["view", str(photo), "--yaw", "left", "--model", str(models)])
    assert isinstance(result.exception, PtxError)
    result = CliRunner().invoke(app, ["view", str(photo), "--system", "flow,x", "--model", str(models)])
    assert "no system 'x'" in str(result.exception)
