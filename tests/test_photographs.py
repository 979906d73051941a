"""From a folder of photographs, by the detector, to a model that was trained on them and paints one of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

import ptx
from ptx.datasets.people import People, PeopleOptions
from ptx.geometry.joints import keypoint
from ptx.project import Project
from tests.projects import make_project, problems, read, run

SIZE = (256, 192)
"""Height, width of the photographs, which is also the working resolution: the detector is shown the very pictures."""

SHORT = [
    *(f"{section}.{setting}" for section in ("train_flow", "train_generator") for setting in (
        "base_channels=4", "max_channels=8", "scales=3", "batch=2", "steps=2", "save_every=2", "workers=0", "validate_pairs=2")),
    "train_generator.warped_scales=2",
]  # fmt: skip


@pytest.fixture(scope="module")
def people() -> People:
    """Three persons in two pictures each, whole, of the detailed body: the real detector must find them."""
    return People(PeopleOptions(3, 2, seed=4, size=SIZE, half_body=0))


@pytest.fixture
def photographs(people: People, tmp_path: Path) -> Path:
    """One folder a person, and one picture of nobody."""
    for index, name in enumerate(people.ids):
        path = tmp_path / "photos" / name[:6] / f"{name[7:]}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Pillow.fromarray(people.render(index)).save(path)
    Pillow.new("RGB", SIZE[::-1], "grey").save(tmp_path / "photos" / people.ids[0][:6] / "wall.png")
    return tmp_path


def trained(root: Path) -> Project:
    """All stages and the two trainings of system A, with all else at its default: `auto` is the detector for a folder."""
    words = ["data.kind=folder", f"data.root={root / 'photos'}", "data.test_fraction=0.34", f"size={list(SIZE)}"]
    chosen = make_project(root / "w", *words, *SHORT)
    run(chosen)
    run(chosen, "train-flow", "train-generator")
    return chosen


def errors(chosen: Project, people: People) -> np.ndarray:
    """(6, 18) px between the stored keypoints and the true ones, NaN where either has none."""
    stored = read(chosen, "extract-keypoints", "keypoints")
    order = [chosen.pipeline.listing.ids.index(f"{name[:6]}/{name[7:]}") for name in people.ids]
    truth = np.stack([people.truth(index).keypoints for index in range(len(order))])
    return np.linalg.norm(stored[order, :, :2] - truth[..., :2], axis=2)


def check_model(chosen: Project, people: People) -> None:
    """Every picture with somebody in it went all the way; the model paints, and another pose otherwise."""
    assert [problem.split(":")[0] for problem in problems(chosen, "extract-keypoints").values()] == ["no_person"]
    assert not problems(chosen, "fit-smpl")
    assert {step.status().condition for step in chosen.stages} == {"done"}
    model = ptx.load(chosen.pipeline.results / "models", "flow")
    assert model.size == SIZE
    image, keypoints = people.render(0), people.truth(0).keypoints
    paintings = [model.transfer(image, people.truth(index).keypoints, keypoints).picture for index in (1, 2)]
    assert [one.shape for one in paintings] == [(*SIZE, 3)] * 2
    assert (paintings[0] != paintings[1]).any()


@pytest.mark.slow
def test_by_the_detector_itself(people: People, photographs: Path) -> None:
    chosen = trained(photographs)
    check_model(chosen, people)
    assert np.nanmedian(errors(chosen, people)) < 6  # px of a person of some 230
    landmarks, face, hands = (read(chosen, "extract-keypoints", name) for name in ("landmarks", "face", "hands"))
    stored = read(chosen, "extract-keypoints", "keypoints")
    found = stored[:, keypoint("nose"), 2] > 0
    assert np.array_equal(landmarks[found, 0, :2], stored[found, keypoint("nose"), :2])
    nose = np.nanmedian(face[..., :2], axis=1) - stored[:, keypoint("nose"), :2]
    assert np.nanmax(np.abs(nose)) < 20
    assert ((hands[..., 2] > 0).all(2) == (hands[..., 2] > 0).any(2)).all()
    mask = read(chosen, "silhouette", "mask") > 127
    order = [chosen.pipeline.listing.ids.index(f"{name[:6]}/{name[7:]}") for name in people.ids]
    truth = np.stack([people.garment_labels(index) > 0 for index in range(len(order))])
    overlap = (mask[order] & truth).sum((1, 2)) / (mask[order] | truth).sum((1, 2))
    assert overlap.min() > 0.9
