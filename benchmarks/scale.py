"""Memory and speed of the true command on many pairs: `ptx run all` in a subprocess, its workers watched.

    python benchmarks/scale.py --persons 65 --images 40        101,400 directed pairs

Prints the largest resident memory of any worker and of the planning process for a small and a large data set: constant
means that it does not grow with the number of samples.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil


def watch(workspace: Path, persons: int, images: int, more: list[str]) -> tuple[list[str], float, float, float]:
    """Run everything; returns the command's lines, seconds, and the largest MB of the planner and of a worker."""
    settings = [f"workspace={workspace}", f"data.persons={persons}", f"data.images_per_person={images}", *more]
    command = [sys.executable, "-m", "ptx.cli", "run", "all", *(x for s in settings for x in ("--set", s))]
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    planner = worker = 0
    while process.poll() is None:
        try:
            me = psutil.Process(process.pid)
            planner = max(planner, me.memory_info().rss)
            worker = max([worker, *(child.memory_info().rss for child in me.children(recursive=True))])
        except psutil.Error:
            pass
        time.sleep(0.05)
    lines = process.stdout.read().splitlines() if process.stdout else []
    if process.returncode:
        raise SystemExit("\n".join(lines))
    return lines, time.monotonic() - started, planner / 1e6, worker / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--persons", type=int, default=10)
    parser.add_argument("--images", type=int, default=20)
    parser.add_argument("--set", action="append", default=[], dest="more")
    options = parser.parse_args()
    print("| images | directed pairs | seconds | synth-flow, pairs/s | planner, MB | largest worker, MB |")
    print("|---|---|---|---|---|---|")
    for persons, images in ((4, 8), (options.persons, options.images)):
        with tempfile.TemporaryDirectory() as folder:
            lines, took, planner, worker = watch(Path(folder) / "w", persons, images, options.more)
        flow = [line for line in lines if line.startswith("synth-flow")][-1]
        rate = re.search(r"(\d+)/s", flow)
        pairs = persons * images * (images - 1)
        print(
            f"| {persons * images} | {pairs} | {took:.0f} | {rate[1] if rate else '-'} | {planner:.0f} | {worker:.0f} |"
        )


if __name__ == "__main__":
    main()
