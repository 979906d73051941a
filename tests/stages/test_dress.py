"""`ptx run dress` on synthetic people, and what the later stages make of it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from ptx.datasets.people.people import People
from ptx.geometry.quantization import CONTROLS, HEIGHT_STEP, decode_heights, encode_heights
from ptx.pipeline.errors import PtxError
from ptx.project import Project
from ptx.stages.dress import Dress
from tests.projects import make_project, read, run, stage

SETTINGS = ("data.kind=people", "data.persons=4", "data.images_per_person=2", "data.loose=0.5", "size=[128,96]")
BOTH = ("dressed", "bare")


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Project]:
    """The same people, drawn dressed and bare."""
    out = {}
    for kind in BOTH:
        out[kind] = make_project(tmp_path_factory.mktemp(kind), *SETTINGS, f"rasterize.surface={kind}")
        run(out[kind])
    return out


@cache
def people() -> People:
    """The population of `SETTINGS`."""
    from ptx.datasets.people.options import PeopleOptions

    return People(PeopleOptions(4, 2, 0, (128, 96), body="small", loose=0.5))


def test_dressed_bodies_reach_the_outline(projects: dict[str, Project]) -> None:
    iou = read(projects["dressed"], "dress", "iou", np.float32)
    assert iou.shape == (8, 2)
    assert (iou[:, 1] >= iou[:, 0]).all()
    assert iou[:, 1].mean() > iou[:, 0].mean() + 0.03
    drawn = {kind: read(projects[kind], "rasterize", "face", np.int32) >= 0 for kind in BOTH}
    masks = read(projects["dressed"], "silhouette", "mask", np.uint8) > 127
    for kind, stored in (("bare", iou[:, 0]), ("dressed", iou[:, 1])):
        both, either = (drawn[kind] & masks).sum((1, 2)), (drawn[kind] | masks).sum((1, 2))
        np.testing.assert_allclose(both / either, stored, atol=0.02, err_msg=kind)


def test_flow_is_nearer_to_the_truth(projects: dict[str, Project]) -> None:
    """Of all pairs, on pixels of the true body; where a body does not cover them the flow is 0."""
    from ptx.geometry.correspondence import correspond
    from ptx.geometry.labels import VISIBLE

    pairs = projects["bare"].pipeline.pairs()
    error: dict[str, list[float]] = {kind: [] for kind in BOTH}
    flows = {kind: read(projects[kind], "synth-flow", "flow", np.int16) / 32 for kind in BOTH}
    for number, (target, source) in enumerate(pairs.tolist()):
        faces = people().wearer(target).body.faces
        truth, labels = correspond(people().points(target), people().points(source), faces, 128, 96)
        for kind in BOTH:
            away = np.linalg.norm(flows[kind][number] - truth, axis=-1)[labels == VISIBLE]
            if len(away) > 50:
                error[kind].append(float(away.mean()))
    assert np.mean(error["dressed"]) < 0.9 * np.mean(error["bare"])


def test_status_counts_bodies_left_bare_and_skirts(projects: dict[str, Project]) -> None:
    counted = {
        name: int(read(projects["dressed"], "dress", name, np.uint8).sum()) for name in ("bare", "skirt", "long_hair")
    }
    status = projects["dressed"].step("dress").status()
    assert status.done == 8
    assert dict(status.counts) == {name: count for name, count in counted.items() if count}
    assert not dict(projects["dressed"].step("fit-smpl").status().counts)


def test_bare_bodies_need_no_stage(tmp_path: Path) -> None:
    for override in ("rasterize.surface=bare", "silhouette.backend=none"):
        project = make_project(tmp_path, *SETTINGS, override)
        assert "dress" not in [step.name for step in project.stages]
        assert stage(project, "rasterize").inputs == ("fit.pose", "fit.betas", "fit.camera")
    with pytest.raises(PtxError, match=r"rasterize\.surface: dressed needs silhouettes"):
        make_project(tmp_path, *SETTINGS, "silhouette.backend=none", "rasterize.surface=dressed")


def test_labels_are_read_where_there_are_any(projects: dict[str, Project], tmp_path: Path) -> None:
    """Of synthetic people they are; photographs without label maps, and bodies without layers, are dressed as before."""
    dressing = stage(projects["dressed"], "dress")
    assert isinstance(dressing, Dress)
    assert "parsing.labels" in dressing.inputs
    for other in (
        replace(dressing, parsed=False),
        stage(make_project(tmp_path, *SETTINGS, "dress.layers=false"), "dress"),
    ):
        assert tuple(name for name in dressing.inputs if name != "parsing.labels") == other.inputs


def test_auto_is_dressed(tmp_path: Path) -> None:
    """The same stores, whether it is said or not."""
    kinds = {name: make_project(tmp_path, *SETTINGS, f"rasterize.surface={name}") for name in ("auto", *BOTH)}
    for name in ("rasterize", "synth-flow", "visibility"):
        found = {kind: project.pipeline.manifest(stage(project, name)) for kind, project in kinds.items()}
        assert found["auto"] == found["dressed"] != found["bare"]


def test_poses_are_kept_where_they_are_not_to_be_refined(tmp_path: Path) -> None:
    project = make_project(tmp_path, *SETTINGS, "dress.refine=false", "data.persons=1")
    run(project)
    for name in ("pose", "betas", "camera"):
        np.testing.assert_array_equal(read(project, "dress", name), read(project, "fit-smpl", name))
    assert read(project, "dress", "heights", np.int16).any()


def test_heights_are_stored_to_a_hundredth_of_a_millimetre() -> None:
    heights = np.linspace(-0.05, 0.1, 409)
    stored = encode_heights(heights)
    assert stored.shape == (CONTROLS,)
    assert not stored[409:].any()
    assert np.abs(decode_heights(stored)[:409] - heights).max() <= HEIGHT_STEP / 2 + 1e-8 < 1e-5
