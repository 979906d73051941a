"""A training and a data set from another installed package work everywhere, and ptx is not touched."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import zarr

pytestmark = pytest.mark.slow

PLUGIN = Path(__file__).parent / "plugin"

SETTINGS = [
    "cluster.kind=serial", "body=small", "data.kind=grey-people", "data.persons=4", "data.images_per_person=2", "size=[64, 32]",
    "train_blur.steps=20", "train_blur.save_every=10", "train_blur.batch=2", "train_blur.workers=0", "train_blur.kernel=3",
    "systems=[train-blur]",
]  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip has installed the package."""
    folder = tmp_path_factory.mktemp("site")
    build = tmp_path_factory.mktemp("build") / "plugin"
    shutil.copytree(PLUGIN, build)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "--target", str(folder), str(build)], check=True)
    return folder


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that all commands of this file run in."""
    return tmp_path_factory.mktemp("workspace")


def ptx(site: Path, workspace: Path, *words: str) -> str:
    """Run a command with the package installed."""
    given = [word for setting in SETTINGS for word in ("--set", setting)]
    done = subprocess.run(
        [sys.executable, "-m", "ptx.cli", *words, *given],
        cwd=workspace,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_training_and_a_data_set_of_another_package(site: Path, workspace: Path) -> None:
    dry = ptx(site, workspace, "run", "everything", "--dry-run")
    assert "train-blur" in dry
    assert not (workspace / "work").exists()
    ptx(site, workspace, "run", "everything")
    image = zarr.open(workspace / "work" / "ingest.zarr", mode="r")["image"][:]
    assert (image[..., :1] == image).all()
    assert np.ptp(image.astype(int)) > 100
    rows = {row["stage"]: row for row in json.loads(ptx(site, workspace, "status", "--json"))}
    assert {name: row["condition"] for name, row in rows.items() if row["condition"] == "done"}.keys() == {
        "ingest", "extract-keypoints", "parse", "silhouette", "fit-smpl", "dress", "rasterize", "synth-flow", "visibility", "train-blur",
    }  # fmt: skip
    assert (rows["train-blur"]["step"], rows["train-blur"]["steps"]) == (20, 20)
    script = ptx(site, workspace, "submit", "train-blur", "--print")
    assert "#SBATCH --job-name=ptx-train-blur" in script
    assert "kernel: 3" in ptx(site, workspace, "config", "show")


def test_a_broken_package_ends_in_one_line(site: Path, workspace: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken-1.0.dist-info"
    broken.mkdir()
    (broken / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (broken / "entry_points.txt").write_text("[ptx.trainings]\ntrain-x = nowhere:ROW\n")
    done = subprocess.run(
        [sys.executable, "-m", "ptx.cli", "status"],
        cwd=workspace,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: broken: its ptx.trainings 'train-x' cannot be loaded")
    assert len(done.stderr.strip().splitlines()) == 1
