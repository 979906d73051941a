"""OpenPose's JSON: its two layouts and what other tools make of them, people of whom a part was found, and damaged files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ptx.datasets.openpose_files import OpenposeJson, read_pose, read_pose_folder
from ptx.geometry.joints import KEYPOINTS
from ptx.pipeline.errors import PtxError
from ptx.pipeline.fingerprint import Json
from tests.datasets.problems import raises_problem

PATHS = ["ann/1.jpg", "ann/2.jpg", "bob/1.jpg"]

# The names of BODY_25's rows, from OpenPose's documentation of its output.
BODY_25 = (
    "nose", "neck", "right_shoulder", "right_elbow", "right_wrist", "left_shoulder", "left_elbow", "left_wrist", "mid_hip",
    "right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle", "right_eye", "left_eye", "right_ear",
    "left_ear", "left_big_toe", "left_small_toe", "left_heel", "right_big_toe", "right_small_toe", "right_heel",
)  # fmt: skip


def write(path: Path, *people: list[float]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"version": 1.3, "people": [{"pose_keypoints_2d": p} for p in people]}))


def person(count: int, confidence: float = 0.9) -> list[float]:
    """Point k of a layout lies at (10 k + 10, 5 k + 5)."""
    return [v for k in range(1, count + 1) for v in (10.0 * k, 5.0 * k, confidence)]


def test_body_25_by_name(tmp_path: Path) -> None:
    write(tmp_path / "ann/1_keypoints.json", person(25))
    (found,) = OpenposeJson(tmp_path, PATHS).people("ann/1.jpg")
    assert found.keypoints[:, 0].tolist() == [10 * BODY_25.index(name) + 10 for name in KEYPOINTS]


def test_coco_18(tmp_path: Path) -> None:
    write(tmp_path / "ann/1.json", person(18))
    assert OpenposeJson(tmp_path, PATHS).people("ann/1.jpg")[0].keypoints[:, 1].tolist() == [
        5.0 * k + 5 for k in range(18)
    ]


def test_zero_confidence_is_missing(tmp_path: Path) -> None:
    write(tmp_path / "ann/1.json", person(17) + [0.0, 0.0, 0.0])
    found = OpenposeJson(tmp_path, PATHS).people("ann/1.jpg")[0].keypoints
    assert np.isnan(found[17, :2]).all()
    assert found[17, 2] == 0


def test_everyone_with_a_keypoint_counts(tmp_path: Path) -> None:
    write(tmp_path / "ann/1.json", person(18, 0.3), person(18, 0.8), person(18, 0.0))
    found = OpenposeJson(tmp_path, PATHS).people("ann/1.jpg")
    assert [one.keypoints[0, 2] for one in found] == [np.float32(0.3), np.float32(0.8)]


def test_flat_names_only_where_they_are_clear(tmp_path: Path) -> None:
    """bob/1 and ann/1 are both called 1: a file 1_keypoints.json belongs to neither."""
    write(tmp_path / "1_keypoints.json", person(18))
    write(tmp_path / "2_keypoints.json", person(18))
    write(tmp_path / "bob_1_keypoints.json", person(18))
    source = OpenposeJson(tmp_path, PATHS)
    source.people("ann/2.jpg")
    source.people("bob/1.jpg")
    with raises_problem("missing_keypoints", r"^no ann/1_keypoints.json or ann/1.json"):
        source.people("ann/1.jpg")


@pytest.mark.parametrize(
    ("text", "code", "match"),
    [
        ("", "bad_keypoint_file", "^1.json: "),
        ("{}", "bad_keypoint_file", "^1.json: no 'people'"),
        ('{"people": [{"pose_keypoints_2d": [1, 2]}]}', "bad_keypoint_file", "no multiple of 3"),
        ('{"people": [{"pose_keypoints_2d": [1, 2, 3]}]}', "bad_keypoint_file", "^1.json: 1 points a person"),
        ('{"people": [{"pose_keypoints_2d": [1, [2], 3]}]}', "bad_keypoint_file", ""),
        ('{"people": [{"pose_keypoints_2d": {"x": 1}}]}', "bad_keypoint_file", ""),
        ('{"people": [7]}', "bad_keypoint_file", "a number instead of an object"),
        ('{"people": 7}', "bad_keypoint_file", "a number instead of a list"),
        ('{"people": []}', "no_person", "OpenPose found nobody in 1.json"),
        ("[" * 100_000, "bad_keypoint_file", ""),
        ("1" * 5_000, "bad_keypoint_file", ""),
        ('{"people": [{"pose_keypoints_2d": [1' + "0" * 400 + ", 2, 3]}]}", "bad_keypoint_file", ""),
    ],
)
def test_bad_json(tmp_path: Path, text: str, code: str, match: str) -> None:
    (tmp_path / "ann").mkdir()
    (tmp_path / "ann" / "1.json").write_text(text)
    with raises_problem(code, match):
        OpenposeJson(tmp_path, PATHS).people("ann/1.jpg")


def test_a_large_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "1.json", person(18))
    monkeypatch.setattr("ptx.datasets.openpose_files.MAX_JSON_BYTES", 10)
    with raises_problem("bad_keypoint_file", "more than 10 bytes"):
        read_pose(tmp_path / "1.json")


def test_a_single_pose(tmp_path: Path) -> None:
    write(tmp_path / "pose.json", person(18, 0.3), person(25, 0.8))
    found = read_pose(tmp_path / "pose.json")
    assert found.keypoints[KEYPOINTS.index("left_hip"), 0] == 10 * BODY_25.index("left_hip") + 10
    with raises_problem("missing_keypoints", "^none.json is not there"):
        read_pose(tmp_path / "none.json")


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(PtxError, match="is no folder"):
        OpenposeJson(tmp_path / "none", PATHS)


def one_file(tmp_path: Path, document: Json) -> OpenposeJson:
    """A folder with the file of ann/1.jpg."""
    (tmp_path / "ann_1_keypoints.json").write_text(json.dumps(document))
    return OpenposeJson(tmp_path, PATHS)


@pytest.mark.parametrize(
    "part",
    [
        {"pose_keypoints_2d": []},
        {"pose_keypoints_2d": None},  # as ComfyUI's DWPose writes what it did not find
        {"hand_left_keypoints_2d": [1.0, 2.0, 0.5] * 21},
        {"pose_keypoints_2d": [0.0] * 75, "face_keypoints_2d": [1.0, 2.0, 0.5] * 70},
    ],
)
def test_who_has_no_body_is_nobody(tmp_path: Path, part: dict[str, Json]) -> None:
    whole: dict[str, Json] = {"pose_keypoints_2d": person(25)}
    for people in ([part, whole], [whole, part]):
        (found,) = one_file(tmp_path, {"people": people}).people("ann/1.jpg")
        assert found.count == 18
    with raises_problem("no_person", "nobody in ann_1_keypoints.json"):
        one_file(tmp_path, {"people": [part]}).people("ann/1.jpg")


def test_null_among_people_is_nobody(tmp_path: Path) -> None:
    (found,) = one_file(tmp_path, {"people": [None, {"pose_keypoints_2d": person(25)}]}).people("ann/1.jpg")
    assert found.count == 18
    with raises_problem("no_person", "nobody in ann_1_keypoints.json"):
        one_file(tmp_path, {"people": [None]}).people("ann/1.jpg")


@pytest.mark.parametrize(
    ("people_key", "body_key"),
    [("people", "pose_keypoints"), ("people", "pose_keypoints_2d"), ("bodies", "joints")],
)
def test_names_of_other_versions_and_tools(tmp_path: Path, people_key: str, body_key: str) -> None:
    """OpenPose 1.0 and 1.1, those after it, AlphaPose's `--format cmu`."""
    (found,) = one_file(tmp_path, {people_key: [{body_key: person(18)}]}).people("ann/1.jpg")
    assert found.keypoints[5].tolist() == [60, 30, np.float32(0.9)]


