"""Steps as jobs of SLURM that wait for each other, and the states of those jobs."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ptx.pipeline.cluster import ClusterSettings, clock, seconds
from ptx.pipeline.errors import PtxError, name_bytes
from ptx.pipeline.job_states import ANSWER_SECONDS
from ptx.pipeline.signals import REQUEUE
from ptx.pipeline.step import JobPlan, Step
from ptx.pipeline.storage.files import read_json_object, write_json
from ptx.pipeline.storage.json_values import as_str

WARNING_SECONDS = 120
"""Seconds before its walltime at which a job that saves on a signal is sent one."""

MODULE = "ptx.cli"
"""Module that jobs run: the `ptx` command."""

JOBS_FOLDER = "jobs"
"""Folder of scripts, logs and job ids in the folder of results."""

PLAIN = re.compile(r"[\w@%+=:,./-]+")
"""Text that needs no quotes in a line of #SBATCH."""


@dataclass(frozen=True)
class Script:
    """A job, ready to be given to sbatch."""

    step: str
    """Name of the step that it runs."""
    text: str
    after: tuple[str, ...]
    """Steps whose jobs must have succeeded; needed steps that are not submitted with it are done already."""

    def path(self, results: Path) -> Path:
        """Return the file that sbatch is given."""
        return results / JOBS_FOLDER / f"{self.step}.sh"


# --- scripts ----------------------------------------------------------------------------------------------------------------------


def scripts(
    steps: Sequence[Step], cluster: ClusterSettings, results: Path, config: Path | None, overrides: Sequence[str]
) -> list[Script]:
    """Write the jobs of some steps, in order.

    Args:
        steps: each after those it needs.
        cluster: resources that jobs ask for.
        results: folder of models and reports, in which logs will lie.
        config, overrides: settings as given to the command; every job is given the same.

    Raises:
        PtxError: a setting of the cluster is no size.
    """
    words = ["-c", str(config.absolute())] if config else []
    for override in overrides:
        words += ["--set", override]
    return [_script(step, steps[:number], cluster, results, words) for number, step in enumerate(steps)]


def _script(
    step: Step, earlier: Sequence[Step], cluster: ClusterSettings, results: Path, words: Sequence[str]
) -> Script:
    plan = step.job(cluster)
    needed = step.needs()
    after = tuple(other.name for other in earlier if other.name in needed)
    return Script(step.name, _head(step.name, plan, results) + _body(step.name, plan, words), after)


def _head(name: str, plan: JobPlan, results: Path) -> str:
    job = plan.resources
    logs = results.absolute() / JOBS_FOLDER / "logs"
    together = plan.nodes * plan.tasks_per_node > 1
    lines = [
        f"--job-name={quoted(f'ptx-{name}')}",
        f"--cpus-per-task={job.cores}",
        f"--mem={_megabytes(job.memory)}M",
        f"--time={clock(seconds(job.walltime))}",
        f"--output={quoted(_no_pattern(logs / name) + ('-%A_%a.log' if plan.array else '-%A.log'))}",
        "--open-mode=append",
        "--requeue",
        *([f"--array=1-{plan.array}"] if plan.array else []),
        *([f"--signal=B:USR1@{WARNING_SECONDS}"] if plan.saves_on_signal else []),
        *([f"--nodes={plan.nodes}", f"--ntasks-per-node={plan.tasks_per_node}"] if together else []),
        *([f"--account={quoted(job.account)}"] if job.account else []),
        *([f"--partition={quoted(job.queue)}"] if job.queue else []),
        *([f"--gres={quoted(job.gres)}"] if job.gres else []),
        *job.options,
    ]
    return "\n".join(["#!/bin/bash", *(f"#SBATCH {line}" for line in lines), "", *job.prologue, ""])


