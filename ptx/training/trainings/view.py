"""Novel views (after PG², NIPS 2017), system C: settings and rows of the trainings. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from ptx.models.variants import FlowSource, PixelWeighting
from ptx.pipeline.config import ADDED_LATER
from ptx.training.settings import (
    AdversarialSettings,
    Count,
    GivenFlowSettings,
    PoseMapSettings,
    Preset,
    TrainSettings,
    Weight,
)
from ptx.training.training import FLOW_STAGES, FROM_PICTURES, Training


class WeightedL1Settings(TrainSettings):
    """Settings of a network that paints under PG²'s weighted L1."""

    weighting: PixelWeighting = "mask"
    """Pixels that count more than the rest: every pixel of the body, as published, or every part of it alike, so that hands, feet
    and faces are not forgotten (ours)."""


class TrainCoarseSettings(WeightedL1Settings, PoseMapSettings):
    """PG²'s first stage: a coarse picture from another side (system C)."""

    PRESETS: ClassVar[Mapping[str, Preset]] = {
        "demo": {"base_channels": 12, "scales": 5, "learning_rate": 1e-3, "cool_down": 0.5, "radius": 4.0, "weighting": "parts"},
        "deepfashion-256": {
            "steps": 30_000, "save_every": 5000, "learning_rate": 2e-5, "radius": 4.0, "ema": 0.0, "checkpoint": "last",
            "base_channels": 128, "flips": 0.5,
        },
        "market-128x64": {
            "steps": 22_000, "save_every": 5000, "learning_rate": 2e-5, "radius": 4.0, "ema": 0.0, "checkpoint": "last",
            "base_channels": 128, "scales": 5, "batch": 16, "flips": 0.5,
        },
    }  # fmt: skip

    scales: Count = 6
    """Blocks of encoder and decoder; the picture is halved one time less."""
    latent: Count = 64
    """Numbers in the bottleneck."""


class TrainRefineSettings(WeightedL1Settings, AdversarialSettings, GivenFlowSettings):
    """PG²'s second stage: what is to be added to the coarse picture, under the eyes of a discriminator (system C)."""

    PRESETS: ClassVar[Mapping[str, Preset]] = {
        "demo": {
            "base_channels": 12, "scales": 4, "learning_rate": 1e-3, "cool_down": 0.5, "weighting": "parts", "texture": True,
            "adversarial": 0.0,
        },
        "deepfashion-256": {
            "steps": 20_000, "save_every": 5000, "learning_rate": 2e-5, "ema": 0.0, "checkpoint": "last", "base_channels": 128,
            "l1": 50.0, "flips": 0.5,
        },
        "market-128x64": {
            "steps": 14_000, "save_every": 5000, "learning_rate": 2e-5, "ema": 0.0, "checkpoint": "last", "base_channels": 128,
            "scales": 3, "batch": 16, "flips": 0.5, "full_size_skip": False,
        },
    }  # fmt: skip

    scales: Count = 4
    """Blocks of encoder and decoder; the picture is halved one time less."""
    full_size_skip: Annotated[bool, ADDED_LATER] = True
    """Hand features across at the picture's size too, as published for DeepFashion; the published network of Market-1501 does not."""
    texture: bool = False
    """See the source's pixels where the flow brings them (ours)."""
    flow: FlowSource = "projected"
    """Origin of that flow, as for train_generator."""
    l1: Weight = 10.0
    """Weight of the weighted L1 beside the discriminator's judgement."""
    adversarial: Weight = 1.0
    """Weight of the discriminator's judgement."""

    @property
    def reads(self) -> tuple[str, ...]:
        """The stores of flow where the network sees pixels that they warp."""
        if not self.texture:
            return ()
        return FLOW_STAGES if self.flow == "projected" else super().reads


ROWS = (
    Training(
        "train-coarse",
        TrainCoarseSettings,
        "ptx.training.recipes.view:CoarseRecipe",
        reads=FROM_PICTURES,
        formerly_read=FLOW_STAGES,
    ),
    Training(
        "train-refine",
        TrainRefineSettings,
        "ptx.training.recipes.view:RefineRecipe",
        needs=("train-coarse",),
        reads=FROM_PICTURES,
        formerly_read=FLOW_STAGES,
    ),
)
