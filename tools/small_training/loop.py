"""The loop: it goes on where it was stopped, and what is kept is the network's moving average."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

Net = TypeVar("Net", bound=nn.Module)
Batch = TypeVar("Batch")

STATE = "state.pt"
PRINTED_EACH = 50
MOST_GRADIENT = 5.0
"""Norm to which gradients are cut."""


@dataclass(frozen=True)
class Run:
    """What a training depends on."""

    folder: Path
    """Where its state is kept, and gone on from."""
    steps: int
    seed: int = 0


@dataclass(frozen=True)
class Pace:
    """How fast a network is trained."""

    batch: int
    """Examples of a step."""
    rate: float
    """Largest rate of learning."""
    warm_up: int
    """Steps in which the rate rises; then it falls as a cosine does."""
    weight_decay: float
    averaged: float
    """Share of the average that a step keeps, less in the first steps."""
    saved_each: int
    """Steps between two states that are kept."""


def train(
    run: Run,
    pace: Pace,
    net: Net,
    draw: Callable[[int], Batch],
    losses: Callable[[Net, int, Batch], dict[str, Tensor]],
) -> Net:
    """Train, or go on; returns the averaged network.

    Args:
        run: where, how long.
        pace: how fast.
        net: as it begins.
        draw: the batch of a step; called in another thread, two steps ahead.
        losses: named terms, whose sum is minimised, of the network, the step and its batch.
    """
    average = deepcopy(net).eval()
    optimizer = torch.optim.AdamW(net.parameters(), pace.rate, weight_decay=pace.weight_decay)
    first, state = 0, run.folder / STATE
    run.folder.mkdir(parents=True, exist_ok=True)
    if state.exists():
        kept = torch.load(state, weights_only=True)
        net.load_state_dict(kept["net"])
        average.load_state_dict(kept["average"])
        optimizer.load_state_dict(kept["optimizer"])
        first = kept["step"]
    began, sums = time.monotonic(), dict[str, float]()
    for step, batch in _ahead(draw, first, run.steps):
        for group in optimizer.param_groups:
            group["lr"] = rate(pace, step, run.steps)
        terms = losses(net, step, batch)
        optimizer.zero_grad()
        torch.stack(list(terms.values())).sum().backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), MOST_GRADIENT)
        optimizer.step()
        follow(average, net, min(pace.averaged, (step + 1) / (step + 10)))
        for name, value in terms.items():
            sums[name] = sums.get(name, 0.0) + float(value.detach())
        done = step + 1
        if done % PRINTED_EACH == 0:
            speed = pace.batch * (done - first) / (time.monotonic() - began)
            rows = ", ".join(f"{name} {value / PRINTED_EACH:.4f}" for name, value in sums.items())
            print(f"step {done} of {run.steps}: {rows}; {speed:.1f} examples/s", flush=True)
            sums.clear()
        if done % pace.saved_each == 0 or done == run.steps:
            kept = {"net": net.state_dict(), "average": average.state_dict(), "step": done}
            torch.save({**kept, "optimizer": optimizer.state_dict()}, state.with_suffix(".part"))
            state.with_suffix(".part").replace(state)
    return average


def load_average(net: Net, folder: Path) -> Net:
    """Fill a network with the average of a training."""
    net.load_state_dict(torch.load(folder / STATE, weights_only=True)["average"])
    return net.eval()


def examples_of(step: int, batch: int, count: int, seed: int) -> Iterator[tuple[int, np.random.Generator]]:
    """Yield the examples of a step: its number among `count`, each once in every pass, and its random numbers."""
    for number in range(step * batch, (step + 1) * batch):
        order = np.random.default_rng([seed, number // count]).permutation(count)
        yield int(order[number % count]), np.random.default_rng([seed, 1, number])


def rate(pace: Pace, step: int, steps: int) -> float:
    """Rate of learning of a step."""
    if step < pace.warm_up:
        return pace.rate * (step + 1) / pace.warm_up
    return pace.rate * 0.5 * (1 + math.cos(math.pi * (step - pace.warm_up) / max(1, steps - pace.warm_up)))


def follow(average: nn.Module, net: nn.Module, keep: float) -> None:
    """Move an average towards the network; counters are copied."""
    with torch.no_grad():
        for mean, now in zip(average.state_dict().values(), net.state_dict().values(), strict=True):
            if mean.is_floating_point():
                mean.lerp_(now, 1 - keep)
            else:
                mean.copy_(now)


def _ahead(draw: Callable[[int], Batch], first: int, steps: int) -> Iterator[tuple[int, Batch]]:
    """Draw the batches from step `first` on, two ahead, in one thread."""
    with ThreadPoolExecutor(1) as pool:
        ahead = {step: pool.submit(draw, step) for step in range(first, min(first + 2, steps))}
        for step in range(first, steps):
            made = ahead.pop(step).result()
            if step + 2 < steps:
                ahead[step + 2] = pool.submit(draw, step + 2)
            yield step, made
