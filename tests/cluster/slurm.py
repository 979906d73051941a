"""A throw-away SLURM of two nodes on this machine, on loopback only, without systemd: real daemons, nothing of the system's is used.

Needs Debian's packages slurmctld, slurmd, slurm-client and munge; `python -m tests.cluster.slurm COMMAND ...` runs a command in one.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

NODES = ("n1", "n2")
NEEDED = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol")

CONF = """\
ClusterName=ptx
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser={user}
SlurmdUser={user}
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge/socket,cred_expire=10
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.%n.log
MailProg=/bin/true
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SwitchType=switch/none
PropagateResourceLimits=NONE
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=2
MinJobAge=3600
JobRequeue=1
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
DefMemPerCPU=1000
{nodes}
PartitionName=debug Nodes=n[1-2] Default=YES State=UP
"""


def lacking() -> str:
    """Why no SLURM can be started here; empty where it can."""
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing:
        return f"no {', '.join(missing)}: apt-get install slurmctld slurmd slurm-client munge"
    try:
        address = socket.gethostbyname(socket.gethostname().split(".")[0])
    except OSError as error:
        return f"the machine's own name is not known ({error})"
    return (
        ""
        if address.startswith("127.")
        else f"the machine's name means {address}, its daemons would not stay on loopback"
    )


@contextlib.contextmanager
def running() -> Iterator[dict[str, str]]:
    """Start it; yields the environment in which its commands find it."""
    # Not below a folder that only its owner may search: munge refuses that.
    folder = Path(tempfile.mkdtemp(prefix="ptx-slurm-", dir="/tmp"))
    folder.chmod(0o755)
    for name in ("munge", "state", "spool"):
        (folder / name).mkdir()
    (folder / "munge").chmod(0o711)
    key = folder / "munge" / "key"
    key.write_bytes(secrets.token_bytes(128))
    key.chmod(0o600)
    host, port = socket.gethostname().split(".")[0], _free_ports(3)
    nodes = "\n".join(
        f"NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port[1 + i]} CPUs=2 RealMemory=6000 State=UNKNOWN"
        for i, name in enumerate(NODES)
    )
    conf = folder / "slurm.conf"
    conf.write_text(CONF.format(host=host, port=port[0], user=getpass.getuser(), folder=folder, nodes=nodes))
    environment = os.environ | {"SLURM_CONF": str(conf)}
    daemons: list[subprocess.Popen[bytes]] = []

    def start(*command: str) -> None:
        log = (folder / f"{Path(command[0]).name}.out").open("ab")
        daemons.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True))

    try:
        munge = folder / "munge"
        start("munged", "--foreground", f"--key-file={key}", f"--socket={munge}/socket", f"--pid-file={munge}/pid",
              f"--log-file={munge}/log", f"--seed-file={munge}/seed")  # fmt: skip
        _wait_for(lambda: (munge / "socket").exists(), "munge")
        start("slurmctld", "-D")
        for name in NODES:
            start("slurmd", "-D", "-N", name)
        _wait_for(lambda: _idle(environment) == len(NODES), "two idle nodes", folder)
        yield environment
    finally:
        subprocess.run(["scancel", f"--user={getpass.getuser()}"], env=environment, capture_output=True, check=False)
        time.sleep(1)
        for daemon in reversed(daemons):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(daemon.pid, signal.SIGTERM)
        for daemon in daemons:
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(daemon.pid, signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def _idle(environment: dict[str, str]) -> int:
    done = subprocess.run(
        ["sinfo", "-h", "-N", "-o", "%T"], env=environment, capture_output=True, text=True, check=False
    )
    return done.stdout.split().count("idle")


def _wait_for(holds: Callable[[], bool], what: str, folder: Path | None = None, patience: float = 30) -> None:
    end = time.monotonic() + patience
    while not holds():
        if time.monotonic() > end:
            logs = "".join(p.read_text(errors="replace")[-1500:] for p in folder.glob("*.log")) if folder else ""
            raise RuntimeError(f"SLURM did not come up: no {what}\n{logs}")
        time.sleep(0.1)


if __name__ == "__main__":
    if why := lacking():
        sys.exit(f"no SLURM can be started here: {why}")
    with running() as env:
        sys.exit(subprocess.run(sys.argv[1:] or ["sinfo"], env=env, check=False).returncode)
