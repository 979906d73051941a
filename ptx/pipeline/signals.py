"""Signals on which long work saves and ends, and the exit code on which batch systems queue it again."""

from __future__ import annotations

import signal

STOPPING = (signal.SIGTERM, signal.SIGUSR1)
"""Signals on which a training saves and ends."""

REQUEUE = 75
"""Exit code (EX_TEMPFAIL) after such a signal: everything is saved, queue the job again."""


class Interrupted(Exception):
    """A signal came; everything is saved. The command ends with `REQUEUE`."""
