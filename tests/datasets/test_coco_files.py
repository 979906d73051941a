"""COCO's keypoints, and AlphaPose's: all the layouts that are met; what cannot be read spoils its own picture only."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ptx.datasets.coco_files import CocoJson
from ptx.geometry.joints import keypoint
from ptx.pipeline.errors import PtxError
from ptx.pipeline.fingerprint import Json
from tests.datasets.problems import raises_problem

PATHS = ["ann/1.jpg", "ann/2.jpg", "bob/000000397133.jpg"]
IMAGES: list[dict[str, Json]] = [{"id": 7, "file_name": "ann/1.jpg"}, {"id": 8, "file_name": "ann/2.jpg"}]
LEFT_EYE = keypoint("left_eye")


def person(scale: float = 1.0, confidence: float = 2, count: int = 17) -> list[float]:
    """Joint k lies at (10 k + 10, 5 k + 5) times a scale; COCO's left eye is its second."""
    return [v for k in range(1, count + 1) for v in (10.0 * k * scale, 5.0 * k * scale, confidence)]


def coco(tmp_path: Path, document: Json, paths: list[str] | None = None) -> CocoJson:
    (tmp_path / "k.json").write_text(json.dumps(document))
    return CocoJson(tmp_path / "k.json", paths or PATHS)


def annotated(tmp_path: Path, *annotations: dict[str, Json], categories: Json = None, images: Json = None) -> CocoJson:
    return coco(tmp_path, {"images": images or IMAGES, "annotations": annotations, "categories": categories or []})


def test_annotations(tmp_path: Path) -> None:
    hidden = person()
    hidden[2] = 1
    hidden[5] = 0
    source = annotated(
        tmp_path,
        {"image_id": 7, "category_id": 1, "keypoints": hidden},
        {"image_id": 7, "category_id": 1, "keypoints": [0.0] * 51},
        {"image_id": 7, "category_id": 3, "bbox": [1, 2, 3, 4]},
        {"image_id": 8, "category_id": 1, "keypoints": person(2)},
        images=[IMAGES[0], {"id": 8, "file_name": "000000397133.jpg"}],
    )
    (found,) = source.people("ann/1.jpg")
    assert found.keypoints[keypoint("nose"), 2] == 1
    assert found.keypoints[LEFT_EYE, 2] == 0
    assert source.people(PATHS[2])[0].keypoints[LEFT_EYE, 0] == 40
    with raises_problem("missing_keypoints", r"k.json has no person for ann/2\.jpg"):
        source.people("ann/2.jpg")


def test_results(tmp_path: Path) -> None:
    source = coco(
        tmp_path,
        [
            {"image_id": 397133, "keypoints": person(1, 0.3), "score": 0.2},
            {"image_id": 397133, "keypoints": person(3, 0.9), "score": 0.8},
            {"image_name": "photos/ann/1.jpg", "keypoints": np.reshape(person(2, 0.7), (17, 3)).tolist()},
        ],
    )
    found = source.people(PATHS[2])
    assert [(one.keypoints[LEFT_EYE, 0], one.keypoints[0, 2]) for one in found] == [
        (20, np.float32(0.3)),
        (60, np.float32(0.9)),
    ]
    assert source.people("ann/1.jpg")[0].keypoints[LEFT_EYE, 0] == 40


def test_area_and_box_are_known_where_they_are_given(tmp_path: Path) -> None:
    source = annotated(
        tmp_path,
        {"image_id": 7, "keypoints": person(), "area": 90.5, "bbox": [4, 4, 30, 40]},
        {"image_id": 7, "keypoints": person(), "area": 0, "bbox": [0, 0, 0, 0]},
        {"image_id": 7, "keypoints": person(), "area": None, "bbox": []},
        {"image_id": 7, "keypoints": person(), "area": 10**400, "bbox": ["a", "b"]},
        {"image_id": 7, "keypoints": person(), "area": [7], "bbox": {"x": 1}},
    )
    measured = [(one.area, one.box) for one in source.people("ann/1.jpg")]
    assert measured == [(90.5, 50), (0, 0), (0, 0), (0, 0), (0, 0)]
    alphapose = coco(tmp_path, [{"image_id": "1.jpg", "keypoints": person(), "box": [4, 4, 6, 8], "score": 2.1}])
    assert alphapose.people("ann/1.jpg")[0].box == 10


