"""Settings of trainings: presets, what a model depends on, and where its flow comes from."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from ptx.pipeline.errors import PtxError
from ptx.settings import load_settings
from ptx.training.settings import FLOW_TRAININGS, LOOSE_SETTINGS, REMOVED_SETTINGS, RENAMED_SETTINGS, TrainSettings
from ptx.training.trainings import TRAININGS
from ptx.training.trainings.appearance_flow import TrainFlowSettings, TrainGeneratorSettings
from tests.projects import NO_FILE


def test_what_is_given_comes_before_the_preset() -> None:
    assert TrainFlowSettings().limbs
    published = TrainFlowSettings(preset="deepfashion-256", steps=7)
    assert (published.steps, published.halve_every, published.limbs) == (7, 102_000, False)


@pytest.mark.parametrize("training", TRAININGS.values(), ids=lambda training: training.name)
def test_presets_are_settings(training: object) -> None:
    from ptx.training.training import Training

    assert isinstance(training, Training)
    for name in training.settings.PRESETS:
        training.settings.model_validate({"preset": name})


def test_a_model_does_not_depend_on_how_long_and_where_it_is_trained() -> None:
    known = TrainSettings().manifest()
    assert not LOOSE_SETTINGS & known.keys()
    assert TrainSettings.model_fields.keys() >= LOOSE_SETTINGS
    assert TrainSettings(steps=9, workers=0, compile=True).manifest() == known
    assert TrainSettings(learning_rate=1).manifest() != known
    assert set(RENAMED_SETTINGS.values()) <= TrainFlowSettings().manifest().keys()


def test_the_flow_is_another_trainings() -> None:
    for source, training in FLOW_TRAININGS.items():
        assert TrainGeneratorSettings(flow=source).needs == ((training,) if training else ())
    assert TrainFlowSettings().needs == ()
    assert {name for name in FLOW_TRAININGS.values() if name} <= TRAININGS.keys()


def test_a_batch_is_shared_evenly() -> None:
    with pytest.raises(ValidationError, match="share the batch evenly: 8 pairs do not go into 3 devices"):
        TrainSettings(devices=3)


@pytest.mark.parametrize(
    ("section", "name"), [(section, name) for section, gone in REMOVED_SETTINGS.items() for name in gone]
)
def test_a_setting_that_is_gone_is_one_clear_line(section: str, name: str) -> None:
    with pytest.raises(PtxError) as caught:
        load_settings(NO_FILE, [f"{section}.{name}=1"])
    assert str(caught.value) == (
        f"--set {section}.{name}: is no setting any more, leave it out: {REMOVED_SETTINGS[section][name]}"
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["train_pose_flow.scales=1"], "--set train_pose_flow.scales: must be greater than or equal to 2"),
        (["train_synthesis.scales=2", "train_synthesis.pictures=3"], "train_synthesis.pictures: must be at most scales, which is 2"),
        (["synth_flow.backend=released"], "--set synth_flow: must have another backend: released flow comes with data.kind"),
    ],
)  # fmt: skip
def test_what_would_end_in_a_traceback_is_one_line(given: list[str], words: str) -> None:
    with pytest.raises(PtxError) as caught:
        load_settings(NO_FILE, given)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_smallest_networks_that_are_allowed() -> None:
    """`scales` of pose flow and of as many pictures: both train (`tests/training/recipes`)."""
    settings = load_settings(
        NO_FILE, ["train_pose_flow.scales=2", "train_synthesis.scales=1", "train_synthesis.pictures=1"]
    )
    assert settings.section(TRAININGS["train-pose-flow"].settings)
