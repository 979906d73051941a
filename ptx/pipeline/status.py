"""Where a stage stands, as data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ptx.pipeline.errors import PtxError
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


def image_index(pipeline: Pipeline, name: str) -> int:
    """Number of an image from its id or number.

    Raises:
        PtxError: there is no such image; names near ones.
    """
    from difflib import get_close_matches

    ids = list(pipeline.listing.ids)
    if name in ids:
        return ids.index(name)
    if name.isdigit() and int(name) < len(ids):
        return int(name)
    near = get_close_matches(name, ids, 3)
    raise PtxError(f"no image '{name}' among {len(ids)}" + (f": did you mean {', '.join(near)}?" if near else ""))


def pair_index(pipeline: Pipeline, name: str) -> int:
    """Number of a directed pair from its number or `TARGET:SOURCE`.

    Raises:
        PtxError: there is no such pair.
    """
    pairs = pipeline.pairs()
    if name.isdigit():
        if int(name) < len(pairs):
            return int(name)
        raise PtxError(f"no pair {name}: there are {len(pairs)}, counted from 0")
    target, _, source = name.partition(":")
    wanted = (image_index(pipeline, target), image_index(pipeline, source))
    rows = np.flatnonzero((pairs == wanted).all(1))
    if not len(rows):
        raise PtxError(f"{target} and {source} are no pair of this data set")
    return int(rows[0])
