"""Settings of the training stages, and the published ones as presets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from ptx.models.variants import Background, Fusion
from ptx.pipeline.config import Place, Section

Count = Annotated[int, Field(ge=1)]
Weight = Annotated[float, Field(ge=0)]
FlowSource = Literal["projected", "regressed", "learned"]
RENAMED_SETTINGS = {"base": "base_channels", "most": "max_channels"}
"""Old name of a setting → its name now, for the records of models that were trained before, and for hints on settings files."""

PresetName = Literal["demo", "deepfashion-256", "market-128x64"]


def with_new_names(settings: Mapping[str, Any]) -> dict[str, Any]:
    """A training's settings as they were recorded, under the names of now."""
    return {RENAMED_SETTINGS.get(name, name): value for name, value in settings.items()}


def with_old_names(settings: Mapping[str, Any]) -> dict[str, Any]:
    """A training's settings under the names that models trained before were recorded with."""
    old = {new: name for name, new in RENAMED_SETTINGS.items()}
    return {old.get(name, name): value for name, value in settings.items()}


class TrainSettings(Section):
    """What all training stages share."""

    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {}

    preset: PresetName = "demo"
    """Where settings that are not given come from: a small model for a laptop, or the published ones."""
    steps: Count = 400
    """Steps in all; raise it to train on."""
    batch: Count = 8
    """Pairs a step, of all devices and nodes together, which divide it."""
    accumulate: Count = 1
    """Parts into which a batch is cut to save memory."""
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
    """Decay of the moving average of weights that is used after training; less in the first steps."""
    save_every: Count = 200
    """Steps between checkpoints."""
    keep: Count = 2
    """Checkpoints kept, besides the best."""
    validate_pairs: Count = 32
    """Test pairs that are scored at each checkpoint."""
    workers: Annotated[int, Field(ge=0)] = 1
    """Processes that read batches ahead."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Arithmetic; auto is bf16 on a GPU or CPU that has it, else 32 bits."""
    compile: bool = False
    """Compile the networks (torch.compile): minutes at the start, faster steps on a GPU."""
    devices: Count = 1
    """GPUs (or processes on a CPU) that share each batch."""
    nodes: Count = 1
    """Machines with so many devices each, started by srun (`ptx submit` does so) or torchrun."""
    radius: Annotated[float, Field(gt=0)] = 8.0
    """Pixels of a keypoint's disc in the pose maps."""
    base_channels: Count = 32
    """Channels at the finest scale."""
    max_channels: Count = 128
    """Channels at the coarsest scales."""

    @model_validator(mode="before")
    @classmethod
    def _from_preset(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        return {**cls.PRESETS.get(given.get("preset", "demo"), {}), **given}

    @field_validator("nodes")
    @classmethod
    def _shares_the_batch(cls, nodes: int, known: ValidationInfo) -> int:
        batch, devices = known.data.get("batch", 0), known.data.get("devices", 1)
        if batch % (devices * nodes):
            raise ValueError(f"share the batch evenly: {batch} pairs do not go into {devices} devices × {nodes} nodes")
        return nodes

    def model(self) -> dict[str, Any]:
        """What the model depends on: all but how long, how often and where."""
        loose = {"steps", "save_every", "keep", "validate_pairs", "workers", "preset", "compile", "devices", "nodes"}
        return {k: v for k, v in self.essence().items() if k not in loose}


class TrainFlowSettings(TrainSettings):
    """The flow regressor (CVPR 2019, §3.2)."""

    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "demo": {
            "base_channels": 16, "max_channels": 64, "scales": 4, "learning_rate": 1e-3, "cool_down": 0.5,
            "radius": 4.0, "weight_decay": 0.0,
            "limbs": True, "assign_weight": 0.5, "shift": (0, 0),
        },
        "deepfashion-256": {"steps": 380_000, "save_every": 5000, "learning_rate": 1e-4, "halve_every": 102_000, "ema": 0.999},
        "market-128x64": {
            "steps": 980_000,
            "save_every": 5000,
            "learning_rate": 1e-4,
            "halve_every": 264_000,
            "ema": 0.999,
            "scales": 4,
            "radius": 4.0,
            "shift": (5, 5),
        },
    }  # fmt: skip

    betas: tuple[float, float] = (0.9, 0.999)
    """Adam's decay rates."""
    weight_decay: Weight = 4e-4
    """Adam's L2 penalty."""
    scales: Count = 5
    """Halvings below half the picture's size."""
    part_weight: Weight = 5.0
    """Weight of the segmentation-sensitive loss."""
    limbs: bool = False
    """Learn the difference to the flow of limbs moved as a whole by their keypoints, not the whole flow (ours)."""
    assign_weight: Weight = 0.0
    """Weight of saying which body part each pixel moves with, for `limbs` (ours)."""
    shift: tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]] = (20, 10)
    """Most pixels, right and down, by which targets are moved at random."""


