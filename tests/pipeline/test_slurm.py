"""Jobs for SLURM: what they ask for, what waits for what, and what a signal becomes; with a stand-in for SLURM's commands."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from ptx.pipeline.array_slice import WHOLE, ArraySlice
from ptx.pipeline.block_step import BlockStep
from ptx.pipeline.cluster import ClusterSettings, JobSettings
from ptx.pipeline.errors import PtxError
from ptx.pipeline.events import Listener
from ptx.pipeline.executors import Executor
from ptx.pipeline.slurm import as_text, describe_jobs, job_states, jobs_of, scripts, submit
from ptx.pipeline.step import Estimate, JobPlan, Outcome, Step, StepStatus, Unit
from tests.pipeline.toy import toy

SBATCH = """#!/bin/bash
echo "$@" >> {log}
echo $(( 100 + $(wc -l < {log}) ))
"""

CLUSTER = ClusterSettings(
    parts=3,
    queue="spot",
    account="lab",
    memory="4GiB",
    walltime="01:30:00",
    prologue=("module load cuda",),
    training=JobSettings(gres="gpu:1", cores=8, memory="32GB"),
)


@dataclass(frozen=True)
class Learn:
    """A training, as far as its job goes."""

    name: str = "train-square"
    devices: int = 1
    nodes: int = 1
    unit: Unit = "steps"

    def needs(self) -> tuple[str, ...]:
        return ("numbers", "square")

    def status(self, *, problems: bool = False) -> StepStatus:
        raise NotImplementedError

    def estimate(self, *, force: bool = False) -> Estimate:
        raise NotImplementedError

    def run(
        self, listener: Listener, executor: Executor, *, force: bool = False, part: ArraySlice = WHOLE
    ) -> Outcome | None:
        raise NotImplementedError

    def job(self, cluster: ClusterSettings) -> JobPlan:
        return JobPlan(cluster.training, nodes=self.nodes, tasks_per_node=self.devices, saves_on_signal=True)


def steps(folder: Path, *more: Step) -> list[Step]:
    pipeline = toy(folder)
    return [*(BlockStep(pipeline, stage) for stage in pipeline.stages), *more]


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


def test_steps_wait_for_what_they_need(tmp_path: Path, commands: Path) -> None:
    results = tmp_path / "work"
    found = scripts(steps(results, Learn()), CLUSTER, results, None, ["data.persons=2"])
    after = {script.step: set(script.after) for script in found}
    assert after == {
        "numbers": set(),
        "square": {"numbers"},
        "difference": {"numbers", "square"},
        "train-square": {"numbers", "square"},
    }
    ids = submit(found, results)
    given = [shlex.split(line) for line in commands.read_text().splitlines()]
    assert list(ids.values()) == [str(101 + i) for i in range(len(found))]
    assert given[0] == ["--parsable", str(results / "jobs" / "numbers.sh")]
    assert f"--dependency=afterok:{ids['numbers']}:{ids['square']}" in given[2]
    assert describe_jobs(results)[0].startswith("numbers: job 101, ")
    assert jobs_of(results) == ids
    assert {script.path(results).read_text() for script in found} == {script.text for script in found}


def test_steps_that_are_done_are_not_waited_for(tmp_path: Path) -> None:
    found = scripts(steps(tmp_path)[2:], CLUSTER, tmp_path, None, [])
    assert found[0].after == ()


def test_the_script_of_a_data_stage(tmp_path: Path) -> None:
    (script,) = scripts(steps(tmp_path)[:1], CLUSTER, tmp_path, Path("/etc/a b.yaml"), ["factor=5"])
    assert (
        script.text
        == f"""\
#!/bin/bash
#SBATCH --job-name=ptx-numbers
#SBATCH --cpus-per-task=4
#SBATCH --mem=4096M
#SBATCH --time=01:30:00
#SBATCH --output={tmp_path}/jobs/logs/numbers-%A_%a.log
#SBATCH --open-mode=append
#SBATCH --requeue
#SBATCH --array=1-3
#SBATCH --account=lab
#SBATCH --partition=spot

module load cuda
exec {sys.executable} -m ptx.cli run numbers -c '/etc/a b.yaml' --set factor=5 --set cluster.kind=local --set run.workers=4\
 --part $SLURM_ARRAY_TASK_ID/3
"""
    )


def test_the_script_of_a_training(tmp_path: Path) -> None:
    (script,) = scripts([Learn(devices=2, nodes=3)], CLUSTER, tmp_path, None, ["a=1", "b=2"])
    assert (
        script.text
        == f"""\
#!/bin/bash
#SBATCH --job-name=ptx-train-square
#SBATCH --cpus-per-task=8
#SBATCH --mem=30517M
#SBATCH --time=04:00:00
#SBATCH --output={tmp_path}/jobs/logs/train-square-%A.log
#SBATCH --open-mode=append
#SBATCH --requeue
#SBATCH --signal=B:USR1@120
#SBATCH --nodes=3
#SBATCH --ntasks-per-node=2
#SBATCH --gres=gpu:1

