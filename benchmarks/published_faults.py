"""What two faults of the published code cost, measured on a trained workspace.

    python benchmarks/published_faults.py ablation/residual

1. Its flow pyramid averages the background's zeros into the body's cells, which shortens flow along outlines.
2. It never leaves training mode: a picture is normalised by the batch that happens to be painted with it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from common import table
from torch.nn import functional as F

from ptx.geometry.labels import BACKGROUND
from ptx.models.flow_net import FlowNet
from ptx.models.generator import Generator
from ptx.models.pose_maps import pose_maps
from ptx.models.ssim import ssim
from ptx.models.warping import pool_flow, pool_visibility
from ptx.project import load_project
from ptx.training.data import TEST, Batch, PairData, flow_inputs, stack_rows, usable_pairs
from ptx.training.models import ProjectModels, TrainedModels
from ptx.training.recipes.base import load_network, trained_settings
from ptx.training.trainings.appearance_flow import TrainGeneratorSettings


def batch_of(data: PairData, rows: np.ndarray) -> Batch:
    """Some pairs, stacked."""
    return stack_rows([data[int(i)] for i in rows])


def pooling(data: PairData) -> None:
    """How far the published mean is from the mean over the body, in px of the full picture."""
    batch = batch_of(data, np.arange(min(64, len(data))))
    flow, visibility = batch["flow"], batch["visibility"]
    rows = []
    for level in range(1, 5):
        body = pool_visibility(visibility, level) < BACKGROUND
        published = F.avg_pool2d(flow * (visibility < BACKGROUND), 2**level) / 2**level
        error = (published - pool_flow(flow, visibility, level)).norm(dim=1, keepdim=True)[body] * 2**level
        mixed = (F.avg_pool2d((visibility < BACKGROUND).float(), 2**level) < 1)[body].float().mean()
        rows.append(
            (f"1/{2**level}", f"{float(mixed):.0%}", f"{float(error.mean()):.2f}", f"{float(error.quantile(0.95)):.1f}")
        )
    table(("scale", "cells with background in them", "error of the published mean, px", "95th percentile"), rows)


def statistics(models: TrainedModels, data: PairData) -> None:
    """SSIM of the same pictures with the trained statistics and with each batch's own."""
    generator = load_network(models, "train-generator", Generator)
    regressor = load_network(models, "train-flow", FlowNet)
    radius = trained_settings(models, "train-generator", TrainGeneratorSettings).radius
    order = np.random.default_rng(0).permutation(len(data))
    cases = {"trained statistics (ptx)": (False, order, 8), "the batch's, 8 as they come": (True, np.sort(order), 8)}
    cases |= {"the batch's, 8 shuffled": (True, order, 8), "the batch's, one at a time": (True, order, 1)}
    rows = []
    for name, (training, places, size) in cases.items():
        generator.train(training)
        for part in generator.modules():
            if isinstance(part, torch.nn.BatchNorm2d):
                part.track_running_stats = not training  # use the batch's, leave the trained ones alone
        scores = np.zeros(len(places))
        with torch.inference_mode():
            for first in range(0, len(places), size):
                rows_here = places[first : first + size]
                batch = batch_of(data, rows_here)
                given = regressor(*flow_inputs(batch))
                height, width = batch["source"].shape[-2:]
                source, target = batch["source_keypoints"], batch["target_keypoints"]
                pose = pose_maps(source, target, height, width, radius, generator.background)
                painted = generator(batch["source"], pose, given.flow, given.visibility)
                scores[rows_here] = ssim(painted, batch["target"]).numpy()
        rows.append((name, f"{scores.mean():.4f}"))
    table(("normalised by", "SSIM"), rows)


def main() -> None:
    """Print both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workspace", type=Path, help="folder with a pipeline.yaml and trained models")
    parser.add_argument("--count", type=int, default=240)
    args = parser.parse_args()
    project = load_project(args.workspace / "pipeline.yaml")
    data = usable_pairs(project.pipeline, TEST).some(args.count)
    pooling(data)
    print()
    statistics(ProjectModels.of(project.context), data)


if __name__ == "__main__":
    main()
