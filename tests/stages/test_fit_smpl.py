"""Stage fit-smpl: when it fits fingers, and what follows from them."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from ptx.datasets.people import People, PeopleOptions
from ptx.geometry.body import SHIPPED, load_body
from ptx.geometry.camera import project
from ptx.geometry.hands import HAND_KEYS
from ptx.geometry.rasterizer import rasterize
from ptx.geometry.skinning import pose_hand_points, pose_vertices
from ptx.pipeline.stage import Block
from ptx.pipeline.verify import verify_stage
from ptx.project import Project
from ptx.samples.reader import SampleReader
from ptx.stages.backends.bodies import HANDS_POSE, BodyStage
from ptx.stages.fit_smpl import FINGERS, LYING, FitSmpl
from tests.geometry.finger_poses import random_fingers
from tests.projects import make_project, read, run, stage

SIZE = (256, 192)
BODY = load_body("small")


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    """A folder of two persons in two pictures each, which show nobody."""
    for person in ("a", "b"):
        (tmp_path / "photos" / person).mkdir(parents=True)
        for number in range(2):
            Pillow.new("RGB", SIZE[::-1], "grey").save(tmp_path / "photos" / person / f"{number}.png")
    return tmp_path


def detected(root: Path, *overrides: str) -> Project:
    """A project of these photographs, whose keypoints are the detector's."""
    return make_project(
        root / "w", "data.kind=folder", f"data.root={root / 'photos'}", f"size={list(SIZE)}", *overrides
    )


def fitter(chosen: Project) -> FitSmpl:
    """The stage."""
    found = stage(chosen, "fit-smpl")
    assert isinstance(found, FitSmpl)
    return found


def test_fingers_where_the_detector_finds_hands_and_the_body_has_fingers(photographs: Path, tmp_path: Path) -> None:
    with np.load(SHIPPED["small"]) as file:
        np.savez(tmp_path / "b.npz", **{key: file[key] for key in file if key not in HAND_KEYS})
    with_fingers = fitter(detected(photographs))
    assert with_fingers.dependencies[FINGERS] == BODY.fingers.digest
    assert "keypoints.hands" in with_fingers.inputs
    assert with_fingers.outputs["hands_pose"].shape == (30, 3)
    for name in ("rasterize", "synth-flow", "visibility"):
        assert HANDS_POSE in stage(detected(photographs), name).inputs
    for without in (
        detected(photographs, "extract_keypoints.details=false"),
        detected(photographs, "extract_keypoints.backend=openpose-json", f"extract_keypoints.path={photographs}"),
        detected(photographs, f"body={tmp_path / 'b.npz'}"),
        make_project(tmp_path / "w", "data.persons=2"),
    ):
        assert FINGERS not in fitter(without).dependencies
        assert "hands_pose" not in fitter(without).outputs
        assert HANDS_POSE not in stage(without, "rasterize").inputs


def test_fingers_and_wrists_of_a_block(photographs: Path) -> None:
    """Of known people: the points of their hands are met better than by flat hands that are held as the forearm is."""
    people = People(PeopleOptions(4, 1, seed=1, size=SIZE, half_body=0, body="small"))
    truth = [people.truth(index) for index in range(4)]
    camera = np.stack([one.camera for one in truth]).astype(np.float32)
    pose, betas = np.stack([one.pose for one in truth]), np.stack([one.betas for one in truth])
    pose[:, 20:22] = np.random.default_rng(0).normal(0, 0.5, (4, 2, 3))
    fingers = random_fingers(BODY, 4, np.random.default_rng(1))
    hands = project(camera[:, None], pose_hand_points(BODY, pose, betas, fingers))
    hands[..., 2] = 1
    arrays = {
        "keypoints.keypoints": np.stack([one.keypoints for one in truth]),
        "keypoints.keypoints3d": np.stack([one.keypoints3d for one in truth]),
        "keypoints.landmarks": np.zeros((4, 33, 4), np.float32),
        "keypoints.face": np.zeros((4, 468, 3), np.float32),
        "keypoints.hands": hands.astype(np.float32),
    }
    result = fitter(detected(photographs)).open()(Block(np.arange(4), arrays, frozenset(arrays)))
    assert result.problems == {}
    found = result.arrays["pose"], result.arrays["betas"], result.arrays["hands_pose"]
    flat = result.arrays["pose"].copy(), result.arrays["betas"], np.zeros((4, 30, 3))
    flat[0][:, 20:22] = 0
    missed = [
        project(result.arrays["camera"][:, None], pose_hand_points(BODY, *one))[..., :2] - hands[..., :2]
        for one in (found, flat)
    ]
    inside = [np.linalg.norm(one[..., 1:, :] - one[..., :1, :], axis=-1) for one in missed]  # from the wrist
    assert np.median(inside[0]) < 0.4 * np.median(inside[1])


@pytest.mark.slow
def test_from_photographs_to_visibility(photographs: Path) -> None:
    """Fingers are stored, drawn and read again; a store of before is stale and says why."""
    people = People(
        PeopleOptions(2, 2, seed=4, size=SIZE, half_body=0)
    )  # of the detailed body: the real detector must find them
    for index in range(4):
        Pillow.fromarray(people.render(index)).save(photographs / "photos" / "ab"[index // 2] / f"{index % 2}.png")
    bare = "rasterize.surface=bare"
    chosen = detected(photographs, bare)
    before = tuple(replace(one, hands=False) if isinstance(one, BodyStage) else one for one in chosen.pipeline.stages)
    old = copy(chosen)
    old.pipeline = replace(chosen.pipeline, stages=before)
    run(old)
    assert not old.pipeline.store(stage(old, "fit-smpl")).has("hands_pose")
    chosen = detected(photographs, bare)
    plan = chosen.pipeline.plan(stage(chosen, "fit-smpl"))
    assert plan.condition == "stale"
    assert [reason.split(" was ")[0] for reason in plan.stale] == [FINGERS]
    run(chosen)
    for one in chosen.pipeline.active:
        assert chosen.pipeline.plan(one).condition == "done"
        assert verify_stage(chosen.pipeline, one).faults == []
    pose, betas, camera, fingers = (
        read(chosen, "fit-smpl", name) for name in ("pose", "betas", "camera", "hands_pose")
    )
    assert np.abs(fingers).max() > 0.1
    points = project(camera, pose_vertices(BODY, pose, betas, fingers)).astype(np.float32)
    face = read(chosen, "rasterize", "face")
    for index in range(len(points)):
        np.testing.assert_array_equal(face[index], rasterize(points[index], BODY.faces, *SIZE)[0])
    np.testing.assert_array_equal(SampleReader(chosen.pipeline).fingers(1), fingers[1])
    assert SampleReader(old.pipeline).fingers(1) is None


def test_fits_by_bodies_whose_pelvis_is_elsewhere_are_of_another_kind(photographs: Path, tmp_path: Path) -> None:
    """Their cameras of lying people were wrong: stores of them are stale, those of the built-in body are not."""
    with np.load(SHIPPED["small"]) as file:
        arrays = {key: file[key] for key in file}
    arrays["v_template"] = arrays["v_template"] + np.array([0, -0.22, 0], arrays["v_template"].dtype)
    np.savez(tmp_path / "moved.npz", **arrays)
    assert fitter(detected(photographs)).dependencies[LYING] == "along their bodies"
    moved = fitter(detected(photographs, f"body={tmp_path / 'moved.npz'}"))
    assert moved.dependencies[LYING] == "along their bodies, about the pelvis"
