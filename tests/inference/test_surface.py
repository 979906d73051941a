"""The surface engine on synthetic people, found by detectors that have been told and by the real one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from PIL import Image as Pillow

from ptx.avatar.person import Avatar
from ptx.avatar.write import encode_avatar
from ptx.datasets.images import Image, apply_transform, crop_and_resize, photograph_area
from ptx.datasets.people import People, PeopleOptions
from ptx.geometry.joints import keypoint
from ptx.inference.dressed_person import inside_photograph
from ptx.inference.person import Detector, Person
from ptx.inference.surface import BACKGROUND, Place, SurfaceEngine
from ptx.inference.surface_painting import SurfacePerson
from ptx.pipeline.errors import PtxError
from ptx.surface.proportions import Proportions, core_points
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
    with pytest.raises(PtxError, match=r"me\.glb: an avatar is a whole person"):
        engine().person([path, path])
    with pytest.raises(PtxError, match=r"me\.glb: an avatar of another body model"):
        SurfaceEngine().person(path)


@pytest.fixture(scope="module")
def round_about() -> People:
    """A person from three sides, 120 degrees apart."""
    return People(PeopleOptions(1, 3, seed=1, size=SIZE, half_body=0, body="small", views=3))


def test_several_photographs_of_one_person(round_about: People) -> None:
    """The first gives size, body and background; colours come from all."""
    made = engine(KnownPerson(round_about.truth(1).keypoints))
    first, second = round_about.render(0), round_about.render(1)
    one = made.person(first, round_about.truth(0).keypoints)
    both = made.person([first, second], round_about.truth(0).keypoints)
    assert len(both.store.views.sources) == 2
    np.testing.assert_array_equal(both.fitted.points, one.fitted.points)
    assert both.person.original is first
    own = [(person.store.provenance == 0).mean() for person in (one, both)]
    assert own[1] > 1.2 * own[0]
    again = made.view(both, [90])[0].painting.picture
    assert (again == made.view(both, [90])[0].painting.picture).all()


def test_the_photograph_without_a_person_is_named(round_about: People, tmp_path: Path) -> None:
    Pillow.fromarray(round_about.render(0)).save(tmp_path / "front.png")
    Pillow.new("RGB", (90, 90), "grey").save(tmp_path / "grey.png")
    made = engine(KnownPerson(round_about.truth(0).keypoints))
    monochrome = np.full((90, 90, 3), 128, np.uint8)
    with pytest.raises(PtxError, match="no photograph is named"):
        made.person([])
    with pytest.raises(PtxError, match=r"none.png is not there"):
        made.person([tmp_path / "front.png", tmp_path / "none.png"])
    cut = SurfaceEngine(body="small", size=SIZE, detector=KnownPerson(round_about.truth(0).keypoints))
    with pytest.raises(PtxError, match=r"grey.png: nobody is in the picture"):
        cut.person([tmp_path / "front.png", tmp_path / "grey.png"])
    with pytest.raises(PtxError, match="the picture: nobody is in the picture"):
        cut.person([monochrome])


def test_a_body_reaches_beyond_the_picture(person: SurfacePerson) -> None:
    """What is cut out of the whole photograph is whole, the picture is of the engine's size."""
    moved = replace(person.fitted, camera=person.fitted.camera + np.array([0, 90, -40], np.float32))
    found = engine().draw(person, moved, person.person.keypoints)
    assert found.picture.shape == (*SIZE, 3)
    rgb, alpha, transform = found.cut_out
    left, top = transform[:, 2].astype(int)
    assert top > 0
    assert rgb.shape[1] > SIZE[1]
    np.testing.assert_array_equal(alpha[top : top + SIZE[0], left : left + SIZE[1]], found.rendering.alpha)
    there = engine().draw(person, person.fitted, person.person.keypoints)
    assert alpha.sum() == pytest.approx(there.rendering.alpha.sum(), rel=0.01)


def test_who_lies_stands_up_within_the_photograph(known: People) -> None:
    """A photograph on its side; in their own pose people stay where they are."""
    made = SurfaceEngine(body="small", size=SIZE, frame="picture", place="source")
    upright, keypoints = known.render(0), known.truth(0).keypoints
    lying = keypoints.copy()
    lying[:, 0], lying[:, 1] = SIZE[0] - 1 - keypoints[:, 1], keypoints[:, 0]
    person = made.person(np.rot90(upright, -1).copy(), lying)
    stood = made.transfer(person, made.pose(keypoints, made.person(upright, keypoints)))
    corners = apply_transform(person.person.transform, np.array([[0, 0], [SIZE[0] - 1, SIZE[1] - 1]], np.float32))
    core = core_points(stood.fitted)
    assert (core.min(0) >= corners[0] - 1).all()
    assert core[:, 0].max() <= corners[1, 0] + 1
    same = made.transfer(made.person(upright, keypoints), keypoints)
    np.testing.assert_allclose(core_points(same.fitted), core_points(made.person(upright, keypoints).fitted), atol=6)


