"""The true command in a process of its own: exit codes, one line for a mistake, what it imports."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ptx.pipeline.signals import Interrupted
from ptx.training.step import TrainingStep
from tests.commands.runner import ENVIRONMENT, PEOPLE, fails, ptx, ptx_process, sets

pytestmark = pytest.mark.slow

WITHOUT = ("torch", "numba")
"""Packages that take seconds to import: nothing that only looks may do so."""


@pytest.mark.slow
def test_a_run_in_workers_of_its_own(tmp_path: Path) -> None:
    """As a user types it: by default in Dask workers, one a core."""
    settings = [setting for setting in PEOPLE if not setting.startswith("cluster")]
    done = ptx_process(tmp_path, "run", "all", *sets(*settings))
    assert done.code == 0, done.err
    assert list(dict.fromkeys(line.split(":")[0] for line in done.out.splitlines())) == [
        "ingest", "extract-keypoints", "parse", "silhouette", "fit-smpl", "dress", "rasterize", "synth-flow", "visibility",
    ]  # fmt: skip
    assert ptx_process(tmp_path, "run", "all", *sets(*settings)).out.count("nothing to do") == 9


def test_mistakes_end_in_one_line(finished: Path, tmp_path: Path) -> None:
    people = sets(*PEOPLE)
    fails(ptx_process(tmp_path, "run", "fit-smlp"), "no step 'fit-smlp'")
    fails(ptx(tmp_path, "retry", "ingest", *people), "ingest is absent: `ptx run ingest` first")
    fails(ptx(finished, "run", "all", "-c", "none.yaml"), "none.yaml: no such file")
    fails(ptx(tmp_path, "run", "fit-smpl", *people), "extract-keypoints` first")
    fails(ptx(tmp_path, "verify", *people), "nothing to verify yet")
    fails(ptx(tmp_path, "run", "all", *people, "--set", "body=missing.pkl"), "missing.pkl: no such file")
    fails(ptx(tmp_path, "run", "all", "--set", "data.root=nowhere"), "is no folder")


@pytest.mark.slow
def test_no_scheduler_answers(tmp_path: Path) -> None:
    address = sets("cluster.kind=address", "cluster.address=tcp://127.0.0.1:9")
    fails(ptx(tmp_path, "run", "ingest", *sets(*PEOPLE), *address), "no Dask scheduler answers")


def test_config_check_looks_at_names_and_files(tmp_path: Path) -> None:
    missing = sets("extract_keypoints.backend=coco-json", "extract_keypoints.path=none.json", "data.root=photos")
    found = ptx(tmp_path, "config", "check", *missing)
    assert found.code == 2
    assert found.err.splitlines() == [
        f"error: data.root: {tmp_path / 'photos'} is not there",
        f"extract_keypoints.path: {tmp_path / 'none.json'} is not there",
    ]
    (tmp_path / "photos").mkdir()
    (tmp_path / "none.json").touch()
    assert ptx(tmp_path, "config", "check", *missing).out.strip() == "defaults: fine"
    fails(ptx(tmp_path, "config", "check", *sets("systems=[foo]")), "systems: no system or training 'foo'")


def test_shown_settings_may_be_moved_with_their_folder(tmp_path: Path) -> None:
    shown = ptx(tmp_path, "config", "show", *sets("data.root=photos", "fit_smpl.path=/elsewhere/fits")).out
    assert "\nworkspace: work\n" in shown
    assert "\n  root: photos\n" in shown
    assert "\n  path: /elsewhere/fits\n" in shown


def test_settings_are_not_printed_into_the_file_that_they_are_read_from(tmp_path: Path) -> None:
    """The shell has emptied it by then."""
    command = f"{sys.executable} -m ptx.cli config show -c pipeline.yaml > pipeline.yaml"
    (tmp_path / "pipeline.yaml").write_text("seed: 7\n")
    done = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "pipeline.yaml: was emptied before it could be read" in done.stderr


@pytest.mark.slow
def test_the_first_settings_file_is_written_as_the_readme_says(tmp_path: Path) -> None:
    command = f"{sys.executable} -m ptx.cli config show --set data.root=photos > pipeline.yaml"
    done = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "what stood in it before was not read" in done.stderr
    assert "\n  root: photos\n" in (tmp_path / "pipeline.yaml").read_text()


def test_a_stage_that_does_not_apply(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    fails(
        ptx(tmp_path, "run", "parse", *sets("data.root=photos", "parse.backend=none")),
        "parse does not apply: set `parse.backend`",
    )


def test_config_and_doctor(tmp_path: Path) -> None:
    shown = ptx(tmp_path, "config", "show").out
    assert ptx(tmp_path, "config", "check").out.strip() == "defaults: fine"
    (tmp_path / "pipeline.yaml").write_text(shown)
    assert ptx(tmp_path, "config", "check").out.strip() == "pipeline.yaml: fine"
    (tmp_path / "pipeline.yaml").write_text(shown.replace("seed:", "sead:"))
    fails(ptx(tmp_path, "config", "check"), "did you mean 'seed'?")
    (tmp_path / "pipeline.yaml").unlink()
    small = sets(*PEOPLE, "size=[16, 16]", "train_generator.adversarial=0.01")
    for words in (["config", "check"], ["run", "ingest"], ["run", "train-pixel-warp"]):
        fails(ptx(tmp_path, *words, *small), "train_generator: pictures of 16×16 px are too small")
    assert not list(tmp_path.iterdir())  # no stage has run
    other = sets("systems=[view]")  # which has another discriminator
    assert ptx(tmp_path, "config", "check", *small, *other).out.strip() == "defaults: fine"
    report = ptx(tmp_path, "doctor", "-c", os.devnull).out
    assert "ai-edge-litert" in report
    assert "free disk" in report


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--help"],
        ["run", "--help"],
        ["submit", "--help"],
        ["status"],
        ["status", "--json"],
        ["config", "show"],
    ],
    ids=" ".join,
)
def test_looking_imports_neither_torch_nor_numba(words: list[str], finished: Path) -> None:
    """No words: `import ptx` alone."""
    run = "import ptx" if not words else f"import sys; sys.argv = ['ptx', *{words!r}]; from ptx.cli import main; main()"
    look = (
        f"import sys; print(sorted({{name.split('.')[0] for name in sys.modules}} & {set(WITHOUT)!r}), file=sys.stderr)"
    )
    program = f"try:\n    exec({run!r})\nexcept SystemExit as end:\n    assert not end.code, end.code\n{look}"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=finished, capture_output=True, text=True, check=False,
        env={**os.environ, **ENVIRONMENT},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr.strip().splitlines()[-1] == "[]"


def test_a_training_that_a_signal_stopped_ends_in_75(finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The code on which schedulers queue a job again."""

    def stopped(*_: object, **__: object) -> None:
        raise Interrupted

    monkeypatch.setattr(TrainingStep, "run", stopped)
    ended = ptx(finished, "run", "train-flow", *sets(*PEOPLE))
    assert ended.code == 75
    assert ended.err == "stopped by a signal and saved; the same command goes on from here\n"


