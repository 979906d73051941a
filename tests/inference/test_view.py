"""Views with untrained models of the right layout: angles, skeletons, files, mistakes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL.GifImagePlugin import GifImageFile

import ptx
from ptx.datasets.keypoint_files import read_pose3d
from ptx.datasets.people import People
from ptx.detector.keypoints import Details
from ptx.geometry.body import load_body
from ptx.geometry.camera import project
from ptx.geometry.skinning import pose_hand_points
from ptx.geometry.viewpoint import FittedBody
from ptx.inference.model import Model
from ptx.inference.person import Person
from ptx.inference.sheets import Look, write_views
from ptx.inference.view import Joints, NovelView, fit_person, read_yaws, turntable
from ptx.pipeline.errors import BadSample, PtxError
from ptx.training.systems import SystemName
from tests.conftest import SIZE
from tests.geometry.finger_poses import random_fingers
from tests.inference.detectors import KnownPerson


@pytest.mark.parametrize("system", ["flow", "pose-flow", "view"])
def test_views_by_every_system(models: Path, people: People, system: SystemName) -> None:
    model, pose = ptx.load(models, system, body="small"), people.truth(0).keypoints
    found = model.view(people.render(0), [0, 90], keypoints=pose)
    assert [view.yaw for view in found] == [0, 90]
    assert all(view.painting.picture.shape == (*SIZE, 3) for view in found)
    seen = found[0].painting
    there = seen.person.keypoints[:, 2] > 0
    off = np.linalg.norm(seen.pose[there, :2] - seen.person.keypoints[there, :2], axis=1)
    assert np.nanmedian(off) < 2  # unturned it is the pose that the picture shows
    if system != "pose-flow":
        assert np.abs(seen.flow).max() < 1e-3
        assert np.abs(found[1].painting.flow).max() > 3


def test_fingers_are_those_of_the_hands_that_a_detector_finds(people: People) -> None:
    body = load_body("small")
    image = np.zeros((8 * SIZE[0], 8 * SIZE[1], 3), np.uint8)  # hands of some pixels tell nothing
    person = Person(image, people.truth(0).keypoints * np.float32([8, 8, 1]), image, np.eye(2, 3, dtype=np.float32))
    plain = fit_person(person, body)
    fingers = random_fingers(body, 1, np.random.default_rng(0))
    hands = project(plain.camera, pose_hand_points(body, plain.pose[None], plain.betas, fingers)[0])
    hands[..., 2] = 1
    found = fit_person(replace(person, details=lambda: Details(np.zeros((468, 3), np.float32), hands)), body)
    assert plain.hands_pose is None
    assert found.hands_pose is not None
    seen = project(found.camera, pose_hand_points(body, found.pose[None], found.betas, found.hands_pose[None])[0])
    missed, flat = (np.linalg.norm((points - hands)[..., :2], axis=-1).mean() for points in (seen, _flat(plain)))
    assert missed < 0.4 * flat
    assert not np.array_equal(found.points, plain.points)
    assert found.turned(90).hands_pose is found.hands_pose


def _flat(fitted: FittedBody) -> np.ndarray:
    """Points (2, 21, 3) of flat hands, projected."""
    points = pose_hand_points(fitted.body, fitted.pose[None], fitted.betas, np.zeros((1, 30, 3)))[0]
    return project(fitted.camera, points)


def test_landmarks_turn_without_a_body(models: Path, people: People, tmp_path: Path) -> None:
    model, truth = ptx.load(models, body="small"), people.truth(0)
    person = model.person(people.render(0), truth.keypoints)
    with pytest.raises(PtxError, match="no 3D keypoints to turn"):
        model.view(person, [30], joints="landmarks")
    path = tmp_path / "deep.json"
    rows = [[*row[:3], row[3]] if row[3] > 0 else [None, None, None, 0] for row in truth.keypoints3d.tolist()]
    path.write_text(json.dumps(rows))
    known = read_pose3d(path)
    np.testing.assert_array_equal(np.isnan(known[:, 0]), truth.keypoints3d[:, 3] == 0)
    person = replace(person, keypoints3d=known)
    ways: tuple[Joints, Joints] = ("landmarks", "body")
    turned, fitted = (model.view(person, [40], joints=joints)[0].painting.pose for joints in ways)
    assert np.nanmedian(np.linalg.norm(turned[:, :2] - fitted[:, :2], axis=1)) < 3
    path.write_text("[[1, 2, 3, 1]]")
    with pytest.raises(BadSample, match="expected 18 of 4"):
        read_pose3d(path)


def test_a_round_is_closed(models: Path, people: People) -> None:
    model, pose = ptx.load(models, body="small"), people.truth(0).keypoints
    found = model.view(people.render(0), read_yaws("0:360:90"), keypoints=pose)
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
    detector = KnownPerson(people.truth(0).keypoints)
    names: tuple[SystemName, SystemName] = ("flow", "view")
    loaded = {name: Model(models, name, body="small", detector=detector) for name in names}

    def views(*yaws: float) -> list[list[NovelView]]:
        return [model.view(photo, yaws) for model in loaded.values()]

    def written(found: list[list[NovelView]], name: str, look: Look = "picture") -> np.ndarray:
        return np.asarray(Pillow.open(write_views(found, look, "me from other sides", tmp_path / name)))

    one = views(30)[:1]
    assert written(one, "side.png").shape == (*SIZE, 3)
    assert written(one, "pasted.png", "paste").shape == (*SIZE, 3)
    assert written(one, "sheet.png", "sheet").shape[0] > 300
    assert written(views(-30, 30), "both.png").shape[0] > 2 * 300
    with Pillow.open(write_views(views(*read_yaws("0:360:120")), "picture", "", tmp_path / "r.gif")) as turning:
        assert isinstance(turning, GifImageFile)
        assert turning.n_frames == 3
        assert turning.size == (4 * SIZE[1], 2 * SIZE[0])


def test_mistakes_are_one_line(models: Path, people: People, tmp_path: Path) -> None:
    photo = tmp_path / "grey.png"
    Pillow.new("RGB", (90, 90), "grey").save(photo)
    nobody = Model(models, detector=KnownPerson(np.zeros((18, 3), np.float32)))
    with pytest.raises(PtxError, match=r"grey\.png: nobody"):
        nobody.view(photo, [30])
    few = people.truth(0).keypoints.copy()
    few[3:] = (np.nan, np.nan, 0)
    with pytest.raises(PtxError, match=r"^no body could be fitted: "):
        ptx.load(models, body="small").view(people.render(0), [30], keypoints=few)
    with pytest.raises(PtxError, match=r"body: "):
        ptx.load(models, body="nowhere.pkl").view(people.render(0), [30], keypoints=people.truth(0).keypoints)
