"""Keypoints of other tools: OpenPose's two layouts and the field's tables, good and bad."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ptx.datasets.keypoint_files import KeypointCsv, OpenposeJson, read_pose, read_pose3d
from ptx.geometry.joints import KEYPOINTS
from ptx.geometry.keypoints import mask_outside, missing_as_nan
from ptx.pipeline.errors import PtxError
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
    """Point k of a layout lies at (10 k, 5 k)."""
    return [v for k in range(count) for v in (10.0 * k, 5.0 * k, confidence)]


def test_body_25_by_name(tmp_path: Path) -> None:
    write(tmp_path / "ann/1_keypoints.json", person(25))
    found, count = OpenposeJson(tmp_path, PATHS).lookup("ann/1.jpg")
    assert count == 1
    assert found[:, 0].tolist() == [10 * BODY_25.index(name) for name in KEYPOINTS]


def test_coco_18(tmp_path: Path) -> None:
    write(tmp_path / "ann/1.json", person(18))
    assert OpenposeJson(tmp_path, PATHS).lookup("ann/1.jpg")[0][:, 1].tolist() == [5.0 * k for k in range(18)]


def test_zero_confidence_is_missing(tmp_path: Path) -> None:
    write(tmp_path / "ann/1.json", person(17) + [0.0, 0.0, 0.0])
    found = OpenposeJson(tmp_path, PATHS).lookup("ann/1.jpg")[0]
    assert np.isnan(found[17, :2]).all()
    assert found[17, 2] == 0


def test_most_certain_of_several(tmp_path: Path) -> None:
    write(tmp_path / "ann/1.json", person(18, 0.3), person(18, 0.8), person(18, 0.0))
    found, count = OpenposeJson(tmp_path, PATHS).lookup("ann/1.jpg")
    assert count == 2
    assert found[0, 2] == np.float32(0.8)


def test_flat_names_only_where_they_are_clear(tmp_path: Path) -> None:
    """bob/1 and ann/1 are both called 1: a file 1_keypoints.json belongs to neither."""
    write(tmp_path / "1_keypoints.json", person(18))
    write(tmp_path / "2_keypoints.json", person(18))
    write(tmp_path / "bob_1_keypoints.json", person(18))
    source = OpenposeJson(tmp_path, PATHS)
    source.lookup("ann/2.jpg")
    source.lookup("bob/1.jpg")
    with raises_problem("missing_keypoints", r"^no ann/1_keypoints.json or ann/1.json"):
        source.lookup("ann/1.jpg")


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
        OpenposeJson(tmp_path, PATHS).lookup("ann/1.jpg")


def test_a_large_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "1.json", person(18))
    monkeypatch.setattr("ptx.datasets.keypoint_files.MAX_JSON_BYTES", 10)
    with raises_problem("bad_keypoint_file", "more than 10 bytes"):
        read_pose(tmp_path / "1.json")


def test_a_single_pose(tmp_path: Path) -> None:
    write(tmp_path / "pose.json", person(18, 0.3), person(25, 0.8))
    assert read_pose(tmp_path / "pose.json")[KEYPOINTS.index("left_hip"), 0] == 10 * BODY_25.index("left_hip")
    with raises_problem("missing_keypoints", "^none.json is not there"):
        read_pose(tmp_path / "none.json")


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(PtxError, match="is no folder"):
        OpenposeJson(tmp_path / "none", PATHS)


def csv(tmp_path: Path, text: str) -> KeypointCsv:
    (tmp_path / "k.csv").write_text(text)
    return KeypointCsv(tmp_path / "k.csv", PATHS)


LIST = json.dumps(list(range(17)) + [-1])


def test_table(tmp_path: Path) -> None:
    other = json.dumps([3 * k for k in range(17)] + [-1])
    found, _ = csv(tmp_path, f"name:keypoints_y:keypoints_x\nann/1.jpg: {LIST}: {other}\n").lookup("ann/1.jpg")
    assert found[:17, 1].tolist() == list(range(17))
    assert found[:17, 0].tolist() == [3 * k for k in range(17)]
    assert found[17, 2] == 0


def test_table_with_the_commas_of_a_spreadsheet(tmp_path: Path) -> None:
    """Some copies of the field's tables were saved by one: the header ends in commas, lists end without a space before."""
    numbers = "[" + ",".join(map(str, range(17))) + ", -1]"
    source = csv(tmp_path, f"name:keypoints_y:keypoints_x,,,,\nann/1.jpg:{numbers}:{numbers}\n")
    assert source.names == ["ann/1.jpg"]
    assert source.lookup("ann/1.jpg")[0][:17, 0].tolist() == list(range(17))


