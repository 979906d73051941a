"""Cases of training: three steps of every training, one thing varied at a time, and every published preset."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import adapter as ptx
from content import Found, content, document, prefixed, tensors, words
from places import Places

Settings = dict[str, Any]

FUSIONS = ("residual", "soft_gate", "hard_gate", "no_visibility", "residual_no_visibility", "no_flow", "single")
FLOWS = ("projected", "regressed", "learned")
BACKGROUNDS = ("paint", "keep", "layers")
PRESETS = ("demo", "deepfashion-256", "market-128x64")
SIZES = {"demo": (128, 64), "deepfashion-256": (128, 128), "market-128x64": (128, 64)}
"""Smallest sizes that the presets' scales allow."""

VGG = "<vgg>"
"""Stands for the path of the weights, which is not known before they are written."""
EVERY = [
    {"accumulate": 2},
    {"ema": 0.0},
    {"halve_every": 1},
    {"weight_decay": 0.01},
    {"betas": [0.9, 0.99]},
    {"radius": 2.0},
]
"""What every training can vary."""
JUDGED = [
    {"adversarial": 0.01},
    {"adversarial": 0.01, "adversarial_kind": "lsgan"},
    {"adversarial": 0.01, "adversarial_from": 2},
    {"adversarial": 0.01, "accumulate": 2},
    {"adversarial": 0.01, "discriminator_rate": 1e-3, "discriminator_decay": 0.1},
]
LOOKS = [
    {"gradients": 0.0},
    {"vgg": VGG},
    {"vgg": VGG, "perceptual": 0.5, "style": 100.0},
    {"vgg": VGG, "perceptual": 0.0},
]
MOVED = [{"shift": [5, 3]}, {"scale": 1.3}, {"shift": [5, 3], "scale": 1.3}]
FITTED = [{"shift": [5, 3], "scale": 1.3, "flow": "projected"}]
LAID = [{"fusion": fusion, "background": ground} for fusion in ("no_flow", "single") for ground in ("keep", "layers")]
PAINTED = [{"fusion": f} for f in FUSIONS] + [{"background": b} for b in BACKGROUNDS] + [*LAID, {"warped_scales": 1}]
GIVEN = [{"flow": flow} for flow in FLOWS]

VARIED: dict[str, list[Settings]] = {
    "flow": [
        {"limbs": False}, {"limbs": False, "assign_weight": 0.0}, {"assign_weight": 0.0}, {"part_weight": 0.0}, {"shift": [5, 3]},
        {"precision": "bf16"}, *EVERY,
    ],
    "generator": [*PAINTED, *GIVEN, *LOOKS, *JUDGED, *MOVED, *FITTED, {"accumulate": 2}],
    "pixel-warp": [*LOOKS, *JUDGED, *MOVED],
    "pose-flow": [
        {"picture": False}, {"limbs": False}, {"texture": 0.0}, {"garments": 0.0}, {"hidden": 100.0}, {"smooth": 0.0},
        {"known_warps": 0.0}, {"coarse_to_fine": 0.0}, {"coarse_to_fine": 1.0}, *EVERY,
    ],
    "garment": [*({"fusion": f} for f in FUSIONS), {"warped_scales": 1}, *GIVEN, {"accumulate": 2}],
    "synthesis": [
        *PAINTED, *GIVEN, *LOOKS, *JUDGED, *MOVED, {"garments": False}, *({"pictures": n} for n in (1, 2, 3)),
        {"pictures": 1, "coarse_to_fine": 1.0}, {"coarse_to_fine": 0.0}, {"coarse_to_fine": 1.0}, {"accumulate": 2},
    ],
    "coarse": [{"weighting": "mask"}, {"weighting": "parts"}, {"latent": 8}, {"accumulate": 2}],
    "refine": [
        *({"texture": t, "flow": f} for t in (True, False) for f in FLOWS), {"weighting": "mask"}, {"weighting": "parts"}, {"l1": 50.0},
        {"adversarial": 1.0}, {"adversarial": 1.0, "accumulate": 2},
    ],
    "attributes": [{"accumulate": 2}, {"scales": 2}],
}  # fmt: skip
"""Model → what its training is varied by, besides nothing ("base")."""

NEEDS = {
    "generator": ("flow", "pose-flow"),
    "pixel-warp": ("flow", "pose-flow", "generator"),
    "garment": ("flow", "pose-flow"),
    "synthesis": ("flow", "pose-flow", "garment"),
    "refine": ("flow", "pose-flow", "coarse"),
}
"""Models that a training may read."""


