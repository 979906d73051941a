"""A data stage as a step: computed block by block, with quarantine, verification and retries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ptx.pipeline.array_slice import WHOLE, ArraySlice
from ptx.pipeline.cluster import ClusterSettings
from ptx.pipeline.config import Section
from ptx.pipeline.estimate import estimate
from ptx.pipeline.events import Listener
from ptx.pipeline.executors import Executor
from ptx.pipeline.plan import Pipeline
from ptx.pipeline.run import retry_stage, run_stage
from ptx.pipeline.stage import Stage
from ptx.pipeline.status import describe
from ptx.pipeline.step import Estimate, JobPlan, Outcome, StepStatus, Unit
from ptx.pipeline.verify import Findings, drop_damaged, verify_stage


@dataclass(frozen=True)
class BlockStep:
    """A data stage of a pipeline."""

    pipeline: Pipeline
    stage: Stage[Section]

    unit: ClassVar[Unit] = "samples"

    @property
    def name(self) -> str:
        """Name of the stage."""
        return self.stage.name

    def needs(self) -> tuple[str, ...]:
        """Return the names of the stages that it reads, of those that these read, and so on, in the pipeline's order.

        The stage that lists the data set is one of them: each may read its tables.
        """
        needed = {self.pipeline.listing_stage.name}
        above = [self.stage]
        while above:
            writers = [self.pipeline.writer(store) for store in above.pop().input_stores]
            needed |= {stage.name for stage in writers}
            above += writers
        return tuple(s.name for s in self.pipeline.stages if s.name in needed and s.name != self.name)

    def status(self, *, problems: bool = False) -> StepStatus:
        """Return its state from its records."""
        return describe(self.pipeline, self.stage, problems=problems)

    def estimate(self, *, force: bool = False) -> Estimate:
        """Estimate counts, bytes on disk, memory a worker and time of a run."""
        return estimate(self.pipeline, self.stage, force=force)

    def run(self, listener: Listener, executor: Executor, *, force: bool = False, part: ArraySlice = WHOLE) -> Outcome:
        """Compute whatever is missing; see `run_stage`."""
        return run_stage(self.pipeline, self.stage, listener, executor, force=force, part=part)

    def retry(self, reason: str | None, listener: Listener, executor: Executor) -> Outcome:
        """Compute quarantined samples again; see `retry_stage`."""
        return retry_stage(self.pipeline, self.stage, reason, listener, executor)

    def exists(self) -> bool:
        """True where its store has been created."""
        return self.pipeline.store(self.stage).exists()

    def verify(self, listener: Listener) -> Findings:
        """Read every stored byte; see `verify_stage`."""
        return verify_stage(self.pipeline, self.stage, listener)

    def drop(self, findings: Findings) -> None:
        """Forget damaged blocks, so that the next run computes them again."""
        drop_damaged(self.pipeline.store(self.stage), findings)

    def job(self, cluster: ClusterSettings) -> JobPlan:
        """Return a job array, each task of which computes a slice by its own processes."""
        kind = "local" if cluster.cores > 1 else "serial"  # one core needs no process beside the one that is there
        overrides = (f"cluster.kind={kind}", f"run.workers={cluster.cores}")
        return JobPlan(resources=cluster, array=cluster.parts, overrides=overrides)
