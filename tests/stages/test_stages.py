"""The real stages on a few synthetic people, in this process: what they store is right, and bad samples stay out."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from ptx.datasets.people.people import People
from ptx.datasets.synthetic import PeopleSet
from ptx.geometry.body import load_body
from ptx.geometry.camera import project
from ptx.geometry.dressing.displacements import control_basis
from ptx.geometry.quantization import decode_flow
from ptx.geometry.skinning import pose_vertices
from ptx.pipeline.errors import PtxError
from ptx.pipeline.events import Silent
from ptx.pipeline.executors import open_executor
from ptx.pipeline.run import retry_stage
from ptx.pipeline.verify import verify_stage
from ptx.project import Project
from ptx.settings import load_settings
from tests.projects import make_project, problems, read, run, stage

TWO = ("data.persons=2", "data.images_per_person=2", "size=[300, 200]")
"""Synthetic people whose pictures stand for photographs."""


def people(chosen: Project) -> People:
    """The people of a project."""
    assert isinstance(chosen.data, PeopleSet)
    return chosen.data.people


def retry(chosen: Project, name: str, reason: str) -> int:
    """Compute quarantined samples again; returns how many were."""
    with open_executor(chosen.settings.run, chosen.settings.cluster) as executor:
        return retry_stage(chosen.pipeline, stage(chosen, name), reason, Silent(), executor).computed


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Four persons, three images each, through all stages."""
    chosen = make_project(
        tmp_path_factory.mktemp("people"), "data.persons=4", "data.images_per_person=3", "size=[128, 96]"
    )
    run(chosen)
    return chosen


def test_everything_is_done_and_sound(done: Project) -> None:
    for one in done.pipeline.active:
        plan = done.pipeline.plan(one)
        assert (plan.condition, plan.problems) == ("done", {})
        found = verify_stage(done.pipeline, one)
        assert found.adds_up
        assert found.faults == []


def test_fits_are_close_to_the_truth(done: Project) -> None:
    residual = read(done, "fit-smpl", "residual")
    assert np.nanmedian(residual) < 1.5
    truth = [people(done).truth(i) for i in range(12)]
    scale = read(done, "fit-smpl", "camera")[:, 0] / [t.camera[0] for t in truth]
    assert (np.abs(np.log(scale)) < 0.2).all()  # 2D does not tell a small person from a far one


def test_flow_brings_body_points_to_themselves(done: Project) -> None:
    """Where the flow of a pixel ends, the source's body has the very point that the pixel shows: independent NumPy."""
    body = load_body("small")
    pose, betas, camera = (read(done, "dress", name) for name in ("pose", "betas", "camera"))
    offset = np.stack([control_basis(body).offset(row * 0.24 / 32767) for row in read(done, "dress", "heights")])
    points = project(camera, pose_vertices(body, pose, betas, offset=offset)).astype(np.float64)
    face, bary = read(done, "rasterize", "face"), read(done, "rasterize", "bary") / 65535
    flow = decode_flow(read(done, "synth-flow", "flow"))
    for number, (target, source) in enumerate(done.pipeline.pairs()):
        rows, columns = np.nonzero(face[target] >= 0)
        corners = points[source][body.faces[face[target][rows, columns]], :2]
        weights = bary[target][rows, columns]
        weights = np.concatenate([weights, 1 - weights.sum(1, keepdims=True)], axis=1)
        expected = np.einsum("mk,mkc->mc", weights, corners) - np.stack([columns, rows], axis=-1)
        assert np.abs(flow[number][rows, columns] - expected).max() < 1 / 64 + 2e-3
        assert (flow[number][face[target] < 0] == 0).all()


def test_background_is_the_same_everywhere(done: Project) -> None:
    face, part = read(done, "rasterize", "face"), read(done, "rasterize", "part")
    assert ((face < 0) == (part == 0)).all()
    visibility = read(done, "visibility", "visibility")
    assert ((visibility == 2) == (face[done.pipeline.pairs()[:, 0]] < 0)).all()
    assert (visibility == 0).any()
    assert (visibility == 1).any()


def test_visibility_by_the_papers_rule(done: Project, tmp_path: Path) -> None:
    """`visibility.rule: faces`: a body pixel is visible where the source shows its face anywhere; written out with sets."""
    shutil.copytree(done.settings.workspace.folder, tmp_path / "w")
    chosen = make_project(
        tmp_path / "w", "data.persons=4", "data.images_per_person=3", "size=[128, 96]", "visibility.rule=faces"
    )
    run(chosen, "visibility")
    labels, exact = (read(one, "visibility", "visibility") for one in (chosen, done))
    face = read(done, "rasterize", "face")
    for number, (target, source) in enumerate(done.pipeline.pairs()):
        shown = set(face[source].ravel().tolist())
        expected = [2 if f < 0 else int(f not in shown) for f in face[target].ravel().tolist()]
        assert labels[number].ravel().tolist() == expected
    body = exact != 2
    assert 0.6 < (labels == exact)[body].mean() < 0.99  # the rules differ, but not much


def test_a_setting_makes_only_what_depends_on_it_stale(done: Project) -> None:
    changed = make_project(
        done.settings.workspace.folder,
        "data.persons=4",
        "data.images_per_person=3",
        "size=[128, 96]",
        "visibility.rule=faces",
    )
    conditions = {one.name: changed.pipeline.plan(one).condition for one in changed.pipeline.active}
    assert {name for name, condition in conditions.items() if condition == "stale"} == {"visibility"}
    assert changed.pipeline.plan(stage(changed, "visibility")).stale == ['visibility.rule was "exact", now "faces"']


