"""The surface engine on synthetic people, found by detectors that have been told and by the real one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from ptx.avatar.person import Avatar
from ptx.avatar.write import encode_avatar
from ptx.datasets.images import Image, crop_and_resize, photograph_area
from ptx.datasets.people import People, PeopleOptions
from ptx.geometry.joints import keypoint
from ptx.inference.person import Detector, Person
from ptx.inference.surface import BACKGROUND, SurfaceEngine, SurfacePerson, _inside_photograph
from ptx.pipeline.errors import PtxError
from tests.avatar.scenes import MADE
from tests.inference.detectors import KnownPerson
from tests.surface.scenes import psnr

SIZE = (256, 192)


@pytest.fixture(scope="module")
def known() -> People:
    return People(PeopleOptions(1, 2, seed=1, size=SIZE, half_body=0, body="small"))


def engine(detector: Detector | None = None) -> SurfaceEngine:
    return SurfaceEngine(body="small", size=SIZE, frame="picture", detector=detector)


@pytest.fixture(scope="module")
def person(known: People) -> SurfacePerson:
    return engine().person(known.render(0), known.truth(0).keypoints)


def test_a_person_is_drawn_in_the_pose_of_keypoints(known: People, person: SurfacePerson) -> None:
    truth = known.truth(1)
    found = engine().transfer(person, truth.keypoints)
    assert found.picture.shape == (*SIZE, 3)
    assert (found.picture[found.rendering.alpha == 0] == BACKGROUND).all()
    on, drawn = known.garment_labels(1) > 0, found.rendering.alpha > 0.5
    assert (on & drawn).sum() / (on | drawn).sum() > 0.6  # depth is a guess of 2D keypoints
    there = truth.keypoints[:, 2] > 0
    np.testing.assert_array_equal(found.pose[there], truth.keypoints[there])
    assert found.flow.shape == (*SIZE, 2)
    assert found.pasted.shape == known.render(0).shape


def test_in_their_own_pose_they_are_as_in_the_photograph(known: People, person: SurfacePerson) -> None:
    found = engine().draw(person, person.fitted, person.person.keypoints)
    inside = (found.rendering.alpha > 0.99) & (known.garment_labels(0) > 0)
    error = np.abs(found.picture.astype(int) - person.person.image)[inside]
    assert np.median(error) <= 3


@pytest.mark.slow
def test_the_same_from_files(known: People, person: SurfacePerson, tmp_path: Path) -> None:
    pose = np.nan_to_num(known.truth(0).keypoints)
    (tmp_path / "pose.json").write_text(json.dumps({"people": [{"pose_keypoints_2d": pose.ravel().tolist()}]}))
    Pillow.fromarray(known.render(0)).save(tmp_path / "me.png")
    by_detector = engine(KnownPerson(known.truth(0).keypoints))
    for wanted in (tmp_path / "me.png", tmp_path / "pose.json"):
        assert by_detector.transfer(tmp_path / "me.png", wanted).rendering.alpha.sum() > 500
    again = by_detector.transfer(tmp_path / "me.png", tmp_path / "me.png")
    assert again.picture.tobytes() == by_detector.transfer(tmp_path / "me.png", tmp_path / "me.png").picture.tobytes()


def test_views_turn_the_person(person: SurfacePerson) -> None:
    front, side = engine().view(person, [0, 90])
    assert (front.yaw, side.yaw) == (0, 90)
    widths = [np.ptp(np.flatnonzero(view.painting.visibility.min(0) < 2)) for view in (front, side)]
    assert abs(widths[0] - widths[1]) > 3


def written(person: SurfacePerson, folder: Path) -> Path:
    path = folder / "me.glb"
    path.write_bytes(encode_avatar(Avatar.of(person.fitted, person.store), MADE))
    return path


@pytest.mark.slow
def test_an_avatar_is_transferred_as_its_photograph_is(known: People, person: SurfacePerson, tmp_path: Path) -> None:
    """Up to the texture's resolution; in a pose that turns the person, since in their own the photograph is believed entirely."""
    wanted = known.truth(1).keypoints
    direct, by_file = (engine().transfer(one, wanted) for one in (person, written(person, tmp_path)))
    np.testing.assert_array_equal(direct.rendering.alpha, by_file.rendering.alpha)
    inside = direct.rendering.alpha == 1
    assert psnr(by_file.picture[inside], direct.picture[inside]) > 30
    assert not by_file.rendering.own.any()
    again = engine().transfer(written(person, tmp_path), wanted)
    assert again.picture.tobytes() == by_file.picture.tobytes()


