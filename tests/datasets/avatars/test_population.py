from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from ptx.datasets.avatars.avatar import load_avatar
from ptx.datasets.avatars.population import AvatarPictures
from ptx.geometry.joints import keypoint
from ptx.geometry.labels import BACKGROUND, HIDDEN
from ptx.pipeline.errors import BadSample
from tests.datasets.gltf.files import person, write_glb, write_gltf

SIZE = (96, 80)

VALID = os.environ.get("PTX_VALID", "")
"""Folder of VALID's avatars in glTF (github.com/c-frame/valid-avatars-glb), for the tests that read it."""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("avatars")
    write_glb(folder / "a.glb", *person(a_pose=40.0, names=("Skin", "Shirt_Top", "Hair")))
    write_glb(folder / "sub" / "b.glb", *person())
    return folder


def pictures(root: Path, *paths: str, seed: int = 0, per: int = 3, half_body: float = 0.0) -> AvatarPictures:
    return AvatarPictures(root, [path for path in paths for _ in range(per)], per, seed, SIZE, half_body)


def test_the_same_bytes_whatever_else_there_is(root: Path) -> None:
    alone, both = pictures(root, "sub/b.glb"), pictures(root, "a.glb", "sub/b.glb")
    for number in (2, 0, 1):
        assert (alone.render(number) == both.render(3 + number)).all()
    assert (alone.render(0) != pictures(root, "sub/b.glb", seed=1).render(0)).any()
    assert (alone.render(0) != alone.render(1)).any()


def test_pictures_differ_from_their_background_where_the_mask_is(root: Path) -> None:
    made = pictures(root, "a.glb")
    for number in range(3):
        mask, labels = made.mask(number), made.garment_labels(number)
        assert ((mask > 127) != (labels > 0)).mean() < 0.02
        assert 0.01 < (mask > 0).mean() < 0.6
        assert set(np.unique(labels)) <= {0, 1, 2, 3, 9, 10}


def test_keypoints_lie_where_their_boxes_are(root: Path) -> None:
    """Each bone has a box around its joint, so joints lie on the person."""
    made = pictures(root, "a.glb")
    for number in range(3):
        flat, deep = made.keypoints(number)
        mask = made.mask(number)
        for name in ("left_elbow", "right_wrist", "left_knee", "right_ankle", "left_hip"):
            x, y, confidence = flat[keypoint(name)]
            assert confidence == 1
            assert mask[round(float(y)), round(float(x))] > 127, name
        view = made.view(number)
        scale = view.camera[0]
        apart = deep[keypoint("left_hip"), :2] - deep[keypoint("right_shoulder"), :2]
        seen = flat[keypoint("left_hip"), :2] - flat[keypoint("right_shoulder"), :2]
        assert seen == pytest.approx(apart * (scale, -scale), abs=1e-3)


def test_flow_leads_to_the_same_point_of_the_mesh(root: Path) -> None:
    """Corners of a box are one colour; so are labels, which the flow must bring to themselves where the source shows them."""
    made = pictures(root, "a.glb")
    flow, seen = made.flow(0, 1)
    here, there = made.garment_labels(0), made.garment_labels(1)
    rows, columns = np.nonzero(seen == 0)
    assert len(rows) > 30
    x = np.clip(np.rint(columns + flow[rows, columns, 0]), 0, SIZE[1] - 1).astype(int)
    y = np.clip(np.rint(rows + flow[rows, columns, 1]), 0, SIZE[0] - 1).astype(int)
    assert (there[y, x] == here[rows, columns]).mean() > 0.8  # the rest at the boxes' edges
    assert ((seen == BACKGROUND) == (here == 0)).all()
    same, own = made.flow(2, 2)
    assert np.abs(same).max() < 1e-3
    assert not (own == HIDDEN).any()


