"""States of jobs in the words of batch systems, with stand-ins for their commands."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ptx.pipeline import job_states
from ptx.pipeline.job_states import GONE, OVER, STATUS_COMMANDS, job_state

PBS = """Job id            Name             User              Time Use S Queue
----------------  ---------------- ----------------  -------- - -----
7.server          dask-worker      me                00:00:00 {} long
"""


@pytest.fixture
def answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the whole PATH, but for bash and cat."""
    for name in ("bash", "cat", "sleep"):
        (tmp_path / name).symlink_to(f"/bin/{name}")
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def say(folder: Path, kind: str, text: str, code: int = 0) -> None:
    """Have the command that tells states print a text."""
    command = folder / STATUS_COMMANDS[kind][0]
    (folder / "text").write_text(text)
    command.write_text(
        f'#!/bin/bash\n[ "${{@: -1}}" = 7 ] || exit 9\ncat {folder}/text >&{2 if code else 1}\nexit {code}\n'
    )
    command.chmod(0o755)


@pytest.mark.parametrize(
    ("kind", "text", "state"),
    [
        ("slurm", "PENDING\n", "PENDING"),
        ("slurm", "OUT_OF_MEMORY\n", "OUT_OF_MEMORY"),
        ("slurm", "", GONE),
        ("lsf", "PEND\n", "PEND"),
        ("lsf", "EXIT\n", "EXIT"),
        ("pbs", PBS.format("Q"), "Q"),
        ("pbs", PBS.format("C"), "C"),
        ("sge", "job_number: 7\n", ""),
    ],
)
def test_what_batch_systems_say(answers: Path, kind: str, text: str, state: str) -> None:
    say(answers, kind, text)
    assert job_state(kind, "7") == state


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("slurm", "slurm_load_jobs error: Invalid job id specified"),
        ("pbs", "qstat: Unknown Job Id 7.server"),
        ("pbs", "qstat: 7.server Job has finished, use -x or -H to obtain historical job information"),
        ("lsf", "Job <7> is not found"),
        ("sge", "Following jobs do not exist:\n7"),
    ],
)
def test_a_job_that_is_no_longer_known_is_over(answers: Path, kind: str, text: str) -> None:
    say(answers, kind, text, 1)
    assert job_state(kind, "7") == GONE
    assert GONE in OVER


def test_a_batch_system_that_does_not_answer_says_nothing(answers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert job_state("slurm", "7") == ""  # no such command
    say(answers, "slurm", "slurm_load_jobs error: Unable to contact slurm controller (connect failure)", 1)
    assert job_state("slurm", "7") == ""
    monkeypatch.setattr(job_states, "ANSWER_SECONDS", 0.1)
    (answers / "squeue").write_text("#!/bin/bash\nexec sleep 60\n")
    os.chmod(answers / "squeue", 0o755)
    assert job_state("slurm", "7") == ""


@pytest.mark.parametrize("state", ["PENDING", "RUNNING", "CONFIGURING", "COMPLETING", "PEND", "RUN", "Q", "R", "H", ""])
def test_what_may_still_come_is_not_over(state: str) -> None:
    assert state not in OVER
