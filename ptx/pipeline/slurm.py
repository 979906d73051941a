"""`ptx submit`: stages as jobs of SLURM that wait for each other, and what became of them."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ptx.pipeline.cluster import ClusterSettings, JobSettings, clock, seconds
from ptx.pipeline.errors import PtxError
from ptx.pipeline.plan import Pipeline
from ptx.pipeline.storage.durable import read_json, write_json
from ptx.training.state import REQUEUE, TRAININGS, needs

SIGNAL = 120
"""Seconds before its walltime at which a training is told to save and to be queued again."""


@dataclass(frozen=True)
class Script:
    """A job, ready to be given to sbatch."""

    stage: str
    text: str
    after: tuple[str, ...]
    """Stages whose jobs must have succeeded; those that are not submitted with it are done already."""

    def path(self, workspace: Path) -> Path:
        """Where it lies."""
        return workspace / "jobs" / f"{self.stage}.sh"


def scripts(pipeline: Pipeline, stages: Sequence[str], config: Path | None, overrides: Sequence[str]) -> list[Script]:
    """The jobs of some stages, in order.

    Args:
        pipeline: whose settings say what jobs ask for.
        stages: names of data and training stages.
        config, overrides: settings as given to the command; every job is given the same.

    Raises:
        PtxError: there is no such stage.
    """
    cluster: ClusterSettings = pipeline.settings.cluster
    words = [*(["-c", str(config.absolute())] if config else []), *(x for one in overrides for x in ("--set", one))]
    known = [stage.name for stage in pipeline.active]
    found: list[Script] = []
    for name in stages:
        if name in known:
            above = known[: known.index(name)]
            body = _data_job(name, cluster, words)
        else:
            above = [*known, *_trained_before(pipeline, name)]
            body = _training_job(pipeline, name, words)
        after = tuple(script.stage for script in found if script.stage in above)
        found.append(Script(name, _head(name, pipeline, name in known) + body, after))
    return found


def _trained_before(pipeline: Pipeline, name: str) -> tuple[str, ...]:
    if name not in TRAININGS:
        data, training = (", ".join(names) for names in ((s.name for s in pipeline.active), TRAININGS))
        raise PtxError(f"no stage '{name}': {data}; {training}")
    return needs(pipeline, TRAININGS[name])


def _head(name: str, pipeline: Pipeline, data: bool) -> str:
    cluster: ClusterSettings = pipeline.settings.cluster
    job: JobSettings = cluster if data else cluster.training
    logs = pipeline.results.absolute() / "jobs" / "logs"
    lines = [
        f"--job-name=ptx-{name}",
        f"--cpus-per-task={job.cores}",
        f"--mem={_megabytes(job.memory)}M",
        f"--time={clock(seconds(job.walltime))}",
        f"--output={logs}/{name}-%A{'_%a' if data else ''}.log",
        "--open-mode=append",
        "--requeue",
        *([f"--array=1-{cluster.parts}"] if data else [f"--signal=B:USR1@{SIGNAL}", *_tasks(pipeline, name)]),
        *([f"--account={job.account}"] if job.account else []),
        *([f"--partition={job.queue}"] if job.queue else []),
        *([f"--gres={job.gres}"] if job.gres else []),
        *job.options,
    ]
    return "\n".join(["#!/bin/bash", *(f"#SBATCH {line}" for line in lines), "", *job.prologue, ""])


def _tasks(pipeline: Pipeline, name: str) -> list[str]:
    """One task a device, where several train together."""
    settings = getattr(pipeline.settings, TRAININGS[name].section)
    if settings.devices * settings.nodes == 1:
        return []
    return [f"--nodes={settings.nodes}", f"--ntasks-per-node={settings.devices}"]


def _data_job(name: str, cluster: ClusterSettings, words: Sequence[str]) -> str:
    """Each task of the array computes its part by its own processes. A task that is killed is queued again and goes on."""
    kind = "local" if cluster.cores > 1 else "serial"  # one core needs no process beside the one that is there
    more = [*words, "--set", f"cluster.kind={kind}", "--set", f"run.workers={cluster.cores}"]
    return f"exec {_command('run', name, *more)} --part $SLURM_ARRAY_TASK_ID/{cluster.parts}\n"


def _training_job(pipeline: Pipeline, name: str, words: Sequence[str]) -> str:
    """bash hands the signal on and waits; a training that saved is queued again under the same job id."""
    settings = getattr(pipeline.settings, TRAININGS[name].section)
    cores = pipeline.settings.cluster.training.cores
    # srun does not take the job's cores a task over by itself (since SLURM 22.05).
    together = f"srun --cpus-per-task={cores} " if settings.devices * settings.nodes > 1 else ""
    return f"""\
{together}{_command("run", name, *words)} &
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