def test_truth_is_for_people_only(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    Pillow.new("RGB", (40, 40)).save(tmp_path / "p" / "a.png")
    chosen = make_project(
        tmp_path / "w", "data.kind=folder", f"data.root={tmp_path}", "extract_keypoints.backend=truth"
    )
    run(chosen, "ingest")
    with pytest.raises(PtxError, match="truth is known of `people`, `avatars` and `panoptic` only"):
        run(chosen, "extract-keypoints")


# --- photographs with OpenPose files: synthetic pictures whose keypoints we know, written as a user would have them -----------


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two persons of two pictures each in a folder, OpenPose files beside it; the pictures are larger than the working size."""
    source = people(make_project(tmp_path / "unused", "body=builtin", *TWO))
    for index, name in enumerate(source.ids):
        person, image = name.split("_")
        (tmp_path / "photos" / person).mkdir(parents=True, exist_ok=True)
        Pillow.fromarray(source.render(index)).save(tmp_path / "photos" / person / f"{image}.png")
        points = np.nan_to_num(source.truth(index).keypoints)
        (tmp_path / "openpose" / person).mkdir(parents=True, exist_ok=True)
        document = {"people": [{"pose_keypoints_2d": points.ravel().tolist()}]}
        (tmp_path / "openpose" / person / f"{image}_keypoints.json").write_text(json.dumps(document))
    return tmp_path


def folder(root: Path, *overrides: str) -> Project:
    base = ["data.kind=folder", f"data.root={root / 'photos'}", "extract_keypoints.backend=openpose-json"]
    return make_project(root / "w", *base, f"extract_keypoints.path={root / 'openpose'}", "size=[96, 96]", *overrides)


def test_keypoints_of_originals_land_on_the_working_pictures(photos: Path) -> None:
    chosen = folder(photos)
    run(chosen)
    keypoints, transform = read(chosen, "extract-keypoints", "keypoints"), read(chosen, "ingest", "transform")
    source = people(make_project(photos / "unused", "body=builtin", *TWO))
    for index in range(4):
        truth = source.truth(index).keypoints
        seen = truth[:, 2] > 0
        # Letterboxed: 300 rows become 96, 200 columns 64 in the middle of 96.
        expected = (truth[seen, :2] + 0.5) * 0.32 - 0.5 + (16, 0)
        assert np.abs(keypoints[index, seen, :2] - expected).max() < 0.01
        assert np.allclose(transform[index], [[0.32, 0, 15.66], [0, 0.32, -0.34]], atol=1e-5)
    assert len(chosen.pipeline.pairs()) == 4
    assert np.nanmedian(read(chosen, "fit-smpl", "residual")) < 1.5


def test_crop_to_the_person(photos: Path) -> None:
    chosen = folder(photos, "ingest.crop=person")
    run(chosen, "ingest")
    run(chosen, "extract-keypoints")
    keypoints = read(chosen, "extract-keypoints", "keypoints")
    extent = np.nanmax(keypoints[..., 1], axis=1) - np.nanmin(keypoints[..., 1], axis=1)
    assert (np.maximum(extent, np.nanmax(keypoints[..., 0], axis=1) - np.nanmin(keypoints[..., 0], axis=1)) > 55).all()


def test_bad_photographs_are_quarantined_and_the_rest_goes_on(photos: Path) -> None:
    bad = photos / "photos" / "p00000"
    (bad / "02.jpg").touch()
    (bad / "03.jpg").write_text("not a picture")
    Pillow.new("RGB", (30, 30)).save(bad / "04.png")  # without keypoints
    chosen = folder(photos, "ingest.max_pixels=100000")
    run(chosen)
    codes = {
        name: [one.code for one in chosen.pipeline.plan(stage(chosen, name)).problems.values()]
        for name in ("ingest", "extract-keypoints")
    }
    assert codes == {"ingest": ["empty_file", "not_an_image"], "extract-keypoints": ["missing_keypoints"]}
    flow = chosen.pipeline.plan(stage(chosen, "synth-flow"))
    assert np.bincount(flow.states, minlength=4).tolist() == [0, 4, 0, 18]  # 4 whole pairs; 18 with a bad image


def test_too_many_bad_samples_stop_the_run(photos: Path) -> None:
    for name in "abc":
        (photos / "photos" / "p00000" / f"{name}.jpg").touch()
    with pytest.raises(PtxError, match=r"ingest: 3 of 7 samples are quarantined, more than run.max_bad_fraction=0.25"):
        run(folder(photos, "run.max_bad_fraction=0.25"))


def test_retry_after_a_passing_fault(photos: Path) -> None:
    """A file that could not be read for a while: only its sample, and what hangs on it, is computed again."""
    path = photos / "openpose" / "p00001" / "01_keypoints.json"
    text, stat = path.read_text(), path.stat()
    path.write_text("{" + text[1:-1] + " ")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    run(folder(photos))
    assert len(problems(folder(photos), "extract-keypoints")) == 1
    path.write_text(text)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    chosen = folder(photos)
    assert retry(chosen, "extract-keypoints", "no_person") == 0
    assert retry(chosen, "extract-keypoints", "bad_keypoint") == 1
    chosen = folder(photos)
    run(chosen)
    assert all(step.status().condition == "done" for step in folder(photos).stages)
    assert (folder(photos).pipeline.plan(stage(chosen, "synth-flow")).states == 1).all()


def test_a_folder_named_beside_the_shipped_settings(tmp_path: Path) -> None:
    """`ptx run all --set data.root=photos` where pipeline.yaml lies."""
    data = load_settings(Path(__file__).parents[2] / "pipeline.yaml", [f"data.root={tmp_path}"]).data
    assert (data.kind, data.root) == ("folder", tmp_path)
