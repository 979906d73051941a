"""Signals that end long work: the first one calmly, the next one at once; trainings save before they end."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import active_children, resource_tracker
from types import FrameType

STOPPING = (signal.SIGTERM, signal.SIGUSR1)
"""Signals of batch systems, on which a training saves and ends."""

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals of people and terminals, on which every command ends: Ctrl-C, `kill`, a terminal that is closed."""

REQUEUE = 75
"""Exit code (EX_TEMPFAIL) after a signal of a batch system: everything is saved, queue the job again."""

GRACE = 3.0
"""Seconds that a command has for a calm end; then it ends at once."""

ECHO = 0.25
"""Seconds within which a second signal is an echo of the first: `timeout`, `make` and `srun` hand on what the terminal sent too."""

STOPPED = "stopped; the same command goes on from here"
"""What a command that was stopped says last."""

SHOW_CURSOR = b"\x1b[?25h"
"""Bars hide the cursor of a terminal; this brings it back."""

TRACKER_WARNINGS = "ignore:resource_tracker:UserWarning"
"""Option -W of Python for what multiprocessing's resource tracker says when it clears away."""


class Interrupted(Exception):
    """A signal came; everything is saved."""

    def __init__(self, number: int = signal.SIGTERM) -> None:
        super().__init__(number)
        self.number = number
        """The signal."""

    @property
    def exit_code(self) -> int:
        """`REQUEUE` after a signal of a batch system; after Ctrl-C, which nobody wants to be repeated, that of a shell."""
        return 128 + self.number if self.number == signal.SIGINT else REQUEUE


@contextmanager
def ending_on_signals() -> Iterator[None]:
    """End this process on a signal: calmly, by SystemExit in the main thread, and at once where that takes longer than `GRACE`.

    A second signal ends it at once. Nothing is lost either way, since all files are whole or not there. Signals that are ignored
    (`nohup`) stay so. The exit code is that of a shell, 128 + the signal.
    """
    first: int | None = None
    came = 0.0

    def end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        nonlocal first, came
        if first is not None:
            if time.monotonic() - came > ECHO:
                end_at_once(first)
            return
        first, came = number, time.monotonic()
        logging.disable()  # from here on, errors of what is cut off are no news
        timer = threading.Timer(GRACE, end_at_once, [number])
        timer.daemon = True
        timer.start()
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, end) for number in ENDING if signal.getsignal(number) is not signal.SIG_IGN}
    try:
        yield
    finally:
        if first is not None:
            for stream in (sys.stdout, sys.stderr):
                with suppress(OSError, ValueError):  # a closed pipe
                    stream.flush()
            end_at_once(first)
        for number, handler in before.items():
            signal.signal(number, handler)


def end_at_once(number: int) -> None:
    """End this process and those that it started, as on a signal; does not return, and waits for nothing."""
    kill_children()
    with suppress(OSError):
        os.write(2, (SHOW_CURSOR if os.isatty(2) else b"") + f"{STOPPED}\n".encode())
    os._exit(128 + number)


def kill_children() -> None:
    """End the processes that this one started with multiprocessing."""
    for child in active_children():
        child.kill()


def start_resource_tracker() -> None:
    """Start the process in which multiprocessing keeps what is to be cleared away after a death, before others are started.

    It is made deaf to the signals on which this process ends, and silent on what it clears away then. When it starts, it unblocks
    signals in this thread, so that a process for which they are to be blocked must be started after it.
    """
    if TRACKER_WARNINGS not in sys.warnoptions:
        sys.warnoptions.append(TRACKER_WARNINGS)
    with blocked_signals(*ENDING):
        resource_tracker.ensure_running()


@contextmanager
def noted_signals(on_ctrl_c: str) -> Iterator[list[int]]:
    """Yield a list of the signals that have come, of those on which a training saves; the second Ctrl-C is not noted but ends.

    Args:
        on_ctrl_c: sentence for the first Ctrl-C, which is written to standard error; may be empty.
    """
    received: list[int] = []
    last = -ECHO

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal last
        now = time.monotonic()
        if number == signal.SIGINT and now - last > ECHO:
            last = now
            handler = before[signal.SIGINT]
            if number in received and callable(handler):
                handler(number, frame)
            with suppress(OSError):
                os.write(2, f"{on_ctrl_c}\n".encode() if on_ctrl_c else b"")  # a print may be going on
        received.append(number)

    numbers = [n for n in {*STOPPING, *ENDING} if signal.getsignal(n) is not signal.SIG_IGN]
    before = {number: signal.getsignal(number) for number in numbers}
    for number in numbers:
        signal.signal(number, note)
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def blocked_signals(*numbers: signal.Signals) -> Iterator[None]:
    """Block signals in this thread: threads and processes that it starts meanwhile never see them."""
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


@contextmanager
def kept_handlers() -> Iterator[None]:
    """Put the handlers of `ENDING` back at the end, whatever was done with them meanwhile."""
    before = {number: signal.getsignal(number) for number in ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) is not handler:
                signal.signal(number, handler)