def test_a_process_that_only_helps_says_nothing(finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TrainingStep, "run", lambda *_, **__: None)
    done = ptx(finished, "run", "train-flow", *sets(*PEOPLE))
    assert (done.code, done.out, done.err) == (0, "", "")


@pytest.mark.slow
def test_control_c_ends_in_130(tmp_path: Path) -> None:
    settings = ("body=small", "cluster.kind=serial", "data.persons=200", "data.images_per_person=6", "size=[256, 256]")
    process = subprocess.Popen(
        [sys.executable, "-m", "ptx.cli", "run", "ingest", *sets(*settings)],
        cwd=tmp_path, env={**os.environ, **ENVIRONMENT}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    blocks = tmp_path / "work" / "ingest.blocks"
    while not (blocks.is_dir() and any(blocks.iterdir())):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors.strip().splitlines() == ["stopped; the same command goes on from here"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["local", "threads", "serial"])
def test_control_c_twice_for_all_processes(tmp_path: Path, kind: str) -> None:
    """As a terminal sends it: one line, no traceback of any process, seconds; the same bytes afterwards (dask/distributed#1005)."""
    settings = ("body=small", f"cluster.kind={kind}", "run.workers=2", "data.persons=40", "data.images_per_person=2",
                "size=[64, 64]", "run.block=4")  # fmt: skip
    command = [sys.executable, "-m", "ptx.cli", "run", "ingest", *sets(*settings)]
    environment = {**os.environ, **ENVIRONMENT, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [*command, "--set", "workspace=stopped"],
        cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    blocks = tmp_path / "stopped" / "ingest.blocks"
    while not (blocks.is_dir() and any(blocks.iterdir())):
        assert process.poll() is None
        time.sleep(0.02)
    began = time.monotonic()
    for _ in range(2):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.4)
    said, _ = process.communicate(timeout=60)
    assert time.monotonic() - began < 15
    assert process.returncode == 130
    assert "Traceback" not in said
    assert said.splitlines()[-1] == "stopped; the same command goes on from here"
    for workspace in ("stopped", "calm"):
        subprocess.run([*command, "--set", f"workspace={workspace}"], cwd=tmp_path, env=environment, check=True)
    bytes_of = [
        {str(p.relative_to(tmp_path / w)): p.read_bytes() for p in (tmp_path / w).rglob("*.zarr/**/*") if p.is_file()}
        for w in ("stopped", "calm")
    ]
    assert bytes_of[0] == bytes_of[1]


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_that_knows_few_letters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    done = subprocess.run(
        [sys.executable, "-m", "ptx.cli", "run", "--help"],
        env={**os.environ, **ENVIRONMENT},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0
    assert (rb"\xb7  ptx run fit-smpl" if encoding == "ascii" else b"\xb7  ptx run fit-smpl") in done.stdout
    fails_at = subprocess.run(
        [sys.executable, "-m", "ptx.cli", "run", "größe"], cwd=tmp_path, env={**os.environ, **ENVIRONMENT}, capture_output=True,
        check=False,
    )  # fmt: skip
    assert fails_at.returncode == 2
    assert b"UnicodeEncodeError" not in fails_at.stderr
    show = [sys.executable, "-m", "ptx.cli", "config", "show"]
    written = subprocess.run([*show, "--set", "results=/tmp/größe"], capture_output=True, check=True).stdout
    assert "\nresults: /tmp/größe\n" in written.decode()  # settings files are UTF-8


def test_a_workspace_that_may_not_be_read_is_one_line_everywhere(tmp_path: Path) -> None:
    """A file in its place, since root may read everything."""
    (tmp_path / "file").touch()
    for words in (
        ["status"],
        ["run", "all"],
        ["verify"],
        ["show", "--grid"],
        ["models"],
        ["evaluate"],
        ["retry", "ingest"],
    ):
        fails(ptx(tmp_path, *words, "--set", "workspace=file"), "cannot be read")