def _command(*words: str) -> str:
    return shlex.join([sys.executable, "-m", "ptx.cli", *words])


def _megabytes(memory: str) -> int:
    from dask.utils import parse_bytes

    try:
        return int(parse_bytes(memory)) // 2**20
    except ValueError:
        raise PtxError(f"cluster.memory: '{memory}' is no size such as 8GB") from None


def submit(pipeline: Pipeline, jobs: Sequence[Script]) -> dict[str, str]:
    """Write the scripts and give them to sbatch, each after those it waits for; returns job ids by stage.

    Raises:
        PtxError: sbatch is not there, or refuses a job; those before it are submitted.
    """
    if shutil.which("sbatch") is None:
        raise PtxError("sbatch is not on this machine: submit where SLURM's commands are, or `--print` the scripts")
    (pipeline.results / "jobs" / "logs").mkdir(parents=True, exist_ok=True)
    ids: dict[str, str] = {}
    for script in jobs:
        path = script.path(pipeline.results)
        path.write_text(script.text)
        after = ":".join(ids[stage] for stage in script.after)
        wait = [f"--dependency=afterok:{after}", "--kill-on-invalid-dep=yes"] if after else []
        done = subprocess.run(["sbatch", "--parsable", *wait, str(path)], capture_output=True, text=True, check=False)
        if done.returncode:
            raise PtxError(f"sbatch refuses {path}: {' '.join(done.stderr.split())}")
        ids[script.stage] = done.stdout.strip().split(";")[0]
        write_json(_register(pipeline.results), {**jobs_of(pipeline.results), script.stage: ids[script.stage]})
    return ids


def _register(workspace: Path) -> Path:
    return workspace / "jobs" / "submitted.json"


def jobs_of(workspace: Path) -> dict[str, str]:
    """Stage → id of the job that was last submitted for it."""
    path = _register(workspace)
    found = dict(read_json(path)) if path.exists() else {}
    return dict(sorted(found.items(), key=lambda item: int(item[1])))


def job_states(
    jobs: dict[str, str],
    ask: Callable[..., subprocess.CompletedProcess[str]] = subprocess.run,
    there: Callable[[str], str | None] = shutil.which,
) -> dict[str, str]:
    """Stage → what SLURM says of its job's tasks, such as "RUNNING 3, PENDING 12"; nothing of jobs that it has forgotten."""
    if not jobs or there("squeue") is None:
        return {}
    command = [
        "squeue",
        "--noheader",
        "--states=all",
        "--array",
        "--format=%A %F %T",
        f"--jobs={','.join(jobs.values())}",
    ]
    done = ask(command, capture_output=True, text=True, check=False)
    counts: dict[str, dict[str, int]] = {}
    for line in done.stdout.splitlines() if done.returncode == 0 else []:
        number, of_array, state = line.split()
        for job in {number, of_array}:
            counts.setdefault(job, {})[state] = counts.get(job, {}).get(state, 0) + 1
    return {
        stage: ", ".join(f"{state} {n}" for state, n in counts[job].items())
        for stage, job in jobs.items()
        if job in counts
    }


def as_text(found: Sequence[Script]) -> str:
    """All scripts to read, with what each waits for."""
    parts = []
    for script in found:
        waits = f" after {', '.join(script.after)}" if script.after else ""
        parts.append(f"# ---- {script.stage}{waits}\n{script.text}")
    return "\n".join(parts)


def describe_jobs(workspace: Path) -> list[str]:
    """A line for each stage with a job."""
    jobs = jobs_of(workspace)
    states = job_states(jobs)
    return [f"{stage}: job {job}, {states.get(stage, 'no longer known to SLURM')}" for stage, job in jobs.items()]
