"""The field's tables of keypoints, and 3D keypoints of one person, good and bad."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ptx.datasets.keypoint_files import KeypointCsv, read_pose3d
from ptx.geometry.keypoints import mask_outside, missing_as_nan
from ptx.pipeline.errors import PtxError
from tests.datasets.problems import raises_problem

PATHS = ["ann/1.jpg", "ann/2.jpg", "bob/1.jpg"]


def csv(tmp_path: Path, text: str) -> KeypointCsv:
    (tmp_path / "k.csv").write_text(text)
    return KeypointCsv(tmp_path / "k.csv", PATHS)


LIST = json.dumps(list(range(17)) + [-1])


def test_table(tmp_path: Path) -> None:
    other = json.dumps([3 * k for k in range(17)] + [-1])
    text = f"name:keypoints_y:keypoints_x\nann/1.jpg: {LIST}: {other}\n"
    found = csv(tmp_path, text).people("ann/1.jpg")[0].keypoints
    assert found[:17, 1].tolist() == list(range(17))
    assert found[:17, 0].tolist() == [3 * k for k in range(17)]
    assert found[17, 2] == 0


def test_table_with_the_commas_of_a_spreadsheet(tmp_path: Path) -> None:
    """Some copies of the field's tables were saved by one: the header ends in commas, lists end without a space before."""
    numbers = "[" + ",".join(map(str, range(17))) + ", -1]"
    source = csv(tmp_path, f"name:keypoints_y:keypoints_x,,,,\nann/1.jpg:{numbers}:{numbers}\n")
    assert source.names == ["ann/1.jpg"]
    assert source.people("ann/1.jpg")[0].keypoints[:17, 0].tolist() == list(range(17))


def test_table_by_file_name_where_clear(tmp_path: Path) -> None:
    source = csv(tmp_path, f"2.jpg: {LIST}: {LIST}\n1.jpg: {LIST}: {LIST}\n")
    source.people("ann/2.jpg")
    with raises_problem("ambiguous_keypoints", r"^k\.csv: 1\.jpg may be ann/1\.jpg or bob/1\.jpg"):
        source.people("ann/1.jpg")
    with raises_problem("missing_keypoints", r"^k\.csv has no line for ann/1\.jpg"):
        csv(tmp_path, f"2.jpg: {LIST}: {LIST}\n").people("ann/1.jpg")
    assert csv(tmp_path, f"photos\\bob\\1.jpg: {LIST}: {LIST}\n").people("bob/1.jpg")


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
        csv(tmp_path, text).people("ann/1.jpg")


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (f"ann/1.jpg: {LIST}\n", "k.csv:1: expected name"),
        (f"ann/1.jpg: {LIST}: {LIST}\nann/1.jpg: {LIST}: {LIST}\n", "k.csv:2: ann/1.jpg was given before, in line 1"),
    ],
)
def test_bad_tables(tmp_path: Path, text: str, match: str) -> None:
    with pytest.raises(PtxError, match=match):
        csv(tmp_path, text).people("ann/1.jpg")


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
    for unit, words in ((1000, "the person is 1600 large: x, y and z are metres"), (0.001, "0.0016 large")):
        file.write_text(json.dumps([[0.1 * k * unit, 0, 0, 1] for k in range(17)] + [[0, 0, 0, 0]]))
        with raises_problem("bad_keypoint_file", f"^pose.json: .*{words}"):
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
