"""MMPose's predictions in the forms that its versions write, and damaged ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ptx.datasets.mmpose_files import MmposeJson
from ptx.geometry.joints import keypoint
from ptx.pipeline.errors import PtxError
from ptx.pipeline.fingerprint import Json
from tests.datasets.problems import raises_problem

Person = dict[str, Json]

PATHS = ["ann/1.jpg", "ann/2.jpg"]


def points(count: int = 17) -> list[Json]:
    """Joint k lies at (10 k + 10, 5 k + 5)."""
    return [[10.0 * k, 5.0 * k] for k in range(1, count + 1)]


def person(count: int = 17) -> Person:
    return {"keypoints": points(count), "keypoint_scores": [0.8] * count, "bbox": [[0, 0, 9, 9]], "bbox_score": 0.9}


def read(tmp_path: Path, document: Json) -> np.ndarray:
    """Keypoints of the one person of ann/1.jpg."""
    (tmp_path / "ann_1.json").write_text(json.dumps(document))
    (found,) = MmposeJson(tmp_path, PATHS).people("ann/1.jpg")
    return found.keypoints


@pytest.mark.parametrize(
    "wrap",
    [
        lambda p: p,
        lambda p: [p],
        lambda p: [[p]],
        lambda p: {"instance_info": [p]},
        lambda p: [{"instances": [p]}],
        lambda p: {"predictions": [[p]], "visualization": []},
        lambda p: {"predictions": [{"pred_instances": p}]},
    ],
)
def test_wrappings(tmp_path: Path, wrap: Callable[[Person], Json]) -> None:
    found = read(tmp_path, wrap(person()))
    assert found[keypoint("right_ankle")].tolist() == [170, 85, np.float32(0.8)]


def test_version_0_writes_scores_as_third_numbers(tmp_path: Path) -> None:
    old: Person = {"bbox": [1.0, 2.0, 3.0, 4.0, 0.9], "keypoints": [[10.0 * k, 5.0 * k, 0.7] for k in range(1, 18)]}
    assert read(tmp_path, [old])[keypoint("right_ankle")].tolist() == [170, 85, np.float32(0.7)]


def test_arrays_of_several_persons(tmp_path: Path) -> None:
    both: Person = {"keypoints": [points(), points()], "keypoint_scores": [[0.8] * 17, [0.3] * 17]}
    (tmp_path / "ann_1.json").write_text(json.dumps({"predictions": [both]}))
    found = MmposeJson(tmp_path, PATHS).people("ann/1.jpg")
    assert [one.keypoints[0, 2] for one in found] == [np.float32(0.8), np.float32(0.3)]


@pytest.mark.parametrize("count", [26, 133])
def test_more_points(tmp_path: Path, count: int) -> None:
    found = read(tmp_path, [person(count)])
    assert found[keypoint("right_ankle"), 0] == 170
    assert found[keypoint("neck"), 0] == 65


def test_17_points_of_another_layout_are_known_by_their_names(tmp_path: Path) -> None:
    """Human3.6M's joints, as MMPose's h36m.py names them: as COCO's, the right hip would be the left eye."""
    names = (
        "root", "right_hip", "right_knee", "right_foot", "left_hip", "left_knee", "left_foot", "spine", "thorax", "neck_base",
        "head", "left_shoulder", "left_elbow", "left_wrist", "right_shoulder", "right_elbow", "right_wrist",
    )  # fmt: skip
    info = {"dataset_name": "h36m", "keypoint_id2name": {str(k): name for k, name in enumerate(names)}}
    found = read(tmp_path, {"meta_info": info, "instance_info": [person()]})
    assert found[keypoint("right_hip"), 0] == 20
    assert found[keypoint("right_wrist"), 0] == 170
    assert found[keypoint("neck"), 0] == (120 + 150) / 2
    assert found[[keypoint("left_eye"), keypoint("right_ankle")], 2].tolist() == [0, 0]


def test_nobody(tmp_path: Path) -> None:
    for empty in ([], {"instance_info": []}, [{"instances": []}], [{"keypoints": [], "keypoint_scores": []}]):
        with raises_problem("no_person", r"MMPose found nobody in ann_1\.json"):
            read(tmp_path, empty)
    with raises_problem("missing_keypoints", r"^no ann/2\.json"):
        MmposeJson(tmp_path, PATHS).people("ann/2.jpg")
    with pytest.raises(PtxError, match="is no folder"):
        MmposeJson(tmp_path / "none", PATHS)


@pytest.mark.parametrize(
    ("document", "match"),
    [
        ('[{"keypoints": [[1, 2]], "keypoint_scores": [1, 1]}]', r"keypoints \[1, 2\] with keypoint_scores \[2\]"),
        ('[{"keypoints": [[1, 2]], "keypoint_scores": [1]}]', "1 points a person"),
        ('[{"keypoints": 7, "keypoint_scores": [1]}]', "keypoints"),
        ('[{"keypoints": [[1, 2], [3, 4]]}]', "no 'keypoint_scores'"),
        ('[{"bbox": []}]', "no 'keypoints'"),
        ('{"else": []}', "no 'predictions'"),
        ("[[[[[[[[]]]]]]]]", "lists of lists"),
        ("[" * 900 + "]" * 900, "lists of lists"),
    ],
)
def test_damaged_predictions(tmp_path: Path, document: str, match: str) -> None:
    (tmp_path / "ann_1.json").write_text(document)
    with raises_problem("bad_keypoint_file", f"^ann_1.json: .*{match}"):
        MmposeJson(tmp_path, PATHS).people("ann/1.jpg")
