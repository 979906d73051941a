"""The state of a data stage, from its records."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from ptx.pipeline.config import Section
from ptx.pipeline.plan import Pipeline
from ptx.pipeline.stage import Stage
from ptx.pipeline.step import StepStatus
from ptx.pipeline.storage.records import BAD, OK, SKIPPED


def _counts(pipeline: Pipeline, stage: Stage[Section], done: NDArray[np.int64]) -> dict[str, int]:
    """Count the ones in the arrays that the stage wants counted, where there are any."""
    if not len(done):
        return {}
    store = pipeline.store(stage)
    totals = {name: int(store.read(name, done, np.uint8).sum()) for name in stage.counted}
    return {name: count for name, count in totals.items() if count}


def describe(pipeline: Pipeline, stage: Stage[Section], *, problems: bool = False) -> StepStatus:
    """Describe the state of a stage; with `problems`, also why each sample was quarantined."""
    plan = pipeline.plan(stage)
    counts = np.bincount(plan.states, minlength=4)
    codes = Counter(problem.code for problem in plan.problems.values())
    named = plan.problems if problems else {}
    return StepStatus(
        step=stage.name,
        condition=plan.condition,
        reasons=plan.stale,
        done=int(counts[OK]),
        of=plan.count,
        unit="samples",
        quarantined=int(counts[BAD]),
        skipped=int(counts[SKIPPED]),
        bytes=plan.summary.bytes,
        codes=dict(codes.most_common()),
        counts=_counts(pipeline, stage, np.flatnonzero(plan.states == OK)),
        problems={pipeline.sample_name(stage, sample): problem for sample, problem in named.items()},
    )
