"""Test pairs that cannot be scored, and why: the first stage that quarantined one of their pictures, or the pair itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ptx.evaluation.scores import Scores
from ptx.pipeline.errors import PtxError
from ptx.pipeline.plan import Pipeline
from ptx.pipeline.storage.records import OK

FOR_PICTURES = ("ingest", "extract-keypoints")
"""Stages without which no method is scored on a pair: its pictures and its poses."""

LACKS = {
    "ingest": "a picture",
    "extract-keypoints": "keypoints",
    "silhouette": "a silhouette",
    "fit-smpl": "a fit",
    "dress": "a dressed body",
    "rasterize": "a surface",
    "synth-flow": "flow",
    "visibility": "visibility",
    "draw-surface": "a drawn surface",
    "parse": "garment labels",
}
"""Stage → what pairs lack that it quarantined."""

UNKNOWN = "unknown"
"""Reason where no stage tells one."""

MAX_MISSING = 0.01
"""Fraction of the test pairs that may be missing where scores stand beside published ones."""


def pair_states(pipeline: Pipeline, stages: Sequence[str], numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return for each stage whether it has results for each pair, both its pictures or the pair itself: (stages, N)."""
    pairs = np.asarray(pipeline.listing.pairs)[numbers]
    fine = np.ones((len(stages), len(numbers)), bool)
    for row, name in zip(fine, stages, strict=True):
        plan = pipeline.plan(pipeline.stage(name))
        states = plan.states == OK
        row[:] = states[numbers] if plan.stage.over == "pairs" else states[pairs].all(1)
    return fine


def pair_problems(pipeline: Pipeline, stages: Sequence[str], numbers: NDArray[np.int64]) -> tuple[str, ...]:
    """Say of each pair why not all of these stages have results for it, as `stage: code`; empty where they have.

    The reason is the first stage of the pipeline that quarantined the target, the source or the pair.
    """
    complete = np.asarray(pair_states(pipeline, stages, numbers).all(0))
    pairs = np.asarray(pipeline.listing.pairs)[numbers]
    reasons = ["" if fine else UNKNOWN for fine in complete.tolist()]
    open_rows = np.flatnonzero(~complete)
    for stage in pipeline.active if len(open_rows) else ():
        problems = pipeline.plan(stage).problems
        for row in open_rows.tolist():
            samples = [int(numbers[row])] if stage.over == "pairs" else pairs[row].tolist()
            found = [problems[sample].code for sample in samples if sample in problems]
            if found and reasons[row] == UNKNOWN:
                reasons[row] = f"{stage.name}: {found[0]}"
    return tuple(reasons)


def count_problems(problems: Sequence[str]) -> str:
    """Count reasons in words, those of the earliest stage first: `6 without keypoints (no_person), 4 without a fit (residual)`."""
    by_stage: dict[str, Counter[str]] = {}
    for problem in problems:
        if problem:
            stage, _, code = problem.partition(": ")
            by_stage.setdefault(stage, Counter())[code] += 1
    order = [*(stage for stage in LACKS if stage in by_stage), *(stage for stage in by_stage if stage not in LACKS)]
    parts = []
    for stage in order:
        codes = [code for code, _ in by_stage[stage].most_common() if code]
        words = f"without {LACKS[stage]}" if stage in LACKS else f"left out by {stage}"
        why = f" ({', '.join(codes)})" if codes else ""
        parts.append(f"{by_stage[stage].total()} {words}{why}")
    return ", ".join(parts)


def without_pictures(problems: Sequence[str]) -> list[str]:
    """Select the reasons of pairs on which no method can be scored."""
    return [problem for problem in problems if problem.startswith(FOR_PICTURES)]


def describe_pairs(scores: Scores) -> str:
    """Say in one line how many test pairs there are, how many were scored, and why the others were not."""
    total = len(scores.pairs)
    asked = f"{total} of {scores.split} test pairs, spread evenly" if scores.split > total else f"{total} test pairs"
    if scores.problems is None:
        return f"{total} test pairs were scored; how many the split has this file does not say"
    complete = scores.problems.count("")
    if complete == total:
        return f"{asked}, all scored"
    return f"{asked}, {complete} scored by every method: {count_problems(scores.problems)}"


def refuse_missing(problems: Sequence[str]) -> None:
    """Refuse pairs that are too few to stand for their split.

    Raises:
        PtxError: more than `MAX_MISSING` of the test pairs cannot be scored by any method.
    """
    missing = without_pictures(problems)
    if len(missing) > MAX_MISSING * len(problems):
        raise PtxError(
            f"--table: {len(missing)} of {len(problems)} test pairs cannot be scored ({count_problems(missing)}), so these scores are "
            "not of the published split: see `ptx status --problems`, or give --allow-missing"
        )
