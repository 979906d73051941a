"""Settings that all trainings share."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from ptx.models.variants import FlowSource, Precision
from ptx.pipeline.config import ADDED_LATER, Section, Share
from ptx.pipeline.fingerprint import Json

Count = Annotated[int, Field(ge=1)]
Weight = Annotated[float, Field(ge=0)]
PresetName = Literal["demo", "deepfashion-256", "market-128x64"]
Preset = dict[str, Json]
"""Values of settings by name."""

FROM_PICTURES = ("ingest", "extract-keypoints")
"""Stages that every training reads, and PG²'s alone: pictures and keypoints."""

FLOW_STAGES = ("rasterize", "synth-flow", "visibility")
"""Stages that hold flow projected from fitted bodies, and what comes with it."""

FROM_BODIES = (*FROM_PICTURES, *FLOW_STAGES)
"""Stages that system A reads: pictures, keypoints, and flow projected from fitted bodies."""

FROM_PARSING = ("ingest", "extract-keypoints", "parse")
"""Stages that system B reads: pictures, keypoints and garment labels; no body model."""

FROM_OUTLINES = (*FROM_PICTURES, "silhouette", "fit-smpl")
"""Stages that combined flow reads: pictures, keypoints, the person's outline; and who can have a body fitted, with which body model."""

FROM_DRAWN = (*FROM_PICTURES, "draw-surface")
"""Stages that are read where networks see the source's completed surface in the target's pose."""

FLOW_READS: dict[FlowSource, tuple[str, ...]] = {
    "projected": FROM_BODIES,
    "regressed": (),
    "learned": (),
    "combined": FROM_OUTLINES,
}
"""Setting `flow` → the stages whose stores are read for it."""

FLOW_TRAININGS: dict[FlowSource, str | None] = {
    "projected": None,
    "regressed": "train-flow",
    "learned": "train-pose-flow",
    "combined": "train-combined-flow",
}
"""Setting `flow` → the training whose model gives the flow; None where it comes from fitted bodies."""

LOOSE_SETTINGS = frozenset(
    {"steps", "save_every", "keep", "validate_pairs", "workers", "preset", "compile", "devices", "nodes"}
)
"""Settings that say how long, how often and where a model is trained, and change nothing of what it is."""

RENAMED_SETTINGS = {"base": "base_channels", "most": "max_channels"}
"""Settings that had another name in ptx 0.1, old → new: for manifests of older models, and for hints in settings files."""


REMOVED_SETTINGS: Mapping[str, Mapping[str, str]] = {
    "train_pixel_warp": {
        "radius": "the pose maps are those of train_generator",
        "flow": "it is that of train_generator",
        "fusion": "pictures are painted by train_generator's network",
        "warped_scales": "pictures are painted by train_generator's network",
        "background": "pictures are painted by train_generator's network",
    },
    "train_synthesis": {"radius": "the pose maps are those of train_garment"},
    "train_coarse": {"max_channels": "channels grow with every scale, as published"},
    "train_refine": {
        "radius": "the pose maps are those of train_coarse",
        "max_channels": "channels grow with every scale, as published",
        "latent": "this network has no bottleneck",
    },
    "train_attributes": {"radius": "it sees no poses"},
}
"""Section → settings that it had until 0.2 and why they are gone: they changed nothing, or had to be those of another training."""

FORMER_SETTINGS: Mapping[str, Mapping[str, Json]] = {"train_coarse": {"max_channels": 128}}
"""Section → settings that are gone, with their defaults, of the models that others are trained on: manifests had them."""

UNRECORDED_SETTINGS = frozenset({"checkpoint"})
"""Settings that models may be older than and that no default tells: such a model has whatever the settings say now."""

Checkpoint = Literal["auto", "best", "last"]