def test_points_at_the_origin_are_missing_whatever_their_confidence(tmp_path: Path) -> None:
    points = [0.0, 0.0, 1.0, *person(16), 7.0, 0.0, 1.0]
    (found,) = one_file(tmp_path, {"people": [{"pose_keypoints_2d": points}]}).people("ann/1.jpg")
    assert found.keypoints[0, 2] == 0
    assert found.keypoints[17].tolist() == [7, 0, 1]


def test_comfyui_writes_a_list_of_frames_and_the_size_of_its_canvas(tmp_path: Path) -> None:
    frame: dict[str, Json] = {
        "people": [{"pose_keypoints_2d": person(18)}],
        "canvas_height": 512,
        "canvas_width": 384,
    }
    (found,) = one_file(tmp_path, [frame]).people("ann/1.jpg")
    assert (found.size, found.keypoints[5, 0]) == ((512, 384), 60)
    with raises_problem("bad_keypoint_file", "2 frames, one picture's is expected"):
        one_file(tmp_path, [frame, frame]).people("ann/1.jpg")
    shares = [value / (1000, 500, 1)[k % 3] for k, value in enumerate(person(18))]
    frame["people"] = [{"pose_keypoints_2d": shares}]
    (found,) = one_file(tmp_path, frame).people("ann/1.jpg")
    np.testing.assert_allclose(found.keypoints[5], [0.06 * 384, 0.06 * 512, 0.9], rtol=1e-5)
    frame["canvas_width"] = 0
    assert one_file(tmp_path, frame).people("ann/1.jpg")[0].size is None


def test_one_file_for_two_pictures_is_of_neither(tmp_path: Path) -> None:
    paths = ["a/b_c.png", "a_b/c.png", "a/d.png"]
    write(tmp_path / "a_b_c_keypoints.json", person(18))
    write(tmp_path / "a_d_keypoints.json", person(18))
    files = OpenposeJson(tmp_path, paths)
    for path in paths[:2]:
        with raises_problem("ambiguous_keypoints", r"^a_b_c_keypoints\.json may be of a.*: call it "):
            files.people(path)
    assert files.people("a/d.png")
    write(tmp_path / "a_b/c_keypoints.json", person(18))
    files = OpenposeJson(tmp_path, paths)
    assert files.people("a/b_c.png")
    assert files.people("a_b/c.png")


def test_a_folder_of_frames(tmp_path: Path) -> None:
    """In the order of their numbers, with zeros before them or not; frames that show nobody have their place."""
    write(tmp_path / "dance_10_keypoints.json", person(25, 0.5))
    write(tmp_path / "dance_9_keypoints.json", person(25, 0.4), [v / 2 for v in person(25)])
    write(tmp_path / "dance_11_keypoints.json")
    (tmp_path / "notes.txt").write_text("none of them")
    first, second, third = read_pose_folder(tmp_path)
    assert first is not None
    assert second is not None
    assert [one.keypoints[0, 2] for one in (first, second)] == [np.float32(0.4), np.float32(0.5)]
    assert third is None


def test_folders_that_are_no_motion(tmp_path: Path) -> None:
    for name, said in (("none", "is not there"), ("empty", r"no \.json in it")):
        (tmp_path / "empty").mkdir(exist_ok=True)
        with pytest.raises(PtxError, match=f"{name}: {said}"):
            read_pose_folder(tmp_path / name)
    (tmp_path / "0.json").write_text("{")
    with pytest.raises(PtxError, match=r"/0\.json: "):
        read_pose_folder(tmp_path)
