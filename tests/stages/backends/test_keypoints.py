"""Keypoints of files through the stages: one person of several everywhere the same, copies of other sizes, the way out and back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import numpy as np
import pytest
from PIL import Image as Pillow

from ptx.datasets.data_set import WorkingImage
from ptx.datasets.images import Image
from ptx.datasets.people.options import PeopleOptions
from ptx.datasets.people.people import People
from ptx.datasets.persons import Several
from ptx.detector.keypoints import Detection
from ptx.pipeline.events import Silent
from ptx.pipeline.fingerprint import Json
from ptx.project import Project
from ptx.samples.export import Pixels, export_images, export_keypoints
from ptx.samples.reader import SampleReader
from ptx.stages.backends.keypoints import DetectedKeypoints
from tests.datasets.problems import raises_problem
from tests.detector.test_pose import pose
from tests.projects import make_project, problems, read, run

PEOPLE = People(PeopleOptions(2, 2, seed=5, size=(300, 200), body="small", half_body=0))
NAMES = [f"{name[:6]}/{name[7:]}" for name in PEOPLE.ids]
HEIGHT, WIDTH = 300, 200


def truth(index: int) -> np.ndarray:
    """(18, 3) keypoints in px of the photograph, missing ones 0."""
    return np.nan_to_num(PEOPLE.truth(index).keypoints)


def entry(points: np.ndarray) -> dict[str, Json]:
    """A person as OpenPose writes them."""
    return {"pose_keypoints_2d": points.ravel().tolist()}


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Four photographs, and OpenPose's files: behind the person of the first one somebody is small, of whom OpenPose is surer."""
    for index, name in enumerate(NAMES):
        for kind, ending in (("photos", ".png"), ("openpose", "_keypoints.json")):
            (tmp_path / kind / f"{name}{ending}").parent.mkdir(parents=True, exist_ok=True)
        Pillow.fromarray(PEOPLE.render(index)).save(tmp_path / "photos" / f"{name}.png")
        people = [entry(truth(index) * (1, 1, 0.5))]
        if index == 0:
            people.insert(0, entry(truth(index) * (0.1, 0.1, 0.9)))
        (tmp_path / "openpose" / f"{name}_keypoints.json").write_text(json.dumps({"people": people}))
    return tmp_path


def project(photos: Path, *overrides: str, workspace: str = "w") -> Project:
    base = ["data.kind=folder", f"data.root={photos / 'photos'}", "size=[96, 96]"]
    files = ["extract_keypoints.backend=openpose-json", f"extract_keypoints.path={photos / 'openpose'}"]
    return make_project(photos / workspace, *base, *files, *overrides)


def in_photograph(chosen: Project, index: int) -> np.ndarray:
    """(18, 2) stored keypoints mapped back to the photograph."""
    transform = read(chosen, "ingest", "transform", np.float64)[index]
    keypoints = read(chosen, "extract-keypoints", "keypoints", np.float64)[index]
    return np.asarray((keypoints[:, :2] - transform[:, 2]) / np.diag(transform[:, :2]))


@dataclass(frozen=True)
class KnowsTwo:
    """A detector that finds the person of the first photograph, and before them somebody of a tenth of the size, of whom it is surer."""

    def detect_prominent(self, image: Image) -> list[Detection]:
        return [
            Detection(
                (truth(0) * scale).astype(np.float32),
                np.zeros((18, 4), np.float32),
                np.zeros((33, 4), np.float32),
                pose(),
            )
            for scale in ((0.1, 0.1, 0.9), (1, 1, 0.5))
        ]


def test_people_whom_a_detector_finds_are_chosen_by_the_same_rules() -> None:
    picture = WorkingImage(np.zeros((HEIGHT, WIDTH, 3), np.uint8), np.eye(2, 3, dtype=np.float32), (HEIGHT, WIDTH))
    seen = truth(0)[:, 2] > 0
    rules: dict[Several, float] = {"largest": 1.0, "surest": 0.1}
    for several, scale in rules.items():
        found = DetectedKeypoints(KnowsTwo(), several).find(0, picture).flat
        np.testing.assert_allclose(found[seen, :2], truth(0)[seen, :2] * scale, rtol=1e-5)
    with raises_problem("several_persons", "^2 persons in the picture"):
        DetectedKeypoints(KnowsTwo(), "quarantine").find(0, picture)


@pytest.mark.parametrize("crop", ["picture", "person"])
@pytest.mark.parametrize(("several", "scale"), [("largest", 1.0), ("surest", 0.1)])
def test_the_person_who_is_cut_out_is_the_one_whose_keypoints_are_taken(
    photos: Path, several: Several, scale: float, crop: str
) -> None:
    chosen = project(photos, f"extract_keypoints.several={several}", f"ingest.crop={crop}")
    run(chosen, "ingest", "extract-keypoints")
    seen = truth(0)[:, 2] > 0
    np.testing.assert_allclose(in_photograph(chosen, 0)[seen], truth(0)[seen, :2] * scale, atol=0.02)
    np.testing.assert_allclose(
        in_photograph(chosen, 1)[truth(1)[:, 2] > 0], truth(1)[truth(1)[:, 2] > 0, :2], atol=0.02
    )


@pytest.mark.parametrize(("crop", "stage"), [("picture", "extract-keypoints"), ("person", "ingest")])
def test_pictures_of_several_are_quarantined(photos: Path, crop: str, stage: str) -> None:
    chosen = project(photos, "extract_keypoints.several=quarantine", f"ingest.crop={crop}")
    run(chosen, "ingest", "extract-keypoints")
    assert problems(chosen, stage) == {0: "several_persons: 2 persons in the picture"}


