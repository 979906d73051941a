"""Seconds that a step of a training takes: from its own log, else from a benchmark on this machine."""

from __future__ import annotations

import time
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from ptx.labels import GARMENTS
from ptx.pipeline.errors import PtxError
from ptx.pipeline.storage.files import read_json_object
from ptx.training.context import TrainingContext
from ptx.training.data import Batch, clothes, move_batch
from ptx.training.log import RATE_FILE, rate_conditions
from ptx.training.models import ProjectModels
from ptx.training.recipes.base import Recipe, total
from ptx.training.recipes.loading import load_recipe
from ptx.training.settings import TrainSettings
from ptx.training.training import Training
from ptx.training.trainings import TRAININGS

Source = Literal["measured", "benchmark", "unknown"]

BENCHMARK_PAIRS = 2
"""Pairs of a benchmark's batch, at most; its time is scaled to the whole batch."""


class FreshModels(ProjectModels):
    """Networks with initial weights in the place of trained ones, which take as long."""

    def settings(self, name: str) -> TrainSettings:
        """Return the section of the settings, whether there is a model or not."""
        return self.project.settings(TRAININGS[name])

    def network(self, name: str) -> nn.Module:
        """Build the network of a training as its settings say."""
        net = load_recipe(TRAININGS[name]).network(self.settings(name), self.facts(name))
        return net.eval().requires_grad_(False)


def seconds_per_step(context: TrainingContext, training: Training) -> tuple[float | None, Source]:
    """Return the seconds of a step and their origin; None and "unknown" where not even a network can be built."""
    settings = context.settings(training)
    logged = _logged(context, training, settings)
    if logged is not None:
        return logged, "measured"
    random_state = torch.get_rng_state()
    try:
        recipe = load_recipe(training).create(settings, context, FreshModels.of(context))
        annotated = clothes(context) if training.annotated else None
        count = min(settings.batch, BENCHMARK_PAIRS)
        batch = random_batch(count, context.size, attributes=0 if annotated is None else len(annotated.attribute_names))
        return _time_step(recipe, batch) * settings.batch / count, "benchmark"
    except PtxError:
        return None, "unknown"
    finally:
        torch.set_rng_state(random_state)


def _logged(context: TrainingContext, training: Training, settings: TrainSettings) -> float | None:
    """Return the rate in the folder of a model of the same network, batch and size."""
    rate = read_json_object(context.folder(training) / RATE_FILE)
    same = rate_conditions(settings, context.size)
    seconds = rate.get("seconds")
    if not isinstance(seconds, int | float) or any(rate.get(name) != value for name, value in same.items()):
        return None
    return float(seconds)


def random_batch(count: int, size: tuple[int, int], *, attributes: int = 0, seed: int = 0) -> Batch:
    """Return a batch of noise with every field that a recipe may read."""
    height, width = size
    rng = np.random.default_rng(seed)

    def noise(*shape: int) -> Tensor:
        return torch.from_numpy(rng.uniform(-1, 1, (count, *shape)).astype(np.float32))

    def keypoints() -> Tensor:
        points = np.ones((count, 18, 3), np.float32)
        points[..., 0] = rng.uniform(0, width - 1, (count, 18))
        points[..., 1] = rng.uniform(0, height - 1, (count, 18))
        return torch.from_numpy(points)

    def labels(kinds: int, *shape: int) -> Tensor:
        return torch.from_numpy(rng.integers(0, kinds, (count, *shape)).astype(np.uint8))

    batch: Batch = {
        "source": noise(3, height, width),
        "target": noise(3, height, width),
        "source_keypoints": keypoints(),
        "target_keypoints": keypoints(),
        "pair": torch.arange(count),
        "flow": 4 * noise(2, height, width),
        "visibility": labels(3, 1, height, width),
        "source_part": labels(7, height, width),
        "target_part": labels(7, height, width),
        "source_parsing": labels(len(GARMENTS), height, width),
        "target_parsing": labels(len(GARMENTS), height, width),
        "target_category": torch.zeros(count, dtype=torch.int64),
        "carried_flow": 4 * noise(2, height, width),
        "carried_visibility": labels(3, 1, height, width),
        "drawn": torch.cat([noise(3, height, width), noise(1, height, width).abs()], dim=1),
        "true_flow": 4 * noise(2, height, width),
        "true_visibility": labels(3, 1, height, width),
        "target_attributes": noise(attributes) > 0,
    }
    return batch


def _time_step(recipe: Recipe[TrainSettings], batch: Batch) -> float:
    """Return the seconds of the second of two steps, forward and backward, on the CPU or the GPU that training would use."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    networks = {name: net.to(device).train() for name, net in recipe.networks().items()}
    for network in recipe.frozen():
        network.to(device).eval().requires_grad_(False)
    optimisers = [recipe.optimiser(name, net) for name, net in networks.items()]
    moved = move_batch(batch, device)
    seconds = 0.0
    for _ in range(2):
        started = time.perf_counter()
        for terms in recipe.losses(networks, moved, recipe.settings.steps - 1).values():
            total(terms).backward()
        for optimiser in optimisers:
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        if device.type == "cuda":
            torch.cuda.synchronize()
        seconds = time.perf_counter() - started
    return seconds
