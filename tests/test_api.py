"""`import ptx`: the names that users import, their examples, and what importing them costs."""

from __future__ import annotations

import doctest
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import ptx

ROOT = Path(__file__).parents[1]

WITH_EXAMPLES = ("ptx", "ptx.avatar.person", "ptx.inference.poses", "ptx.project")
"""Modules whose docstrings hold examples, which begin with `>>>`."""

HEAVY = {"cv2", "dask", "numba", "numpy", "scipy", "torch", "zarr"}
"""Packages that take their time to import."""


def imports(code: str) -> set[str]:
    """Return those of the heavy packages that code imports in a process of its own."""
    program = f"{code}\nimport sys\nprint(*{HEAVY!r} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_every_name_is_there() -> None:
    for name in ptx.__all__:
        assert getattr(ptx, name) is not None
    assert set(ptx.__all__) <= set(dir(ptx))
    with pytest.raises(AttributeError, match="no attribute 'transfer'"):
        ptx.transfer  # noqa: B018


def test_no_example_is_left_out() -> None:
    found = {
        file for file in (ROOT / "ptx").rglob("*.py") if "\n>>> " in file.read_text() or " >>> " in file.read_text()
    }
    assert found == {Path(str(import_module(name).__file__)) for name in WITH_EXAMPLES}


def test_importing_ptx_imports_nothing() -> None:
    assert imports("import ptx, typing; dir(ptx); ptx.EXAMPLE") == set()


@pytest.mark.slow
def test_a_project_needs_no_torch() -> None:
    assert not {"torch", "numba"} & imports("import ptx; ptx.Project('/dev/null', 'data.persons=2')")


@pytest.mark.slow
@pytest.mark.parametrize("module", WITH_EXAMPLES)
def test_examples(module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    result = doctest.testmod(import_module(module), extraglobs={"folder": tmp_path})
    assert result.attempted
    assert not result.failed


@pytest.mark.slow
def test_a_fit_is_in_pixels_of_the_photograph() -> None:
    """The same photograph twice as large and moved: the body's points move with it."""
    pose = ptx.read_pose(ptx.EXAMPLE)
    picture = np.zeros((765, 373, 3), np.uint8)
    small = ptx.fit(picture, pose, body="small")
    moved = pose.copy()
    moved[:, :2] = moved[:, :2] * 2 + (100, 50)
    large = ptx.fit(np.zeros((1600, 900, 3), np.uint8), moved, body="small")
    assert (
        np.abs(small.points[:, :2] * 2 + (100, 50) - large.points[:, :2]).max() < 4
    )  # px: they are fitted in other boxes
    there = pose[:, 2] > 0
    assert np.nanmedian(np.abs(small.keypoints - pose)[there, :2]) < 8


def test_mistakes_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(ptx.PtxError, match=r"body: .*nobody\.pkl"):
        ptx.fit(ptx.EXAMPLE, body=str(tmp_path / "nobody.pkl"))
    with pytest.raises(ptx.PtxError, match=r"body: .*nobody\.pkl"):
        ptx.Avatar.read(tmp_path / "me.glb", body=str(tmp_path / "nobody.pkl"))
    with pytest.raises(ptx.PtxError, match=r"me\.glb: is not there"):
        ptx.Avatar.read(tmp_path / "me.glb", body="small")
    (tmp_path / "pose.json").write_text("{}")
    with pytest.raises(ptx.PtxError, match=r"pose\.json: .*OpenPose"):
        ptx.read_pose(tmp_path / "pose.json")
    with pytest.raises(ptx.PtxError, match=r"pipeline\.yaml"):
        ptx.Project(tmp_path / "pipeline.yaml")
