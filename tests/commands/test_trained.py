"""`ptx models`: what is listed, and that only `prune` removes anything, and never a current model."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from ptx.training.kept import folder_bytes
from tests.commands.runner import PEOPLE, Completed, fails, on_people, ptx, sets
from tests.projects import shrink

SETTINGS = shrink({
    "base_channels": 8, "max_channels": 16, "scales": 3, "warped_scales": 2, "batch": 2, "steps": 2, "save_every": 2, "workers": 0,
})  # fmt: skip


def small(folder: Path, *words: str, channels: int = 8) -> Completed:
    """Run the command on `PEOPLE` with small networks, the regressor of so many channels."""
    return ptx(folder, *words, *sets(*PEOPLE, *SETTINGS, f"train_flow.base_channels={channels}"))


@pytest.fixture(scope="module")
def trained_once(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a current model of 16 channels, and kept ones of 8, 12 and 14, oldest first; not to be changed."""
    folder = tmp_path_factory.mktemp("trained") / "copy"
    shutil.copytree(finished, folder)
    for channels in (8, 12, 14, 16):
        done = small(folder, "run", "train-flow", channels=channels)
        assert done.code == 0, done.err
    return folder


@pytest.fixture
def trained(trained_once: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(trained_once, tmp_path / "copy"))


def rows(listed: Completed) -> list[list[str]]:
    """The rows of the table, in columns."""
    assert listed.code == 0, listed.err
    return [re.split(r"  +", line.strip()) for line in listed.out.splitlines()[1:]]


def test_models_are_listed(trained: Path) -> None:
    found = rows(small(trained, "models", channels=12))
    assert [(row[0], row[1], row[2]) for row in found] == [
        ("flow", "current", "2"), ("flow.1", "kept", "2"), ("flow.2", "kept", "2"), ("flow.3", "kept", "2"),
    ]  # fmt: skip
    assert all(re.fullmatch(r"[\d.]+ [kM]B", row[3]) for row in found)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", row[4]) for row in found)
    assert all("epe" in row[5] for row in found)
    differs = [row[6] if len(row) > 6 else "" for row in found]
    assert differs == [f"train_flow.base_channels was {n}, now 12" if n != 12 else "" for n in (16, 8, 12, 14)]


def test_no_models(finished: Path) -> None:
    assert on_people(finished, "models").out == "no models\n"
    assert on_people(finished, "models", "prune").out == "nothing to remove\n"


@pytest.mark.parametrize(
    ("words", "stay"),
    [
        ((), []),
        (("flow",), []),
        (("train-flow", "--keep", "1"), ["flow.3"]),
        (("--keep", "2"), ["flow.2", "flow.3"]),
        (("--keep", "9"), ["flow.1", "flow.2", "flow.3"]),
        (("flow.2",), ["flow.1", "flow.3"]),
        (("generator",), ["flow.1", "flow.2", "flow.3"]),
    ],
)
def test_prune_removes_kept_models_and_says_so(trained: Path, words: tuple[str, ...], stay: list[str]) -> None:
    models = trained / "work" / "models"
    sizes = {name: folder_bytes(models / name) for name in ("flow.1", "flow.2", "flow.3") if name not in stay}
    done = small(trained, "models", "prune", *words, channels=16)
    assert done.code == 0, done.err
    *removed, total = done.out.splitlines()
    assert [line.split(",")[0] for line in removed] == [f"removed {name}" for name in sizes]
    assert total == ("nothing to remove" if not sizes else f"{sum(sizes.values()) / 1e6:.1f} MB freed")
    assert sorted(path.name for path in models.iterdir()) == ["flow", *stay]
    assert small(trained, "run", "train-flow", channels=16).out.startswith("train-flow: done, nothing to do")


def test_names_that_are_none(trained: Path) -> None:
    fails(
        small(trained, "models", "prune", "flow.9"), "no training and no kept model 'flow.9': `ptx models` lists them"
    )
    assert (trained / "work" / "models" / "flow.1").exists()


def test_of_a_link_only_the_link_goes(trained: Path, tmp_path: Path) -> None:
    models = trained / "work" / "models"
    (models / "flow.2").rename(tmp_path / "elsewhere")
    (models / "flow.2").symlink_to(tmp_path / "elsewhere")
    assert small(trained, "models", "prune", "flow.2").code == 0
    assert (tmp_path / "elsewhere" / "model.json").exists()
    assert not (models / "flow.2").is_symlink()


@pytest.mark.slow
def test_two_persons_leave_nobody_to_score(tmp_path: Path) -> None:
    """They train, and whatever scores says in one line that there is nothing to score."""
    two = sets(*PEOPLE, *SETTINGS, "data.persons=2", "systems=[train-coarse]", "evaluate.keypoints=none")
    done = ptx(tmp_path, "run", "everything", *two)
    assert done.code == 0, done.err
    assert "train-coarse: done, 2 steps trained" in done.out
    for command in ("evaluate", "report"):
        fails(ptx(tmp_path, command, *two), "no pair is left for testing, so there is nothing to score")
