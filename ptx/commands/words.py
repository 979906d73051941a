"""Words for people: durations, sizes, the end of a step in one line."""

from __future__ import annotations

from collections.abc import Mapping

from ptx.pipeline.step import Outcome

MEASURABLE_SECONDS = 0.5
"""Seconds that a run must have taken for its rate to mean something."""


def duration(seconds: float) -> str:
    """Write seconds as people say them: 42 s, 3 min 10 s, 2 h 5 min."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def size(count: float) -> str:
    """Write bytes as people say them: 12 B, 3.4 kB, 5.6 GB."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def scores_text(scores: Mapping[str, float]) -> str:
    """Write scores on one line: epe 2.345, ssim 0.7."""
    return ", ".join(f"{name} {value:.4g}" for name, value in scores.items())


def outcome_line(outcome: Outcome) -> str:
    """Write the end of a step in one line, with rich's markup."""
    parts = [f"[bold]{outcome.step}[/bold]: {outcome.condition}"]
    if outcome.unit == "steps":
        scores = scores_text(outcome.scores)
        parts.append(scores if outcome.computed else f"nothing to do; {scores}")
        return ", ".join(parts)
    parts.append(_computed(outcome))
    if outcome.quarantined:
        parts.append(f"{outcome.quarantined} quarantined (`ptx status --problems`)")
    if outcome.waiting:
        parts.append(f"{outcome.waiting} blocks wait for inputs")
    return ", ".join(parts)


def _computed(outcome: Outcome) -> str:
    if not outcome.computed:
        return "nothing to do"
    text = f"{outcome.computed} computed in {duration(outcome.seconds)}"
    if outcome.seconds > MEASURABLE_SECONDS:
        text += f", {outcome.computed / outcome.seconds:.0f}/s"
    return text
