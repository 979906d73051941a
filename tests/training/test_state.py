"""Where a training stands: what makes its model stale and what does not, also for models of an older ptx."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from ptx.pipeline.fingerprint import digest
from ptx.training.checkpoint import read_checkpoint
from ptx.training.settings import FROM_BODIES, FROM_DRAWN, FROM_OUTLINES
from ptx.training.state import model_scores, stages_read, stale, trained_step
from ptx.training.trainings import TRAININGS
from tests.training.tiny import tiny_project, train

FLOW, GENERATOR = TRAININGS["train-flow"], TRAININGS["train-generator"]


def reasons(work: Path, name: str, *more: str) -> list[str]:
    return stale(tiny_project(work, *more).context, TRAININGS[name])


def rewrite(work: Path, model: str, settings: Mapping[str, str | None]) -> None:
    """Rename settings (None: drop them) in all that a model recorded, as an older ptx would have written it."""
    for path in (work / "models" / model).rglob("*.json"):
        known = json.loads(path.read_text())
        if "document" in known:
            (section,) = known["document"]["settings"].values()
            for name, old in settings.items():
                value = section.pop(name)
                if old is not None:
                    section[old] = value
            path.write_text(json.dumps(known))


@pytest.mark.slow
def test_a_setting_makes_a_model_stale_and_steps_do_not(work: Path) -> None:
    train(work, "train-flow", 4)
    assert trained_step(work / "models" / "flow") == 4
    assert "epe" in model_scores(work / "models" / "flow")
    assert reasons(work, "train-flow", "train_flow.steps=9") == []
    assert reasons(work, "train-flow", "train_flow.base_channels=12") == ["train_flow.base_channels was 8, now 12"]
    rewrite(work, "flow", {"part_weight": None})
    assert reasons(work, "train-flow", "train_flow.steps=9") == []
    train(work, "train-generator", 4, "train_flow.steps=4")
    recorded = json.loads((work / "models" / "flow" / "checkpoints" / "step-00000004.json").read_text())["document"]
    made_from = read_checkpoint(work / "models" / "generator" / "model").meta["document"]
    assert isinstance(made_from, Mapping)
    assert made_from["inputs"]["train-flow"] == digest(recorded)  # what builds on it goes by its own words too
    assert reasons(work, "train-generator") == []
    assert reasons(work, "train-generator", "train_flow.part_weight=2") != []
    assert reasons(work, "train-flow", "train_flow.part_weight=2") != []


@pytest.mark.slow
def test_models_with_the_old_names_of_settings_are_current(work: Path) -> None:
    """And what was trained from them: their records are read as they are."""
    train(work, "train-flow", 4)
    old = {"base_channels": "base", "max_channels": "most"}
    rewrite(work, "flow", old)
    train(work, "train-generator", 4, "train_flow.steps=4")
    rewrite(work, "generator", old)
    assert reasons(work, "train-flow") == reasons(work, "train-generator") == []
    assert reasons(work, "train-flow", "train_flow.max_channels=24") == ["train_flow.max_channels was 16, now 24"]
    assert not train(work, "train-generator", 4, "train_flow.steps=4").trained
    assert train(work, "train-generator", 6, "train_flow.steps=4").trained  # goes on from step 4
    assert not (work / "models" / "generator.1").exists()


def test_nothing_trained_is_not_stale(work: Path) -> None:
    assert reasons(work, "train-flow") == []
    assert trained_step(work / "models" / "flow") == 0
    assert model_scores(work / "models" / "flow") == {}


@pytest.mark.parametrize(
    ("setting", "more"), [("flow=combined", FROM_OUTLINES), ("surface=true", FROM_DRAWN), ("flow=projected", ())]
)
def test_pixel_warping_reads_what_its_generator_is_given(tmp_path: Path, setting: str, more: tuple[str, ...]) -> None:
    context = tiny_project(tmp_path, f"train_generator.{setting}").context
    assert set(stages_read(context, TRAININGS["train-pixel-warp"])) == {*FROM_BODIES, *more}
    assert set(stages_read(context, GENERATOR)) == {*FROM_BODIES, *more}