def quoted(text: str) -> str:
    """Write a value in a line of #SBATCH as SLURM reads it: in quotes where it holds a space, a # or the like.

    SLURM's own rules (get_argument in sbatch's opt.c): a backslash takes the next character as it is, also in quotes.

    Raises:
        PtxError: it holds a line break, which no such line can.
    """
    if "\n" in text:
        raise PtxError(f"{text!r} has a line break, which a job's script cannot name")
    if PLAIN.fullmatch(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _no_pattern(path: Path) -> str:
    """Write a path in which SLURM would see patterns (%j is a job's id) as it stands.

    Raises:
        PtxError: it holds a backslash, after which SLURM looks for no patterns at all.
    """
    if "\\" in str(path):
        raise PtxError(
            f"{path}: SLURM can write no logs below a folder with a backslash in its name: name other `results:`"
        )
    return str(path).replace("%", "%%")


def _body(name: str, plan: JobPlan, words: Sequence[str]) -> str:
    more = list(words)
    for override in plan.overrides:
        more += ["--set", override]
    command = shlex.join([sys.executable, "-m", MODULE, "run", name, *more])
    if plan.array:
        command += f" --part $SLURM_ARRAY_TASK_ID/{plan.array}"
    if plan.nodes * plan.tasks_per_node > 1:
        # srun does not take the job's cores a task over by itself (since SLURM 22.05).
        command = f"srun --cpus-per-task={plan.resources.cores} {command}"
    return _saving(command) if plan.saves_on_signal else f"exec {command}\n"


def _saving(command: str) -> str:
    """Let bash hand the signal on and wait; a step that saved is queued again under the same job id."""
    return f"""\
{command} &
child=$!
trap 'kill -USR1 $child' USR1 TERM
wait $child; code=$?
while [ $code -gt 128 ]; do  # a signal ended the wait, or the training
    kill -0 $child 2>/dev/null || {{ wait $child; code=$?; break; }}
    wait $child; code=$?
done
if [ $code -eq {REQUEUE} ]; then scontrol requeue $SLURM_JOB_ID; fi
exit $code
"""


def _megabytes(memory: str) -> int:
    """Convert a size such as 8GB to MiB, rounded down."""
    from dask.utils import parse_bytes

    try:
        return int(parse_bytes(memory)) // 2**20
    except ValueError:
        raise PtxError(f"cluster.memory: '{memory}' is no size such as 8GB") from None


def as_text(jobs: Sequence[Script]) -> str:
    """Return all scripts to read, each with the steps it waits for."""
    parts = []
    for script in jobs:
        waits = f" after {', '.join(script.after)}" if script.after else ""
        parts.append(f"# ---- {script.step}{waits}\n{script.text}")
    return "\n".join(parts)


# --- jobs -------------------------------------------------------------------------------------------------------------------------


def submit(jobs: Sequence[Script], results: Path) -> dict[str, str]:
    """Write the scripts and give them to sbatch, each after those it waits for; returns step → job id.

    Raises:
        PtxError: sbatch is not there, or refuses a job; those before it are submitted.
    """
    if shutil.which("sbatch") is None:
        raise PtxError("sbatch is not on this machine: submit where SLURM's commands are, or `--print` the scripts")
    (results / JOBS_FOLDER / "logs").mkdir(parents=True, exist_ok=True)
    ids: dict[str, str] = {}
    for script in jobs:
        path = script.path(results)
        path.write_bytes(name_bytes(script.text))
        after = ":".join(ids[step] for step in script.after)
        wait = [f"--dependency=afterok:{after}", "--kill-on-invalid-dep=yes"] if after else []
        command = ["sbatch", "--parsable", *wait, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, errors="backslashreplace", check=False)
        if done.returncode:
            words = " ".join((done.stderr or done.stdout).split()) or f"it ended with {done.returncode} without a word"
            raise PtxError(f"sbatch refuses {path}: {words}")
        number = re.search(r"^(\d+)(;.*)?$", done.stdout, re.MULTILINE)  # wrappers of sbatch may say more
        if number is None:
            raise PtxError(
                f"sbatch took {path}, but said no number of a job: {' '.join(done.stdout.split()) or 'nothing'}"
            )
        ids[script.step] = number[1]
        write_json(_register(results), {**jobs_of(results), script.step: ids[script.step]})
    return ids


def _register(results: Path) -> Path:
    """Return the file with the job id of each submitted step."""
    return results / JOBS_FOLDER / "submitted.json"


def jobs_of(results: Path) -> dict[str, str]:
    """Return step → id of the job that was last submitted for it, the oldest job first."""
    register = {step: as_str(job) for step, job in read_json_object(_register(results)).items()}
    return dict(sorted(register.items(), key=lambda item: int(item[1])))


def job_states(
    jobs: Mapping[str, str],
    run: Callable[..., subprocess.CompletedProcess[str]] = subprocess.run,
    which: Callable[[str], str | None] = shutil.which,
) -> dict[str, str]:
    """Ask SLURM for the states of jobs.

    Args:
        jobs: step → job id.
        run, which: functions of `subprocess` and `shutil`, replaced in tests.

    Returns:
        Step → states of its job's tasks, such as "RUNNING 3, PENDING 12"; nothing of jobs that SLURM has forgotten.
    """
    if not jobs or which("squeue") is None:
        return {}
    options = ("--noheader", "--states=all", "--array", "--format=%A %F %T", f"--jobs={','.join(jobs.values())}")
    try:
        command = ["squeue", *options]
        done = run(
            command, capture_output=True, text=True, errors="backslashreplace", check=False, timeout=ANSWER_SECONDS
        )
    except subprocess.TimeoutExpired:
        return {}
    counts: dict[str, Counter[str]] = {}
    for line in done.stdout.splitlines() if done.returncode == 0 else []:
        if (words := re.fullmatch(r"\s*(\d\S*)\s+(\d+)\s+(\w+)\s*", line)) is None:  # wrappers of squeue may say more
            continue
        number, of_array, state = words.groups()
        for job in {number, of_array}:
            counts.setdefault(job, Counter())[state] += 1
    return {
        step: ", ".join(f"{state} {count}" for state, count in counts[job].items())
        for step, job in jobs.items()
        if job in counts
    }


def describe_jobs(results: Path) -> list[str]:
    """Return a line for each step with a job."""
    jobs = jobs_of(results)
    states = job_states(jobs)
    unknown = "no longer known to SLURM" if states else "of which SLURM says nothing"
    return [f"{step}: job {job}, {states.get(step, unknown)}" for step, job in jobs.items()]
