"""`ptx app` under load on loopback: 20 users at once for a minute, each with a photograph, poses and drags.

    python benchmarks/app_load.py [seconds]

Every answer is good, or 429 while the queue is full, after which its user waits as it says. Memory of server and worker is measured when
every user has had their first picture, and at the end, when it is within 10 % of that. Ends with 1 where that is not so.
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import time
from collections import Counter
from importlib.resources import files
from pathlib import Path

import httpx
import numpy as np

USERS = 20
SECONDS = 60.0
TOLERANCE = 1.1
POSES = ("Wave", "Star", "Tree", "Running", "Squat", "Dancing")


class User:
    """Somebody with a page of their own."""

    def __init__(self, number: int, client: httpx.AsyncClient, seen: Counter[int]) -> None:
        self.rng, self.client, self.seen = np.random.default_rng(number), client, seen
        self.waits: list[float] = []
        self.person = ""

    async def ask(self, path: str, **sent: object) -> httpx.Response | None:
        """Ask until the queue has room; None where the answer is no good one."""
        while True:
            begun = time.monotonic()
            answer = await self.client.post(path, **sent)  # type: ignore[arg-type]
            self.seen[answer.status_code] += 1
            if answer.status_code != 429:
                self.waits.append(time.monotonic() - begun)
                return answer if answer.is_success else None
            await asyncio.sleep(float(answer.headers["retry-after"]) * (0.5 + self.rng.random()))

    async def read(self, photograph: bytes) -> bool:
        """Read a person, pose them, and have the picture."""
        answer = await self.ask("people", files={"photographs": ("me.jpg", photograph)})
        if answer is not None:
            self.person = str(answer.json()["person"])
            await self.ask("transfer", data={"person": self.person, "gallery": "Wave", "format": "jpg"})
        return answer is not None

    async def work(self, photograph: bytes, until: float) -> None:
        """Pose the person, drag a joint, look at the picture; take another person after three poses, until the time is over."""
        while time.monotonic() < until:
            for _ in range(3):
                posed = await self.ask("pose", data={"person": self.person, "gallery": str(self.rng.choice(POSES))})
                if posed is None or time.monotonic() > until:
                    return
                known = posed.json()
                for _ in range(6):
                    x, y = np.array(known["joints"][4][:2]) + self.rng.normal(0, 10, 2)
                    drag = {"body": json.dumps(known["body"]), "joint": 4, "x": x, "y": y, "size": "draft"}
                    drawn = await self.ask("transfer", data={"person": self.person, **drag})
                    if drawn is None:
                        return
                    known = json.loads(drawn.headers["ptx-posed"])
                body = json.dumps(known["body"])
                await self.ask("transfer", data={"person": self.person, "body": body, "format": "jpg"})
            await self.client.delete(f"people/{self.person}")
            if not await self.read(photograph):
                return


def memory(pid: int) -> float:
    """Resident memory, MB, of a process and those that it started."""
    total, queue = 0.0, [pid]
    while queue:
        one = queue.pop()
        try:
            lines = Path(f"/proc/{one}/status").read_text().splitlines()
            children = [file.read_text() for file in Path(f"/proc/{one}/task").glob("*/children")]
            queue += [int(text) for line in children for text in line.split()]
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1e3
    return total


async def load(address: str, pid: int, seconds: float) -> bool:
    """Let the users work; prints what was seen, and returns whether it is as it should be."""
    photograph = (files("ptx") / "assets" / "example.jpg").read_bytes()
    seen: Counter[int] = Counter()
    limits = httpx.Limits(max_connections=2 * USERS)
    async with httpx.AsyncClient(base_url=address, timeout=300, limits=limits) as client:
        users = [User(number, client, seen) for number in range(USERS)]
        await asyncio.gather(*(user.read(photograph) for user in users))
        measured = [memory(pid)]
        until = time.monotonic() + seconds
        work = asyncio.gather(*(user.work(photograph, until) for user in users))
        while not work.done():
            await asyncio.wait([work], timeout=seconds / 6)
            measured.append(memory(pid))
        await work
        waits = [wait for user in users for wait in user.waits]
    told = ", ".join(f"{count} of {status}" for status, count in sorted(seen.items()))
    print(
        f"{USERS} users, {seconds:.0f} s: {told}; an answer took {np.median(waits):.2f} s, 90 % {np.percentile(waits, 90):.2f} s"
    )
    print(f"memory MB: {', '.join(f'{one:.0f}' for one in measured)}")
    return set(seen) <= {200, 201, 204, 429} and measured[-1] <= TOLERANCE * measured[0]


def main() -> None:
    """Start a server of its own and load it."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    command = [sys.executable, "-m", "ptx.cli", "app", "--no-browser", "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    server.stdout.readline()
    try:
        good = asyncio.run(load(f"http://127.0.0.1:{port}/api/", server.pid, seconds))
    finally:
        server.terminate()
        server.wait()
    sys.exit(not good)


if __name__ == "__main__":
    main()
