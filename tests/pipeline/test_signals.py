"""The exit code on which batch systems queue a job again."""

from __future__ import annotations

import os
import signal

from ptx.pipeline.signals import REQUEUE, STOPPING


def test_the_code_is_that_of_a_temporary_failure() -> None:
    assert REQUEUE == os.EX_TEMPFAIL


def test_the_signals_are_those_of_slurm() -> None:
    assert set(STOPPING) == {signal.SIGTERM, signal.SIGUSR1}
