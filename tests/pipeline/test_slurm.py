"""Jobs for a batch system: what they ask for, what waits for what, and what a signal becomes; with a stand-in for SLURM's commands."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ptx.commands.slurm import as_text, describe_jobs, job_states, scripts, submit
from ptx.pipeline.cluster import ClusterSettings, clock, job_options, seconds
from ptx.pipeline.errors import PtxError
from ptx.pipeline.plan import Pipeline
from ptx.project import STAGES, load_settings

SBATCH = """#!/bin/bash
echo "$@" >> {log}
echo $(( 100 + $(wc -l < {log}) ))
"""


def pipeline(workspace: Path, *more: str) -> Pipeline:
    base = [f"workspace={workspace}", "data.persons=2", "cluster.parts=3", "cluster.queue=spot", "cluster.account=lab"]
    return Pipeline(STAGES, load_settings(Path(os.devnull), [*base, *more]))


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the PATH with an sbatch that writes down what it is given; returns its log."""
    folder, log = tmp_path / "bin", tmp_path / "sbatch.log"
    folder.mkdir()
    log.touch()
    (folder / "sbatch").write_text(SBATCH.format(log=log))
    (folder / "sbatch").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return log


def test_stages_wait_for_what_they_read(tmp_path: Path, commands: Path) -> None:
    chosen = pipeline(tmp_path / "work")
    names = [*(s.name for s in chosen.active), "train-flow", "train-generator", "train-coarse", "train-refine"]
    found = scripts(chosen, names, None, ["data.persons=2"])
    after = {script.stage: set(script.after) for script in found}
    assert after["ingest"] == set()
    assert after["fit-smpl"] == {"ingest", "extract-keypoints"}
    data = {s.name for s in chosen.active}
    assert after["train-generator"] == data | {"train-flow"}
    assert after["train-refine"] == data | {"train-coarse"}
    ids = submit(chosen, found)
    given = [shlex.split(line) for line in commands.read_text().splitlines()]
    assert list(ids.values()) == [str(101 + i) for i in range(len(found))]
    assert given[0] == ["--parsable", str(tmp_path / "work" / "jobs" / "ingest.sh")]
    assert f"--dependency=afterok:{ids['ingest']}:{ids['extract-keypoints']}" in given[2]
    assert describe_jobs(chosen.workspace)[0].startswith("ingest: job 101, ")


def test_what_jobs_ask_for(tmp_path: Path) -> None:
    more = [
        "cluster.memory=4GiB",
        "cluster.walltime=01:30:00",
        "cluster.prologue=[module load cuda]",
        "train_flow.devices=2",
    ]
    data, alone = scripts(pipeline(tmp_path, *more), ["ingest", "train-flow"], None, [])
    for line in ("--array=1-3", "--partition=spot", "--account=lab", "--mem=4096M", "--time=01:30:00", "--requeue"):
        assert f"#SBATCH {line}\n" in data.text
    assert "module load cuda" in data.text
    assert "--part $SLURM_ARRAY_TASK_ID/3" in data.text
    assert "#SBATCH --gres=gpu:1\n" in alone.text
    assert "--partition" not in alone.text  # training has settings of its own
    assert "#SBATCH --ntasks-per-node=2\n" in alone.text
    assert "\nsrun --cpus-per-task=8 " in alone.text
    assert "# ---- train-flow after ingest" in as_text([data, alone])
    subprocess.run(["bash", "-n", "-c", data.text + alone.text], check=True)


@pytest.mark.parametrize(("code", "requeued"), [(75, True), (0, False), (2, False)])
def test_a_signal_reaches_the_training_and_its_code_decides(tmp_path: Path, code: int, requeued: bool) -> None:
    """The job's own shell gets USR1, as with `--signal=B:USR1@120`; ptx is stood in for by what ends with a code."""
    child = f"import signal, sys, time\nsignal.signal(signal.SIGUSR1, lambda *_: (time.sleep(.3), sys.exit({code})))\n"
    child += f"open({str(tmp_path / 'ready')!r}, 'w')\ntime.sleep(30)\n"
    (script,) = scripts(pipeline(tmp_path), ["train-flow"], None, [])
    body = script.text.replace(
        f"{sys.executable} -m ptx.cli run train-flow", f"{sys.executable} -c {shlex.quote(child)}"
    )
    (tmp_path / "scontrol").write_text(f"#!/bin/bash\necho $@ > {tmp_path / 'requeued'}\n")
    (tmp_path / "scontrol").chmod(0o755)
    environment = os.environ | {"SLURM_JOB_ID": "7", "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    job = subprocess.Popen(["bash", "-c", body], env=environment)
    while not (tmp_path / "ready").exists():
        time.sleep(0.02)
    job.send_signal(signal.SIGUSR1)
    assert job.wait(20) == code
    assert (tmp_path / "requeued").exists() == requeued


def test_states_of_jobs() -> None:
    said = "101_1 101 RUNNING\n101_2 101 PENDING\n103 101 PENDING\n102 102 COMPLETED\n"

    def ask(*_: object, **__: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess([], 0, said, "")

    found = job_states({"ingest": "101", "fit-smpl": "102", "gone": "5"}, ask, there=lambda _: "squeue")
    assert found == {"ingest": "RUNNING 1, PENDING 2", "fit-smpl": "COMPLETED 1"}


def test_mistakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PtxError, match="no stage 'train-x'"):
        scripts(pipeline(tmp_path), ["train-x"], None, [])
    with pytest.raises(PtxError, match=r"cluster\.memory: 'much' is no size"):
        scripts(pipeline(tmp_path, "cluster.memory=much"), ["ingest"], None, [])
    with pytest.raises(PtxError, match="less than five minutes"):
        pipeline(tmp_path, "cluster.walltime=00:01:00")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PtxError, match="sbatch is not on this machine"):
        submit(pipeline(tmp_path), [])


@pytest.mark.parametrize(
    ("text", "wanted"), [("30", 1800), ("12:30", 45000), ("01:02:03", 3723), ("2-12:00:00", 216000), ("1-0", 86400)]
)
def test_walltimes(text: str, wanted: int) -> None:
    assert seconds(text) == wanted
    assert seconds(clock(wanted)) == wanted


@pytest.mark.parametrize("kind", ["slurm", "pbs", "lsf", "sge"])
def test_dask_jobqueue_takes_the_options(kind: str, tmp_path: Path) -> None:
    """Its own job script, without a batch system: walltime, queue, and workers that leave before the end."""
    jobqueue = pytest.importorskip("dask_jobqueue")
    cluster = ClusterSettings(kind=kind, cores=2, memory="2GB", walltime="01:00:00", queue="long", account="lab")  # type: ignore[arg-type]
    name = {"slurm": "SLURMCluster", "pbs": "PBSCluster", "lsf": "LSFCluster", "sge": "SGECluster"}[kind]
    with getattr(jobqueue, name)(**job_options(cluster), local_directory=str(tmp_path)) as made:
        script = made.job_script()
    assert "long" in script
    assert "lab" in script
    assert "--lifetime 3240s" in script
    assert "--lifetime-stagger 180s" in script
    assert "export OMP_NUM_THREADS=1" in script
