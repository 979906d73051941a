"""Transfers see people in the frame that the models were trained in: the picture and the transform of the stores, byte for byte."""

from __future__ import annotations

import json
import shutil
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ptx.datasets.images import Box, Frame, Image, box_around, read_image
from ptx.inference.batch import read_transfers, transfer_all
from ptx.inference.model import Model
from ptx.inference.painting import Painting
from ptx.inference.person import PersonReader
from ptx.pipeline.errors import BadSample, PtxError
from ptx.pipeline.events import Silent
from ptx.project import Project
from ptx.training.models import FolderModels
from ptx.training.run import run_training
from ptx.training.trainings import TRAININGS
from tests.inference.detectors import KnownDetection, KnownPerson
from tests.projects import make_project, read, run
from tests.test_old_workspace import ARCHIVE
from tests.training.tiny import NETWORKS

FRAMES: tuple[Frame, ...] = ("picture", "person")


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two persons, two photographs each, 96 × 72, and their keypoints as OpenPose writes them."""
    folder = tmp_path_factory.mktemp("photographs")
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    return folder / "photographs"


@pytest.fixture(scope="module", params=FRAMES)
def project(photographs: Path, request: pytest.FixtureRequest) -> Project:
    """A project of these photographs with a generator, in either frame."""
    made = make_project(
        photographs / f"work-{request.param}", *NETWORKS, "size=[48, 32]", f"data.root={photographs / 'photos'}",
        f"ingest.crop={request.param}", "extract_keypoints.backend=openpose-json", f"extract_keypoints.path={photographs / 'openpose'}",
        "train_generator.flow=projected", "train_generator.steps=2", "train_generator.save_every=2",
    )  # fmt: skip
    run(made)
    run_training(made.context, TRAININGS["train-generator"], Silent())
    return made


@dataclass(frozen=True)
class StoredPictures:
    """A detector that knows the pictures of the stores and no others, and in photographs the persons of OpenPose's files."""

    images: NDArray[np.uint8]
    keypoints: NDArray[np.float32]
    photographs: dict[bytes, NDArray[np.float32]]
    """Pixels of each photograph → keypoints (18, 3) in its px."""

    def find_person(self, image: Image) -> Box:
        """Return the box around the keypoints of the file."""
        return box_around(self.photographs[image.tobytes()], image.shape[:2])

    def detect(self, image: Image) -> KnownDetection:
        """Return the keypoints of the store; raises BadSample for any other picture."""
        same = (self.images == image).all((1, 2, 3)) if image.shape == self.images.shape[1:] else np.zeros(1, bool)
        if not same.any():
            raise BadSample("no_person", "this is no picture of the stores")
        return KnownDetection(self.keypoints[int(np.flatnonzero(same)[0])])


def detector(project: Project, photographs: Path) -> StoredPictures:
    """The detector of a project's pictures."""
    known = {}
    for path in sorted((photographs / "photos").rglob("*.png")):
        pose = photographs / "openpose" / path.parent.name / f"{path.stem}_keypoints.json"
        flat = json.loads(pose.read_text())["people"][0]["pose_keypoints_2d"]
        known[read_image(path, 10**6).tobytes()] = np.array(flat, np.float32).reshape(18, 3)
    return StoredPictures(
        read(project, "ingest", "image", np.uint8), read(project, "extract-keypoints", "keypoints", np.float32), known
    )


def recorded(model: Model) -> list[Painting]:
    """Have a model's paintings collected in a list."""
    paintings: list[Painting] = []
    plain: Callable[[Path, Path], Painting] = model.transfer

    def transfer(source: Path, pose: Path) -> Painting:
        paintings.append(plain(source, pose))
        return paintings[-1]

    model.transfer = transfer  # type: ignore[method-assign,assignment]
    return paintings


def test_a_table_of_test_pictures_is_painted_from_the_stores_frame(
    project: Project, photographs: Path, tmp_path: Path
) -> None:
    """Without any option; the audit's scale of 1.0 to 1.17 and shift of up to 26 px are what this forbids."""
    ids = list(project.pipeline.listing.ids)
    pairs = [(int(target), int(source)) for target, source in project.pipeline.listing.pairs]
    photos = photographs / "photos"
    rows = [f"{photos / ids[source]}.png,{photos / ids[target]}.png" for target, source in pairs]
    (tmp_path / "table.csv").write_text("\n".join(["source,pose", *rows]) + "\n")
    model = Model(project.pipeline.results / "models", body="small", detector=detector(project, photographs))
    assert model.frame == project.settings.ingest.crop
    paintings = recorded(model)
    done = transfer_all(model, read_transfers(tmp_path / "table.csv"), tmp_path / "out", "picture", Silent())
    assert dict(done.problems) == {}
    images = read(project, "ingest", "image", np.uint8)
    transforms = read(project, "ingest", "transform", np.float32)
    keypoints = read(project, "extract-keypoints", "keypoints", np.float32)
    for painting, (target, source) in zip(paintings, pairs, strict=True):
        assert np.array_equal(painting.person.image, images[source])
        assert np.array_equal(painting.person.transform, transforms[source])
        assert np.array_equal(painting.person.keypoints, keypoints[source], equal_nan=True)
        assert np.array_equal(painting.pose, keypoints[target], equal_nan=True)
    assert json.loads((tmp_path / "out" / "transfers.json").read_text())["frame"] == model.frame
    facts = {"models": model.hashes, "look": "picture"}  # as an older ptx wrote them, which cut people out
    (tmp_path / "out" / "transfers.json").write_text(json.dumps(facts))
    if model.frame == "picture":
        with pytest.raises(PtxError, match="another look, frame or background; name another folder"):
            transfer_all(model, read_transfers(tmp_path / "table.csv"), tmp_path / "out", "picture", Silent())
    else:
        transfer_all(model, read_transfers(tmp_path / "table.csv"), tmp_path / "out", "picture", Silent())


