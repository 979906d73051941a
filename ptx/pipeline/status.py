"""Where a stage stands, as data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ptx.pipeline.plan import Pipeline
from ptx.pipeline.stage import Stage
from ptx.pipeline.storage.records import BAD, OK, PENDING, SKIPPED


@dataclass(frozen=True)
class Status:
    """One stage."""

    stage: str
    condition: str
    """absent, stale, partial or done."""
    reasons: Sequence[str]
    """Why it is stale: which setting or input changed."""
    samples: int
    done: int
    quarantined: int
    """By this stage."""
    skipped: int
    """Quarantined by an earlier one."""
    pending: int
    bytes: int
    codes: Mapping[str, int]
    """How many samples were quarantined for which reason."""
    problems: Mapping[str, str]
    """Id of a quarantined sample → reason."""

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def describe(pipeline: Pipeline, stage: Stage, *, problems: bool = False) -> Status:
    """The state of a stage from its records."""
    plan = pipeline.plan(stage)
    counts = np.bincount(plan.states, minlength=4)
    codes = Counter(reason.partition(":")[0] for reason in plan.problems.values())
    names = _names(pipeline, stage, list(plan.problems)) if problems else {}
    return Status(
        stage.name,
        plan.condition,
        plan.stale,
        plan.count,
        int(counts[OK]),
        int(counts[BAD]),
        int(counts[SKIPPED]),
        int(counts[PENDING]),
        plan.summary.bytes,
        dict(codes.most_common()),
        {names[i]: reason for i, reason in plan.problems.items()} if problems else {},
    )


def _names(pipeline: Pipeline, stage: Stage, samples: list[int]) -> dict[int, str]:
    """Ids of samples: of an image, or target ← source of a pair."""
    ids = pipeline.listing.ids
    if stage.over == "images":
        return {i: ids[i] for i in samples}
    pairs = pipeline.pairs()
    return {i: f"{ids[pairs[i, 0]]} ← {ids[pairs[i, 1]]}" for i in samples}