def test_who_has_no_keypoints_or_is_no_person_is_left_out(tmp_path: Path) -> None:
    """Nobody is lost by an annotation without keypoints, by a crowd, or by a dog of 20 points."""
    categories: list[Json] = [{"id": 1, "name": "Person"}, {"id": 2, "name": "dog"}]
    source = annotated(
        tmp_path,
        {"id": 101, "image_id": 7, "category_id": 1, "keypoints": []},
        {"id": 102, "image_id": 7, "category_id": 1, "iscrowd": 1, "keypoints": person(9)},
        {"id": 103, "image_id": 7, "category_id": 2, "keypoints": person(count=20)},
        {"id": 104, "image_id": 7, "category_id": 1, "keypoints": person()},
        {"id": 105, "image_id": 8, "category_id": 2, "keypoints": person()},
        categories=categories,
    )
    (found,) = source.people("ann/1.jpg")
    assert found.keypoints[LEFT_EYE, 0] == 20
    with raises_problem("missing_keypoints"):
        source.people("ann/2.jpg")


def test_one_category_of_another_name_is_of_people(tmp_path: Path) -> None:
    source = annotated(
        tmp_path, {"image_id": 7, "category_id": 0, "keypoints": person()}, categories=[{"id": 0, "name": "dancer"}]
    )
    assert source.people("ann/1.jpg")


def test_a_person_that_cannot_be_read_spoils_their_picture_only(tmp_path: Path) -> None:
    source = annotated(
        tmp_path,
        {"id": 101, "image_id": 7, "keypoints": person(count=5)},
        {"id": 102, "image_id": 7, "keypoints": person()},
        {"id": 103, "image_id": 8, "keypoints": person()},
    )
    with raises_problem("bad_keypoint_file", r"^k\.json: annotation 101: 5 points a person"):
        source.people("ann/1.jpg")
    assert len(source.people("ann/2.jpg")) == 1
    results = coco(
        tmp_path, [{"image_id": "ann/1.jpg", "keypoints": "no"}, {"image_id": "ann/2.jpg", "keypoints": person()}]
    )
    with raises_problem("bad_keypoint_file", r"^k\.json: result 0: "):
        results.people("ann/1.jpg")
    assert results.people("ann/2.jpg")


@pytest.mark.parametrize("count", [17, 26, 133, 136])
def test_layouts_that_begin_with_cocos_joints(tmp_path: Path, count: int) -> None:
    (found,) = coco(tmp_path, [{"image_id": "ann/1.jpg", "keypoints": person(count=count)}]).people("ann/1.jpg")
    assert found.count == 18
    assert found.keypoints[keypoint("right_ankle")].tolist() == [170, 85, 1]
    assert found.keypoints[keypoint("neck"), 0] == (60 + 70) / 2  # COCO's shoulders are its 6th and 7th


def test_joints_are_known_by_their_names_where_these_are_given(tmp_path: Path) -> None:
    """CrowdPose's 14, in its order, which ends in the top of the head and the neck."""
    names = [
        f"{side}_{joint}"
        for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
        for side in ("left", "right")
    ]
    source = annotated(
        tmp_path,
        {"image_id": 7, "category_id": 1, "keypoints": person(count=14)},
        categories=[{"id": 1, "name": "person", "keypoints": [*names, "top_head", "neck"]}],
    )
    found = source.people("ann/1.jpg")[0].keypoints
    for row, name in enumerate(names):
        assert found[keypoint(name), 0] == 10 * row + 10
    assert np.isnan(found[keypoint("nose"), 0])


