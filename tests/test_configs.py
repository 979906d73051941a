"""The published experiments' files: ptx takes their settings, and their commands lead to the table in an order that works."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from ptx.evaluation.protocols import PROTOCOLS
from ptx.project import Project
from ptx.settings import load_settings
from ptx.training.trainings import TRAININGS
from ptx.training.trainings.appearance_flow import TrainGeneratorSettings

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "configs").glob("*.yaml"))
ROWS = {
    "single-encoder": "single", "without-flow": "no_flow", "without-visibility": "no_visibility",
    "without-pixel-warping": "residual", "full": "residual",
}  # fmt: skip


def commands(path: Path) -> list[list[str]]:
    """What the file says to run, in words."""
    return [shlex.split(line[2:]) for line in path.read_text().splitlines() if line.startswith("# ptx ")]


def test_every_published_experiment_has_a_file() -> None:
    flow = {f"flow-{data}-{row}" for data in ("deepfashion", "market1501") for row in ROWS}
    views = {f"view-{data}" for data in ("deepfashion", "market1501", "panoptic")}
    assert {path.stem for path in FILES} == flow | views | {"pose-flow-deepfashion"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_settings_and_commands(path: Path) -> None:
    settings = load_settings(path)
    assert settings.workspace.folder == Path.cwd() / "work" / path.stem
    project = Project(settings)
    stages = {stage.name for stage in project.pipeline.stages}
    ready: set[str] = set()
    *runs, last = commands(path)
    for words in runs:
        assert words[:2] == ["ptx", "run"]
        assert words[3:] == ["-c", f"configs/{path.name}"]
        stage = words[2]
        if stage in TRAININGS:
            training = TRAININGS[stage]
            own = settings.section(training.settings)
            assert set(project.step(stage).needs()) <= ready, f"{stage} comes too early"
            assert own.steps >= 14_000  # the published schedule, and not the demo's
            assert not training.annotated or settings.attributes.path
        ready |= stages - {"parse"} if stage == "all" else {stage}
    assert ready <= stages | set(TRAININGS)
    assert last[:2] == ["ptx", "evaluate"]
    assert "--table" in last
    if "--protocol" in last:
        assert last[last.index("--protocol") + 1] in PROTOCOLS


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_keypoints_are_those_of_the_papers(path: Path) -> None:
    """OpenPose's, from a table; Panoptic Studio's own."""
    settings = load_settings(path)
    backend = Project(settings).pipeline.stage("extract-keypoints").dependencies["backend"]
    kind = settings.data.kind
    assert backend == ("truth" if kind == "panoptic" else "csv")
    if kind != "panoptic":
        assert settings.extract_keypoints.path == Path.cwd() / "data" / kind / "keypoints.csv"


@pytest.mark.parametrize("row", ROWS)
def test_rows_of_the_ablation_differ_in_what_they_are_called_for(row: str) -> None:
    for data in ("deepfashion", "market1501"):
        path = ROOT / "configs" / f"flow-{data}-{row}.yaml"
        full = load_settings(path.with_name(f"flow-{data}-full.yaml")).section(TrainGeneratorSettings)
        own = load_settings(path).section(TrainGeneratorSettings)
        assert own.fusion == ROWS[row]
        free = {"fusion"} if own.flow == "regressed" else {"fusion", "flow"}
        assert own.model_dump(exclude=free) == full.model_dump(exclude=free)
        assert any("train-pixel-warp" in words for words in commands(path)) == (row == "full")


def test_the_readme_names_every_setting_rightly() -> None:
    text = (ROOT / "configs" / "README.md").read_text()
    names = set(re.findall(r"`((?:data|attributes|parse|evaluate|extract_keypoints)\.\w+)`", text))
    path = ROOT / "configs" / "flow-market1501-full.yaml"
    for name in names:
        section, field = name.split(".")
        assert field in type(getattr(load_settings(path), section)).model_fields
    without = load_settings(path, ["evaluate.inception=null", "data.root=/elsewhere"])
    assert without.evaluate.inception is None
    assert without.data.root == Path("/elsewhere")
