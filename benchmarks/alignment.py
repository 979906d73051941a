"""Comparison of both feature alignments on the demo's generator: SSIM on held-out pairs, some seeds of each.

    python benchmarks/alignment.py --steps 400 --seeds 3 alignment/

Each seed has people, initial weights and an order of pairs of its own, which both alignments share; flow is projected, so that no
regressor stands between. Goes on where it was stopped.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from common import table
from experiments import Settings, Variant, experiment

from ptx.evaluation.bootstrap import interval
from ptx.evaluation.scores import read_scores

ALIGNMENTS = ("published", "exact")
METHOD = "generator"


def main() -> None:
    """Train what is missing, score, print a row a seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--persons", type=int, default=60)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=1, help="trainings side by side, each with its share of the cores")
    parser.add_argument("--count", type=int, default=200, help="test pairs that are scored")
    args = parser.parse_args()
    rows = []
    for seed in range(args.seeds):
        settings: Settings = {
            "seed": seed,
            "size": [128, 64],
            "data": {"kind": "people", "persons": args.persons, "images_per_person": 6},
            "train_generator": {"steps": args.steps, "save_every": args.steps, "workers": 0, "flow": "projected"},
        }
        variants = [
            Variant(name, ("train-generator",), {"train_generator": {"feature_alignment": name}}) for name in ALIGNMENTS
        ]
        root = args.folder.absolute() / f"seed-{seed}"
        experiment(root, settings, [], variants, args.jobs, args.count)
        published, exact = (read_scores(root / name).values[METHOD] for name in ALIGNMENTS)
        means = [
            f"{found[metric].mean():.4f}" for metric in ("ssim", "body_ssim", "l1") for found in (published, exact)
        ]
        gain = "{:+.4f} ({:+.4f} to {:+.4f})".format(*interval(exact["ssim"] - published["ssim"]))
        rows.append((str(seed), *means, gain))
    heads = [f"{metric}, {name}" for metric in ("SSIM", "body SSIM", "L1") for name in ALIGNMENTS]
    table(("seed", *heads, "SSIM, exact less published (95 %)"), rows)


if __name__ == "__main__":
    main()
