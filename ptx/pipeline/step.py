"""Steps: anything that `ptx run` runs, a data stage or a training; their status, estimates, outcomes and batch jobs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from ptx.pipeline.array_slice import WHOLE, ArraySlice
from ptx.pipeline.cluster import ClusterSettings, JobSettings, RunSettings
from ptx.pipeline.errors import Problem
from ptx.pipeline.events import Listener
from ptx.pipeline.executors import Executor, open_executor
from ptx.pipeline.storage.json_values import Json

Condition = Literal["absent", "stale", "partial", "done"]
"""State of a step: no results; results of other settings or inputs; some of the results; all of them."""

Unit = Literal["samples", "steps"]
"""Unit in which a step counts: samples of a data stage, steps of a training."""


@dataclass(frozen=True)
class StepStatus:
    """The state of a step, for `ptx status`."""

    step: str
    """Name of the step."""
    condition: Condition
    reasons: Sequence[str]
    """Reasons why it is stale: which setting or input changed."""
    done: int
    """Samples, or steps of training, that are done."""
    of: int
    """Samples, or steps of training, in all."""
    unit: Unit
    quarantined: int = 0
    """Samples that this stage quarantined."""
    skipped: int = 0
    """Samples that an earlier stage quarantined."""
    bytes: int = 0
    """Bytes on disk."""
    codes: Mapping[str, int] = field(default_factory=dict)
    """Code of a problem → samples quarantined for it, most frequent first."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Array of 0 or 1 a sample → number of ones, such as bodies that were left bare."""
    problems: Mapping[str, Problem] = field(default_factory=dict)
    """Id of a quarantined sample → why; filled only where it was asked for."""
    scores: Mapping[str, float] = field(default_factory=dict)
    """Scores of the model on persons who were not trained on."""

    @property
    def pending(self) -> int:
        """Samples, or steps of training, that are not decided yet."""
        return self.of - self.done - self.quarantined - self.skipped

    def as_json(self) -> dict[str, Json]:
        """Return the fields that have a meaning for its unit, as `ptx status --json` prints them."""
        shared: dict[str, Json] = {"stage": self.step, "condition": self.condition, "reasons": self.reasons}
        if self.unit == "steps":
            return {**shared, "step": self.done, "steps": self.of, "scores": self.scores}
        return {
            **shared,
            "samples": self.of,
            "done": self.done,
            "quarantined": self.quarantined,
            "skipped": self.skipped,
            "pending": self.pending,
            "bytes": self.bytes,
            "codes": self.codes,
            "counts": self.counts,
            "problems": {name: problem.stored for name, problem in self.problems.items()},
        }


@dataclass(frozen=True)
class Estimate:
    """The work of a run before anything is written, for `ptx run --dry-run`; None where nobody knows."""

    step: str
    """Name of the step."""
    condition: Condition
    reasons: Sequence[str]
    """Reasons why it is stale."""
    count: int
    """Samples to compute, or steps to train."""
    blocks: int | None
    bytes: int | None
    """Bytes on disk, compressed."""
    memory: int | None
    """Bytes a worker."""
    seconds: float | None
    source: Literal["measured", "benchmark", "guess", "unknown"]
    """Origin of time and bytes: an earlier run here, a benchmark of this machine, a guess."""


@dataclass(frozen=True)
class Outcome:
    """The result of running a step."""

    step: str
    """Name of the step."""
    unit: Unit
    condition: Condition
    """State in which the step is now."""
    computed: int
    """Samples computed, or steps trained, by this run."""
    seconds: float
    quarantined: int = 0
    """Samples that this stage has quarantined by now."""
    waiting: int = 0
    """Blocks whose inputs are not there yet."""
    scores: Mapping[str, float] = field(default_factory=dict)
    """Scores of the model on persons who were not trained on."""


@dataclass(frozen=True)
class JobPlan:
    """The shape of a step as a job of a batch system."""

    resources: JobSettings
    """Resources that the job asks for."""
    array: int | None = None
    """Tasks of the job array, each of which computes a slice of the blocks; None for a single job."""
    nodes: int = 1
    tasks_per_node: int = 1
    """Processes on each node that work together; more than one in all are started by `srun`."""
    overrides: tuple[str, ...] = ()
    """Settings of the job, as `name=value`, besides those that the user gave."""
    saves_on_signal: bool = False
    """The step saves on a signal (`signals.STOPPING`) and ends with `signals.REQUEUE`, on which the job is queued again."""


class Step(Protocol):
    """A data stage or a training, with its settings."""

    @property
    def name(self) -> str:
        """Name as in `ptx run NAME`."""
        ...

    @property
    def unit(self) -> Unit:
        """Unit in which it counts."""
        ...

    def needs(self) -> tuple[str, ...]:
        """Return the names of the steps whose results its own come from, directly or through others."""
        ...

    def status(self, *, problems: bool = False) -> StepStatus:
        """Return its state; with `problems`, also why each sample was quarantined."""
        ...

    def estimate(self, *, force: bool = False) -> Estimate:
        """Return the work that a run would do. Writes nothing."""
        ...

    def run(
        self, listener: Listener, executor: Executor, *, force: bool = False, part: ArraySlice = WHOLE
    ) -> Outcome | None:
        """Do whatever is missing; with `force`, everything. Killed runs go on where they stopped.

        Args:
            listener: receives the events.
            executor: runs the blocks of a data stage; a training ends its workers (`Executor.release`).
            force: compute results that are done again.
            part: the slice of the blocks that is to be done, beside which others may run anywhere; for data stages.

        Returns:
            The outcome; None in a process that only helps another, which speaks for both.

        Raises:
            PtxError: its inputs are missing, the disk is full, and the like.
            Interrupted: a signal came; everything is saved.
        """
        ...

    def job(self, cluster: ClusterSettings) -> JobPlan:
        """Return its shape as a job of a batch system."""
        ...


def run_steps(
    steps: Sequence[Step],
    run: RunSettings,
    cluster: ClusterSettings,
    listener: Listener,
    *,
    force: bool = False,
    part: ArraySlice = WHOLE,
) -> Iterator[Outcome]:
    """Run steps one after the other; yields the outcome of each.

    Args:
        steps: each after those it needs.
        run: how many workers there are, and what they are allowed.
        cluster: where the work runs.
        listener: receives the events.
        force: compute again what is done.
        part: the slice of the blocks of one data stage that is to be computed.

    Raises:
        PtxError: as `Step.run`.
        Interrupted: a signal came; everything is saved.
    """
    with open_executor(run, cluster, listener) as executor:
        for step in steps:
            outcome = step.run(listener, executor, force=force, part=part)
            if outcome is not None:
                yield outcome
