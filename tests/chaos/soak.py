"""Soak test: the data stages again and again while workers, scheduler and client are killed, the disk fills, bits flip.

    python -m tests.chaos.soak --minutes 10 DIR

Each run is a new workspace of synthetic people, repeated until it is whole, and must come out byte for byte as a calm one. A fault
counts only where it hit. A block is lost where its record says done and its bytes are wrong without `ptx verify` noticing, or
where it had to be computed again without a fault that touched it.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path

from ptx.pipeline.events import Silent
from ptx.pipeline.executors import SerialExecutor
from ptx.pipeline.plan import Pipeline
from ptx.pipeline.run import run_stage
from ptx.pipeline.verify import verify_stage
from ptx.project import Project
from ptx.settings import load_settings
from tests.chaos.crew import Crew, kill
from tests.pipeline.toy import tree

SETTINGS = ["body=small", "size=[64, 64]", "data.persons=6", "data.images_per_person=4", "run.block=4", "run.workers=2"]
DISK = 48
"""Megabytes of the small disk."""
PATIENCE = 90
"""Seconds after which a client that was to end counts as hung."""

Shard = tuple[str, int, str]
"""Store, block, array."""


def pipeline(workspace: Path) -> Pipeline:
    """The pipeline that is soaked, in this process."""
    given = [f"workspace={workspace}", *SETTINGS, "cluster.kind=serial"]
    return Project(load_settings(Path(os.devnull), given)).pipeline


def shards(chosen: Pipeline) -> dict[Shard, Path]:
    """The files of all committed blocks."""
    found: dict[Shard, Path] = {}
    folder = chosen.workspace.folder
    assert folder is not None
    for stage in chosen.active:
        store = chosen.store(stage)
        for block, record in store.records if store.exists() else ():
            found |= {(store.name, block, array): folder / store.shard_file(array, block) for array in record.files}
    return found


@dataclass
class Tally:
    """What happened."""

    hits: Counter[str] = field(default_factory=Counter)
    """Faults that hit, by kind."""
    tried: Counter[str] = field(default_factory=Counter)
    """All of them; those that came too late or changed nothing are not counted as hits."""
    runs: int = 0
    """Workspaces made from nothing to whole."""
    commands: int = 0
    """`ptx` commands that took."""
    blocks: int = 0
    """Blocks committed in all runs."""
    lost: list[str] = field(default_factory=list)
    """Blocks lost, and why they count as such."""
    odd: list[str] = field(default_factory=list)
    """Commands that hung or ended otherwise than by success or one line of error."""
    notes: list[str] = field(default_factory=list)
    """Faults that this machine does not allow."""
    seconds: float = 0.0

    def table(self) -> str:
        """To print."""
        width = max(map(len, KINDS))
        rows = [f"{kind:<{width}}  {self.hits[kind]:>4} hit of {self.tried[kind]} tried" for kind in KINDS]
        ends = [
            f"runs: {self.runs} from nothing to whole, {self.blocks} blocks, {self.commands} commands",
            f"blocks lost: {len(self.lost)}",
            f"commands that hung or ended in a traceback: {len(self.odd)}",
            f"seconds: {self.seconds:.0f}",
        ]
        return "\n".join([*rows, *ends, *self.lost, *self.odd, *self.notes])


class Soak:
    """One soak test in a folder."""

    def __init__(self, folder: Path, seed: int) -> None:
        """`seed`: chooses faults and places; the moments at which processes are met are the machine's."""
        self.folder, self.chance, self.tally = folder, random.Random(seed), Tally()
        self.disk, self.calm = folder / "disk", folder / "calm"
        self.workspace = self.disk / "work"
        self.crew = Crew(folder)
        self.mounted = False
        self.deck: list[str] = []
        self.known: dict[Shard, tuple[int, int]] = {}
        """Committed shards as they were last seen: inode and time of change."""
        self.flipped: set[tuple[str, int]] = set()
        """Blocks in which a bit was flipped, store and number, until they are dropped."""

    def soak(self, seconds: float, faults: int = 0) -> Tally:
        """Runs with faults until the time is over and at least so many were tried; the last one is finished in peace."""
        self.disk.mkdir(parents=True)
        with _small_disk(self.disk) as self.mounted:
            if not self.mounted:
                self.tally.notes.append("no tmpfs could be mounted here: the disk was not filled")
            calm = pipeline(self.calm)
            for stage in calm.active:
                run_stage(calm, stage, Silent(), SerialExecutor())
            began = time.monotonic()

            def goes_on() -> bool:
                return time.monotonic() - began < seconds or self.tally.tried.total() < faults

            try:
                while goes_on():
                    self._run(goes_on)
            finally:
                self.crew.dismiss()
                self.tally.seconds = time.monotonic() - began
        return self.tally

    # --- a run ------------------------------------------------------------------------------------------------------------

    def _run(self, faulty: Callable[[], bool]) -> None:
        """From an empty workspace to a whole one, with faults as long as there are to be any."""
        shutil.rmtree(self.workspace, ignore_errors=True)
        self.known, self.flipped = {}, set()
        whole = False
        while not whole:
            self.crew.muster()
            client = self._ptx(
                "run", "all", "--set", "cluster.kind=address", "--set", f"cluster.address={self.crew.address}"
            )
            while faulty() and self._moves_on(client):
                kind = self._next_kind()
                self.tally.tried[kind] += 1
                self.tally.hits[kind] += KINDS[kind](self, client)
                self._look()
            self._await(client, {0, 2, -signal.SIGKILL})
            self._look()
            whole = client.exitcode == 0 and not self.flipped
            if self.flipped:
                self._mend()
        self._compare()

    def _next_kind(self) -> str:
        """Kinds come in random order, each before any comes again."""
        if not self.deck:
            self.deck = [k for k in KINDS if self.mounted or k != "disk filled"]
            self.chance.shuffle(self.deck)
        return self.deck.pop()

    def _ptx(self, *words: str) -> BaseProcess:
        self.tally.commands += 1
        settings = [f"workspace={self.workspace}", *SETTINGS]
        return self.crew.client(*words, "-c", os.devnull, *(x for one in settings for x in ("--set", one)))

    def _moves_on(self, client: BaseProcess) -> bool:
        """Let a few more blocks be committed; whether the client is then still at work."""
        aim, end = len(shards(pipeline(self.workspace))) + self.chance.randint(1, 12), time.monotonic() + PATIENCE
        while client.is_alive() and time.monotonic() < end and len(shards(pipeline(self.workspace))) < aim:
            time.sleep(0.1)
        time.sleep(0.05 * self.chance.random())
        return client.is_alive()

    def _await(self, client: BaseProcess, codes: set[int]) -> None:
        """The end of a command, in one of these ways."""
        client.join(PATIENCE)
        if client.is_alive():
            kill(client)
            self.tally.odd.append(f"a command hung: {self.said()[-300:]}")
        elif client.exitcode not in codes:
            self.tally.odd.append(f"a command ended with {client.exitcode}: {self.said()[-300:]}")

    def said(self) -> str:
        """What the last command said."""
        return " ".join((self.folder / "client.log").read_text(errors="replace").split())

    # --- faults: each returns how often it hit ---------------------------------------------------------------------------

    def _kill_worker(self, client: BaseProcess) -> int:
        hit = kill(self.chance.choice(self.crew.workers))
        self.crew.muster()
        return hit

    def _kill_scheduler(self, client: BaseProcess) -> int:
        assert self.crew.scheduler is not None
        hit = kill(self.crew.scheduler)
        client.join(PATIENCE)
        return hit

    def _kill_client(self, client: BaseProcess) -> int:
        return kill(client)

    def _fill_disk(self, client: BaseProcess) -> int:
        ballast = self.disk / "ballast"
        with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
            while file.write(bytes(65536)):
                pass
        client.join(PATIENCE)
        ballast.unlink()
        return "disk is full" in self.said() or os.strerror(errno.ENOSPC) in self.said()

    def _revoke_permissions(self, client: BaseProcess) -> int:
        with _read_only(self.workspace):
            client.join(PATIENCE)
        return "may not be written" in self.said() or os.strerror(errno.EACCES) in self.said()

    def _flip_bit(self, client: BaseProcess) -> int:
        """Counts as a hit when `_mend` finds it."""
        found = sorted((s, p) for s, p in shards(pipeline(self.workspace)).items() if s[:2] not in self.flipped)
        (store, block, _), path = self.chance.choice(found)
        data = bytearray(path.read_bytes())
        data[self.chance.randrange(len(data))] ^= 1 << self.chance.randrange(8)
        with path.open("r+b") as file:
            file.write(data)
        self.flipped.add((store, block))
        return 0

    # --- what has become of the blocks ------------------------------------------------------------------------------------

    def _damaged(self) -> set[tuple[str, int]]:
        """Blocks that `ptx verify` names."""
        chosen = pipeline(self.workspace)
        there = [s for s in chosen.active if chosen.store(s).exists()]
        return {(stage.store, block) for stage in there for block in verify_stage(chosen, stage).damaged}

    def _look(self) -> None:
        """No committed block has been forgotten or written again, and what is wrong in one is known to `ptx verify`."""
        now, right = shards(pipeline(self.workspace)), shards(pipeline(self.calm))
        for shard, before in self.known.items():
            if shard[:2] not in self.flipped and (shard not in now or _stamp(now[shard]) != before):
                self.tally.lost.append(
                    f"run {self.tally.runs}: {shard} was {'written again' if shard in now else 'forgotten'}"
                )
        wrong = {shard[:2] for shard, path in now.items() if path.read_bytes() != right[shard].read_bytes()}
        if wrong:
            self.tally.lost += [
                f"run {self.tally.runs}: {block} is wrong unnoticed" for block in wrong - self._damaged()
            ]
        self.known = {shard: _stamp(path) for shard, path in now.items()}

    def _mend(self) -> None:
        """`ptx verify --drop` finds what was flipped, and forgets just that."""
        found = self._damaged()
        self.tally.hits["bit flipped"] += len(found & self.flipped)
        self.tally.lost += [
            f"run {self.tally.runs}: a bit flipped in {block}, unnoticed" for block in self.flipped - found
        ]
        self.tally.lost += [f"run {self.tally.runs}: {block} is damaged by nobody" for block in found - self.flipped]
        self._await(self._ptx("verify", "all", "--drop"), {1})
        self.flipped -= found
        self._forget(found)

    def _forget(self, blocks: set[tuple[str, int]]) -> None:
        self.known = {shard: stamp for shard, stamp in self.known.items() if shard[:2] not in blocks}

    def _compare(self) -> None:
        found, expected = tree(self.workspace), tree(self.calm)
        for name in sorted(n for n in {*found, *expected} if found.get(n) != expected.get(n)):
            self.tally.lost.append(f"run {self.tally.runs}: {name} is not as in a calm run")
        self.tally.runs += 1
        self.tally.blocks += len({shard[:2] for shard in self.known})


