"""The published presets against the papers and their code, number by number; what is ours in them is named so."""

from __future__ import annotations

import pytest

from ptx.pipeline.fingerprint import Json
from ptx.training.settings import LOOSE_SETTINGS
from ptx.training.trainings import TRAININGS

PUBLISHED = ("deepfashion-256", "market-128x64")

PAIRS = {"deepfashion-256": 101_966, "market-128x64": 263_632}
"""Training pairs of the split that the field uses (Zhu et al., CVPR 2019)."""

TRAIN_PHOTOGRAPHS = 48_674
"""Photographs of DeepFashion's training split, which classifiers of clothes are trained on."""

EVERYWHERE: dict[str, Json] = {
    "accumulate": 1, "cool_down": 0.0, "weight_decay": 0.0, "halve_every": 0, "flips": 0.0, "base_channels": 32, "max_channels": 128,
}  # fmt: skip
"""Neither cut batches, nor a fading rate, nor flips, unless stated."""

SYSTEM_A: dict[str, Json] = {**EVERYWHERE, "batch": 8, "ema": 0.999}
"""Li, Huang and Loy, CVPR 2019, and options/ of their code. The moving average is ours: the code has none."""

FLOW: dict[str, Json] = {
    **SYSTEM_A, "learning_rate": 1e-4, "betas": [0.9, 0.999], "weight_decay": 4e-4, "part_weight": 5.0,
    "pyramid_weights": "fine_first", "limbs": False, "assign_weight": 0.0,
}  # fmt: skip
"""Losses L_flow + L_vis + 5 L_ss; limbs, and saying which one a pixel moves with, are ours and off."""

GENERATOR: dict[str, Json] = {
    **SYSTEM_A, "learning_rate": 2e-4, "betas": [0.5, 0.999], "fusion": "residual", "feature_alignment": "published",
    "background": "paint", "flow": "regressed", "perceptual": 1.0, "style": 0.0, "adversarial": 0.01, "adversarial_kind": "bce",
    "discriminator_rate": 2e-5, "discriminator_decay": 4e-4, "gradients": 1.0, "surface": False,
    "without_vgg": "gradients",
}  # fmt: skip
"""L1 + perceptual + .01 adversarial. The loss on gradients is ours: it stands in where there are no VGG weights."""

PG2: dict[str, Json] = {
    **EVERYWHERE, "learning_rate": 2e-5, "betas": [0.5, 0.999], "radius": 4.0, "base_channels": 128, "flips": 0.5, "ema": 0.0,
    "weighting": "mask", "latent": 64,
}  # fmt: skip
"""Ma et al., NIPS 2017, and their code."""

G2: dict[str, Json] = {**PG2, "texture": False, "flow": "projected", "adversarial": 1.0}
"""Pixels that flow warps are ours and off."""

DEEPFASHION: dict[str, Json] = {"scales": 7, "warped_scales": 5, "radius": 8.0, "shift": [0, 0], "scale": 1.0}
MARKET: dict[str, Json] = {"scales": 5, "warped_scales": 4, "radius": 4.0, "shift": [10, 10], "scale": 1.2}

EXPECTED: dict[tuple[str, str], dict[str, Json]] = {
    ("train-flow", "deepfashion-256"): {
        **FLOW, "regressor": "unet", "max_channels": 512, "scales": 5, "radius": 8.0, "shift": [20, 10],
    },
    ("train-flow", "market-128x64"): {**FLOW, "regressor": "unet_v2", "scales": 4, "radius": 4.0, "shift": [5, 5]},
    ("train-generator", "deepfashion-256"): {**GENERATOR, **DEEPFASHION},
    ("train-generator", "market-128x64"): {**GENERATOR, **MARKET},
    ("train-pixel-warp", "deepfashion-256"): {**GENERATOR, **DEEPFASHION, "inputs": "published"},
    ("train-pixel-warp", "market-128x64"): {**GENERATOR, **MARKET, "inputs": "published"},
    ("train-coarse", "deepfashion-256"): {**PG2, "scales": 6, "batch": 8},
    ("train-coarse", "market-128x64"): {**PG2, "scales": 5, "batch": 16},
    ("train-refine", "deepfashion-256"): {**G2, "scales": 4, "batch": 8, "l1": 50.0, "full_size_skip": True},
    ("train-refine", "market-128x64"): {**G2, "scales": 3, "batch": 16, "l1": 10.0, "full_size_skip": False},
    # The schedule and the flips of Li et al.; the layers are ours.
    ("train-attributes", "deepfashion-256"): {
        **EVERYWHERE, "learning_rate": 1e-4, "betas": [0.9, 0.999], "batch": 32, "flips": 0.5,
    },
}  # fmt: skip
"""Training, preset → its values. Numbers of steps are below."""

