"""The log: a table that a resumed run continues, TensorBoard's events, and the time of a step."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from ptx.training import log as logs
from ptx.training.log import RATE_FILE, Log, StepClock, rate_conditions, write_rate
from ptx.training.settings import TrainSettings


def test_a_resumed_log_drops_what_will_be_done_again(tmp_path: Path) -> None:
    with Log(tmp_path, 0, True) as log:
        for step in (1, 2, 3):
            log.write(step, {"flow/flow": step / 3})
    with Log(tmp_path, 2, True) as log:
        log.write(3, {"flow/flow": 9.0, "test/epe": 1.0})
    assert (tmp_path / "log.csv").read_text().splitlines() == [
        "step,term,value", "1,flow/flow,0.333333", "2,flow/flow,0.666667", "3,flow/flow,9", "3,test/epe,1",
    ]  # fmt: skip


def test_events_for_tensorboard(tmp_path: Path) -> None:
    with Log(tmp_path, 0, True) as log:
        log.write(1, {"flow/flow": 2.0})
        log.write(2, {"flow/flow": 3.0, "test/epe": 4.0})
    events = EventAccumulator(str(tmp_path / "events"))
    events.Reload()
    assert {"flow/flow", "test/epe"} <= set(events.Tags()["scalars"])
    assert [(e.step, e.value) for e in events.Scalars("flow/flow")] == [(1, 2), (2, 3)]


def test_helping_processes_write_nothing(tmp_path: Path) -> None:
    with Log(tmp_path / "nowhere", 0, False) as log:
        log.write(1, {"flow/flow": 2.0})
    assert not (tmp_path / "nowhere").exists()


def test_the_clock_gives_the_median_step_without_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(logs.time, "monotonic", lambda: now[0])
    clock = StepClock()
    assert clock.seconds is None
    for seconds in (60.0, 1.0, 2.0, 3.0):
        now[0] += seconds
        clock.stop()
    now[0] += 500  # a checkpoint
    clock.start()
    now[0] += 9
    clock.stop()
    assert clock.seconds == 2.5


def test_the_rate_is_written_with_its_conditions(tmp_path: Path) -> None:
    settings = TrainSettings(batch=4)
    write_rate(tmp_path, 0.5, "cpu", rate_conditions(settings, (64, 48)))
    found = json.loads((tmp_path / RATE_FILE).read_text())
    assert (found["seconds"], found["device"], found["size"], found["settings"]["batch"]) == (0.5, "cpu", [64, 48], 4)
    same = {name: found[name] for name in ("size", "settings")}
    assert rate_conditions(settings, (64, 48)) == same
    assert rate_conditions(TrainSettings(batch=4, base_channels=7), (64, 48)) != same
    assert rate_conditions(TrainSettings(batch=4, steps=7), (64, 48)) == same
