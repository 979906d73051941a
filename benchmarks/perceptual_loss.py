"""System A's generator with and without the perceptual loss that comes with ptx, beside that on differences of neighbouring pixels.

    python benchmarks/perceptual_loss.py --seeds 3 --jobs 2 perceptual/

Both are given the flow of fitted bodies. Each seed has synthetic people, initial weights and an order of pairs of its own; half of the
people wear loose clothes. Judged on held-out persons by MS-SSIM and by a second network that no loss used: the features of the detector's
pose network, compared as pd compares EfficientNet-Lite0's. pd stands beside them, but one of the two was trained to lower it. Goes on where
it was stopped; a seed is about a quarter of an hour on one core.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from ablation import person_numbers
from common import table
from experiments import Settings, Variant, experiment
from judge import Judge, distance
from PIL import Image

from ptx.evaluation.bootstrap import interval
from ptx.evaluation.evaluate import TARGETS
from ptx.evaluation.saved_pictures import flat_name, folder_name
from ptx.evaluation.scores import Scores, read_scores
from ptx.project import load_project

METRICS = ("ms_ssim", "ssim", "l1", "pd")
EFFICIENTNET, GRADIENTS = "efficientnet", "gradients"
ROWS = (
    ("copying the source", GRADIENTS, "copy the source"),
    ("generator, pixel differences", GRADIENTS, "generator"),
    ("generator, perceptual loss", EFFICIENTNET, "generator"),
)
"""Name, variant and method of each row."""

POSE_NETWORK = "pose network"
"""Name of the judge's distance; less is better."""

JUDGES = ("ms_ssim", POSE_NETWORK)
"""Metrics by which losses are compared: none is trained for."""

PAINTED = "painted"


def main() -> None:
    """Train what is missing, score, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--persons", type=int, default=100)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--jobs", type=int, default=1, help="variants trained side by side")
    parser.add_argument("--count", type=int, default=200, help="test pairs that are scored, of each seed")
    args = parser.parse_args()
    common: Settings = {
        "size": [128, 64],
        "data": {"kind": "people", "persons": args.persons, "images_per_person": 6, "loose": 0.5},
        "train_generator": {"steps": args.steps, "save_every": 100, "workers": 0, "flow": "projected"},
    }
    variants = [
        Variant(name, ("train-generator",), {"train_generator": {"without_vgg": name}})
        for name in (EFFICIENTNET, GRADIENTS)
    ]
    judge = Judge()
    found: list[dict[str, Judged]] = []
    for seed in range(1, args.seeds + 1):  # on people of seed 0 the form of the loss was chosen
        root = args.folder.absolute() / f"seed-{seed}"
        experiment(root, {**common, "seed": seed}, [], variants, args.jobs, args.count, save=PAINTED)
        found.append({variant.folder: judged(root / variant.folder, judge) for variant in variants})
    print_rows(found)


class Judged(NamedTuple):
    """The scores of a variant."""

    scores: Scores
    distances: Mapping[str, np.ndarray]
    """Method → the second network's distance of each pair, NaN where it was not painted."""


def judged(folder: Path, judge: Judge) -> Judged:
    """Return the scores of a variant, and what the judge says of the same pairs' pictures."""
    scores, listing = read_scores(folder), load_project(folder / "pipeline.yaml").pipeline.listing
    pairs = [
        [flat_name(listing.ids[image]) for image in pair] for pair in np.asarray(listing.pairs)[scores.pairs].tolist()
    ]
    files = [f"{target}_{source}.png" for target, source in pairs]
    distances = {method: np.full(len(files), np.nan) for method in {method for _, _, method in ROWS}}
    for number, name in enumerate(files):
        if not (folder / PAINTED / TARGETS / name).exists():
            continue
        wanted = judge.features(_read(folder / PAINTED / TARGETS / name))
        for method, values in distances.items():
            values[number] = distance(judge.features(_read(folder / PAINTED / folder_name(method) / name)), wanted)
    return Judged(scores, distances)


def _read(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB"))


def print_rows(found: Sequence[Mapping[str, Judged]]) -> None:
    """Print the means of all seeds, and how much better each row is than the generator without the loss, pair by pair."""
    persons = person_numbers([variants[GRADIENTS].scores for variants in found])
    base = {metric: values_of(found, GRADIENTS, "generator", metric) for metric in JUDGES}
    out = []
    for name, folder, method in ROWS:
        means = [
            f"{np.nanmean(np.concatenate(values_of(found, folder, method, m))):.4f}" for m in (*METRICS, POSE_NETWORK)
        ]
        more = []
        for metric in JUDGES:
            gaps = [
                own - other for own, other in zip(values_of(found, folder, method, metric), base[metric], strict=True)
            ]
            each = ", ".join(f"{np.nanmean(gap):+.4f}" for gap in gaps)
            more.append("{:+.4f} ({:+.4f} to {:+.4f}); {}".format(*interval(np.concatenate(gaps), persons), each))
        out.append((name, *means, *more))
    heads = (
        "MS-SSIM",
        "SSIM",
        "L1",
        "pd",
        "pose network",
        "MS-SSIM more (95 %); of each seed",
        "pose network more (95 %); of each seed",
    )
    table(("", *heads), out)


def values_of(found: Sequence[Mapping[str, Judged]], folder: str, method: str, metric: str) -> list[np.ndarray]:
    """Return the values of all pairs, one array a seed."""
    judgements = [variants[folder] for variants in found]
    if metric == POSE_NETWORK:
        return [one.distances[method] for one in judgements]
    return [one.scores.values[method][metric] for one in judgements]


if __name__ == "__main__":
    main()
