"""Settings of trainings: presets, what a model depends on, and where its flow comes from."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from ptx.training.settings import FLOW_TRAININGS, LOOSE_SETTINGS, RENAMED_SETTINGS, TrainSettings
from ptx.training.trainings import TRAININGS
from ptx.training.trainings.appearance_flow import TrainFlowSettings, TrainGeneratorSettings


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