@pytest.mark.slow
def test_an_avatar_is_viewed_where_its_photograph_had_it(person: SurfacePerson, tmp_path: Path) -> None:
    path = written(person, tmp_path)
    direct, by_file = (engine().view(one, [60])[0].painting.rendering for one in (person, path))
    np.testing.assert_array_equal(direct.alpha, by_file.alpha)
    inside = direct.alpha == 1
    assert psnr(by_file.colour[inside], direct.colour[inside]) > 30
    larger = SurfaceEngine(body="small", size=(512, 384)).person(path)
    np.testing.assert_allclose(larger.person.keypoints[:, 2], person.fitted.keypoints[:, 2])
    assert larger.person.image.shape == (512, 384, 3)
    with pytest.raises(PtxError, match=r"me\.glb: an avatar of another body model"):
        SurfaceEngine().person(path)


def test_mistakes_are_one_line(known: People, person: SurfacePerson, tmp_path: Path) -> None:
    with pytest.raises(PtxError, match="body: "):
        SurfaceEngine(body=str(tmp_path / "none.pkl"))
    with pytest.raises(PtxError, match="is not there"):
        engine(KnownPerson(known.truth(0).keypoints)).person(tmp_path / "none.jpg")
    few = known.truth(0).keypoints.copy()
    few[3:] = np.nan, np.nan, 0
    with pytest.raises(PtxError, match="no body could be fitted"):
        engine().person(known.render(0), few)
    with pytest.raises(PtxError, match="the pose has no keypoints"):
        engine().transfer(person, np.zeros((18, 3), np.float32))


def test_what_is_no_part_of_the_photograph_is_not_believed() -> None:
    """A box beyond the photograph's edge is filled with one colour, in which the detector may see feet."""
    photograph = np.full((100, 60, 3), 70, np.uint8)
    working, transform = crop_and_resize(photograph, (-0.5, 39.5, 59.5, 139.5), (200, 200))
    keypoints = np.ones((18, 3), np.float32)
    keypoints[:, 0] = 100
    keypoints[keypoint("left_ankle"), 1], keypoints[keypoint("left_hip"), 1] = 150, 60
    deep = np.ones((18, 4), np.float32)
    one = _inside_photograph(Person(working, keypoints, photograph, transform, deep))
    assert one.keypoints[keypoint("left_ankle"), 2] == 0
    assert one.keypoints3d is not None
    assert one.keypoints3d[keypoint("left_ankle"), 3] == 0
    assert one.keypoints[keypoint("left_hip"), 2] == 1
    area = photograph_area(transform, (100, 60), (200, 200))
    assert (area[:, 100] == 1).sum() == 120  # 60 of 100 rows, twice as large
    assert (area[50] == 1).sum() == 120


@pytest.mark.slow
def test_the_real_detector_finds_face_and_mask() -> None:
    people = People(PeopleOptions(1, 2, seed=4, size=(512, 384), half_body=0))
    made = SurfaceEngine(size=(512, 384))
    pictures: list[Image] = [people.render(0), people.render(1)]
    person = made.person(pictures[0])
    assert (person.store.provenance == 0).mean() > 0.05
    found = made.view(person, [0])[0].painting
    inside = found.visibility == 0
    assert np.median(np.abs(found.picture.astype(int) - person.person.image)[inside]) <= 3
