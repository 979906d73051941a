"""Trainings of seconds, for tests."""

from __future__ import annotations

import os
from pathlib import Path

import torch
from rich.console import Console
from safetensors.torch import load_file

from ptx.pipeline.plan import Pipeline
from ptx.project import STAGES, load_settings
from ptx.training.run import run_training
from ptx.training.state import TRAININGS

QUIET = Console(quiet=True)
TINY = [
    "cluster.kind=serial", "body=small", "size=[64, 64]", "data.persons=6", "data.images_per_person=3",
    *(f"{training.section}.{setting}" for training in TRAININGS.values()
      for setting in ("base_channels=8", "max_channels=16", "scales=3", "batch=4", "save_every=4", "workers=0", "validate_pairs=6")),
    *(f"{section}.warped_scales=2" for section in ("train_generator", "train_garment", "train_synthesis")),
]  # fmt: skip


def pipeline(workspace: Path, *more: str) -> Pipeline:
    return Pipeline(STAGES, load_settings(Path(os.devnull), [f"workspace={workspace}", *TINY, *more]))


def weights(workspace: Path, model: str, step: int) -> dict[str, torch.Tensor]:
    return load_file(workspace / "models" / model / "checkpoints" / f"step-{step:08d}.safetensors")


def train(workspace: Path, name: str, steps: int, *more: str) -> str:
    section = name.replace("-", "_")
    return run_training(pipeline(workspace, f"{section}.steps={steps}", *more), TRAININGS[name], QUIET)
