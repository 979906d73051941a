"""A film whose process is killed: the same command goes on, and the film is that of a calm run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from ptx.avatar.person import Avatar
from ptx.avatar.write import encode_avatar
from ptx.datasets.people import People, PeopleOptions
from ptx.inference.surface import SurfaceEngine
from ptx.pipeline.pieces import PIECE
from tests.avatar.scenes import MADE

FRAMES = 2 * PIECE + 10


def start(folder: Path, output: str) -> subprocess.Popen[bytes]:
    words = ["animate", "me.glb", "wave.npz", "-o", output, "--size", "64", "--set", "body=small"]
    return subprocess.Popen(
        [sys.executable, "-m", "ptx.cli", *words],
        cwd=folder,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def finished(process: subprocess.Popen[bytes]) -> None:
    out, _ = process.communicate(timeout=240)
    assert process.returncode == 0, out.decode()


@pytest.mark.slow
def test_killed_and_shared_by_two_it_is_the_same_film(tmp_path: Path) -> None:
    known = People(PeopleOptions(1, 2, seed=1, size=(256, 192), half_body=0, body="small"))
    engine = SurfaceEngine(body="small", size=(256, 192), frame="picture")
    person = engine.person(known.render(0), known.truth(0).keypoints)
    (tmp_path / "me.glb").write_bytes(encode_avatar(Avatar.of(person.fitted, person.store), MADE))
    poses = np.zeros((FRAMES, 24, 3))
    poses[:, 16, 2] = np.sin(np.arange(FRAMES) / 20)
    np.savez(tmp_path / "wave.npz", poses=poses, root=np.zeros((FRAMES, 3)), fps=30.0)
    finished(start(tmp_path, "calm.mp4"))
    parts = tmp_path / ".out.mp4.parts"
    process = start(tmp_path, "out.mp4")
    while not list(parts.glob("frames-*.mp4")) and process.poll() is None:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)  # while the second piece is made
    process.wait()
    assert not (tmp_path / "out.mp4").exists()
    for process in [start(tmp_path, "out.mp4") for _ in range(2)]:
        finished(process)
    assert (tmp_path / "out.mp4").read_bytes() == (tmp_path / "calm.mp4").read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"me.glb", "wave.npz", "calm.mp4", "out.mp4"}