def test_either_frame_can_be_chosen(project: Project, photographs: Path) -> None:
    photo = photographs / "photos" / f"{project.pipeline.listing.ids[0]}.png"
    models = project.pipeline.results / "models"
    seen = detector(project, photographs)
    keypoints = seen.photographs[read_image(photo, 10**6).tobytes()]
    stored = read(project, "ingest", "image", np.uint8)[0]
    for frame in FRAMES:
        person = Model(models, body="small", frame=frame, detector=seen).person(photo, keypoints)
        assert np.array_equal(person.image, stored) == (frame == project.settings.ingest.crop)


def test_a_whole_picture_is_letterboxed() -> None:
    """By hand: 96 × 48 into 32 × 32 is a third of the size, 8 rows free above and below."""
    photo = np.full((48, 96, 3), 7, np.uint8)
    points = np.ones((18, 3), np.float32)
    points[:, 0], points[:, 1] = 46, 22
    person = PersonReader((32, 32), 10**6, "picture").person(photo, points)
    third = 1 / 3
    wanted = [[third, 0, (0.5 * third) - 0.5], [0, third, 8 + 0.5 * third - 0.5]]
    np.testing.assert_allclose(person.transform, wanted, atol=1e-6)
    np.testing.assert_allclose(person.keypoints[0, :2], (46.5 / 3 - 0.5, 8 + 22.5 / 3 - 0.5), atol=1e-5)


def test_models_know_their_frame_wherever_they_lie(project: Project, tmp_path: Path) -> None:
    """Away from the stores that they were trained on."""
    shutil.copytree(project.pipeline.results / "models", tmp_path / "models")
    assert FolderModels(tmp_path / "models").frame("train-generator") == project.settings.ingest.crop


def test_models_that_did_not_record_their_frame(project: Project, tmp_path: Path) -> None:
    """The stores beside them tell; without these, people are cut out as they were."""
    folder = Path(shutil.copytree(project.pipeline.results, tmp_path / "copy"))
    path = folder / "models" / "generator" / "model.json"
    meta = json.loads(path.read_text())
    del meta["frame"]
    path.write_text(json.dumps(meta))
    models = FolderModels(folder / "models")
    assert models.frame("train-generator") == project.settings.ingest.crop
    meta["document"]["inputs"]["ingest"] = "of other pictures"
    path.write_text(json.dumps(meta))
    assert models.frame("train-generator") == "person"


def test_nobody_in_a_whole_picture_says_how_to_look_closer() -> None:
    reader = PersonReader((32, 32), 10**6, "picture", Nobody())
    with pytest.raises(PtxError, match=r"at 32×32: --frame person looks closer"):
        reader.person(np.zeros((48, 96, 3), np.uint8))
    with pytest.raises(PtxError, match=r"nobody is there$"):
        PersonReader((32, 32), 10**6, "person", Nobody()).person(np.zeros((48, 96, 3), np.uint8))


@dataclass(frozen=True)
class Nobody:
    """A detector that finds nobody."""

    def find_person(self, image: Image) -> Box:
        """Raise."""
        raise BadSample("no_person", "nobody is there")

    def detect(self, image: Image) -> KnownDetection:
        """Raise."""
        raise BadSample("no_person", "nobody is there")


@dataclass(frozen=True)
class KnowsOneSize(KnownPerson):
    """Finds the person in pictures of one size alone."""

    size: tuple[int, int]

    def detect(self, image: Image) -> KnownDetection:
        """Return the person."""
        if image.shape[:2] != self.size:
            raise BadSample("no_person", "nobody is found in the picture")
        return KnownDetection(self.keypoints)


def test_who_is_not_found_in_the_resized_picture_is_looked_for_in_the_photograph() -> None:
    """And brought to the working picture: 96 px wide become 32, with a band of 8 rows above and below."""
    points = np.ones((18, 3), np.float32)
    points[:, 0], points[:, 1] = np.linspace(10, 80, 18), np.linspace(8, 40, 18)
    photo = np.random.default_rng(0).integers(0, 255, (48, 96, 3)).astype(np.uint8)
    person = PersonReader((32, 32), 10**6, "picture", KnowsOneSize(points, (48, 96))).person(photo)
    np.testing.assert_allclose(person.keypoints[:, 0], (points[:, 0] + 0.5) / 3 - 0.5, atol=1e-4)
    np.testing.assert_allclose(person.keypoints[:, 1], (points[:, 1] + 0.5) / 3 - 0.5 + 8, atol=1e-4)
    with pytest.raises(PtxError, match="nobody is found"):
        PersonReader((32, 32), 10**6, "picture", KnowsOneSize(points, (7, 7))).person(photo)