def test_half_bodies_end_above_the_ankles(root: Path) -> None:
    half = pictures(root, "a.glb", half_body=1.0)
    for number in range(3):
        assert not half.keypoints(number)[0][[keypoint("left_ankle"), keypoint("right_ankle")], 2].all()


def test_names_that_tell_no_clothes(root: Path) -> None:
    with pytest.raises(BadSample, match=r"b\.glb: the names .* do not tell clothes from skin") as error:
        pictures(root, "sub/b.glb").garment_labels(0)
    assert error.value.problem.code == "no_labels"


def test_a_file_that_is_replaced_is_read_again(tmp_path: Path) -> None:
    path = write_glb(tmp_path / "a.glb", *person())
    before = load_avatar(path)
    assert load_avatar(path) is before
    write_glb(path, *person(a_pose=30.0, names=("Skin", "Hair")))
    assert len(load_avatar(path).textures.levels) == 3


@pytest.mark.parametrize("damage", ["torn", "text", "empty", "missing"])
def test_what_is_no_avatar_is_one_line(damage: str, tmp_path: Path) -> None:
    path = write_glb(tmp_path / "a.glb", *person())
    content = path.read_bytes()
    path.unlink()
    if damage != "missing":
        path.write_bytes({"torn": content[:-100], "text": b"solid box", "empty": b""}[damage])
    with pytest.raises(BadSample, match=r"^a\.glb: ") as error:
        load_avatar(path)
    assert error.value.problem.code == ("missing_file" if damage == "missing" else "bad_avatar")
    assert "\n" not in str(error.value)


@pytest.mark.slow
def test_damaged_bytes_end_in_one_line_or_in_an_avatar(tmp_path: Path) -> None:
    document, data = person(texture=np.full((4, 4, 4), 200, np.uint8))
    rng = np.random.default_rng(0)
    path = write_gltf(tmp_path / "a.gltf", document, data)
    text = path.read_bytes()
    outcomes = set()
    for attempt in range(150):
        changed, content = bytearray(text), bytearray(data)
        target = changed if attempt % 3 else content
        for place in rng.integers(0, len(target), 4):
            target[place] = rng.integers(32, 127) if attempt % 3 else rng.integers(0, 256)
        path.write_bytes(changed)
        (tmp_path / "person.bin").write_bytes(content)
        os.utime(path, ns=(attempt, attempt))
        try:
            load_avatar(path)
            outcomes.add("read")
        except BadSample as error:
            outcomes.add(error.problem.code)
    assert outcomes <= {"read", "bad_avatar", "unknown_skeleton"}
    assert len(outcomes) > 1


@pytest.mark.skipif(not VALID, reason="PTX_VALID names no folder of VALID's avatars")
@pytest.mark.slow
def test_avatars_of_valid(tmp_path: Path) -> None:
    """Compressed files of 60,000 faces: bound to 24 joints, upright, of a person's size, drawn all round."""
    files = sorted(Path(VALID).rglob("*.glb"))[:3]
    assert files
    for file in files:
        shutil.copy(file, tmp_path)
        avatar = load_avatar(file)
        assert avatar.skeleton.known.all()
        height = float(np.ptp(avatar.vertices[:, 1]))
        assert 1.4 < height < 2.1
        assert np.ptp(avatar.vertices[:, 0]) == pytest.approx(height, abs=0.35)  # a T-pose is as wide as high
        nose, right_eye, left_eye, right_ear, left_ear = avatar.face
        assert right_ear[0] < right_eye[0] < nose[0] < left_eye[0] < left_ear[0]
        assert nose[2] > max(left_eye[2], right_eye[2]) > max(left_ear[2], right_ear[2])
        made = AvatarPictures(tmp_path, [file.name] * 4, 4, 0, (128, 128), 0.0)
        for number in range(4):
            mask = made.mask(number)
            flat, _ = made.keypoints(number)
            inside = [mask[round(float(y)), round(float(x))] > 0 for x, y, _ in flat[1:14]]  # a nose stands out
            assert all(inside)