def test_table_by_file_name_where_clear(tmp_path: Path) -> None:
    source = csv(tmp_path, f"2.jpg: {LIST}: {LIST}\n1.jpg: {LIST}: {LIST}\n")
    source.lookup("ann/2.jpg")
    with raises_problem("missing_keypoints", "^k.csv has no line for ann/1.jpg"):
        source.lookup("ann/1.jpg")


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (f"ann/1.jpg: {LIST}: [1, 2]\n", "^k.csv:1: lists of 18 and 2 numbers"),
        (f"ann/1.jpg: {LIST}: what\n", "^k.csv:1: "),
        (f'ann/1.jpg: {LIST}: ["a"]\n', "^k.csv:1: "),
    ],
)
def test_bad_lines_of_tables(tmp_path: Path, text: str, match: str) -> None:
    with raises_problem("bad_keypoint_file", match):
        csv(tmp_path, text).lookup("ann/1.jpg")


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (f"ann/1.jpg: {LIST}\n", "k.csv:1: expected name"),
        (f"ann/1.jpg: {LIST}: {LIST}\nann/1.jpg: {LIST}: {LIST}\n", "k.csv:2: ann/1.jpg was given before, in line 1"),
    ],
)
def test_bad_tables(tmp_path: Path, text: str, match: str) -> None:
    with pytest.raises(PtxError, match=match):
        csv(tmp_path, text).lookup("ann/1.jpg")


def test_tables_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(PtxError, match="is not there"):
        _ = KeypointCsv(tmp_path / "none.csv", PATHS).names
    (tmp_path / "latin.csv").write_bytes(b"ann/\xe9.jpg: []: []\n")
    with pytest.raises(PtxError, match="cannot be read"):
        _ = KeypointCsv(tmp_path / "latin.csv", PATHS).names


def test_3d_pose(tmp_path: Path) -> None:
    rows = [[0.1 * k, 0.2, 0.3, 1.5] for k in range(18)]
    rows[4] = [9.0, 9.0, 9.0, 0.0]
    file = tmp_path / "pose.json"
    file.write_text(json.dumps(rows).replace("1.5", "null", 1))
    points = read_pose3d(file)
    assert points[1].tolist() == [np.float32(0.1), np.float32(0.2), np.float32(0.3), 1]
    for missing in (0, 4):
        assert np.isnan(points[missing, :3]).all()
        assert points[missing, 3] == 0
    file.write_text("[[1, 2, 3, 1]]")
    with raises_problem("bad_keypoint_file", r"^pose.json: \[1, 4\] numbers, expected 18 of 4"):
        read_pose3d(file)
    file.write_text("[[1, 2], 3]")
    with raises_problem("bad_keypoint_file", "^pose.json: "):
        read_pose3d(file)
    with raises_problem("missing_file", "is not there"):
        read_pose3d(tmp_path / "none.json")


def test_missing_points() -> None:
    points = np.array([(1, 2, 3), (1, 2, 0), (1, 2, -1), (np.nan, 2, 1), (1, np.inf, 1), (1, 2, np.nan)], np.float32)
    marked = missing_as_nan(points)
    assert marked[0].tolist() == [1, 2, 1]
    assert np.isnan(marked[1:, :2]).all()
    assert (marked[1:, 2] == 0).all()
    assert points[0, 2] == 3


def test_outside_is_missing() -> None:
    points = np.ones((18, 3), np.float32)
    points[:4, :2] = [(-0.6, 0), (10, 3), (3, 20), (np.nan, 0)]
    out = mask_outside(points, (20, 10))
    assert (out[:4, 2] == 0).all()
    assert np.isnan(out[:4, :2]).all()
    assert (out[4:] == 1).all()
