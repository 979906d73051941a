"""Flow of dressed bodies, learned flow, and both combined, on held-out synthetic people, half of them in loose clothes.

    python benchmarks/combined_flow.py combined/

All methods get the same: keypoints of source and target, and the source's picture, in which the silhouette network finds the outline.
Errors are against the exact flow; intervals draw persons. Goes on where it was stopped.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from common import table
from experiments import Settings, experiment
from pose_flow import picture_errors

from ptx.evaluation.bootstrap import interval
from ptx.evaluation.context import EvaluationContext
from ptx.evaluation.methods import baseline_flow_methods, open_flow_methods
from ptx.project import load_project

COMBINED = "combined"
PARENTS = ("projected from dressed fits", "learned (B)")
DATA = ("ingest", "extract-keypoints", "parse", "silhouette", "fit-smpl")
"""Data stages that are needed: bodies are dressed as they are wanted."""
REGIONS = ("end-point error, px", "of visible pixels", "of visible loose cloth")


def main() -> None:
    """Train what is missing, print errors, and what the combination is less than each parent."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--persons", type=int, default=120)
    parser.add_argument("--flow-steps", type=int, default=600, help="of the learned flow")
    parser.add_argument("--steps", type=int, default=600, help="of the combination")
    parser.add_argument("--jobs", type=int, default=1, help="the training takes this share of the cores")
    parser.add_argument("--count", type=int, default=360, help="test pairs that are scored")
    args = parser.parse_args()
    settings: Settings = {
        "size": [128, 64],
        "data": {"kind": "people", "persons": args.persons, "images_per_person": 6, "loose": 0.5},
        "train_pose_flow": {"steps": args.flow_steps, "save_every": 200, "workers": 0},
        "train_combined_flow": {"steps": args.steps, "save_every": 100, "workers": 0},
    }
    root = args.folder.absolute()
    experiment(root, settings, [["train-pose-flow", "train-combined-flow"]], [], args.jobs, None, DATA)
    errors, persons = flow_errors(root / "base" / "pipeline.yaml", args.count)
    rows = [(name, *(f"{np.nanmean(region):.2f}" for region in found)) for name, found in errors.items()]
    table(("", *REGIONS), rows)
    print()
    less = [
        (
            parent,
            *("{:+.2f} ({:+.2f} to {:+.2f})".format(*interval(a - b, persons)) for a, b in zip(*both, strict=True)),
        )
        for parent in PARENTS
        for both in ((errors[COMBINED], errors[parent]),)
    ]
    table(("combined less ...", *REGIONS), less)


@torch.inference_mode()
def flow_errors(config: Path, count: int) -> tuple[Mapping[str, np.ndarray], np.ndarray]:
    """Method → errors (3, N) px of the regions in test pairs, NaN where there is too little of one; person (N,) of each pair."""
    project = load_project(config)
    context = EvaluationContext(project.context, project.data, project.settings.evaluate)
    pairs = context.pairs.spread(count)
    methods = (*baseline_flow_methods(), *open_flow_methods(context.models, pairs, project.settings.body))
    person = dict(zip(pairs.numbers.tolist(), pairs.persons.tolist(), strict=True))
    errors: dict[str, list[np.ndarray]] = {method.name: [] for method in methods}
    persons: list[int] = []
    for batch in pairs.batches():
        persons += [person[number] for number in batch.rows["pair"].tolist()]
        for method in methods:
            errors[method.name].append(picture_errors(method.run(batch).flow, batch).double().numpy())
    return {name: np.concatenate(found, axis=1) for name, found in errors.items()}, np.array(persons)


if __name__ == "__main__":
    main()