srun --cpus-per-task=8 {sys.executable} -m ptx.cli run train-square --set a=1 --set b=2 &
child=$!
trap 'kill -USR1 $child' USR1 TERM
wait $child; code=$?
while [ $code -gt 128 ]; do  # a signal ended the wait, or the training
    kill -0 $child 2>/dev/null || {{ wait $child; code=$?; break; }}
    wait $child; code=$?
done
if [ $code -eq 75 ]; then scontrol requeue $SLURM_JOB_ID; fi
exit $code
"""
    )


def test_what_jobs_ask_for(tmp_path: Path) -> None:
    data, alone, together = scripts(
        [steps(tmp_path)[0], Learn(), Learn("train-twice", devices=2)], CLUSTER, tmp_path, None, []
    )
    assert "--partition" not in alone.text  # training has settings of its own
    assert "srun" not in alone.text
    assert "--ntasks" not in alone.text
    assert "#SBATCH --nodes=1\n#SBATCH --ntasks-per-node=2\n" in together.text
    assert "\nsrun --cpus-per-task=8 " in together.text
    assert "# ---- train-square after numbers" in as_text([data, alone])
    subprocess.run(["bash", "-n", "-c", data.text + alone.text + together.text], check=True)


@pytest.mark.slow
@pytest.mark.parametrize(("code", "requeued"), [(75, True), (0, False), (2, False)])
def test_a_signal_reaches_the_training_and_its_code_decides(tmp_path: Path, code: int, requeued: bool) -> None:
    """The job's own shell gets USR1, as with `--signal=B:USR1@120`; ptx is stood in for by what ends with a code."""
    child = f"import signal, sys, time\nsignal.signal(signal.SIGUSR1, lambda *_: (time.sleep(.3), sys.exit({code})))\n"
    child += f"open({str(tmp_path / 'ready')!r}, 'w')\nfor _ in range(600): time.sleep(.05)\n"
    (script,) = scripts([Learn()], CLUSTER, tmp_path, None, [])
    body = script.text.replace(
        f"{sys.executable} -m ptx.cli run train-square", f"{sys.executable} -c {shlex.quote(child)}"
    )
    (tmp_path / "scontrol").write_text(f"#!/bin/bash\necho $@ > {tmp_path / 'requeued'}\n")
    (tmp_path / "scontrol").chmod(0o755)
    environment = os.environ | {"SLURM_JOB_ID": "7", "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    job = subprocess.Popen(["bash", "-c", body], env=environment)
    while not (tmp_path / "ready").exists():
        time.sleep(0.02)
    time.sleep(0.5)  # bash looks at no signal between the start of `wait` and its sleep
    job.send_signal(signal.SIGUSR1)
    assert job.wait(30) == code
    assert (tmp_path / "requeued").exists() == requeued


def test_states_of_jobs() -> None:
    said = "101_1 101 RUNNING\n101_2 101 PENDING\n103 101 PENDING\n102 102 COMPLETED\n"

    def run(*_: object, **__: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess([], 0, said, "")

    found = job_states({"ingest": "101", "fit-smpl": "102", "gone": "5"}, run, which=lambda _: "squeue")
    assert found == {"ingest": "RUNNING 1, PENDING 2", "fit-smpl": "COMPLETED 1"}
    assert job_states({"ingest": "101"}, run, which=lambda _: None) == {}


def test_mistakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PtxError, match=r"cluster\.memory: 'much' is no size"):
        scripts(steps(tmp_path)[:1], ClusterSettings(memory="much"), tmp_path, None, [])
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PtxError, match="sbatch is not on this machine"):
        submit([], tmp_path)


def test_a_job_that_sbatch_refuses(tmp_path: Path, commands: Path) -> None:
    sbatch = commands.parent / "bin" / "sbatch"
    sbatch.write_text('#!/bin/bash\ncase "$*" in *square*) echo "invalid\npartition" >&2; exit 1;; esac; echo 7\n')
    found = scripts(steps(tmp_path), CLUSTER, tmp_path, None, [])
    with pytest.raises(PtxError, match=r"sbatch refuses .*square.sh: invalid partition"):
        submit(found, tmp_path)
    assert jobs_of(tmp_path) == {"numbers": "7"}


# --- how SLURM reads a script -----------------------------------------------------------------------------------------------------


def arguments(line: str) -> list[str]:
    """Split a line of #SBATCH as SLURM's sbatch does (get_argument in its opt.c): quotes, backslashes everywhere, comments."""
    found: list[str] = []
    argument, started, quote, escaped = "", False, "", False
    for character in line:
        if escaped:
            argument, escaped = argument + character, False
        elif character == "\\":
            escaped = started = True
        elif quote:
            quote, argument = ("", argument) if character == quote else (quote, argument + character)
        elif character in "\"'":
            quote, started = character, True
        elif character == "#":
            break
        elif character.isspace():
            if started:
                found.append(argument)
            argument, started = "", False
        else:
            argument, started = argument + character, True
    return [*found, argument] if started else found


