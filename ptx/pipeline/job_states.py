"""States of single jobs in the words of their batch system, to tell one that waits from one that has failed."""

from __future__ import annotations

import re
import subprocess

STATUS_COMMANDS = {
    "slurm": ("squeue", "--noheader", "--states=all", "--format=%T", "--jobs"),
    "pbs": ("qstat",),
    "lsf": ("bjobs", "-noheader", "-o", "stat"),
    "sge": ("qstat", "-j"),
}
"""Batch system → command that, with a job's id after it, tells the job's state."""

GONE = "ended"
"""State of a job that its batch system no longer knows."""

OVER = frozenset({
    GONE,
    "COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY", "BOOT_FAIL", "DEADLINE",  # SLURM
    "C", "F",  # PBS
    "DONE", "EXIT", "ZOMBI",  # LSF
})  # fmt: skip
"""States of jobs that do not run any more, and will not."""

UNKNOWN_JOB = re.compile(r"unknown|invalid job|has finished|not? (exist|found)", re.IGNORECASE)
"""What batch systems say about jobs that they no longer know."""

ANSWER_SECONDS = 20
"""Seconds in which a batch system must answer."""


def job_state(kind: str, job: str) -> str:
    """Ask a batch system for the state of a job.

    Returns:
        Its word for the state, such as PENDING; `GONE` of a job that it no longer knows; nothing where it does not say.
    """
    try:
        done = subprocess.run(
            [*STATUS_COMMANDS[kind], job],
            capture_output=True,
            text=True,
            errors="backslashreplace",  # a site's own words in an older encoding
            check=False,
            timeout=ANSWER_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    if done.returncode:
        return GONE if UNKNOWN_JOB.search(done.stderr + done.stdout) else ""
    words = done.stdout.split()
    if kind == "pbs":  # a table, whose last columns are state and queue
        return words[-2] if len(words) > 1 else ""
    if kind == "sge":  # many lines, and none on the state
        return ""
    return words[0] if words else GONE
