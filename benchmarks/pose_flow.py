"""Both systems on the same held-out synthetic people, half of them in loose clothes: pictures, flow, and what each idea is worth.

python benchmarks/pose_flow.py --jobs 2 comparison/
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from common import table
from experiments import Settings, Variant, experiment
from torch import Tensor

from ptx.evaluation.bootstrap import interval
from ptx.evaluation.context import EvaluationContext
from ptx.evaluation.methods import SYSTEM_METHODS
from ptx.evaluation.pairs import PairBatch
from ptx.evaluation.scores import read_scores
from ptx.geometry.labels import BACKGROUND, VISIBLE
from ptx.inference.systems import assemble
from ptx.labels import garment
from ptx.models.flow_net import FlowNet
from ptx.models.losses import end_point_error
from ptx.project import load_project
from ptx.training.data import flow_inputs
from ptx.training.models import ProjectModels
from ptx.training.recipes.base import load_network

LOOSE = ("coat", "dress", "skirt")
FEWEST_PIXELS = 20
"""Pixels of a region that count a picture in."""
FLOWS: dict[str, Settings] = {
    "as long": {},
    "without texture": {"texture": 0.0},
    "without garments": {"garments": 0.0},
    "without occlusion": {"hidden": 100.0},
    "without known warps": {"known_warps": 0.0},
    "without coarse to fine": {"coarse_to_fine": 0.0},
    "without limbs to start from": {"limbs": False},
    "from poses alone": {"picture": False},
}
"""Each idea of the learned flow switched off; all are trained for the same, shorter time."""
PICTURES: dict[str, Settings] = {
    "without alignment": {"fusion": "no_flow"},
    "without garments": {"garments": False},
    "without coarse pictures": {"pictures": 1},
}
"""Each idea of SynthesisNet switched off."""


def main() -> None:
    """Train what is missing, score, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--persons", type=int, default=250)
    parser.add_argument("--steps", type=int, default=1000, help="of what paints")
    parser.add_argument("--flow-steps", type=int, default=1000)
    parser.add_argument("--ablation-steps", type=int, default=400, help="of the learned flow without one idea")
    parser.add_argument("--jobs", type=int, default=1, help="variants trained side by side")
    parser.add_argument("--count", type=int, default=400, help="test pairs that are scored")
    args = parser.parse_args()
    flow: Settings = {"steps": args.flow_steps, "save_every": 500, "workers": 0}
    paint: Settings = {"steps": args.steps, "save_every": 500, "workers": 0}
    settings: Settings = {
        "size": [128, 64],
        "data": {"kind": "people", "persons": args.persons, "images_per_person": 6, "loose": 0.5},
        "train_flow": flow,
        "train_pose_flow": flow,
        "train_generator": paint,
        "train_garment": paint,
        "train_synthesis": paint,
    }
    root = args.folder.absolute()
    shared = [["train-pose-flow", "train-garment"], ["train-flow"]]
    variants = [
        Variant("systems", ["train-generator", "train-synthesis"]),
        Variant("A with learned flow", ["train-generator"], {"train_generator": {"flow": "learned"}}),
        *(Variant(f"B {name}", ["train-synthesis"], {"train_synthesis": own}) for name, own in PICTURES.items()),
    ]
    experiment(root, settings, shared, variants, args.jobs, args.count)
    shorter = {"steps": args.ablation_steps}
    ablations = [
        Variant(f"flow {n}", ["train-pose-flow"], {"train_pose_flow": {**shorter, **o}}) for n, o in FLOWS.items()
    ]
    experiment(root, settings, shared, ablations, args.jobs, None)
    found = flows(root, args.count)
    pictures(root, {name: errors[0] for name, errors in found.items()})
    print()
    head = ("", "end-point error, px", "of visible pixels", "of visible loose cloth")
    table(head, [(name, *(f"{value:.2f}" for value in errors)) for name, errors in found.items()])