@dataclass(frozen=True)
class Training:
    """One training, and those whose models it reads."""

    model: str
    name: str
    """What is special of it."""
    own: Settings
    """Of its section."""
    needs: tuple[Training, ...] = ()
    config: Callable[[Places], Path] = Places.main
    steps: tuple[int, ...] = (3,)
    """To which it is trained, in one run each."""

    @property
    def case(self) -> str:
        """Its name among the cases."""
        return f"train/{self.model}/{self.name}"

    def settings(self, places: Places) -> Settings:
        """All that is set, by full names."""
        own = {f"{ptx.section(self.model)}.{k}": places.vgg() if v == VGG else v for k, v in self.own.items()}
        return {k: v for need in self.needs for k, v in need.settings(places).items()} | own

    def trained(self, places: Places) -> tuple[Path, Found]:
        """Train where that was not done yet: the folder of results, with all models that it read, and what was said."""

        def make(folder: Path) -> tuple[Path, Found]:
            for need in self.needs:
                source = ptx.model_folder(need.trained(places)[0], need.model)
                shutil.copytree(source, ptx.model_folder(folder, need.model))
            places.annotation()
            command = [*ptx.train(self.model), "-c", self.config(places), "--set", f"results={folder}"]
            said: Found = {}
            for steps in self.steps:
                more = ptx.sets(self.settings(places) | {f"{ptx.section(self.model)}.steps": steps})
                said |= prefixed(f"to-{steps}", places.do(*command, *more))
            return folder, said

        return places.once(self.case, make)

    def run(self, places: Places) -> Found:
        """Digest the checkpoint, the model, the log, the sample sheet."""
        (folder, said), step = self.trained(places), self.steps[-1]
        path, own = ptx.checkpoint(folder, self.model, step), ptx.model_folder(folder, self.model)
        meta = json.loads(path.with_suffix(".json").read_bytes())
        sheet = ptx.sheet(folder, self.model, step)
        rows = csv.reader((own / ptx.LOG).read_text().splitlines())
        return {
            **said,
            **prefixed("checkpoint", tensors(path.with_suffix(".safetensors"))),
            **prefixed("best", tensors(own / ptx.BEST)),
            "scores": document(ptx.scores(meta)),
            "made from": document(ptx.made_from(meta)),
            "log": words("\n".join(" ".join(row) for row in rows)),
            "samples": words(content(sheet.name, sheet.read_bytes())),
        }


def _name(settings: Mapping[str, Any]) -> str:
    return ",".join(f"{name}={'random' if value == VGG else value}" for name, value in settings.items()).replace(
        " ", ""
    )


def base(model: str) -> Training:
    """The training that others are a variation of."""
    return Training(model, "base", {}, tuple(base(need) for need in NEEDS.get(model, ())))


def preset(model: str, name: str) -> Training:
    """A training with a published preset, at full width but where three steps would take more than 20 s."""
    needs = tuple(preset(need, name) for need in NEEDS.get(model, ()))
    own = {"preset": name} | ({"base": 32} if model in ("coarse", "refine") and name != "demo" else {})
    return Training(model, f"preset={name}", own, needs, lambda places: places.preset(SIZES[name]))


def trainings() -> Iterator[Training]:
    """List all of them."""
    for model in ptx.TRAINED:
        needs = base(model).needs
        yield base(model)
        yield Training(model, "resumed", {}, needs, steps=(2, 3))
        yield from (Training(model, _name(own), own, needs) for own in VARIED[model])
        yield from (preset(model, name) for name in PRESETS if (model, name) != ("attributes", "market-128x64"))
    for own in [*({"fusion": f} for f in FUSIONS), *({"background": b} for b in BACKGROUNDS)]:
        yield _reading("pixel-warp", "generator", own)
    yield _reading("generator", "pose-flow", {"picture": False}, flow="learned")
    yield _reading("synthesis", "garment", {"fusion": "no_flow"})
    large = {"base": 4, "most": 8, "scales": 3}
    coarse = Training("coarse", "size=256", large, (), lambda places: places.preset((256, 256)))
    yield Training("refine", "size=256", large | {"adversarial": 1.0}, (coarse,), coarse.config)


def _reading(model: str, other: str, varied: Settings, **own: Any) -> Training:
    """The base of a training, with a variation of one of the models that it reads."""
    needs = tuple(
        Training(other, _name(varied), varied, base(other).needs) if need == other else base(need)
        for need in NEEDS[model]
    )
    return Training(model, f"{other}:{_name(varied)}", own, needs)
