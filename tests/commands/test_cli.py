"""The true command in a subprocess, on real workspaces: what a user types and sees."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from ptx.training.state import TRAININGS

SMALL = [
    "--set",
    "body=small",
    "--set",
    "data.persons=3",
    "--set",
    "data.images_per_person=2",
    "--set",
    "size=[64, 64]",
]


def ptx(cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder; its output without colours."""
    return subprocess.run(
        [sys.executable, "-m", "ptx.cli", *arguments],
        cwd=cwd, capture_output=True, text=True, timeout=300, check=False, env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1"},
    )  # fmt: skip


def fails(result: subprocess.CompletedProcess[str], words: str) -> None:
    """Exit code 2, one clear line, no traceback."""
    assert result.returncode == 2, result.stderr
    assert words in result.stderr
    assert "Traceback" not in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run on three synthetic people."""
    folder = tmp_path_factory.mktemp("cli")
    done = ptx(folder, "run", "all", *SMALL)
    assert done.returncode == 0, done.stderr
    assert list(dict.fromkeys(line.split(":")[0] for line in done.stdout.splitlines())) == [
        "ingest", "extract-keypoints", "fit-smpl", "rasterize", "synth-flow", "visibility", "parse",
    ]  # fmt: skip
    return folder


@pytest.mark.slow
def test_second_run_has_nothing_to_do(work: Path) -> None:
    again = ptx(work, "run", "all", *SMALL)
    assert again.stdout.count("nothing to do") == 7


@pytest.mark.slow
def test_parts_are_for_one_data_stage(work: Path) -> None:
    assert "done, nothing to do" in ptx(work, "run", "synth-flow", "--part", "2/2", *SMALL).stdout
    for words in (("all", "--part", "1/2"), ("train-flow", "--part", "1/2"), ("ingest", "--part", "1/2", "--force")):
        failed = ptx(work, "run", *words, *SMALL)
        assert failed.returncode == 2
        assert "--part is for one data stage" in failed.stderr


@pytest.mark.slow
def test_status_as_json(work: Path) -> None:
    rows = json.loads(ptx(work, "status", "--json", *SMALL).stdout)
    assert [(row["condition"], row["done"]) for row in rows[:7]] == [("done", 6)] * 7
    assert [row["condition"] for row in rows[7:]] == ["absent"] * len(TRAININGS)


@pytest.mark.slow
def test_status_says_why_stale(work: Path) -> None:
    out = ptx(work, "status", *SMALL, "--set", "fit_smpl.iterations=7").stdout
    assert "fit_smpl.iterations was 30, now 7" in out
    assert "input fit-smpl changed" in out


@pytest.mark.slow
def test_dry_run_writes_nothing(tmp_path: Path) -> None:
    out = ptx(tmp_path, "run", "all", "--dry-run", *SMALL)
    assert out.returncode == 0
    assert "nothing was written" in out.stdout
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_verify_finds_a_flipped_byte_and_run_mends_it(work: Path) -> None:
    assert ptx(work, "verify", *SMALL).returncode == 0
    shard = work / "work" / "flow.zarr" / "flow" / "c" / "0" / "0" / "0" / "0"
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 4
    shard.write_bytes(content)
    found = ptx(work, "verify", *SMALL)
    assert found.returncode == 1
    assert "flow" in found.stdout
    assert "block 0" in found.stdout
    assert ptx(work, "verify", "synth-flow", "--drop", *SMALL).returncode == 1
    assert "6 computed" in ptx(work, "run", "synth-flow", *SMALL).stdout
    assert ptx(work, "verify", *SMALL).returncode == 0


@pytest.mark.slow
def test_show_writes_pictures(work: Path) -> None:
    for arguments, least in ((["p00001_01"], 300), (["--pair", "2"], 900), (["--grid", "--count", "4"], 300)):
        done = ptx(work, "show", *arguments, *SMALL)
        assert done.returncode == 0, done.stderr
        image = np.asarray(Pillow.open(done.stdout.strip()))
        assert image.shape[0] > least
        assert image.std() > 20
    fails(ptx(work, "show", "p00001_1", *SMALL), "did you mean p00001_01")
    fails(ptx(work, "show", "--pair", "99", *SMALL), "no pair 99: there are 6")
    fails(ptx(work, "show", *SMALL), "name an image")


@pytest.mark.slow
def test_config_and_doctor(tmp_path: Path) -> None:
    shown = ptx(tmp_path, "config", "show").stdout
    (tmp_path / "pipeline.yaml").write_text(shown)
    assert ptx(tmp_path, "config", "check").stdout.strip() == "pipeline.yaml: fine"
    (tmp_path / "pipeline.yaml").write_text(shown.replace("seed:", "sead:"))
    fails(ptx(tmp_path, "config", "check"), "did you mean 'seed'?")
    assert "mediapipe" in ptx(tmp_path, "doctor", "-c", os.devnull).stdout


@pytest.mark.slow
def test_mistakes_end_in_one_line(work: Path, tmp_path: Path) -> None:
    fails(ptx(work, "run", "fit-smlp"), "no stage 'fit-smlp'")
    fails(ptx(work, "run", "all", "-c", "none.yaml"), "none.yaml: no such file")
    fails(ptx(tmp_path, "run", "fit-smpl", *SMALL), "extract-keypoints` first")
    fails(ptx(tmp_path, "verify", *SMALL), "nothing to verify yet")
    fails(ptx(work, "run", "all", *SMALL, "--set", "body=missing.pkl"), "missing.pkl: no such file")
    fails(ptx(work, "run", "all", "--set", "data.root=nowhere"), "is no folder")
    fails(
        ptx(
            work,
            "run",
            "all",
            *SMALL,
            "--set",
            "cluster.kind=address",
            "--set",
            "cluster.address=tcp://127.0.0.1:9",
            "--force",
        ),
        "no Dask scheduler answers",
    )


@pytest.mark.slow
def test_store_of_another_version(work: Path, tmp_path: Path) -> None:
    ptx(tmp_path, "run", "ingest", *SMALL)
    meta = tmp_path / "work" / "ingest.zarr" / "zarr.json"
    document = json.loads(meta.read_text())
    document["attributes"]["ptx"]["format"] = 99
    meta.write_text(json.dumps(document))
    fails(ptx(tmp_path, "run", "all", *SMALL), "has store format 99, this ptx reads 1")