OURS = {"train-attributes": {"scales", "max_channels", "ema", "radius"}}
"""Settings of published presets that only we have, and no number to compare with."""

STEPS_APART = {"steps", "halve_every", "adversarial_from"}
"""Given in epochs."""


def values(training: str, preset: str) -> dict[str, Json]:
    """Everything that a preset sets, as JSON."""
    return TRAININGS[training].settings.model_validate({"preset": preset}).model_dump(mode="json")


@pytest.mark.parametrize(("training", "preset"), list(EXPECTED))
def test_every_value_is_the_published_one(training: str, preset: str) -> None:
    known = values(training, preset)
    left = LOOSE_SETTINGS | STEPS_APART | {"precision", "vgg", "checkpoint"} | OURS.get(training, set())
    expected = {name: value for name, value in EXPECTED[training, preset].items() if name in known and name not in left}
    assert {name: value for name, value in known.items() if name not in left} == expected


@pytest.mark.parametrize("preset", PUBLISHED)
@pytest.mark.parametrize("training", ["train-flow", "train-generator", "train-pixel-warp"])
def test_steps_are_thirty_epochs(training: str, preset: str) -> None:
    """The regressor's rate is halved every eight; the discriminator joins after five."""
    known, epoch = values(training, preset), PAIRS[preset] / 8
    assert known["steps"] == pytest.approx(30 * epoch, rel=0.01)
    if training == "train-flow":
        assert known["halve_every"] == pytest.approx(8 * epoch, rel=0.002)
    else:
        assert known["halve_every"] == 0
        assert known["adversarial_from"] == pytest.approx(5 * epoch, rel=0.03)
        assert known["adversarial_from"] <= 5 * epoch


ROUNDED: dict[str, tuple[tuple[int, int], ...]] = {
    "steps": ((380_000, 980_000), (380_000, 980_000), (380_000, 980_000)),
    "halve_every": ((102_000, 264_000), (0, 0), (0, 0)),
    "adversarial_from": ((63_000, 160_000), (63_000, 160_000)),
}
"""Setting → its values in both presets of the trainings that have it: epochs in steps, rounded so that they can be remembered."""


@pytest.mark.parametrize("name", ROUNDED)
def test_epochs_are_rounded_to_these_steps(name: str) -> None:
    trainings = ("train-flow", "train-generator", "train-pixel-warp")[-len(ROUNDED[name]) :]
    assert tuple(tuple(values(training, p)[name] for p in PUBLISHED) for training in trainings) == ROUNDED[name]


@pytest.mark.parametrize(
    ("training", "preset", "steps"),
    [("train-coarse", PUBLISHED[0], 30_000), ("train-coarse", PUBLISHED[1], 22_000),
     ("train-refine", PUBLISHED[0], 20_000), ("train-refine", PUBLISHED[1], 14_000)],
)  # fmt: skip
def test_steps_of_pg2(training: str, preset: str, steps: int) -> None:
    assert (values(training, preset)["steps"], values(training, preset)["halve_every"]) == (steps, 0)


def test_the_classifiers_schedule() -> None:
    """Thirty epochs, a tenth of the rate every ten: halved every three and a little."""
    known, epoch = values("train-attributes", "deepfashion-256"), TRAIN_PHOTOGRAPHS / 32
    assert (known["steps"], known["halve_every"]) == (46_000, 4600)
    assert known["steps"] == pytest.approx(30 * epoch, rel=0.01)
    halvings = 10 * epoch / float(str(known["halve_every"]))
    assert 0.5**halvings == pytest.approx(0.1, rel=0.02)


@pytest.mark.parametrize("preset", PUBLISHED)
def test_synthesis_is_trained_as_the_generator(preset: str) -> None:
    """System B publishes no numbers; ours are system A's but for the alignment."""
    a, b = values("train-generator", preset), values("train-synthesis", preset)
    own = {"scales", "warped_scales", "fusion", "flow", "radius", "surface"}
    assert {name: b[name] for name in a if name not in own} == {name: a[name] for name in a if name not in own}
    assert [b[name] for name in ("warped_scales", "fusion", "flow")] == [4, "soft_gate", "learned"]
    for name in ("train-pose-flow", "train-garment"):
        known = values(name, preset)
        assert (known["ema"], known["batch"], known["radius"]) == (0.999, 8, 8.0 if preset == PUBLISHED[0] else 4.0)
        assert known["steps"] == (a["steps"] if name == "train-pose-flow" else int(str(a["steps"])) // 2)
        assert known["learning_rate"] == (1e-4 if name == "train-pose-flow" else 2e-4)


def test_what_is_ours_is_said_to_be() -> None:
    fields = TRAININGS["train-generator"].settings.model_fields
    for name in ("ema", "precision", "gradients", "background"):
        assert "ours" in (fields[name].description or ""), name
