"""A user's body file is posed by smplx before it is used, and refused where ptx poses it otherwise."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ptx.geometry import smplx_reference
from ptx.geometry.body import SHIPPED, load_body
from ptx.geometry.skinning import pose_vertices
from ptx.geometry.smplx_reference import check_against_smplx, smplx_vertices
from ptx.pipeline.errors import PtxError
from ptx.stages.backends.bodies import open_checked_body
from tests.geometry.formats import as_file, format_arrays
from tests.projects import make_project, problems, read, run


@pytest.mark.slow
@pytest.mark.parametrize("format_", ["SMPL", "SMPL-H", "SMPL-X"])
@pytest.mark.parametrize("ending", [".npz", ".pkl"])
def test_sound_files_pass(tmp_path: Path, format_: str, ending: str) -> None:
    path = as_file(format_arrays(format_), tmp_path / f"body{ending}")
    check_against_smplx(str(path))
    assert open_checked_body(str(path)) is load_body(str(path))


def test_without_pose_blend_shapes_and_with_few_shapes(tmp_path: Path) -> None:
    arrays = format_arrays("SMPL-H")
    del arrays["posedirs"]
    arrays["shapedirs"] = arrays["shapedirs"][..., :4]
    check_against_smplx(str(as_file(arrays, tmp_path / "body.npz")))


@pytest.mark.parametrize("format_", ["SMPL", "SMPL-X"])
def test_a_body_that_is_posed_otherwise_is_refused(
    tmp_path: Path, format_: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the stage that fits. A mistake of 2 mm in one vertex stands for whatever a real file may hold that no test has."""
    path = as_file(format_arrays(format_), tmp_path / "body.npz")
    chosen = make_project(tmp_path / "w", f"body={path}", "data.persons=2")
    chosen.pipeline.stage("fit-smpl").open()

    def wrong(*arguments: object) -> np.ndarray:
        vertices = pose_vertices(*arguments)
        vertices[0, 700, 1] += 2e-3
        return vertices

    monkeypatch.setattr(smplx_reference, "pose_vertices", wrong)
    with pytest.raises(
        PtxError, match=r"^body: .*body\.npz: posed by ptx and by smplx it differs by 0\.002 m; download"
    ) as caught:
        chosen.pipeline.stage("fit-smpl").open()
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_all_stages_run_on_a_body_of_smplx(tmp_path: Path) -> None:
    """From pictures of that body to its flow and visibility; fits come near to the truth."""
    path = as_file(format_arrays("SMPL-X"), tmp_path / "body.npz")
    sets = ["data.persons=2", "data.images_per_person=2", "size=[128, 96]", "data.half_body=0"]
    chosen = make_project(tmp_path / "w", f"body={path}", *sets)
    run(chosen)
    assert {step.status().condition for step in chosen.stages} == {"done"}
    assert not problems(chosen, "fit-smpl")
    assert np.nanmedian(read(chosen, "fit-smpl", "residual")) < 1.5
    assert (read(chosen, "rasterize", "face") >= 0).mean() > 0.05
    assert read(chosen, "synth-flow", "flow").any()
    assert set(np.unique(read(chosen, "visibility", "visibility"))) == {0, 1, 2}


def test_smplx_gets_the_joints_of_the_format() -> None:
    """Not those that ptx folded them to: a finger's weight moved to another finger changes nothing, moved to the spine it does."""
    arrays = format_arrays("SMPL-X")
    pose, betas = np.random.default_rng(0).normal(0, 0.3, (1, 24, 3)), np.zeros((1, 10))
    pose[:, 22:] = 0
    before = smplx_vertices(arrays, pose, betas)
    for taken, moves in ((30, False), (3, True)):
        other = {**arrays, "weights": arrays["weights"].copy()}
        other["weights"][:, taken] += other["weights"][:, 26]
        other["weights"][:, 26] = 0
        assert (np.abs(smplx_vertices(other, pose, betas) - before).max() > 1e-3) == moves


@pytest.mark.slow
def test_shipped_bodies_do_not_import_smplx() -> None:
    code = (
        "import sys; from ptx.stages.backends.bodies import open_checked_body; open_checked_body('small'); open_checked_body('builtin'); "
        "print(*{'torch', 'smplx'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
    assert set(SHIPPED) == {"builtin", "small"}
