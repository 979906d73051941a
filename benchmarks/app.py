"""`ptx app`: how long the picture takes to follow a joint that is dragged, and what else people wait for.

    OMP_NUM_THREADS=2 python benchmarks/app.py [photograph]

A server on loopback is asked as the page asks it, one request after another; what is told is the time until the whole answer is there.
A drag is the fit of the body to the dragged joint and the picture of 384 px, without mending. The aim: a median of 150 ms on two cores.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import httpx
import numpy as np
import uvicorn

from ptx.app import create_app
from ptx.app.run import LOOPBACK, listen

DRAGS = 50
JOINTS = (4, 7, 3, 6, 10, 13, 9, 12, 0, 8)
"""Wrists, elbows, ankles, knees, the head, a hip: one after another, each in five steps."""

READS = 3


def start() -> str:
    """Serve in a thread; returns the address of the API."""
    listening = listen(LOOPBACK, 0)
    server = uvicorn.Server(uvicorn.Config(create_app(), log_level="error"))
    threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True).start()
    while not server.started:
        time.sleep(0.01)
    return f"http://{LOOPBACK}:{listening.getsockname()[1]}/api/"


def timed(ask: Callable[[], httpx.Response]) -> tuple[float, httpx.Response]:
    """Return milliseconds, and the answer."""
    begun = time.perf_counter()
    answer = ask().raise_for_status()
    return 1e3 * (time.perf_counter() - begun), answer


def main() -> None:
    """Print the times."""
    photograph = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(str(files("ptx") / "assets" / "example.jpg"))
    content = photograph.read_bytes()
    with httpx.Client(base_url=start(), timeout=300) as client:

        def read() -> httpx.Response:
            return client.post("people", files={"photographs": (photograph.name, content)})

        first, answer = timed(read)
        reads = [timed(read)[0] for _ in range(READS)]
        person, body, joints = (answer.json()[name] for name in ("person", "body", "joints"))
        print(f"{photograph.name}: read {np.median(reads):.0f} ms, the first with all that is loaded {first:.0f} ms")

        posed, answer = timed(lambda: client.post("pose", data={"person": person, "gallery": "Wave"}))
        body, joints = (answer.json()[name] for name in ("body", "joints"))
        times, sizes = [], []
        rng = np.random.default_rng(0)
        for number in range(DRAGS):
            joint = JOINTS[number // 5]
            x, y = np.array(joints[joint][:2]) + rng.normal(0, 12, 2)
            fields = {"person": person, "body": json.dumps(body), "joint": joint, "x": x, "y": y, "size": "draft"}
            took, answer = timed(lambda fields=fields: client.post("transfer", data=fields))
            times.append(took)
            sizes.append(len(answer.content))
            known = json.loads(answer.headers["ptx-posed"])
            body, joints = known["body"], known["joints"]
        low, middle, high = np.percentile(times, (10, 50, 90))
        print(
            f"{DRAGS} drags, 384 px: median {middle:.0f} ms, 10 % {low:.0f}, 90 % {high:.0f}; {np.mean(sizes) / 1e3:.0f} kB"
        )
        print(f"a pose of the gallery: {posed:.0f} ms")
        for name, fields in {
            "the picture on its own background": {},
            "on a colour": {"background": "white"},
            "mended": {"background": "white", "mend": "1"},
        }.items():
            fields = {"person": person, "body": json.dumps(body), "format": "jpg", **fields}
            runs = [timed(lambda fields=fields: client.post("transfer", data=fields))[0] for _ in range(4)][1:]
            print(f"{name}: {np.median(runs):.0f} ms")


if __name__ == "__main__":
    main()