def test_pictures_are_known_by_the_end_of_their_path(tmp_path: Path) -> None:
    images: list[Json] = [
        {"id": 1, "file_name": "train2017/000000397133.jpg"},
        {"id": "2", "file_name": "C:\\photos\\ann\\1.jpg"},
        {"id": 3, "file_name": "photos/2.jpg"},
    ]
    annotations = [{"image_id": number, "keypoints": person(scale)} for number, scale in (("1", 1), (2, 2), (3, 3))]
    source = coco(tmp_path, {"images": images, "annotations": annotations})
    assert [source.people(path)[0].keypoints[LEFT_EYE, 0] for path in PATHS] == [40, 60, 20]


def test_ambiguous_names_are_refused(tmp_path: Path) -> None:
    """Row by row: two pictures that a number may mean, and a picture that two names may mean."""
    paths = ["a/1.jpg", "b/1.jpg", "c/3.jpg"]
    results = coco(tmp_path, [{"image_id": n, "keypoints": person(n)} for n in (1, 3)], paths)
    for path in paths[:2]:
        with raises_problem("ambiguous_keypoints", r"^k\.json: 1 may be a/1\.jpg or b/1\.jpg"):
            results.people(path)
    assert results.people("c/3.jpg")[0].keypoints[LEFT_EYE, 0] == 60
    images: list[Json] = [{"id": 1, "file_name": "train/3.jpg"}, {"id": 2, "file_name": "val/3.jpg"}]
    two = coco(tmp_path, {"images": images, "annotations": [{"image_id": 2, "keypoints": person()}]}, paths)
    with raises_problem("ambiguous_keypoints", r"c/3\.jpg may be train/3\.jpg or val/3\.jpg"):
        two.people("c/3.jpg")


def test_the_size_of_the_annotated_picture(tmp_path: Path) -> None:
    source = annotated(
        tmp_path,
        {"image_id": 7, "keypoints": person()},
        {"image_id": 8, "keypoints": person()},
        images=[{**IMAGES[0], "height": 480, "width": 640}, {**IMAGES[1], "height": 0, "width": None}],
    )
    assert source.people("ann/1.jpg")[0].size == (480, 640)
    assert source.people("ann/2.jpg")[0].size is None


def test_points_at_the_origin_are_missing(tmp_path: Path) -> None:
    """OpenPose's --write_coco_json gives points that it did not find a confidence of 1."""
    points = person()
    points[15:18] = [0, 0, 1]
    found = coco(tmp_path, [{"image_id": "ann/1.jpg", "keypoints": points}]).people("ann/1.jpg")[0].keypoints
    assert found[keypoint("left_shoulder"), 2] == 0
    assert np.isnan(found[keypoint("neck"), 0])


def test_mistakes(tmp_path: Path) -> None:
    with pytest.raises(PtxError, match="is not there"):
        CocoJson(tmp_path / "none.json", PATHS).people("ann/1.jpg")
    with pytest.raises(PtxError, match="is no COCO keypoint file: no 'annotations'"):
        coco(tmp_path, {"images": []}).people("ann/1.jpg")
    with pytest.raises(PtxError, match="none of its results has 'keypoints'"):
        coco(tmp_path, [{"image_id": 1, "bbox": [1, 2, 3, 4], "score": 0.5}]).people("ann/1.jpg")
    strange = {"image_id": 7, "keypoints": person(), "ptx": {"neck": [1], "confidence": []}}
    with raises_problem("bad_keypoint_file", "'ptx' is not as it was exported"):
        annotated(tmp_path, strange).people("ann/1.jpg")


def test_annotations_of_other_images_are_left_out(tmp_path: Path) -> None:
    """Files are often cut down to some images; a file of which no annotation has an image is none."""
    here, elsewhere = ({"image_id": number, "keypoints": person()} for number in (7, 3))
    assert annotated(tmp_path, elsewhere, here).people("ann/1.jpg")
    with pytest.raises(PtxError, match="no image with the id 3, nor one of any other"):
        annotated(tmp_path, elsewhere).people("ann/1.jpg")


@pytest.mark.parametrize(
    ("document", "match"),
    [
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
        CocoJson(tmp_path / "bad.json", PATHS).people("ann/1.jpg")