@pytest.mark.slow
def test_another_choice_is_another_crop(photos: Path) -> None:
    run(project(photos, "ingest.crop=person"))
    states = {
        step.name: (step.status().condition, step.status().reasons)
        for step in project(photos, "ingest.crop=person", "extract_keypoints.several=surest").stages
    }
    assert states["ingest"][0] == "stale"
    assert list(states["ingest"][1]) == ['person was "largest by size", now "surest by confidence"']
    whole = project(photos, workspace="whole")
    run(whole, "ingest", "extract-keypoints")
    other = project(photos, "extract_keypoints.several=surest", workspace="whole")
    assert [other.step(name).status().condition for name in ("ingest", "extract-keypoints")] == ["done", "stale"]


@pytest.mark.slow
def test_keypoints_of_resized_copies(photos: Path) -> None:
    """A COCO file made of copies of half the size says so; one whose picture was turned by EXIF is refused by itself."""
    images: list[Json] = []
    annotations: list[Json] = []
    for index, name in enumerate(NAMES):
        size = {"width": HEIGHT, "height": WIDTH} if index == 3 else {"width": WIDTH // 2, "height": HEIGHT // 2}
        images.append({"id": index, "file_name": f"{name}.png", **size})
        points = truth(index)[[0, 15, 14, 17, 16, 5, 2, 6, 3, 7, 4, 11, 8, 12, 9, 13, 10]]  # COCO's order, by hand
        points[:, :2] = (points[:, :2] + 0.5) / 2 - 0.5
        annotations.append({"id": index, "image_id": index, "category_id": 1, "keypoints": points.ravel().tolist()})
    (photos / "coco.json").write_text(json.dumps({"images": images, "annotations": annotations}))
    chosen = project(photos, "extract_keypoints.backend=coco-json", f"extract_keypoints.path={photos / 'coco.json'}")
    run(chosen, "ingest", "extract-keypoints")
    seen = truth(0)[:, 2] > 0
    np.testing.assert_allclose(in_photograph(chosen, 0)[seen], truth(0)[seen, :2], atol=0.02)
    assert list(problems(chosen, "extract-keypoints")) == [3]
    assert "other_size: the keypoints are of a picture of 300×200, this is 200×300: turned" in str(
        problems(chosen, "extract-keypoints")[3]
    )


class Exported(TypedDict):
    """What is looked at of an exported file."""

    info: dict[str, str]
    images: list[dict[str, str | int]]


def export(chosen: Project, file: Path, pixels: Pixels = "original") -> Exported:
    export_keypoints(SampleReader(chosen.pipeline), file, Silent(), pixels)
    written: Exported = json.loads(file.read_text())
    return written


@pytest.mark.slow
@pytest.mark.parametrize("crop", ["picture", "person"])
def test_the_way_out_and_back(photos: Path, crop: str) -> None:
    """Exported and read again for the same photographs: the same keypoints, neck and confidences among them."""
    chosen = project(photos, f"ingest.crop={crop}")
    run(chosen, "ingest", "extract-keypoints")
    written = export(chosen, photos / "keypoints.json")
    assert written["info"] == {
        "description": "keypoints by ptx, x and y in px of the original pictures",
        "pixels": "original",
    }
    assert [image["file_name"] for image in written["images"]] == [f"{name}.png" for name in NAMES]
    assert {(image["height"], image["width"]) for image in written["images"]} == {(HEIGHT, WIDTH)}
    again = project(
        photos, "extract_keypoints.backend=coco-json", f"extract_keypoints.path={photos / 'keypoints.json'}",
        f"ingest.crop={crop}", workspace="again",
    )  # fmt: skip
    run(again, "ingest", "extract-keypoints")
    before, after = (read(one, "extract-keypoints", "keypoints") for one in (chosen, again))
    np.testing.assert_allclose(after, before, atol=0.01)
    assert np.isfinite(before).any()
    np.testing.assert_array_equal(read(again, "ingest", "image"), read(chosen, "ingest", "image"))


@pytest.mark.slow
def test_exports_in_working_pixels_belong_to_the_working_pictures(photos: Path) -> None:
    """They fit the exported pictures, and are refused for the photographs: of their shape, but another part of the scene."""
    size = "size=[96, 64]"
    chosen = project(photos, "ingest.crop=person", size)
    run(chosen, "ingest", "extract-keypoints")
    written = export(chosen, photos / "working.json", "working")
    assert written["info"]["pixels"] == "working"
    export_images(SampleReader(chosen.pipeline), photos / "png", Silent())
    coco = ("extract_keypoints.backend=coco-json", f"extract_keypoints.path={photos / 'working.json'}")
    again = project(photos, *coco, f"data.root={photos / 'png'}", size, workspace="again")
    run(again, "ingest", "extract-keypoints")
    before, after = (read(one, "extract-keypoints", "keypoints") for one in (chosen, again))
    np.testing.assert_allclose(after, before, atol=0.01)
    wrong = project(photos, *coco, size, workspace="wrong")
    run(wrong, "ingest", "extract-keypoints")
    assert {text.split(":")[0] for text in problems(wrong, "extract-keypoints").values()} == {"other_size"}
    assert len(problems(wrong, "extract-keypoints")) == len(NAMES)
