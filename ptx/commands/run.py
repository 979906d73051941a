"""Runs of several steps, one after the other, with a line on the outcome of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ptx.commands.tables import outcome_line
from ptx.pipeline.array_slice import WHOLE, ArraySlice
from ptx.pipeline.events import Listener
from ptx.pipeline.executors import open_executor
from ptx.pipeline.step import Step
from ptx.settings import Settings


def run_steps(
    steps: Sequence[Step], settings: Settings, listener: Listener, *, force: bool = False, part: ArraySlice = WHOLE
) -> Iterator[str]:
    """Run steps one after the other; yields a line on the outcome of each.

    Args:
        steps: each after those it needs.
        settings: where the work runs.
        listener: receives the events.
        force: compute again what is done.
        part: the slice of the blocks of one data stage that is to be computed.

    Raises:
        PtxError: as `Step.run`.
        Interrupted: a signal came; everything is saved.
    """
    with open_executor(settings.run, settings.cluster, listener) as executor:
        for step in steps:
            outcome = step.run(listener, executor, force=force, part=part)
            if outcome is not None:
                yield outcome_line(outcome)