KINDS: dict[str, Callable[[Soak, BaseProcess], int]] = {
    "worker killed": Soak._kill_worker,
    "scheduler killed": Soak._kill_scheduler,
    "client killed": Soak._kill_client,
    "disk filled": Soak._fill_disk,
    "permissions revoked": Soak._revoke_permissions,
    "bit flipped": Soak._flip_bit,
}


def _stamp(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_ino, found.st_ctime_ns


@contextmanager
def _small_disk(folder: Path) -> Iterator[bool]:
    """A tmpfs of `DISK` MB at `folder`; yields whether one could be mounted."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK}m", "ptx-soak", str(folder)]
    mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def _read_only(folder: Path) -> Iterator[None]:
    """Nothing can be made or replaced in a folder or below it meanwhile (the crew obeys modes, root's too)."""
    folder.chmod(0o555)
    for place, inner, _ in os.walk(folder):  # from above, so that nothing new can appear behind it
        for name in inner:
            os.chmod(os.path.join(place, name), 0o555)
    try:
        yield
    finally:
        for place, _, _ in os.walk(folder):
            os.chmod(place, 0o755)


def main() -> None:
    """Soak, print the table; exit code 1 where a block was lost or a command ended oddly."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path, metavar="DIR", help="is made, and holds everything")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    tally = Soak(given.folder.absolute(), given.seed).soak(60 * given.minutes)
    print(tally.table())
    sys.exit(bool(tally.lost or tally.odd))


if __name__ == "__main__":
    main()