class TrainGeneratorSettings(TrainSettings):
    """The dual-path generator (CVPR 2019, §3.3)."""

    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "demo": {
            "base_channels": 8, "max_channels": 64, "scales": 5, "warped_scales": 4, "background": "layers", "learning_rate": 3e-3,
            "cool_down": 0.5, "radius": 4.0, "adversarial": 0.0,
        },
        "deepfashion-256": {"steps": 380_000, "save_every": 5000, "ema": 0.999, "adversarial_from": 63_000},
        "market-128x64": {
            "steps": 980_000, "save_every": 5000, "ema": 0.999, "adversarial_from": 160_000, "scales": 5, "warped_scales": 4, "radius": 4.0,
            "shift": (10, 10), "scale": 1.2,
        },
    }  # fmt: skip

    scales: Count = 7
    """Halvings of the picture."""
    warped_scales: Count = 5
    """Scales, from the finest, whose appearance is warped by the flow."""
    fusion: Fusion = "residual"
    """How appearance meets the pose: residual is the paper's, the others its ablation."""
    shift: tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]] = (0, 0)
    """Most pixels, right and down, by which targets are moved at random."""
    scale: Annotated[float, Field(ge=1)] = 1.0
    """Most by which targets are made larger or smaller at random."""
    background: Background = "paint"
    """paint every pixel, as published; keep the source's where the network lets them show; or layers: what is behind the person
    and the source's own pixels where the flow brings them show where it lets them (ours)."""
    flow: FlowSource = "regressed"
    """Where flow and visibility come from: regressed by train-flow's network, learned by train-pose-flow's, or projected from
    fitted bodies, those of the stores in training and fitted to both poses on the spot in use."""
    vgg: Place | None = None
    """VGG-19 weights (.safetensors or .pth, torchvision's names) for the perceptual loss. Without them it is off."""
    perceptual: Weight = 1.0
    """Weight of the perceptual loss, where there are VGG weights."""
    style: Weight = 0.0
    """Weight of the style loss on shifted Gram matrices, where there are VGG weights; 0 as published."""
    gradients: Weight = 1.0
    """Weight of the loss on differences of neighbouring pixels, which stands in where there are no VGG weights."""
    adversarial: Weight = 0.01
    """Weight of the discriminator's judgement."""
    adversarial_from: Annotated[int, Field(ge=0)] = 0
    """Step from which the discriminator takes part."""
    adversarial_kind: Literal["bce", "lsgan"] = "bce"
    """Form of the adversarial loss."""
    discriminator_rate: Annotated[float, Field(gt=0)] = 2e-5
    """Adam's rate of the discriminator."""
    discriminator_decay: Weight = 4e-4
    """Adam's L2 penalty on the discriminator."""


class TrainPixelWarpSettings(TrainGeneratorSettings):
    """The pixel-warping net (CVPR 2019, §3.5)."""


class TrainPoseFlowSettings(TrainSettings):
    """Flow learned from pictures and garments alone (TIP 2021; the weights are ours)."""

    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "demo": {"base_channels": 8, "max_channels": 64, "scales": 4, "learning_rate": 3e-3, "cool_down": 0.5, "radius": 4.0},
        "deepfashion-256": {"steps": 380_000, "save_every": 5000, "learning_rate": 1e-4, "ema": 0.999},
        "market-128x64": {"steps": 980_000, "save_every": 5000, "learning_rate": 1e-4, "ema": 0.999, "scales": 4, "radius": 4.0},
    }  # fmt: skip

    betas: tuple[float, float] = (0.9, 0.999)
    """Adam's decay rates."""
    scales: Count = 5
    """Halvings below half the picture's size."""
    limbs: bool = True
    """Learn the difference to the flow of limbs moved as a whole by their keypoints, not the whole flow."""
    picture: bool = True
    """See the source's picture besides both poses: cloth moves otherwise than skin."""
    texture: Weight = 1.0
    """Weight of looks that should be the same where the flow leads; 0 switches the texture-preserving objective off."""
    garments: Weight = 2.0
    """Weight of garments that should be the same where the flow leads."""
    hidden: Weight = 1.8
    """What it costs to call a place hidden in the source instead; a large value switches occlusion off."""
    smooth: Weight = 0.1
    """Weight of the flow's second differences within a garment."""
    known_warps: Weight = 1.0
    """Weight of the error on sources warped on purpose, whose flow is known; 0 switches self-supervision off."""
    coarse_to_fine: Annotated[float, Field(ge=0, le=1)] = 0.25
    """Share of the training at which the finest scale joins; the coarsest begins, 0 trains all from the start."""


