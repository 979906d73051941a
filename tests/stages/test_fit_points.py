"""What `ptx run fit-smpl` reads of the keypoints' store, by their backend."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ptx.datasets.people.options import PeopleOptions
from ptx.datasets.people.people import People
from ptx.geometry.body import load_body
from ptx.geometry.detected_landmarks import observe_landmarks
from ptx.geometry.fitting import fit
from ptx.geometry.joints import joint
from ptx.pipeline.stage import Block
from tests.projects import make_project, stage

PEOPLE = People(PeopleOptions(2, 1, seed=1, size=(128, 128), body="small"))


def photographs(tmp_path: Path, *overrides: str) -> list[str]:
    """Settings of a project of two pictures."""
    from PIL import Image

    folder = tmp_path / "photos"
    folder.mkdir(exist_ok=True)
    for n in range(2):
        Image.fromarray(PEOPLE.render(n)).save(folder / f"{n}.png")
    return ["data.kind=folder", f"data.root={folder}", "body=small", "size=[128,128]", *overrides]


@pytest.mark.parametrize(
    ("overrides", "arrays", "landmarks"),
    [
        ((), ("landmarks", "face", "hands"), ["landmarks", "face", "hands"]),
        (("extract_keypoints.details=false",), ("landmarks",), ["landmarks"]),
        (("extract_keypoints.backend=csv", "extract_keypoints.path=keypoints.csv"), (), None),
        (("fit_smpl.backend=files", "fit_smpl.path=fits"), ("hands",), None),
    ],
)
def test_arrays_by_backend(
    tmp_path: Path, overrides: tuple[str, ...], arrays: tuple[str, ...], landmarks: list[str] | None
) -> None:
    (tmp_path / "fits").mkdir()
    (tmp_path / "keypoints.csv").write_text("name:keypoints_y:keypoints_x\n")
    project = make_project(tmp_path, *photographs(tmp_path, *overrides))
    chosen = stage(project, "fit-smpl")
    names = ("keypoints", "keypoints3d", *arrays)
    assert chosen.inputs == tuple(f"keypoints.{name}" for name in names)
    assert chosen.dependencies.get("landmarks") == landmarks


def test_landmarks_are_fitted(tmp_path: Path) -> None:
    """A block with landmarks of turned feet is fitted as `fit` fits them."""
    project = make_project(tmp_path, *photographs(tmp_path))
    truths = [PEOPLE.truth(n) for n in range(2)]
    keypoints = np.stack([truth.keypoints for truth in truths]).astype(np.float32)
    landmarks = np.full((2, 33, 4), np.nan, np.float32)
    landmarks[..., 3] = 0
    for n in range(2):
        ankle = keypoints[n, 13, :2]
        landmarks[n, 29, :2], landmarks[n, 31, :2] = ankle + (0, 4), ankle + (14, 6)
        landmarks[n, [29, 31], 3] = 1
    face, hands = np.full((2, 468, 3), np.nan, np.float32), np.full((2, 2, 21, 3), np.nan, np.float32)
    face[..., 2] = hands[..., 2] = 0
    arrays = {
        "keypoints.keypoints": keypoints,
        "keypoints.keypoints3d": np.stack([truth.keypoints3d for truth in truths]).astype(np.float32),
        "keypoints.landmarks": landmarks,
        "keypoints.face": face,
        "keypoints.hands": hands,
    }
    result = stage(project, "fit-smpl").open()(Block(np.arange(2), arrays, frozenset(arrays)))
    observed = observe_landmarks(landmarks, face, hands, (128, 128))
    wanted = fit(load_body("small"), keypoints, arrays["keypoints.keypoints3d"], (128, 128), landmarks=observed)
    np.testing.assert_array_equal(result.arrays["pose"], wanted.pose)
    assert np.abs(wanted.pose[:, joint("left_ankle")]).max(axis=1).min() > 0.1
