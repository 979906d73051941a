"""Values that no paper gives, ours: the demo preset of every training, what all trainings share, and the limits of every setting."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from ptx.pipeline.fingerprint import Json
from ptx.training.settings import TrainSettings
from ptx.training.trainings import TRAININGS

SHARED: dict[str, Json] = {
    "preset": "demo", "steps": 400, "batch": 8, "accumulate": 1, "halve_every": 0, "cool_down": 0.5, "betas": [0.5, 0.999],
    "weight_decay": 0.0, "ema": 0.99, "save_every": 200, "keep": 2, "checkpoint": "auto", "validate_pairs": 32, "workers": 1,
    "precision": "auto", "compile": False, "devices": 1, "nodes": 1, "flips": 0.0,
}  # fmt: skip
"""Demo values of every training unless stated: a laptop trains them in minutes, with Adam as in DCGAN."""

SLOW_BETAS: dict[str, Json] = {"betas": [0.9, 0.999]}
"""Adam's own, of the networks that no discriminator judges."""

PAINTS: dict[str, Json] = {
    "base_channels": 8, "max_channels": 64, "learning_rate": 3e-3, "scales": 5, "shift": [0, 0], "scale": 1.0, "vgg": None,
    "without_vgg": "auto",
    "perceptual": 1.0, "style": 0.0, "gradients": 1.0, "adversarial": 0.0, "adversarial_from": 0, "adversarial_kind": "bce",
    "discriminator_rate": 2e-5, "discriminator_decay": 4e-4,
}  # fmt: skip

ALIGNS: dict[str, Json] = {"warped_scales": 4, "feature_alignment": "published"}

FLOW: dict[str, Json] = {**SLOW_BETAS, "max_channels": 64, "scales": 4, "radius": 4.0, "limbs": True}

VIEW: dict[str, Json] = {"base_channels": 12, "learning_rate": 1e-3, "weighting": "parts"}

DEMO: dict[str, dict[str, Json]] = {
    "train-flow": {
        **FLOW, "base_channels": 16, "learning_rate": 1e-3, "regressor": "unet_v2", "pyramid_weights": "fine_first",
        "part_weight": 5.0, "assign_weight": 0.5, "shift": [0, 0],
    },
    "train-generator": {
        **PAINTS, **ALIGNS, "radius": 4.0, "fusion": "residual", "background": "layers", "flow": "regressed", "surface": False,
    },
    "train-pixel-warp": {**PAINTS, "inputs": "scaled"},
    "train-pose-flow": {
        **FLOW, "base_channels": 8, "learning_rate": 3e-3, "picture": True, "texture": 1.0, "garments": 2.0, "hidden": 1.8,
        "smooth": 0.1, "known_warps": 1.0, "coarse_to_fine": 0.25,
    },
    "train-combined-flow": {
        **SLOW_BETAS, "base_channels": 8, "max_channels": 32, "scales": 4, "radius": 4.0, "learning_rate": 3e-3, "hidden": 0.3,
        "visibility": 0.5,
    },
    "train-garment": {
        **ALIGNS, "base_channels": 8, "max_channels": 64, "learning_rate": 1e-3, "scales": 5, "radius": 4.0, "fusion": "soft_gate",
        "flow": "learned",
    },
    "train-synthesis": {
        **PAINTS, **ALIGNS, "fusion": "soft_gate", "background": "layers", "flow": "learned", "garments": True, "pictures": 3,
        "coarse_to_fine": 0.1,
    },
    "train-coarse": {**VIEW, "scales": 5, "radius": 4.0, "latent": 64},
    "train-refine": {
        **VIEW, "scales": 4, "full_size_skip": True, "texture": True, "flow": "projected", "l1": 10.0, "adversarial": 0.0,
    },
    "train-attributes": {
        **SLOW_BETAS, "base_channels": 8, "max_channels": 64, "learning_rate": 3e-3, "scales": 4, "flips": 0.5,
    },
}  # fmt: skip
"""Training → what it adds to `SHARED`, or has otherwise."""

POSE_FLOW: dict[str, Json] = {
    "steps": 380_000, "save_every": 5000, "learning_rate": 1e-4, "scales": 5, "max_channels": 128, "hidden": 1.8, "cool_down": 0.0,
}  # fmt: skip
GARMENT: dict[str, Json] = {"steps": 190_000, "save_every": 5000, "learning_rate": 2e-4, "scales": 6, "cool_down": 0.0}
SYNTHESIS: dict[str, Json] = {
    "steps": 380_000, "save_every": 5000, "scales": 6, "adversarial_from": 63_000, "pictures": 3, "adversarial": 0.01,
}  # fmt: skip
COMBINED: dict[str, Json] = {
    "steps": 60_000, "save_every": 5000, "learning_rate": 1e-4, "ema": 0.999, "base_channels": 32, "max_channels": 128, "scales": 5,
    "radius": 8.0, "hidden": 0.3, "visibility": 0.5, "cool_down": 0.0,
}  # fmt: skip

