"""Run a benchmark and write what it printed into a result file, which docs/benchmarks.md is made of.

    python benchmarks/record.py rasterizer --count 32

runs benchmarks/rasterizer.py with the arguments behind its name and writes benchmarks/results/rasterizer.json: machine, commit,
command, tables, and the seconds of every repeat. A benchmark that fails, or prints no table,
writes nothing. Then `python tools/benchmark_page.py` renews the page.
"""

from __future__ import annotations

import json
import os
import platform
import runpy
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import common

from ptx.pipeline.storage.json_values import Json

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"


def git(*words: str) -> str:
    """Output of a git command; empty where there is no repository."""
    done = subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def commit() -> str:
    """The commit that is measured, and whether anything but result files differs from it."""
    changed = git("status", "--porcelain", "--", ".", ":!benchmarks/results", ":!docs/benchmarks.md")
    return (git("rev-parse", "--short=12", "HEAD") or "none") + (" and changes" if changed else "")


def machine() -> dict[str, Json]:
    """This machine, and how busy it is: a figure of a busy machine is worth less."""
    import torch

    return {
        "processor": common.processor(),
        "cores": os.cpu_count() or 0,
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "system": platform.platform(),
        "python": platform.python_version(),
        "load before": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
    }


def result_text(facts: Mapping[str, Json], tables: Sequence[common.Table]) -> str:
    """Text of a result file: JSON with a row of a table on a line of its own, so that changes of figures are easy to read."""
    texts = []
    for head, rows in tables:
        lines = ",\n    ".join(json.dumps(row, ensure_ascii=False) for row in rows)
        texts.append(f'  {{"head": {json.dumps(head, ensure_ascii=False)},\n   "rows": [\n    {lines}\n   ]}}')
    start = json.dumps(dict(facts), indent=1, ensure_ascii=False).removesuffix("\n}")
    return f'{start},\n "tables": [\n' + ",\n".join(texts) + "\n ]\n}\n"


def main() -> None:
    """Run the benchmark of the first argument with the others."""
    name, *arguments = sys.argv[1:]
    found = machine()
    sys.argv = [str(ROOT / "benchmarks" / f"{name}.py"), *arguments]
    runpy.run_path(sys.argv[0], run_name="__main__")
    if not common.TABLES:
        print(f"{name} printed no table: nothing is recorded")
        return
    facts: dict[str, Json] = {
        "benchmark": name,
        "command": shlex.join(["python", f"benchmarks/{name}.py", *arguments]),
        "recorded": datetime.now(UTC).date().isoformat(),
        "commit": commit(),
        "machine": found,
        "repeats": [list(runs) for runs in common.REPEATS],
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(result_text(facts, common.TABLES), encoding="utf-8")


if __name__ == "__main__":
    main()
