"""A training as a step: status, estimate, run, and its shape as a batch job. Imports torch only when it estimates or runs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from ptx.pipeline.array_slice import WHOLE, ArraySlice
from ptx.pipeline.cluster import ClusterSettings
from ptx.pipeline.errors import PtxError
from ptx.pipeline.events import Listener
from ptx.pipeline.executors import Executor
from ptx.pipeline.step import Condition, Estimate, JobPlan, Outcome, StepStatus, Unit
from ptx.training.context import TrainingContext
from ptx.training.kept import folder_bytes, plan_run
from ptx.training.state import model_problem, model_scores, needed_trainings, stages_read, stale, trained_step
from ptx.training.training import NO_EXACT_FLOW, Training
from ptx.training.trainings import TRAININGS


@dataclass(frozen=True)
class TrainingStep:
    """A training of a project."""

    context: TrainingContext
    training: Training

    unit: ClassVar[Unit] = "steps"

    @property
    def name(self) -> str:
        """Name of the training."""
        return self.training.name

    @property
    def folder(self) -> Path:
        """Folder of its model."""
        return self.context.folder(self.training)

    def needs(self) -> tuple[str, ...]:
        """Return the names of the data stages and trainings that its model comes from, directly or through others."""
        return tuple(dict.fromkeys((*self._stages(), *self._trainings())))

    def _stages(self) -> Iterator[str]:
        for training in (*(TRAININGS[name] for name in self._trainings()), self.training):
            yield from stages_read(self.context, training)

    def _trainings(self) -> Iterator[str]:
        for name in needed_trainings(self.context, self.training):
            yield from TrainingStep(self.context, TRAININGS[name])._trainings()
            yield name

    def impossible(self) -> str | None:
        """Return the reason why its inputs cannot exist under these settings; None where they can."""
        if self.training.exact and self.context.exact_flow is None:
            return NO_EXACT_FLOW
        stages = {stage.name: stage for stage in self.context.pipeline.stages}
        for name in self._stages():
            if name not in stages:
                return f"{name} does not apply: the data set comes with its flow, and no body is fitted"
            if not stages[name].applies:
                return f"{name} does not apply: set `{stages[name].how_to_apply}`"
        if self.training.annotated and self.context.attributes is None:
            return "there is no annotation of clothes: set `attributes.path`"
        return None

    def check(self) -> None:
        """Refuse a working resolution that its networks, or those it needs, cannot be trained at.

        Raises:
            PtxError: one of them cannot; one line.
        """
        for name in (*self._trainings(), self.name):
            training = TRAININGS[name]
            if reason := self.context.settings(training).refusal(self.context.size):
                raise PtxError(f"{training.section}: {reason}")

    def status(self, *, problems: bool = False) -> StepStatus:
        """Return its state from its newest checkpoint."""
        del problems
        done = trained_step(self.folder)
        total = self.context.settings(self.training).steps
        reasons = stale(self.context, self.training)
        condition: Condition = "stale" if reasons else "absent" if not done else "partial" if done < total else "done"
        if condition == "done" and (lost := model_problem(self.folder)):
            condition, reasons = "partial", [f"{lost}: `ptx run {self.name}` rebuilds it"]
        return StepStatus(
            self.name,
            condition,
            reasons,
            done,
            total,
            self.unit,
            bytes=folder_bytes(self.folder),
            scores=model_scores(self.folder),
        )

    def estimate(self, *, force: bool = False) -> Estimate:
        """Estimate the time of a run: steps left, times the seconds a step of its log, else of a benchmark. Writes nothing."""
        from ptx.training.estimate import seconds_per_step

        state = self.status()
        count = max(0, state.of - plan_run(self.context, self.training, force=force).done)
        seconds, source = seconds_per_step(self.context, self.training) if count else (0.0, "measured")
        total = None if seconds is None else seconds * count
        return Estimate(self.name, state.condition, state.reasons, count, None, None, None, total, source)

    def run(
        self, listener: Listener, executor: Executor, *, force: bool = False, part: ArraySlice = WHOLE
    ) -> Outcome | None:
        """Train, or go on training; see `run_training`.

        Raises:
            PtxError: a part is asked for, or what it reads is missing.
            Interrupted: a signal came; everything is saved.
        """
        from ptx.training.run import run_training

        if part != WHOLE:
            raise PtxError("--part is for one data stage: a training is one job")
        executor.release()  # a training has the machine for itself
        begun = plan_run(self.context, self.training, force=force).done
        started = time.monotonic()
        result = run_training(self.context, self.training, listener, force=force)
        if not result.leads:
            return None
        after = self.status()
        computed = after.done - begun if result.trained else 0
        seconds = time.monotonic() - started
        return Outcome(self.name, self.unit, after.condition, computed, seconds, scores=result.scores)

    def job(self, cluster: ClusterSettings) -> JobPlan:
        """Return one job that saves on a signal and is queued again, with a task for each device."""
        settings = self.context.settings(self.training)
        return JobPlan(
            resources=cluster.training,
            nodes=settings.nodes,
            tasks_per_node=settings.devices,
            saves_on_signal=True,
        )