class TrainGarmentSettings(TrainSettings):
    """GarmentNet: what the target wears where (TIP 2021; the layers are ours)."""

    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "demo": {"base_channels": 8, "max_channels": 64, "scales": 5, "learning_rate": 1e-3, "cool_down": 0.5, "radius": 4.0},
        "deepfashion-256": {"steps": 190_000, "save_every": 5000, "ema": 0.999},
        "market-128x64": {"steps": 490_000, "save_every": 5000, "ema": 0.999, "scales": 5, "radius": 4.0},
    }  # fmt: skip

    scales: Count = 6
    """Halvings of the picture."""
    warped_scales: Count = 4
    """Scales, from the finest, whose appearance is aligned by the flow."""
    fusion: Fusion = "soft_gate"
    """How aligned appearance meets the pose; no_flow switches alignment off."""
    flow: FlowSource = "learned"
    """Where flow and visibility come from, as for train_generator."""


class TrainSynthesisSettings(TrainGeneratorSettings):
    """SynthesisNet: the picture, coarse to fine, from aligned appearance and garments (TIP 2021; the layers are ours)."""

    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        name: {k: v for k, v in preset.items() if k != "warped_scales"}
        | {"scales": 5 if name != "deepfashion-256" else 6}
        for name, preset in TrainGeneratorSettings.PRESETS.items()
    }

    warped_scales: Count = 4
    """Scales, from the finest, whose appearance is aligned by the flow."""
    fusion: Fusion = "soft_gate"
    """How aligned appearance meets the pose; no_flow switches alignment off."""
    flow: FlowSource = "learned"
    """Where flow and visibility come from, as for train_generator."""
    garments: bool = True
    """See the garments that GarmentNet predicts."""
    pictures: Literal[1, 2, 3] = 3
    """Pictures that are painted and compared, each half the size of the one before; 1 has no coarse ones."""
    coarse_to_fine: Annotated[float, Field(ge=0, le=1)] = 0.1
    """Share of the training at which the finest picture joins."""


class TrainCoarseSettings(TrainSettings):
    """PG²'s first stage: a coarse picture from another side (system C)."""

    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "demo": {"base_channels": 12, "scales": 5, "learning_rate": 1e-3, "cool_down": 0.5, "radius": 4.0, "weighting": "parts"},
        "deepfashion-256": {"steps": 30_000, "save_every": 5000, "learning_rate": 2e-5, "radius": 4.0, "ema": 0.0, "base_channels": 128},
        "market-128x64": {
            "steps": 22_000, "save_every": 5000, "learning_rate": 2e-5, "radius": 4.0, "ema": 0.0, "base_channels": 128, "scales": 5,
            "batch": 16,
        },
    }  # fmt: skip

    scales: Count = 6
    """Blocks of encoder and decoder; the picture is halved one time less."""
    latent: Count = 64
    """Numbers in the bottleneck."""
    weighting: Literal["mask", "parts"] = "mask"
    """What counts more than the rest: every pixel of the body, as published, or every part of it alike, so that hands, feet
    and faces are not forgotten (ours)."""


class TrainRefineSettings(TrainCoarseSettings):
    """PG²'s second stage: what is to be added to the coarse picture, under the eyes of a discriminator (system C)."""

    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "demo": TrainCoarseSettings.PRESETS["demo"] | {"scales": 4, "texture": True, "adversarial": 0.0},
        "deepfashion-256": TrainCoarseSettings.PRESETS["deepfashion-256"] | {"steps": 20_000, "scales": 4, "l1": 50.0},
        "market-128x64": TrainCoarseSettings.PRESETS["market-128x64"] | {"steps": 14_000, "scales": 3},
    }

    scales: Count = 4
    """Blocks of encoder and decoder; the picture is halved one time less."""
    texture: bool = False
    """See the source's pixels where the flow brings them (ours)."""
    flow: FlowSource = "projected"
    """Where that flow comes from, as for train_generator."""
    l1: Weight = 10.0
    """Weight of the weighted L1 beside the discriminator's judgement."""
    adversarial: Weight = 1.0
    """Weight of the discriminator's judgement."""


class TrainAttributesSettings(TrainSettings):
    """The classifier of clothes that FashionIS and AttrRec-k judge by (the schedule of Li et al., CVPR 2019; the layers are ours)."""

    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "demo": {"base_channels": 8, "max_channels": 64, "scales": 4, "learning_rate": 3e-3, "cool_down": 0.5},
        "deepfashion-256": {
            "steps": 46_000, "save_every": 5000, "learning_rate": 1e-4, "halve_every": 4600, "batch": 32, "ema": 0.999, "max_channels": 256,
        },
    }  # fmt: skip

    betas: tuple[float, float] = (0.9, 0.999)
    """Adam's decay rates."""
    scales: Count = 5
    """Halvings of the picture."""