def test_where_people_are_drawn(known: People, person: SurfacePerson) -> None:
    """Of `place` source as large as at home; in the pose's proportions the pose person's shape."""
    larger = known.truth(1).keypoints.copy()
    larger[:, :2] = (larger[:, :2] - larger[1, :2]) * 0.5 + larger[1, :2]
    drawn = {
        (place, proportions): SurfaceEngine(
            body="small", size=SIZE, frame="picture", place=place, proportions=proportions
        ).transfer(person, larger)
        for place in get_args(Place)
        for proportions in get_args(Proportions)
    }
    scales = {key: float(one.fitted.camera[0]) for key, one in drawn.items()}
    assert scales["source", "source"] == pytest.approx(float(person.fitted.camera[0]))
    assert scales["pose", "source"] < 0.7 * scales["source", "source"]
    np.testing.assert_array_equal(drawn["pose", "source"].fitted.betas, person.fitted.betas)
    wanted = engine().pose(larger, person)
    np.testing.assert_array_equal(drawn["pose", "pose"].fitted.betas, wanted.fitted.betas)


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
    one = inside_photograph(Person(working, keypoints, photograph, transform, deep))
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


@pytest.fixture(scope="module")
def shown() -> Image:
    """A person whom the real detector finds."""
    return People(PeopleOptions(1, 1, seed=4, size=(512, 384), half_body=0)).render(0)


@pytest.fixture(scope="module")
def real() -> SurfaceEngine:
    return SurfaceEngine(body="small", size=(512, 384), max_pixels=400_000)


@pytest.mark.slow
def test_what_is_no_picture_of_a_person_is_one_line(real: SurfaceEngine, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (300, 200, 3), dtype=np.uint8)
    for name, picture in (
        ("grey", np.full((200, 300, 3), 128, np.uint8)),
        ("noise", noise),
        ("pixel", np.zeros((1, 1, 3), np.uint8)),
        ("line", np.zeros((1, 500, 3), np.uint8)),
        ("huge", np.zeros((1000, 500, 3), np.uint8)),
    ):
        Pillow.fromarray(picture).save(tmp_path / f"{name}.png")
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.png").write_text("no picture")
    for name, why in (
        ("grey", "nobody is found"),
        ("noise", "nobody is found"),
        ("pixel", "nobody is found"),
        ("line", "nobody is found"),
        ("huge", "more than ingest.max_pixels"),
        ("empty", "has 0 bytes"),
        ("text", "holds no picture"),
    ):
        with pytest.raises(PtxError, match=rf"^\S*{name}.png: [^\n]*{why}[^\n]*$"):
            real.person(tmp_path / f"{name}.png")


@pytest.mark.slow
def test_pictures_of_all_kinds_show_the_same_person(real: SurfaceEngine, shown: Image, tmp_path: Path) -> None:
    """Grey, CMYK, 16 bits, with alpha, turned by EXIF, mirrored, minute: a person where they are."""
    picture = Pillow.fromarray(shown)
    plain = real.person(shown).person
    turned = Pillow.Exif()
    turned[0x0112] = 6
    picture.convert("L").save(tmp_path / "grey.png")
    picture.convert("CMYK").save(tmp_path / "cmyk.tif")
    picture.convert("RGBA").save(tmp_path / "alpha.png")
    picture.transpose(Pillow.Transpose.ROTATE_90).save(tmp_path / "exif.png", exif=turned)
    Pillow.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257).save(tmp_path / "deep.png")
    for path in sorted(tmp_path.iterdir()):
        found = real.person(path).person
        assert found.original.shape == shown.shape, path.name
        both = (found.keypoints[:, 2] > 0) & (plain.keypoints[:, 2] > 0)
        assert both.sum() > 12
        assert np.abs(found.keypoints - plain.keypoints)[both, :2].mean() < 12, path.name
    for other in (shown[:, ::-1].copy(), shown[::6, ::6].copy()):
        person = real.person(other)
        drawn = real.view(person, [0])[0].painting.rendering.alpha
        assert 0.02 < drawn.mean() < 0.6