def pictures(root: Path, flow_error: dict[str, float]) -> None:
    """Every painter: scores, error of the flow it paints by, parameters, time an image."""
    rows = [
        ("copying the source", "systems", "copy the source", "zero flow"),
        ("A, regressed flow", "systems", "generator", "regressed (A)"),
        ("A, learned flow", "A with learned flow", "generator", "learned (B)"),
        ("B", "systems", "pose flow", "learned (B)"),
        *((f"B {name}", f"B {name}", "pose flow", "" if "alignment" in name else "learned (B)") for name in PICTURES),
    ]
    out = []
    systems = read_scores(root / "systems")
    full = systems.values["pose flow"]
    for name, folder, method, flow in rows:
        found = read_scores(root / folder).values[method]
        means = [f"{found[m].mean():.4f}" for m in ("l1", "ssim", "ms_ssim", "garment_ssim")]
        less = interval(found["garment_ssim"] - full["garment_ssim"], systems.persons)
        gap = "{:+.4f} ({:+.4f} to {:+.4f})".format(*less)
        cost = ("", "") if method == "copy the source" else size_and_time(root / folder, method)
        error = f"{flow_error[flow]:.2f}" if flow else ""
        out.append((name, *means, gap, error, *cost))
    head = (
        "L1",
        "SSIM",
        "MS-SSIM",
        "SSIM in garments",
        "... less B's (95 %)",
        "flow error, px",
        "parameters",
        "ms an image",
    )
    table(("", *head), out)


def size_and_time(folder: Path, method: str) -> tuple[str, str]:
    """Parameters of all networks of a system, and milliseconds for one picture on one core."""
    torch.set_num_threads(1)
    row = next(row for row in SYSTEM_METHODS if row.name == method)
    models = ProjectModels.of(load_project(folder / "pipeline.yaml").context)
    net = assemble(row.system, models, refined=row.refined)
    given = torch.rand(1, 3, 128, 64) * 2 - 1, torch.rand(1, 18, 3) * 60, torch.rand(1, 18, 3) * 60
    taken = []
    with torch.inference_mode():
        for _ in range(12):
            began = time.perf_counter()
            net(*given)
            taken.append(time.perf_counter() - began)
    return f"{sum(p.numel() for p in net.parameters()):,}", f"{1000 * float(np.median(taken)):.0f}"


@torch.inference_mode()
def flows(root: Path, count: int) -> dict[str, list[float]]:
    """Every flow against the exact one: over the body, over what the source shows, over loose cloth that it shows."""
    project = load_project(root / "systems" / "pipeline.yaml")
    context = EvaluationContext(project.context, project.data, project.settings.evaluate)
    batches = list(context.pairs.spread(count).batches())
    found = {m.name: errors([m.run(batch).flow for batch in batches], batches) for m in context.methods.flow}
    for name in FLOWS:
        models = ProjectModels.of(load_project(root / f"flow {name}" / "pipeline.yaml").context)
        network = load_network(models, "train-pose-flow", FlowNet)
        learned = [network(*flow_inputs(batch.rows)).dense for batch in batches]
        found[f"learned, {name}"] = errors(learned, batches)
    return found


def errors(flows: Sequence[Tensor], batches: Sequence[PairBatch]) -> list[float]:
    """Mean over pictures of the three errors of flow given batch by batch."""
    found = torch.cat([picture_errors(flow, batch) for flow, batch in zip(flows, batches, strict=True)], dim=1)
    return found.nanmean(1).tolist()


def picture_errors(flow: Tensor, batch: PairBatch) -> Tensor:
    """Errors (3, B) px of flow: over the body, over what the source shows, over its loose cloth; NaN where there is too little."""
    assert batch.truth is not None
    kinds = torch.tensor([garment(n) for n in LOOSE], dtype=torch.uint8)
    labels = batch.truth.visibility
    seen = torch.where(labels == VISIBLE, labels, BACKGROUND)
    cloth = torch.where(torch.isin(batch.rows["target_parsing"], kinds)[:, None], seen, BACKGROUND)
    found = []
    for region in (labels, seen, cloth):
        enough = (region < BACKGROUND).sum((1, 2, 3)) >= FEWEST_PIXELS
        error = end_point_error(flow, batch.truth.flow, region)
        found.append(torch.where(enough, error, torch.nan))
    return torch.stack(found)


if __name__ == "__main__":
    main()
