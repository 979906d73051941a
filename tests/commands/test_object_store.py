"""The true command with its stores on S3, on loopback: the same bytes as with everything in folders."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.pipeline.storage.s3 import make_prefix, objects, s3_server
from tests.pipeline.toy import tree

SETTINGS = [
    "body=small", "size=[64,64]", "data.persons=4", "data.images_per_person=3", "run.block=4", "run.workers=2",
    "train_flow.base_channels=8", "train_flow.max_channels=16", "train_flow.scales=3", "train_flow.batch=4", "train_flow.steps=2",
    "train_flow.workers=0", "train_flow.validate_pairs=4",
]  # fmt: skip


def ptx(folder: Path, *words: str, settings: list[str], env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "ptx.cli", *words, *(word for setting in settings for word in ("--set", setting))],
        env=os.environ | {"OMP_NUM_THREADS": "1"} | env, cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[dict[str, str]]:
    """The environment in which S3 is a server in this process."""
    with s3_server() as environment:
        yield environment


@pytest.mark.slow
def test_a_store_that_does_not_answer_is_one_line(server: dict[str, str], tmp_path: Path) -> None:
    silent = server | {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}
    done = ptx(tmp_path, "status", settings=["workspace=s3://bucket/none"], env=silent)
    assert done.returncode == 2
    assert "workspace: s3://bucket/none cannot be reached" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_the_command_with_worker_processes_and_a_training(
    server: dict[str, str], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Stores on S3, models in a folder."""
    url = make_prefix(request)
    far = [f"workspace={url}", f"results={tmp_path / 'far'}", *SETTINGS]
    near = [f"workspace={tmp_path / 'w'}", f"results={tmp_path / 'near'}", "cluster.kind=serial", *SETTINGS]
    for settings in (far, near):
        for step in ("all", "train-flow"):
            done = ptx(tmp_path, "run", step, settings=settings, env=server)
            assert done.returncode == 0, done.stdout + done.stderr
    assert objects(url) == tree(tmp_path / "w")
    model = "models/flow/checkpoints/step-00000002.safetensors"
    there, here = (load_file(tmp_path / name / model) for name in ("far", "near"))
    assert there.keys() == here.keys()
    assert all(np.array_equal(there[name], here[name]) for name in there)
