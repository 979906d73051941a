"""The training loop: steps, checkpoints, scores, and an end from which it can go on at any moment."""

from __future__ import annotations

import math
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path

import torch
from lightning_fabric import Fabric

from ptx.pipeline.errors import PtxError
from ptx.pipeline.events import Listener, progress
from ptx.pipeline.fingerprint import Json
from ptx.pipeline.signals import Interrupted, noted_signals
from ptx.training.checkpoint import CheckpointFolder, read_checkpoint, write_checkpoint
from ptx.training.data import Batch, PairData, map_batch, move_batch
from ptx.training.learner import Learner
from ptx.training.loader import StepSampler, loader
from ptx.training.log import Log, StepClock, rate_conditions, write_rate
from ptx.training.recipes.base import Recipe, total
from ptx.training.samples import write_samples
from ptx.training.settings import TrainSettings
from ptx.training.splits import HeldOut
from ptx.training.state import model_scores


@dataclass
class Trainer:
    """One model's training in its folder: `checkpoints/`, `model`, `log.csv`, `rate.json`, `samples/`, TensorBoard's `events/`."""

    recipe: Recipe[TrainSettings]
    fabric: Fabric
    """The processes that train together; only the first writes."""
    folder: Path
    manifest: Mapping[str, Json]
    """Everything that the model depends on; written into every checkpoint."""
    meta: Mapping[str, Json]
    """Facts that are written beside the manifest, such as the body model."""
    seed: int
    takes_last: bool
    """True where each checkpoint becomes the model, False where it must have the best score so far."""
    learner: Learner = field(init=False)
    step: int = field(default=0, init=False)
    """Steps that are done."""
    best: dict[str, float] = field(default_factory=dict, init=False)
    """Scores of the model so far."""
    _signals: Sequence[int] = field(default=(), init=False)
    """Signals that have come, on which it is to end."""
    _unscored: bool = field(default=False, init=False)
    """True after going on from a checkpoint that was saved on a signal, without validation."""

    def __post_init__(self) -> None:
        """Draw the initial weights."""
        self.learner = Learner(self.recipe, self.fabric, self.seed)

    # --- checkpoints ------------------------------------------------------------------------------------------------------

    @property
    def checkpoints(self) -> CheckpointFolder:
        """Checkpoints on disk."""
        return CheckpointFolder(self.folder / "checkpoints")

    def save(self, scores: Mapping[str, float]) -> None:
        """Write a checkpoint, and the averaged network as the model where it takes its place; remove old checkpoints."""
        if not self.fabric.is_global_zero:
            return
        better = self.takes_last or self._is_better(scores)
        if better:
            self.best = dict(scores)
        meta: dict[str, Json] = {
            **self.meta,
            "step": self.step,
            "document": self.manifest,
            "scores": dict(scores),
            "best": self.best,
        }
        if better:
            write_checkpoint(self.folder / "model", self.learner.averaged.state_dict(), meta)
        write_checkpoint(self.checkpoints.path(self.step), self.learner.tensors(), meta)
        self.checkpoints.keep(self.recipe.settings.keep)

    def _is_better(self, scores: Mapping[str, float]) -> bool:
        """True where the scores are those of the best model so far; never where there are none."""
        name = self.recipe.monitor
        if not scores or name not in self.best:
            return bool(scores)
        return scores[name] > self.best[name] if self.recipe.higher_is_better else scores[name] < self.best[name]

    def resume(self) -> bool:
        """Go on from the newest checkpoint, of whatever number of processes; returns False where there is none."""
        steps: list[int] = self.fabric.broadcast(self.checkpoints.steps())
        if not steps:
            return False
        path = self.checkpoints.path(steps[-1])
        checkpoint = read_checkpoint(path)
        self.learner.load(checkpoint, str(path))
        self.step = steps[-1]
        self._unscored = not checkpoint.meta.get("scores")
        self.best = model_scores(self.folder)
        return True

    # --- training ---------------------------------------------------------------------------------------------------------

    def run(self, train: PairData, held_out: HeldOut | None, listener: Listener) -> dict[str, float]:
        """Train to `settings.steps`; returns the scores of the model.

        Raises:
            PtxError: a loss is not finite (names the step and the pairs), or the GPU's memory is full; the last good
                checkpoint stays.
            Interrupted: a signal came; everything is saved.
        """
        s = self.recipe.settings
        fabric = self.fabric
        sampler = StepSampler(len(train), s.batch, self.seed, self.step, s.steps, fabric.global_rank, fabric.world_size)
        batches = loader(train, sampler, s.workers)
        bar = progress(listener, self.recipe.name, s.steps, self.step)
        log = Log(self.folder, self.step, fabric.is_global_zero)
        clock = StepClock()
        farewell = f"{self.recipe.name}: stops after this step and saves; Ctrl-C again ends at once, without"
        with (
            noted_signals(farewell if fabric.is_global_zero else "") as signals,
            bar as advance,
            log,
            closing(batches),
        ):
            self._signals = signals
            if self._unscored and held_out is not None and self.step % s.save_every == 0:
                self._save_with_scores(held_out, log)
                self._end_on(signals, self._any_rank(bool(signals)))
            for batch in batches:
                losses = self._mean_over_ranks(self._train(batch))
                self.step += 1
                clock.stop()
                advance(1)
                log.write(self.step, losses)
                stopped = self._any_rank(bool(signals))
                if stopped or self.step % s.save_every == 0 or self.step == s.steps:
                    if self.step == s.steps:
                        self._signals = ()  # the last step has its scores, since nobody comes back to it
                    self._save_with_scores(None if stopped and self._signals else held_out, log)
                    self._write_rate(clock)
                    stopped = stopped or self._any_rank(bool(signals))  # one that came during validation cut it short
                    clock.start()
                self._end_on(signals, stopped)
        return self.best

    def _end_on(self, signals: Sequence[int], stopped: bool) -> None:
        """Raise Interrupted where the processes were stopped, be it by a signal to another of them."""
        if stopped:
            self.fabric.barrier()  # a launcher may end all processes when the first of them ends
            raise Interrupted(signals[0] if signals else signal.SIGTERM)

    def _save_with_scores(self, held_out: HeldOut | None, log: Log) -> None:
        """Validate, if there are pairs for it, and save."""
        scores = {}
        if held_out is not None:
            scores = self.validate(held_out.pairs.some(self.recipe.settings.validate_pairs))
            log.write(self.step, {f"{held_out.persons}/{name}": value for name, value in scores.items()})
        self.save(scores)

    def _any_rank(self, condition: bool) -> bool:
        """True on all ranks if it is on any of them."""
        return self._mean_over_ranks({"condition": float(condition)})["condition"] > 0

    def _mean_over_ranks(self, values: dict[str, float]) -> dict[str, float]:
        """The mean of each value over the ranks."""
        if self.fabric.world_size == 1:
            return values
        means = torch.tensor(list(values.values()), dtype=torch.float64, device=self.fabric.device)
        self.fabric.all_reduce(means)
        return dict(zip(values, means.tolist(), strict=True))

    def _train(self, batch: Batch) -> dict[str, float]:
        """Do one step on this device; a full GPU is reported as the user's mistake that it is."""
        try:
            return self.take_step(move_batch(batch, self.fabric.device))
        except torch.OutOfMemoryError as error:
            raise PtxError(
                f"{self.recipe.name}: the GPU's memory is full at step {self.step}: raise accumulate (now "
                f"{self.recipe.settings.accumulate}), or lower batch or base_channels; the same command goes on from the last "
                "checkpoint"
            ) from error

    def take_step(self, batch: Batch) -> dict[str, float]:
        """Do one step, forward, backward and update; returns this rank's losses, as "network/term"."""
        s = self.recipe.settings
        losses: dict[str, float] = {}
        trained: dict[str, None] = {}  # names of networks that had a loss, in order
        self.learner.begin_step(learning_rate_factor(self.step, s.steps, s.halve_every, s.cool_down))
        for part in _split(batch, s.accumulate):
            weight = len(part["pair"]) / len(batch["pair"])
            with self.fabric.autocast():
                terms_of = self.recipe.losses(self.learner.prepared, part, self.step)
            for name, terms in terms_of.items():
                loss = total(terms)
                self._check_finite(name, float(loss.detach()), batch)
                self.fabric.backward(loss * weight)
                trained[name] = None
                for term, value in terms.items():
                    key = f"{name}/{term}"
                    losses[key] = losses.get(key, 0.0) + weight * float(value.detach())
        self.learner.end_step(trained)
        return losses

    def _check_finite(self, name: str, loss: float, batch: Batch) -> None:
        """Stop on all ranks where a loss is not finite on any of them.

        Raises:
            PtxError: it is not; one line.
        """
        mean = self._mean_over_ranks({name: loss})[name]
        if math.isfinite(mean):
            return
        steps = self.checkpoints.steps()
        raise PtxError(
            f"{self.recipe.name}: the loss of {name} is {mean} at step {self.step} (pairs {batch['pair'].tolist()}); the "
            f"last good checkpoint is step {steps[-1] if steps else 0}: lower its learning_rate, "
            "or look at these pairs with `ptx show --pair`"
        )

    @torch.no_grad()
    def validate(self, data: PairData) -> dict[str, float]:
        """Mean scores of the averaged network; writes a sample sheet. On the first rank only, {} on the others.

        Also {} where a signal ends it: the scores are those of all pairs or none.
        """
        if not self.fabric.is_global_zero:
            return {}
        self.learner.average.eval()
        network = self.learner.averaged
        sums: dict[str, float] = {}
        for number, rows in enumerate(data.batches(self.recipe.settings.batch)):
            if self._signals:
                return {}
            batch = move_batch(rows, self.fabric.device)
            for name, values in self.recipe.scores(network, batch).items():
                sums[name] = sums.get(name, 0.0) + float(values.double().sum())
            if number == 0:
                path = self.folder / "samples" / f"step-{self.step:08d}.png"
                write_samples(path, self.recipe.pictures(network, batch))
        return {name: value / len(data) for name, value in sums.items()}

    def _write_rate(self, clock: StepClock) -> None:
        if not self.fabric.is_global_zero or clock.seconds is None:
            return
        device = self.fabric.device
        name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
        write_rate(self.folder, clock.seconds, name, rate_conditions(self.recipe.settings, self.recipe.facts.size))


def learning_rate_factor(step: int, steps: int, halve_every: int, cool_down: float) -> float:
    """The fraction (0 to 1) of the learning rate that is left at a step.

    Args:
        step: steps that are done.
        steps: steps of the whole training.
        halve_every: steps after which it is halved, again and again; 0 is never.
        cool_down: fraction of the steps, at the end, over which it falls to zero.
    """
    halved = 0.5 ** (step // halve_every) if halve_every else 1.0
    return halved * min(1.0, (steps - step) / max(1.0, cool_down * steps))


def _split(batch: Batch, count: int) -> Iterator[Batch]:
    """Cut a batch into at most `count` parts, all but the last of the same size."""
    pairs = len(batch["pair"])
    size = -(-pairs // count)
    for first in range(0, pairs, size):
        yield map_batch(batch, itemgetter(slice(first, first + size)))