LARGE: dict[tuple[str, str], dict[str, Json]] = {
    ("train-pose-flow", "deepfashion-256"): POSE_FLOW,
    ("train-pose-flow", "market-128x64"): {**POSE_FLOW, "steps": 980_000, "scales": 4},
    ("train-combined-flow", "deepfashion-256"): COMBINED,
    ("train-combined-flow", "market-128x64"): {**COMBINED, "scales": 4, "radius": 4.0},
    ("train-garment", "deepfashion-256"): GARMENT,
    ("train-garment", "market-128x64"): {**GARMENT, "steps": 490_000, "scales": 5},
    ("train-synthesis", "deepfashion-256"): {**SYNTHESIS, "shift": [0, 0], "scale": 1.0},
    ("train-synthesis", "market-128x64"): {
        **SYNTHESIS, "steps": 980_000, "scales": 5, "adversarial_from": 160_000, "shift": [10, 10], "scale": 1.2,
    },
    ("train-attributes", "deepfashion-256"): {"scales": 5, "max_channels": 256, "ema": 0.999, "base_channels": 32},
}  # fmt: skip
"""What the presets of the published size have where the papers give nothing; system B has system A's schedule."""

SAVED_EVERY = 5000
"""Steps between checkpoints of all presets of the published size."""

AT_LEAST: dict[str, float] = {
    **dict.fromkeys(
        ("steps", "batch", "accumulate", "save_every", "keep", "validate_pairs", "devices", "nodes", "base_channels", "scales",
         "warped_scales", "max_channels", "latent", "scale", "pictures"), 1,
    ),
    **dict.fromkeys(
        ("halve_every", "cool_down", "weight_decay", "ema", "workers", "flips", "part_weight", "assign_weight", "perceptual", "style",
         "gradients", "adversarial", "adversarial_from", "discriminator_decay", "texture", "garments", "hidden", "smooth",
         "known_warps", "coarse_to_fine", "l1", "visibility"), 0,
    ),
}  # fmt: skip
"""Setting → its smallest value."""

AT_MOST = {"cool_down": 1, "flips": 1, "coarse_to_fine": 1, "pictures": 3}
MORE_THAN_ZERO = ("learning_rate", "radius", "discriminator_rate")
SWITCHES = {("train-synthesis", "garments"), ("train-refine", "texture")}
"""Settings that are weights elsewhere."""


def values(training: str, **given: Json) -> dict[str, Json]:
    """Everything that settings say, as JSON."""
    return TRAININGS[training].settings.model_validate(given).model_dump(mode="json")


@pytest.mark.parametrize("training", TRAININGS)
def test_demo_values(training: str) -> None:
    assert values(training) == {**SHARED, **DEMO[training]}


@pytest.mark.parametrize(("training", "preset"), LARGE)
def test_values_of_the_published_size(training: str, preset: str) -> None:
    known = values(training, preset=preset)
    assert {name: known[name] for name in LARGE[training, preset]} == LARGE[training, preset]


@pytest.mark.parametrize("training", TRAININGS)
def test_long_trainings_save_seldom_and_keep_the_last(training: str) -> None:
    for preset in set(TRAININGS[training].settings.PRESETS) - {"demo"}:
        known = values(training, preset=preset)
        assert (known["save_every"], known["checkpoint"]) == (SAVED_EVERY, "last")


@pytest.mark.parametrize("training", TRAININGS)
def test_limits(training: str) -> None:
    """The smallest and the largest value are taken, what lies beyond is refused."""
    settings: type[TrainSettings] = TRAININGS[training].settings
    lowest = {**AT_LEAST, "scales": 2} if training == "train-pose-flow" else AT_LEAST
    names = {name for name in settings.model_fields if (training, name) not in SWITCHES}
    allowed = {"pictures": 1, "batch": 8} if "pictures" in names else {}  # so that one scale is enough
    for name in names & lowest.keys():
        values(training, **{**allowed, name: lowest[name]})
        with pytest.raises(ValidationError, match=name):
            values(training, **{**allowed, name: lowest[name] - 1})
    for name in names & AT_MOST.keys():
        values(training, **{name: AT_MOST[name]})
        with pytest.raises(ValidationError, match=name):
            values(training, **{name: AT_MOST[name] + 0.5})
    for name in names.intersection(MORE_THAN_ZERO):
        values(training, **{name: 1e-9})
        with pytest.raises(ValidationError, match=name):
            values(training, **{name: 0})
    values(training, ema=0.999999)
    with pytest.raises(ValidationError, match="ema"):
        values(training, ema=1)


@pytest.mark.parametrize("training", [name for name, row in TRAININGS.items() if "shift" in row.settings.model_fields])
def test_targets_are_not_moved_by_less_than_nothing(training: str) -> None:
    for shift in ([0, 1], [1, 0]):
        assert values(training, shift=shift)["shift"] == shift
    for shift in ([0, -1], [-1, 0]):
        with pytest.raises(ValidationError, match="shift"):
            values(training, shift=shift)


def test_every_limited_setting_has_its_limit_here() -> None:
    """Numbers without a limit are Adam's betas and the shift, which has a test of its own."""
    numbers = {
        name
        for row in TRAININGS.values()
        for name, value in row.settings().model_dump(mode="json").items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    assert numbers == {*AT_LEAST, *MORE_THAN_ZERO}
