"""COCO's and MMPose's keypoints: joints by name, all the layouts that are met, and mistakes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ptx.datasets.coco_files import COCO_17, CocoJson, MmposeJson, from_coco
from ptx.geometry.joints import KEYPOINTS, keypoint
from ptx.pipeline.errors import PtxError
from ptx.pipeline.fingerprint import Json
from tests.datasets.problems import raises_problem

Person = dict[str, list[list[float]] | list[float]]

PATHS = ["ann/1.jpg", "ann/2.jpg", "bob/000000397133.jpg"]


def person(scale: float = 1.0, confidence: float = 2) -> list[float]:
    """Joint k of COCO's lies at (10 k, 5 k) times a scale."""
    return [v for k in range(17) for v in (10.0 * k * scale, 5.0 * k * scale, confidence)]


def test_joints_by_name() -> None:
    found = from_coco(np.array(person(confidence=0.5), np.float32).reshape(17, 3))
    for k, name in enumerate(KEYPOINTS):
        if name != "neck":
            assert found[k, 0] == 10 * COCO_17.index(name)
    shoulders = [found[keypoint(f"{side}_shoulder"), 0] for side in ("left", "right")]
    assert found[keypoint("neck"), 0] == np.mean(shoulders)
    half = np.array(person(), np.float32).reshape(17, 3)
    half[COCO_17.index("left_shoulder"), 2] = 0
    assert np.isnan(from_coco(half)[keypoint("neck"), 0])


def test_annotations(tmp_path: Path) -> None:
    file = tmp_path / "person_keypoints.json"
    images = [{"id": 7, "file_name": "ann/1.jpg"}, {"id": 8, "file_name": "000000397133.jpg"}]
    hidden = person()
    hidden[2] = 1
    hidden[5] = 0
    annotations = [
        {"image_id": 7, "category_id": 1, "keypoints": hidden},
        {"image_id": 7, "category_id": 1, "keypoints": [0.0] * 51},
        {"image_id": 7, "category_id": 3, "bbox": [1, 2, 3, 4]},
        {"image_id": 8, "category_id": 1, "keypoints": person(2)},
    ]
    file.write_text(json.dumps({"images": images, "annotations": annotations}))
    source = CocoJson(file, PATHS)
    found, count = source.lookup("ann/1.jpg")
    assert count == 1
    assert found[keypoint("nose"), 2] == 1
    assert found[keypoint("left_eye"), 2] == 0
    assert source.lookup(PATHS[2])[0][keypoint("left_eye"), 0] == 20
    with raises_problem("missing_keypoints", "person_keypoints.json has no person for ann/2.jpg"):
        source.lookup("ann/2.jpg")


def test_results(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    rows = [
        {"image_id": 397133, "keypoints": person(1, 0.3), "score": 0.2},
        {"image_id": 397133, "keypoints": person(3, 0.9), "score": 0.8},
        {"image_id": "ann/1.jpg", "keypoints": person(2, 0.7)},
    ]
    file.write_text(json.dumps(rows))
    source = CocoJson(file, PATHS)
    found, count = source.lookup(PATHS[2])
    assert (count, found[keypoint("left_eye"), 0], found[0, 2]) == (2, 30, np.float32(0.9))
    assert source.lookup("ann/1.jpg")[0][keypoint("left_eye"), 0] == 20


@pytest.mark.parametrize(
    "wrap", [lambda p: [p], lambda p: [[p]], lambda p: {"instance_info": [p]}, lambda p: [{"instances": [p]}]]
)
def test_mmpose(tmp_path: Path, wrap: Callable[[Person], Json]) -> None:
    points = np.array(person(), np.float32).reshape(17, 3)
    one: Person = {"keypoints": points[:, :2].tolist(), "keypoint_scores": [0.8] * 17, "bbox": [[0, 0, 9, 9]]}
    (tmp_path / "ann_1.json").write_text(json.dumps(wrap(one)))
    found, count = MmposeJson(tmp_path, PATHS).lookup("ann/1.jpg")
    assert count == 1
    assert found[keypoint("right_ankle")].tolist() == [160, 80, np.float32(0.8)]


def test_mistakes(tmp_path: Path) -> None:
    with pytest.raises(PtxError, match="is not there"):
        CocoJson(tmp_path / "none.json", PATHS).lookup("ann/1.jpg")
    (tmp_path / "bad.json").write_text('{"images": []}')
    with pytest.raises(PtxError, match="is no COCO keypoint file: no 'annotations'"):
        CocoJson(tmp_path / "bad.json", PATHS).lookup("ann/1.jpg")
    (tmp_path / "bad.json").write_text('[{"image_id": 1, "keypoints": [1, 2, 3]}]')
    with pytest.raises(PtxError, match="1 points a person"):
        CocoJson(tmp_path / "bad.json", PATHS).lookup("ann/1.jpg")
    with pytest.raises(PtxError, match="is no folder"):
        MmposeJson(tmp_path / "none", PATHS)
    (tmp_path / "ann_1.json").write_text("[]")
    with raises_problem("no_person", "MMPose found nobody in ann_1.json"):
        MmposeJson(tmp_path, PATHS).lookup("ann/1.jpg")
    with raises_problem("missing_keypoints", r"^no ann/2\.json"):
        MmposeJson(tmp_path, PATHS).lookup("ann/2.jpg")


@pytest.mark.parametrize(
    ("document", "match"),
    [
        ('{"images": [], "annotations": [{"image_id": 3, "keypoints": []}]}', "0 points a person"),
        (json.dumps({"images": [], "annotations": [{"image_id": 3, "keypoints": person()}]}), "no image with the id 3"),
        ('{"images": [{"id": [1], "file_name": "a"}], "annotations": []}', "an id that is neither"),
        ('{"images": [7], "annotations": []}', "a number instead of an object"),
        ('[{"image_id": null, "keypoints": []}]', "an id that is neither"),
        ('"words"', "a string instead of a list"),
        ("[1", ""),
    ],
)
def test_damaged_annotations(tmp_path: Path, document: str, match: str) -> None:
    (tmp_path / "bad.json").write_text(document)
    with pytest.raises(PtxError, match=f"is no COCO keypoint file: .*{match}"):
        CocoJson(tmp_path / "bad.json", PATHS).lookup("ann/1.jpg")


@pytest.mark.parametrize(
    ("document", "match"),
    [
        ('[{"keypoints": [[1, 2]], "keypoint_scores": [1, 1]}]', r"keypoints \[1, 2\] with keypoint_scores \[2\]"),
        ('[{"keypoints": [[1, 2]], "keypoint_scores": [1]}]', "1 points a person"),
        ('[{"keypoints": 7, "keypoint_scores": [1]}]', "keypoints"),
        ('[{"bbox": []}]', "no 'keypoints'"),
        ('{"else": []}', "no 'predictions'"),
        ("[[[[[[[[]]]]]]]]", "lists of lists"),
        ("[" * 900 + "]" * 900, "lists of lists"),
    ],
)
def test_damaged_predictions(tmp_path: Path, document: str, match: str) -> None:
    (tmp_path / "ann_1.json").write_text(document)
    with raises_problem("bad_keypoint_file", f"^ann_1.json: .*{match}"):
        MmposeJson(tmp_path, PATHS).lookup("ann/1.jpg")
