"""Signals: a calm end, one that is overdue, one at once; trainings that note them; processes that never see them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from types import FrameType

import pytest

from ptx.pipeline import signals
from ptx.pipeline.signals import (
    REQUEUE,
    STOPPED,
    STOPPING,
    Interrupted,
    blocked_signals,
    kept_handlers,
    noted_signals,
    start_resource_tracker,
)

PROGRAM = """
import multiprocessing, os, signal, sys, time
from ptx.pipeline import signals
signals.GRACE, signals.ECHO = {grace}, {echo}
{before}
if __name__ == "__main__":
    try:
        with signals.ending_on_signals():
            try:
                print("ready", flush=True)
                while True:
                    time.sleep(0.01)
            finally:
                print("calm", flush=True)
                {at_the_end}
    finally:
        print("not reached", flush=True)
"""


def program(at_the_end: str = "pass", before: str = "", grace: float = 60, echo: float = 0.0) -> subprocess.Popen[str]:
    """Start a program that waits for signals; returns once it does."""
    text = textwrap.dedent(PROGRAM).format(at_the_end=at_the_end, before=before, grace=grace, echo=echo)
    process = subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def end(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Wait for a program's end; returns its exit code and what it printed."""
    out, err = process.communicate(timeout=15)
    return process.returncode, out, err


def test_the_code_is_that_of_a_temporary_failure() -> None:
    assert REQUEUE == os.EX_TEMPFAIL


def test_the_signals_are_those_of_slurm() -> None:
    assert set(STOPPING) == {signal.SIGTERM, signal.SIGUSR1}


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 75), (signal.SIGUSR1, 75), (signal.SIGHUP, 75), (signal.SIGINT, 130)]
)
def test_who_presses_ctrl_c_wants_no_repetition(number: signal.Signals, code: int) -> None:
    assert Interrupted(number).exit_code == code
    assert Interrupted().exit_code == 75


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_a_command_calmly(number: signal.Signals, code: int) -> None:
    process = program()
    process.send_signal(number)
    assert end(process) == (code, "calm\n", f"{STOPPED}\n")


def test_what_takes_too_long_is_cut_off() -> None:
    process = program("time.sleep(600)", grace=0.2)
    process.send_signal(signal.SIGTERM)
    assert end(process) == (143, "calm\n", f"{STOPPED}\n")


def test_a_second_signal_waits_for_nothing() -> None:
    process = program("time.sleep(600)")
    process.send_signal(signal.SIGINT)
    assert process.stdout is not None
    assert process.stdout.readline() == "calm\n"
    process.send_signal(signal.SIGTERM)
    assert end(process) == (130, "", f"{STOPPED}\n")


def test_an_echo_of_a_signal_is_no_second_one() -> None:
    """`timeout`, `make` and `srun` hand on what the terminal sent to all of them."""
    process = program("time.sleep(0.2)", echo=60)
    for _ in range(4):
        process.send_signal(signal.SIGINT)
    assert end(process) == (130, "calm\n", f"{STOPPED}\n")


def test_a_signal_that_is_ignored_stays_so() -> None:
    """As under nohup, and in the background of a script."""
    process = program(before="signal.signal(signal.SIGHUP, signal.SIG_IGN)")
    process.send_signal(signal.SIGHUP)
    process.send_signal(signal.SIGTERM)
    assert end(process)[0] == 143


@pytest.mark.slow
def test_processes_that_were_started_end_too() -> None:
    child = "import time\n    child = multiprocessing.get_context('fork').Process(target=time.sleep, args=[600])"
    process = program(before=f"if True:\n    {child}\n    child.start()\n    print(child.pid, file=sys.stderr)")
    process.send_signal(signal.SIGTERM)
    code, _, err = end(process)
    number = int(err.split()[0])
    assert code == 143
    deadline = time.monotonic() + 10
    while _runs(number):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _runs(number: int) -> bool:
    """True while a process is there and no zombie, which nobody may come to fetch here."""
    try:
        with open(f"/proc/{number}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_training_notes_signals_and_the_second_ctrl_c_is_for_the_one_before(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(signals, "ECHO", 0.0)
    passed_on: list[int] = []

    def former(number: int, frame: FrameType | None) -> None:
        passed_on.append(number)

    monkeypatch.setattr(signal, "getsignal", lambda number: former)
    before = signal.signal(signal.SIGINT, former)
    try:
        with noted_signals("stops soon") as noted:
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                os.kill(os.getpid(), number)
            assert noted == [signal.SIGTERM, signal.SIGHUP, signal.SIGINT]
            assert passed_on == []
            assert capfd.readouterr().err == "stops soon\n"
            os.kill(os.getpid(), signal.SIGINT)
            assert passed_on == [signal.SIGINT]
    finally:
        signal.signal(signal.SIGINT, before)
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1):
            signal.signal(number, signal.SIG_DFL)


def test_processes_that_are_started_meanwhile_never_see_a_blocked_signal() -> None:
    with blocked_signals(signal.SIGINT):
        child = subprocess.Popen(["sleep", "600"])
    child.send_signal(signal.SIGINT)
    time.sleep(0.2)
    assert child.poll() is None
    child.kill()
    assert child.wait() == -signal.SIGKILL


def test_handlers_that_an_import_takes_are_put_back() -> None:
    """dask/dask-jobqueue#696."""
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with kept_handlers():
        signal.signal(signal.SIGINT, lambda *_: sys.exit())
        signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_the_resource_tracker_is_told_to_be_silent() -> None:
    start_resource_tracker()
    start_resource_tracker()
    assert sys.warnoptions.count(signals.TRACKER_WARNINGS) == 1
