"""The paper's ablation on held-out synthetic people: each variant trained as `ptx` trains it, scored by `ptx evaluate`.

python benchmarks/ablation.py --steps 2000 --jobs 2 ablation/
"""

from __future__ import annotations

import argparse
from pathlib import Path

from common import table
from experiments import Seconds, Settings, Variant, experiment

from ptx.evaluation.bootstrap import interval
from ptx.evaluation.scores import read_scores

ROWS = {
    "full": "residual",
    "without pixel warping": "residual",
    "without visibility": "no_visibility",
    "without flow": "no_flow",
    "single encoder": "single",
}
"""The paper's rows, and the fusion of each one's generator."""


def main() -> None:
    """Train what is missing, score, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--persons", type=int, default=300)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--flow-steps", type=int, default=2000)
    parser.add_argument("--mix-steps", type=int, default=500)
    parser.add_argument(
        "--jobs", type=int, default=1, help="variants trained side by side, each with its share of the cores"
    )
    parser.add_argument("--count", type=int, default=600, help="test pairs that are scored")
    args = parser.parse_args()
    settings: Settings = {
        "size": [128, 64],
        "data": {"kind": "people", "persons": args.persons, "images_per_person": 6},
        "train_flow": {"steps": args.flow_steps, "save_every": 500, "workers": 0},
        # As published: no layers, which bring warped pixels into every row.
        "train_generator": {
            "steps": args.steps,
            "save_every": 500,
            "workers": 0,
            "background": "keep",
            "learning_rate": 1e-3,
        },
        "train_pixel_warp": {"steps": args.mix_steps, "save_every": 500, "workers": 0, "learning_rate": 1e-3},
    }
    variants = [
        Variant(
            fusion,
            ("train-generator", *(["train-pixel-warp"] if fusion == "residual" else [])),
            {"train_generator": {"fusion": fusion}},
        )
        for fusion in dict.fromkeys(ROWS.values())
    ]
    root = args.folder.absolute()
    scores(root, experiment(root, settings, [["train-flow"]], variants, args.jobs, args.count))


def scores(root: Path, seconds: dict[str, Seconds]) -> None:
    """Print the scores in the paper's order; each row is compared with the one above pair by pair."""
    rows = [("copying the source", "residual", "copy the source", 0.0)]
    for name, fusion in reversed(ROWS.items()):
        method = "generator + pixel warping" if name == "full" else "generator"
        spent = sum(seconds[fusion].values()) if name == "full" else seconds[fusion]["train-generator"]
        rows.append((name, fusion, method, spent))
    out, above = [], None
    for name, fusion, method, spent in rows:
        scored = read_scores(root / fusion)
        found = scored.values[method]
        gap = None if above is None else interval(found["ssim"] - above, scored.persons)
        more = "" if gap is None else "{:+.4f} ({:+.4f} to {:+.4f})".format(*gap)
        means = [f"{found[m].mean():.4f}" for m in ("body_ssim", "l1", "psnr")]
        out.append((name, f"{found['ssim'].mean():.4f}", more, *means, f"{spent / 60:.0f}"))
        above = found["ssim"]
    table(("", "SSIM", "more than the row above (95 %)", "SSIM on the body", "L1", "PSNR", "minutes"), out)


if __name__ == "__main__":
    main()
