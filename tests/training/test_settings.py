"""Settings of trainings: presets, what a model depends on, and where its flow comes from."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from pydantic import ValidationError

from ptx.models.flow_net import FlowNet
from ptx.models.shipped import EFFICIENTNET_LITE0
from ptx.pipeline.config import ADDED_LATER
from ptx.pipeline.errors import PtxError
from ptx.settings import load_settings
from ptx.training.settings import (
    FLOW_TRAININGS,
    FORMER_SETTINGS,
    LOOSE_SETTINGS,
    REMOVED_SETTINGS,
    RENAMED_SETTINGS,
    TrainSettings,
)
from ptx.training.training import Training
from ptx.training.trainings import TRAININGS
from ptx.training.trainings.appearance_flow import (
    EFFICIENTNET_WEIGHTS,
    PERCEPTUAL_WEIGHTS,
    TrainFlowSettings,
    TrainGeneratorSettings,
    TrainPixelWarpSettings,
)
from ptx.training.trainings.attributes import TrainAttributesSettings
from ptx.training.trainings.pose_flow import TrainGarmentSettings, TrainPoseFlowSettings, TrainSynthesisSettings
from ptx.training.trainings.view import TrainCoarseSettings, TrainRefineSettings
from tests.projects import NO_FILE


def test_values_without_a_preset() -> None:
    """Adam's rate and first beta are those of system A's generator (CVPR 2019) and of DCGAN."""
    assert TrainSettings().model_dump() == {
        "preset": "demo", "steps": 400, "batch": 8, "accumulate": 1, "learning_rate": 2e-4, "halve_every": 0, "cool_down": 0.0,
        "betas": (0.5, 0.999), "weight_decay": 0.0, "ema": 0.99, "save_every": 200, "keep": 2, "checkpoint": "auto",
        "validate_pairs": 32, "workers": 1, "precision": "auto", "compile": False, "devices": 1, "nodes": 1, "base_channels": 32,
        "flips": 0.0,
    }  # fmt: skip
    assert FORMER_SETTINGS == {"train_coarse": {"max_channels": 128}}  # the default of ptx 0.1
    assert FLOW_TRAININGS == {
        "projected": None,
        "regressed": "train-flow",
        "learned": "train-pose-flow",
        "combined": "train-combined-flow",
    }


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
    with pytest.raises(ValidationError, match="6 pairs do not go into 2 devices × 2 nodes"):
        TrainSettings(batch=6, devices=2, nodes=2)
    with pytest.raises(ValidationError) as caught:
        TrainSettings(batch=3, devices=0)
    assert [error["loc"] for error in caught.value.errors()] == [("devices",)]  # and nothing of shares
    with pytest.raises(ValidationError) as caught:
        TrainSettings(batch=0, devices=2)
    assert [error["loc"] for error in caught.value.errors()] == [("batch",)]


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


TOO_SMALL = "pictures of 16×20 px are too small for the discriminator"
ALONE = "pictures of 48×64 px are one number a channel at 1/64 of their size"


@pytest.mark.parametrize(
    ("settings", "size", "reason"),
    [
        (TrainGeneratorSettings(adversarial=0.01), (20, 16), TOO_SMALL),
        (TrainSynthesisSettings(adversarial=0.01), (20, 16), TOO_SMALL),
        (TrainGeneratorSettings(adversarial=0.01), (24, 24), None),
        (TrainGeneratorSettings(adversarial=0), (16, 16), None),
        (TrainFlowSettings(scales=5, batch=1), (64, 48), ALONE),
        (TrainFlowSettings(scales=5, batch=3, accumulate=2), (64, 48), ALONE),  # of two pairs, then of one
        (TrainFlowSettings(scales=5, batch=2, devices=2), (64, 48), None),  # normalised together
        (TrainFlowSettings(scales=5, batch=4, accumulate=2), (64, 48), None),
        (TrainFlowSettings(scales=5, batch=8, accumulate=8, devices=2, nodes=2), (64, 48), None),  # four at a time
        (TrainFlowSettings(scales=5, batch=1), (65, 48), None),
        (TrainFlowSettings(scales=5, batch=1, regressor="unet"), (64, 48), None),  # its bottom has no normalisation
        (TrainPoseFlowSettings(scales=5, batch=1), (64, 48), ALONE),
        (TrainGarmentSettings(scales=6, batch=1), (64, 48), ALONE),
        (TrainAttributesSettings(scales=6, batch=1), (64, 48), ALONE),
        (TrainGeneratorSettings(scales=6, batch=1), (64, 48), ALONE),
        (TrainCoarseSettings(scales=7, batch=1), (64, 48), None),
        (TrainCoarseSettings(batch=1), (2, 2), None),  # normalises nothing
    ],
)
def test_sizes_that_cannot_be_trained_at_are_refused(
    settings: TrainSettings, size: tuple[int, int], reason: str | None
) -> None:
    refused = settings.refusal(size)
    assert refused is None if reason is None else refused is not None and refused.startswith(reason)
    assert "\n" not in (refused or "")


def test_what_is_refused_could_not_be_trained() -> None:
    points = torch.rand(1, 18, 3) * 40
    with pytest.raises(ValueError, match="Expected more than 1 value per channel"):
        FlowNet(4, 8, 5)(points, points, torch.rand(1, 3, 64, 48))
    FlowNet(4, 8, 5)(points, points, torch.rand(1, 3, 65, 48))
    FlowNet(4, 8, 5, regressor="unet")(points, points, torch.rand(1, 3, 64, 48))


@pytest.mark.parametrize("training", TRAININGS.values(), ids=lambda training: training.name)
def test_settings_that_were_added_later_are_in_no_demo_preset(training: Training) -> None:
    """A model whose ptx did not know them was trained with their defaults, whatever the preset."""
    later = {name for name, field in training.settings.model_fields.items() if ADDED_LATER in field.metadata}
    assert "flips" in later
    assert not later & training.settings.PRESETS["demo"].keys()


def test_only_the_classifiers_training_reads_what_people_wear() -> None:
    assert {name for name, training in TRAININGS.items() if training.annotated} == {"train-attributes"}


def test_weights_of_vgg_are_needed_where_they_are_named(tmp_path: Path) -> None:
    for settings in (TrainGeneratorSettings, TrainSynthesisSettings):
        vgg = tmp_path / "vgg.pth"
        for more in ({}, {"without_vgg": "efficientnet"}, {"without_vgg": "gradients"}):
            assert settings(vgg=vgg, **more).weights == {PERCEPTUAL_WEIGHTS: vgg}


def test_without_vgg_pictures_are_compared_by_the_network_that_comes_with_ptx() -> None:
    for settings in (TrainGeneratorSettings, TrainPixelWarpSettings, TrainSynthesisSettings):
        for used in (settings(), settings(without_vgg="efficientnet")):
            assert used.weights == {EFFICIENTNET_WEIGHTS: EFFICIENTNET_LITE0}
        for unused in (settings(without_vgg="gradients"), settings(perceptual=0)):
            assert unused.weights == {}
        for preset in ("deepfashion-256", "market-128x64"):  # published with VGG-19, or with none
            assert settings(preset=preset).weights == {}


def test_what_is_left_open_is_as_a_model_was_begun(tmp_path: Path) -> None:
    left_open = TrainGeneratorSettings()
    assert left_open.as_begun([EFFICIENTNET_WEIGHTS]).without_vgg == "efficientnet"
    assert left_open.as_begun([]).without_vgg == left_open.as_begun([PERCEPTUAL_WEIGHTS]).without_vgg == "gradients"
    for said in ("efficientnet", "gradients"):
        for begun in ([], [EFFICIENTNET_WEIGHTS]):
            assert TrainGeneratorSettings(without_vgg=said).as_begun(begun).without_vgg == said
    assert TrainFlowSettings().as_begun([EFFICIENTNET_WEIGHTS]) == TrainFlowSettings()


def test_projected_flow_is_read_from_the_stores_of_bodies() -> None:
    bodies = ("ingest", "extract-keypoints", "rasterize", "synth-flow", "visibility")
    for settings in (TrainGeneratorSettings, TrainGarmentSettings, TrainSynthesisSettings):
        assert settings(flow="projected").reads == bodies
        assert settings(flow="regressed").reads == settings(flow="learned").reads == ()


def test_pg2_reads_no_bodies_unless_it_sees_warped_pixels() -> None:
    pictures = ("ingest", "extract-keypoints")
    assert TRAININGS["train-coarse"].reads == TRAININGS["train-refine"].reads == pictures
    assert TrainCoarseSettings().reads == ()
    assert TrainRefineSettings(texture=False).reads == TrainRefineSettings(texture=True, flow="regressed").reads == ()
    assert TrainRefineSettings(texture=True, flow="projected").reads == ("rasterize", "synth-flow", "visibility")
