"""Workspaces of one system each: evaluated and reported with nothing of the other systems there, Inception's features included."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from torch import Tensor, nn

from ptx.commands.report import evaluate_and_report
from ptx.evaluation.inception import Inception
from ptx.evaluation.scores import CONTROL, read_scores
from ptx.pipeline.events import Silent
from ptx.project import Project, load_project

MODELS = {
    "flow": ["flow", "generator", "pixel-warp"],
    "pose-flow": ["pose-flow", "garment", "synthesis"],
    "view": ["coarse", "refine"],
}
"""System → folders of its models."""

STORES = {"flow": ["parsing"], "pose-flow": ["fit", "surface", "flow", "visibility"], "view": ["parsing"]}
"""System → stores that it does not read."""

ROWS = {
    "flow": ["generator", "generator + pixel warping"],
    "pose-flow": ["pose flow"],
    "view": ["coarse view", "view"],
}
"""System → its rows among those that paint."""


class Colours(nn.Module):
    """A small stand-in for Inception: mean colours, and classes by them."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, H, W) → features (B, 3), probabilities (B, 3)."""
        return x.mean((2, 3)), x.mean((2, 3)).softmax(1)


def alone(trained: Project, system: str, folder: Path) -> Project:
    """A copy of the workspace without what other systems need and made."""
    root = trained.pipeline.results
    work = folder / "work"
    shutil.copytree(root, work)
    for name in STORES[system]:
        for path in work.glob(f"{name}.*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        assert not (work / f"{name}.zarr").exists()
    for path in (work / "models").iterdir():
        if path.name not in MODELS[system]:
            shutil.rmtree(path)
    return load_project(
        root.parent / "pipeline.yaml", [f"workspace={work}", f"evaluate.inception={folder / 'weights'}"]
    )


@pytest.mark.slow
@pytest.mark.parametrize("system", list(MODELS))
def test_each_system_alone(system: str, trained: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "weights").write_bytes(b"")
    monkeypatch.setattr(Inception, "load", classmethod(lambda cls, path: Colours()))
    project = alone(trained, system, tmp_path)
    page = evaluate_and_report(project, 0, Silent())
    scores = read_scores(page.parent)
    painting = [name for name, own in scores.values.items() if "ssim" in own]
    systems = [name for name in painting if not name.startswith(("copy", "warp", "the target"))]
    assert systems == ROWS[system]
    for name in (*systems, "copy the source", CONTROL):
        assert np.isfinite(scores.values[name]["fid"]).all()
        assert np.isfinite(scores.values[name]["is"]).all()
    text = page.read_text()
    assert all(name in text for name in systems)
    assert ("Bodies, flow, visibility" in text) == (system != "pose-flow")
