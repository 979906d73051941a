"""Networks: what ships is what was built, and mistakes are one line."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from ptx.detector.network import ASSETS, Network, PerThread, sigmoid
from ptx.pipeline.errors import PtxError

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))

from build_detector import NETWORKS, checked, members  # noqa: E402


def test_the_shipped_networks_are_mediapipes() -> None:
    assert {path.name for path in ASSETS.glob("*.tflite")} == set(NETWORKS)
    for name, digest in NETWORKS.items():
        assert hashlib.sha256((ASSETS / name).read_bytes()).hexdigest() == digest


def test_outputs_have_no_batch_axis() -> None:
    network = Network(ASSETS / "face_landmark.tflite")
    assert network.side == 192
    points, presence = network(np.zeros((192, 192, 3), np.uint8))
    assert points.size == 3 * 468
    assert presence.size == 1
    again = Network(ASSETS / "face_landmark.tflite")(np.zeros((192, 192, 3), np.uint8))
    assert np.array_equal(points, again[0])


@pytest.mark.parametrize(("content", "words"), [(b"<html>", "is no TensorFlow Lite network"), (None, "cannot be read")])
def test_files_that_are_no_networks(tmp_path: Path, content: bytes | None, words: str) -> None:
    path = tmp_path / "x.tflite"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(PtxError, match=words):
        Network(path)


def test_sigmoid_does_not_overflow() -> None:
    with np.errstate(over="raise"):
        assert sigmoid(np.float32([-1000, 0, 1000])).tolist() == pytest.approx([0, 0.5, 1], abs=1e-30)


@pytest.mark.slow
def test_nothing_is_written_to_standard_error() -> None:
    code = (
        "from ptx.detector.network import *; Network(ASSETS / 'hand_recrop.tflite')(np.zeros((256, 256, 3), np.uint8))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stderr == done.stdout == ""


def test_another_archive_is_refused(tmp_path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(tmp_path / "x.whl", "w") as wheel:
        for name in NETWORKS:
            wheel.writestr(f"mediapipe/modules/{name}", b"another")
    with pytest.raises(SystemExit, match=r"pose_detection.tflite: is not in the archive, or not the one"):
        checked(members(tmp_path / "x.whl"), NETWORKS)


def test_every_thread_has_networks_of_its_own() -> None:
    made: list[object] = []

    def make() -> object:
        made.append(object())
        return made[-1]

    own = PerThread(make)
    assert own() is own() is made[0]
    with ThreadPoolExecutor(1) as pool:
        theirs = [pool.submit(own).result() for _ in range(2)]
    assert theirs == [made[1]] * 2
    assert len(made) == 2


def test_what_is_wrong_with_networks_is_told_at_once() -> None:
    with pytest.raises(PtxError, match="cannot be read"):
        PerThread(lambda: Network(Path("nowhere.tflite")))
