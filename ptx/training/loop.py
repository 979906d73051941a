"""The training loop: steps, moving average, checkpoints, scores, and an end that can be gone on from at any moment."""

from __future__ import annotations

import math
import signal
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from rich.console import Console
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from ptx.pipeline.errors import PtxError
from ptx.pipeline.progress import progress
from ptx.training.checkpoint import (
    flatten,
    flatten_optimiser,
    read_checkpoint,
    restore,
    restore_optimiser,
    write_checkpoint,
)  # fmt: skip
from ptx.training.data import Batch, PairData, loader
from ptx.training.log import Log
from ptx.training.recipes.base import Recipe, total, unwrap
from ptx.training.samples import write_samples
from ptx.training.state import STOPPING


class Interrupted(Exception):
    """A signal asked for the end; everything is saved."""


class Trainer:
    """One model's training in its folder: `checkpoints/`, `model`, `log.csv`, `samples/`, TensorBoard's `events/`."""

    def __init__(self, recipe: Recipe, fabric: Fabric, folder: Path, document: Mapping[str, Any], seed: int) -> None:
        """`fabric`: the processes that train together; only the first writes. `document`: what the model is made from, written
        into every checkpoint."""
        self.recipe, self.fabric, self.folder, self.document, self.seed = recipe, fabric, folder, dict(document), seed
        s = recipe.settings
        torch.manual_seed(seed)  # everywhere the same: each process draws for the whole batch
        self.plain = recipe.networks()
        self.main = next(iter(self.plain))
        self.average = AveragedModel(self.plain[self.main], multi_avg_fn=_average(s.ema), use_buffers=True)
        self.average.to(self.fabric.device)
        self.nets: dict[str, nn.Module] = {}
        self.optimisers: dict[str, torch.optim.Optimizer] = {}
        for name, net in self.plain.items():
            if self.fabric.device.type == "cuda":  # on a CPU, 16-bit normalisation is slow in this layout
                net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            optimiser = recipe.optimiser(name, net)
            trained: Any = torch.compile(net) if s.compile else net
            self.nets[name], self.optimisers[name] = self.fabric.setup(trained, optimiser)
        self.rates = {name: optimiser.param_groups[0]["lr"] for name, optimiser in self.optimisers.items()}
        self.step = 0
        self.bests: dict[str, float] = {}

    # --- checkpoints ------------------------------------------------------------------------------------------------------

    def path(self, step: int) -> Path:
        """A step's checkpoint, without ending."""
        return self.folder / "checkpoints" / f"step-{step:08d}"

    def saved(self) -> list[int]:
        """Steps of the checkpoints that are whole, in order."""
        found = (self.folder / "checkpoints").glob("step-*.json")
        return sorted(int(p.stem.removeprefix("step-")) for p in found)

    def save(self, scores: Mapping[str, float]) -> None:
        """Write a checkpoint, keep the averaged model where it is the best so far, forget old checkpoints."""
        if not self.fabric.is_global_zero:
            return
        tensors: dict[str, Tensor] = {"random/torch": torch.get_rng_state()}
        for name, net in self.plain.items():
            tensors |= flatten(f"net/{name}", net) | flatten_optimiser(f"optimiser/{name}", self.optimisers[name])
        tensors |= flatten("average", self.average)
        better = bool(scores) and self._is_best(scores[self.recipe.score])
        if better:
            self.bests = dict(scores)
        meta = {"step": self.step, "document": self.document, "scores": dict(scores), "best": self.bests}
        if better:
            write_checkpoint(self.folder / "model", self.average.module.state_dict(), meta)
        write_checkpoint(self.path(self.step), tensors, meta)
        for step in self.saved()[: -self.recipe.settings.keep]:
            self.path(step).with_suffix(".json").unlink()
            self.path(step).with_suffix(".safetensors").unlink(missing_ok=True)

    def _is_best(self, score: float) -> bool:
        known = self.bests.get(self.recipe.score)
        return known is None or self.recipe.best * score > self.recipe.best * known

    def resume(self) -> bool:
        """Go on from the newest checkpoint, of whatever number of processes; False where there is none."""
        steps = self.fabric.broadcast(self.saved())
        if not steps:
            return False
        found = read_checkpoint(self.path(steps[-1]))
        for name, net in self.plain.items():
            restore(net, found.part(f"net/{name}"), str(self.path(steps[-1])))
            restore_optimiser(self.optimisers[name], found.part(f"optimiser/{name}"))
        restore(self.average, found.part("average"), str(self.path(steps[-1])))
        torch.set_rng_state(found.tensors["random/torch"])
        self.step, self.bests = found.meta["step"], found.meta["best"]
        return True

    # --- training ---------------------------------------------------------------------------------------------------------

    def run(self, train: PairData, test: PairData, console: Console) -> dict[str, float]:
        """Train to `settings.steps`; returns the best scores.

        Raises:
            PtxError: a loss is not finite (names the step and the pairs), or the GPU's memory is full; the last good
                checkpoint stays.
            Interrupted: SIGTERM or SIGUSR1 came; everything is saved.
        """
        s = self.recipe.settings
        share = self.fabric.global_rank, self.fabric.world_size
        batches = loader(train, s.batch, self.seed, self.step, s.steps, s.workers, share)
        few = test.some(s.validate_pairs)
        bar = progress(self.recipe.name, s.steps, self.step, console)
        log = Log(self.folder, self.step, self.fabric.is_global_zero)
        with _signals() as signals, bar as advance, log, closing(batches):
            for batch in batches:
                terms = self._over_all(self._try(batch))
                self.step += 1
                advance(1, 0)
                log.write(self.step, terms)
                told = self._anyone(bool(signals))
                if told or self.step % s.save_every == 0 or self.step == s.steps:
                    scores = {} if told else self.validate(few)
                    log.write(self.step, {f"test/{name}": value for name, value in scores.items()})
                    self.save(scores)
                if told:
                    self.fabric.barrier()  # a launcher may end all processes when the first of them ends
                    raise Interrupted
        return self.bests

    def _anyone(self, told: bool) -> bool:
        """Whether it is so in any of the processes that train together."""
        return self._over_all({"told": float(told)})["told"] > 0

    def _over_all(self, values: dict[str, float]) -> dict[str, float]:
        """Their means over the processes."""
        if self.fabric.world_size == 1:
            return values
        own = torch.tensor(list(values.values()), dtype=torch.float64, device=self.fabric.device)
        self.fabric.all_reduce(own)
        return dict(zip(values, own.tolist(), strict=True))

    def _try(self, batch: Batch) -> dict[str, float]:
        try:
            return self._step(self._move(batch))
        except torch.OutOfMemoryError as error:
            raise PtxError(
                f"{self.recipe.name}: the GPU's memory is full at step {self.step}: raise accumulate (now "
                f"{self.recipe.settings.accumulate}), or lower batch or base_channels; the same command goes on from the last checkpoint"
            ) from error

    def _step(self, batch: Batch) -> dict[str, float]:
        s = self.recipe.settings
        terms: dict[str, float] = {}
        for net in self.nets.values():
            net.train()
        for name, optimiser in self.optimisers.items():
            optimiser.zero_grad(set_to_none=True)
            for group in optimiser.param_groups:
                group["lr"] = self.rates[name] * decay(self.step, s.steps, s.halve_every, s.cool_down)
        for part in _parts(batch, s.accumulate):
            share = len(part["pair"]) / len(batch["pair"])
            with self.fabric.autocast():
                losses = self.recipe.losses(self.nets, part, self.step)
            for name, own in losses.items():
                loss = total(own)
                value = self._over_all({name: unwrap(loss)})[name]  # all stop together, whoever's share it is
                if not math.isfinite(value):
                    pairs = batch["pair"].tolist()
                    raise PtxError(
                        f"{self.recipe.name}: the loss of {name} is {value} at step {self.step} (pairs {pairs}); the "
                        f"last good checkpoint is step {self.saved()[-1] if self.saved() else 0}: lower its learning_rate, "
                        "or look at these pairs with `ptx show --pair`"
                    )
                self.fabric.backward(loss * share)
                for term, value in own.items():
                    key = f"{name}/{term}"
                    terms[key] = terms.get(key, 0.0) + share * unwrap(value)
        for name in losses:
            self.optimisers[name].step()
        self.average.update_parameters(self.plain[self.main])
        return terms

    def _move(self, batch: Batch) -> Batch:
        return {k: v.to(self.fabric.device, non_blocking=True) for k, v in batch.items()}

    @torch.no_grad()
    def validate(self, data: PairData) -> dict[str, float]:
        """Mean scores of the averaged model; writes a sample sheet."""
        if not self.fabric.is_global_zero:
            return {}
        self.average.eval()
        sums: dict[str, float] = {}
        for first in range(0, len(data), self.recipe.settings.batch):
            rows = [data[i] for i in range(first, min(first + self.recipe.settings.batch, len(data)))]
            batch = self._move({k: torch.stack([row[k] for row in rows]) for k in rows[0]})
            for name, values in self.recipe.scores(self.average.module, batch).items():
                sums[name] = sums.get(name, 0.0) + float(values.double().sum())
            if first == 0:
                columns = self.recipe.pictures(self.average.module, batch)
                write_samples(self.folder / "samples" / f"step-{self.step:08d}.png", columns)
        return {name: value / len(data) for name, value in sums.items()}


def decay(step: int, steps: int, halve_every: int, cool_down: float) -> float:
    """What is left of the learning rate at a step (0 to 1)."""
    halved = 0.5 ** (step // halve_every) if halve_every else 1.0
    return halved * min(1.0, (steps - step) / max(1.0, cool_down * steps))


def _average(most: float) -> Any:
    """A moving average that forgets its first steps faster: after n steps, (1 + n) / (10 + n) of it stays, `most` in the end."""

    def update(averages: Any, values: Any, count: Any) -> None:
        n = float(count)
        get_ema_multi_avg_fn(min(most, (1 + n) / (10 + n)))(averages, values, count)

    return update


def _parts(batch: Batch, count: int) -> Iterator[Batch]:
    size = -(-len(batch["pair"]) // count)
    for first in range(0, len(batch["pair"]), size):
        yield {k: v[first : first + size] for k, v in batch.items()}


@contextmanager
def _signals() -> Iterator[list[int]]:
    """A list that is no longer empty once SIGTERM or SIGUSR1 has come."""
    told: list[int] = []
    before = {n: signal.signal(n, lambda number, _: told.append(number)) for n in STOPPING}
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