def expanded(pattern: str) -> str:
    """Write the name of a log as SLURM does: %A is the array job's number, %a the task's, %% a percent sign."""
    if "\\" in pattern:
        return pattern.replace("\\", "")
    return re.sub("%(.)", lambda match: {"A": "7", "a": "3", "%": "%"}[match[1]], pattern)


@pytest.mark.parametrize(
    "folder", ["work", "my work", "shoot #2", "100% cotton", "%A", "it's", 'the "best"', "a=b", "Größe", "tab\tin it"]
)
def test_logs_lie_in_the_folder_whatever_its_name(tmp_path: Path, folder: str) -> None:
    for step, ending in ((steps(tmp_path)[0], "7_3"), (Learn(), "7")):
        (script,) = scripts([step], CLUSTER, tmp_path / folder, None, [])
        (line,) = [line for line in script.text.splitlines() if "--output" in line]
        (argument,) = arguments(line.removeprefix("#SBATCH"))
        wanted = f"{tmp_path}/{folder}/jobs/logs/{step.name}-{ending}.log"
        assert expanded(argument.removeprefix("--output=")) == wanted


def test_account_and_queue_are_one_word_each(tmp_path: Path) -> None:
    cluster = ClusterSettings(account="lab #2", queue="long jobs", gres='gpu:"a":1')
    (script,) = scripts(steps(tmp_path)[:1], cluster, tmp_path, None, [])
    read = [arguments(line.removeprefix("#SBATCH")) for line in script.text.splitlines() if line.startswith("#SBATCH")]
    for wanted in ("--account=lab #2", "--partition=long jobs", '--gres=gpu:"a":1'):
        assert [wanted] in read


@pytest.mark.parametrize(("folder", "words"), [("a\\b", "with a backslash"), ("a\nb", "has a line break")])
def test_folders_that_slurm_cannot_write_logs_to(tmp_path: Path, folder: str, words: str) -> None:
    with pytest.raises(PtxError, match=words):
        scripts([Learn()], CLUSTER, tmp_path / folder, None, [])


@pytest.mark.parametrize(
    ("said", "number"),
    [("101", "101"), ("101;cluster", "101"), ("Welcome! Budget: 7 h\n101\n", "101"), ("no job", None)],
)
def test_the_number_of_a_job_among_what_wrappers_say(
    tmp_path: Path, commands: Path, said: str, number: str | None
) -> None:
    sbatch = commands.parent / "bin" / "sbatch"
    sbatch.write_text(f"#!/bin/bash\necho {shlex.quote(said)}\n")
    found = scripts(steps(tmp_path)[:1], CLUSTER, tmp_path, None, [])
    if number is None:
        with pytest.raises(PtxError, match=r"said no number of a job: no job"):
            submit(found, tmp_path)
    else:
        assert submit(found, tmp_path) == {"numbers": number}


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (r"printf '\xff account\n' >&2; exit 1", r"sbatch refuses .*: \\xff account$"),
        ("kill -9 $$", "sbatch refuses .*: it ended with -9 without a word$"),
        ("exit 0", "said no number of a job: nothing$"),
    ],
    ids=["no UTF-8", "killed", "silent"],
)
def test_whatever_sbatch_says_or_not(tmp_path: Path, commands: Path, script: str, words: str) -> None:
    (commands.parent / "bin" / "sbatch").write_text(f"#!/bin/bash\n{script}\n")
    with pytest.raises(PtxError, match=words):
        submit(scripts(steps(tmp_path)[:1], CLUSTER, tmp_path, None, []), tmp_path)


def test_a_greeting_is_no_state_of_a_job(commands: Path) -> None:
    squeue = commands.parent / "bin" / "squeue"
    squeue.write_text("#!/bin/bash\nprintf 'Welcome \\xff to the cluster of today\\n7 7 RUNNING\\n'\n")
    squeue.chmod(0o755)
    assert job_states({"numbers": "7"}) == {"numbers": "RUNNING 1"}


def test_scripts_are_written_whatever_the_locale(tmp_path: Path, commands: Path) -> None:
    """Also with a name that is no UTF-8, as the file system gives it."""
    assert commands.exists()
    odd = os.fsdecode(b"Gr\xf6\xdfe \xc3\xa9")
    found = scripts(steps(tmp_path)[:1], CLUSTER, tmp_path, None, [f"data.root={odd}"])
    submit(found, tmp_path)
    assert os.fsencode(odd) in found[0].path(tmp_path).read_bytes()


def test_a_scheduler_that_does_not_answer_holds_nobody_up(tmp_path: Path) -> None:
    def run(command: list[str], **options: float) -> subprocess.CompletedProcess[str]:
        raise subprocess.TimeoutExpired(command, options["timeout"])

    assert job_states({"ingest": "101"}, run, which=lambda _: "squeue") == {}
