"""Training across processes: what is trained does not depend on how many share the work, nor on when they were stopped."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from tests.projects import run
from tests.training.recipes.test_attributes import SMALL as ATTRIBUTES
from tests.training.recipes.test_attributes import annotate
from tests.training.tiny import HERE, TINY, tiny_project, train, weights
from tests.training.twice import TOGETHER

pytestmark = pytest.mark.slow

TORCHRUN = [
    sys.executable,
    "-m",
    "torch.distributed.run",
    "--standalone",
    "--local-addr=127.0.0.1",
    "--nproc-per-node=2",
    "-m",
]
ALONE = tuple(setting for setting in TOGETHER if "devices" not in setting)


def torchrun(*words: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [*TORCHRUN, *words], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def steps(workspace: Path, model: str) -> list[int]:
    folder = workspace / "models" / model / "checkpoints"
    return sorted(int(p.stem.removeprefix("step-")) for p in folder.glob("*.json"))


def losses(workspace: Path, model: str = "flow") -> dict[tuple[int, str], float]:
    with (workspace / "models" / model / "log.csv").open(newline="") as file:
        return {(int(row["step"]), row["term"]): float(row["value"]) for row in csv.DictReader(file)}


def apart(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> float:
    """Length of the difference of two networks, in lengths of the first."""
    names = [n for n in one if n.startswith("net/") and one[n].is_floating_point()]
    flat = (torch.cat([w[n].flatten().double() for n in names]) for w in (one, other))
    a, b = flat
    return float((a - b).norm() / a.norm())


@pytest.mark.slow
def test_two_processes_stopped_and_gone_on_with_by_one(work: Path) -> None:
    """The true command under torchrun, SIGTERM to torchrun; as one process that nobody stopped, up to rounding."""
    settings = [
        f"workspace={work}",
        "cluster.kind=serial",
        "body=small",
        *TINY,
        *TOGETHER,
        "train_flow.steps=100000",
        "train_flow.save_every=100000",
    ]
    both = torchrun("ptx.cli", "run", "train-flow", "-c", os.devnull, *(x for s in settings for x in ("--set", s)))
    log, end = work / "models" / "flow" / "log.csv", time.monotonic() + 120
    while both.poll() is None and not (log.exists() and (3, "flow/flow") in losses(work)):
        assert time.monotonic() < end
        time.sleep(0.01)
    both.send_signal(signal.SIGTERM)
    said, _ = both.communicate(timeout=60)
    (done,) = steps(work, "flow")
    assert done >= 3, said
    train(work, "train-flow", done + 3, *ALONE)
    resumed, seen = weights(work, "flow", done + 3), losses(work)
    (work / "models" / "flow").rename(work / "models" / "both")
    train(work, "train-flow", done + 3, *ALONE)
    expected = losses(work)
    first = {key: value for key, value in expected.items() if key[0] <= 3}
    assert {key: seen[key] for key in first} == pytest.approx(first, rel=1e-3)
    assert seen.keys() - expected.keys() == set()
    last = {key: value for key, value in expected.items() if key[0] == done + 3}
    assert {key: seen[key] for key in last} == pytest.approx(last, rel=0.05)
    assert apart(weights(work, "flow", done + 3), resumed) < 0.01


@pytest.mark.slow
def test_as_many_processes_as_before_go_on_bit_for_bit(work: Path) -> None:
    """A signal to one of them stops both, and only the first ever writes (`twice` sees to it)."""
    both = torchrun("tests.training.twice", str(work))
    said, _ = both.communicate(timeout=180)
    assert both.returncode == 0, said
    undisturbed, stopped = weights(work, "undisturbed", 6), weights(work, "flow", 6)
    assert undisturbed.keys() == stopped.keys()
    assert all(torch.equal(value, stopped[name]) for name, value in undisturbed.items())


@pytest.mark.slow
def test_a_classifier_of_two_processes_is_that_of_one(tmp_path: Path) -> None:
    """Mirrors are drawn for the whole batch: the losses of the first steps are those of one process, up to rounding."""
    found = []
    for devices in (1, 2):
        workspace = tmp_path / str(devices)
        run(tiny_project(workspace, *ATTRIBUTES))
        annotate(tiny_project(workspace, *ATTRIBUTES), workspace / "anno")
        settings = [
            f"workspace={workspace}", f"attributes.path={workspace / 'anno'}", *HERE, *TINY, *ATTRIBUTES, "train_attributes.steps=3",
            f"train_attributes.devices={devices}", "train_attributes.precision=fp32",
        ]  # fmt: skip
        command = [sys.executable, "-m", "ptx.cli", "run", "train-attributes", "-c", os.devnull]
        done = subprocess.run(
            [*command, *(x for s in settings for x in ("--set", s))], capture_output=True, text=True, timeout=300,
            env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        found.append(losses(workspace, "attributes"))
    one, two = ({key: value for key, value in each.items() if key[1].startswith("attributes/")} for each in found)
    assert len(one) == 6
    assert two == pytest.approx(one, rel=1e-3)


@pytest.mark.slow
def test_two_processes_train_together(work: Path) -> None:
    """The true command with gloo: both see their half of each batch and end with one model."""
    settings = [
        f"workspace={work}",
        "cluster.kind=serial",
        "body=small",
        *TINY,
        "train_flow.steps=4",
        "train_flow.devices=2",
        "train_flow.precision=fp32",
    ]
    command = [sys.executable, "-m", "ptx.cli", "run", "train-flow", "-c", os.devnull]
    done = subprocess.run(
        [*command, *(x for s in settings for x in ("--set", s))], capture_output=True, text=True, timeout=300,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "train-flow: done" in done.stdout
    train(work, "train-flow", 4)  # the same model, whoever trains it
    assert sorted(p.name for p in (work / "models" / "flow" / "checkpoints").glob("*.json")) == ["step-00000004.json"]