class TrainSettings(Section):
    """Settings that all trainings share."""

    PRESETS: ClassVar[Mapping[str, Preset]] = {}

    preset: PresetName = "demo"
    """Origin of settings that are not given: a small model for a laptop, or the published ones."""
    steps: Count = 400
    """Steps in all; raise it to train on."""
    batch: Count = 8
    """Pairs a step, of all devices and nodes together, which divide it."""
    accumulate: Count = 1
    """Parts into which a batch is cut to save memory. Batch normalisation then sees smaller batches, so the model becomes another."""
    learning_rate: Annotated[float, Field(gt=0)] = 2e-4
    """Adam's rate."""
    halve_every: Annotated[int, Field(ge=0)] = 0
    """Steps after which the rate is halved, again and again; 0 is never."""
    cool_down: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of the steps, at the end, over which the rate falls to zero."""
    betas: tuple[float, float] = (0.5, 0.999)
    """Adam's decay rates."""
    weight_decay: Weight = 0.0
    """Adam's L2 penalty."""
    ema: Annotated[float, Field(ge=0, lt=1)] = 0.99
    """Decay of the moving average of weights that is used after training (ours; 0 is none, as published); less in the first steps."""
    save_every: Count = 200
    """Steps between checkpoints."""
    keep: Count = 2
    """Checkpoints kept, besides the model."""
    checkpoint: Checkpoint = "auto"
    """Which checkpoint becomes the model: the best by its score on validation persons, or the last; auto is the last where a
    discriminator takes part, whose work scores of likeness undo, else the best. Without validation persons it is the last."""
    validate_pairs: Count = 32
    """Pairs of validation persons that are scored at each checkpoint; of test persons, to look at only, where there are none."""
    workers: Annotated[int, Field(ge=0)] = 1
    """Processes that read batches ahead."""
    precision: Precision = "auto"
    """Arithmetic; auto is that with which the model was begun, at first bf16 on a GPU or CPU that has it (ours), else 32 bits, as
    published."""
    compile: bool = False
    """Compile the networks (torch.compile): minutes at the start, faster steps on a GPU."""
    devices: Count = 1
    """GPUs (or processes on a CPU) that share each batch."""
    nodes: Count = 1
    """Machines with so many devices each, started by srun (`ptx submit` does so) or torchrun."""
    base_channels: Count = 32
    """Channels at the finest scale."""
    flips: Annotated[Share, ADDED_LATER] = 0.0
    """Share of the pairs that are mirrored at random, left and right of the body exchanged; PG²'s is .5."""

    @model_validator(mode="before")
    @classmethod
    def _from_preset(cls, given: Json | TrainSettings) -> Json | TrainSettings:
        if not isinstance(given, dict):
            return given
        return {**cls.PRESETS.get(given.get("preset", "demo"), {}), **given}

    @property
    def needs(self) -> tuple[str, ...]:
        """Trainings whose models these settings ask for, besides those that the training always needs."""
        return ()

    @property
    def reads(self) -> tuple[str, ...]:
        """Stages whose stores these settings ask for, besides those that the training always reads."""
        return ()

    @property
    def weights(self) -> Mapping[str, Path]:
        """Files of weights that shape the model, by what they are for: their contents are part of what it is."""
        return {}

    def as_begun(self, weights: Collection[str]) -> Self:  # noqa: ARG002  # of those that leave something open
        """Return the settings with what they leave open as a model was begun that has weights for these purposes."""
        return self

    @property
    def takes_last(self) -> bool:
        """True where the last checkpoint becomes the model, False where the best one by its score does."""
        return self.checkpoint == "last"

    @property
    def halvings(self) -> int:
        """Halvings of the picture at the smallest maps that its networks normalise over a batch; 0 where they normalise none."""
        return 0

    def refusal(self, size: tuple[int, int]) -> str | None:
        """Return why its networks cannot be trained on pictures of a size (height, width) px; None where they can."""
        if not self.halvings:
            return None
        cells = math.prod(-(-length // 2**self.halvings) for length in size)
        if cells * self._smallest_part > 1:
            return None
        return (
            f"pictures of {size[1]}×{size[0]} px are one number a channel at 1/{2**self.halvings} of their size, which a batch of one "
            "pair cannot normalise: lower scales or accumulate, or raise batch"
        )

    @property
    def _smallest_part(self) -> int:
        """Pairs that are normalised together, of all processes: the last of the parts into which a batch is cut."""
        processes = self.devices * self.nodes
        pairs = self.batch // processes
        part = -(-pairs // self.accumulate)
        return (pairs % part or part) * processes

    @field_validator("nodes")
    @classmethod
    def _shares_the_batch(cls, nodes: int, known: ValidationInfo) -> int:
        batch, devices = known.data.get("batch", 0), known.data.get("devices", 1)
        if batch % (devices * nodes):
            raise ValueError(f"share the batch evenly: {batch} pairs do not go into {devices} devices × {nodes} nodes")
        return nodes

    def manifest(self) -> dict[str, Json]:
        """Return the settings that the model depends on: all but how long, how often and where it is trained."""
        values = {**super().manifest(), "checkpoint": "last" if self.takes_last else "best"}
        return {name: value for name, value in values.items() if name not in LOOSE_SETTINGS}


class PoseMapSettings(TrainSettings):
    """Settings of a network that sees poses as maps."""

    radius: Annotated[float, Field(gt=0)] = 8.0
    """Pixels of a keypoint's disc in the pose maps."""


class MaxChannelsSettings(TrainSettings):
    """Settings of a network whose channels grow with every scale, up to a largest number."""

    max_channels: Count = 128
    """Channels at the coarsest scale."""


class AdversarialSettings(TrainSettings):
    """Settings of a network that a discriminator may judge."""

    adversarial: Weight = 0.01
    """Weight of the discriminator's judgement."""

    @property
    def takes_last(self) -> bool:
        """Also true where nothing else is said and a discriminator takes part."""
        return self.checkpoint == "last" or (self.checkpoint == "auto" and self.adversarial > 0)


class GivenFlowSettings(TrainSettings):
    """Settings of a network that is given flow and visibility."""

    flow: FlowSource = "regressed"
    """Origin of flow and visibility: regressed by train-flow's network, learned by train-pose-flow's, projected from
    fitted bodies, those of the stores in training and fitted to both poses on the spot in use, or combined by
    train-combined-flow's of bodies dressed to the source's outline and learned flow."""

    @property
    def needs(self) -> tuple[str, ...]:
        """The training whose model gives the flow."""
        training = FLOW_TRAININGS[self.flow]
        return (training,) if training else ()

    @property
    def reads(self) -> tuple[str, ...]:
        """The stages of bodies, whose flow is taken from the stores where it is projected; those of outlines where it is combined."""
        return FLOW_READS[self.flow]
