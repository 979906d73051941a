"""Mutation testing: small faults are put into ptx, one at a time, and the tests that import the changed module must fail.

    python tools/mutants.py list                            # every fault, numbered by its name
    python tools/mutants.py run results.jsonl --jobs 2      # goes on where it was stopped
    python tools/mutants.py run results.jsonl --only 'models/losses.py:*'
    python tools/mutants.py report results.jsonl            # survivors; exits with 1 where one has no reason

The faults: every number, sign, comparison, operand, term and default of losses, presets and metrics; 80 others of the networks, trainings,
evaluation and geometry, drawn by a fixed seed; and the faults that a review has named. A survivor that changes nothing has its reason in
`mutation/reasons.py`.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from mutation.faults import Fault, faults  # noqa: E402
from mutation.reasons import REASONS  # noqa: E402

TIMEOUT = 600
"""Seconds after which tests of a fault are stopped; a fault that hangs them is noticed."""

KERNELS = "geometry/"
"""Folder of the functions that Numba compiles."""

NO_TESTS = 5
"""Pytest's exit code where no test was collected."""

NOT_THERE = 4
"""Pytest's exit code where a test that it was given is not there."""

Result = dict[str, str | float]
"""A line of the results: fault, digest, outcome, seconds, first failing test."""


@cache
def imports(path: Path) -> frozenset[str]:
    """Return the modules of ptx that a file imports, and those that the packages that it imports import, as paths below the root."""
    names = _imported(path)
    packages = (ROOT / name / "__init__.py" for name in names)
    names = names.union(*(_imported(package) for package in packages if package.is_file()))
    return frozenset(f"{name}.py" for name in names if (ROOT / f"{name}.py").is_file())


@cache
def _imported(path: Path) -> frozenset[str]:
    """Return what a file imports of ptx: modules, packages and names in them, as paths."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(name.replace(".", "/") for name in names if name.split(".")[0] == "ptx")


@cache
def tests_of(file: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the test files that import a module of ptx: its own, then the others.

    Its own is the one that mirrors it (`tests/models/test_losses.py` of `ptx/models/losses.py`); without one, those of its folder.
    """
    tests = (test.relative_to(ROOT) for test in sorted((ROOT / "tests").rglob("test_*.py")))
    importing = [test for test in tests if f"ptx/{file}" in imports(ROOT / test)]
    module = Path("tests") / file
    mirror = module.with_name(f"test_{module.name}")
    own = [test for test in importing if test == mirror] or [test for test in importing if test.parent == module.parent]
    return tuple(map(str, own)), tuple(str(test) for test in importing if test not in own)


def digest(fault: Fault) -> str:
    """Return a digest of the faulty file and of the tests that meet it: results of other code are not taken over."""
    text = fault.apply((ROOT / "ptx" / fault.file).read_text())
    tests = [(ROOT / test).read_text() for group in tests_of(fault.file) for test in group]
    return hashlib.sha256("\0".join([text, *tests]).encode()).hexdigest()[:16]


def copy(folder: Path) -> None:
    """Copy what the tests need."""
    for name in ("ptx", "tests", "configs", "docs", "examples", "tools", "benchmarks"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in (
        "pyproject.toml",
        "pipeline.yaml",
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "LICENSE",
        "NOTICE",
        "constraints.txt",
        "mkdocs.yml",
    ):
        shutil.copy(ROOT / name, folder)


def likeness(name: str) -> str:
    """Return a fault's name without its line: the same fault of other code, mostly."""
    place, what = name.split(" ", 1)
    return f"{place.split(':')[0]} {what}"


def meet(fault: Fault, folder: Path, first: str = "") -> Result:
    """Put a fault into a copy of ptx, run the tests that import the module, take the fault out again.

    Args:
        fault: the fault.
        folder: a copy of ptx.
        first: id of a test that noticed the like in other code, which is run before the others.
    """
    path = folder / "ptx" / fault.file
    source = path.read_text()
    log = folder / "log.txt"
    began = time.monotonic()
    outcome, by = "no test", ""
    # Numba's cache does not know that a function compiled into another one has changed.
    if fault.file.startswith(KERNELS):
        shutil.rmtree(folder / "numba", ignore_errors=True)
    own, others = tests_of(fault.file)
    likely = (first,) if first and _passes(first.split("::")[0], folder) else ()
    path.write_text(fault.apply(source))
    try:
        # Most faults are noticed by the module's own tests; what survives those meets the quick tests before the slow ones.
        for marks, tests in (((), likely), ((), own), (("-m", "not slow"), others), (("-m", "slow"), others)):
            code = _run((*marks, *tests), folder, log) if tests else NO_TESTS
            if code == 0:
                outcome = "survived"
            elif code != NO_TESTS and not (tests is likely and code == NOT_THERE):
                outcome, by = "noticed", _first_failure(log)
                break
    finally:
        path.write_text(source)
        if fault.file.startswith(KERNELS):
            shutil.rmtree(folder / "numba", ignore_errors=True)
    if by and not _passes(by.split("::")[0], folder):
        outcome = "unsound"
    return {
        "fault": fault.name,
        "group": fault.group,
        "digest": digest(fault),
        "outcome": outcome,
        "seconds": round(time.monotonic() - began, 1),
        "by": by,
    }


def _first_failure(log: Path) -> str:
    """Return the id of the test that failed, as pytest names it; empty where the tests were stopped."""
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.startswith(("FAILED ", "ERROR "))]
    return lines[0].split(" ", 1)[1].split(" - ")[0] if lines else ""


@cache
def _passes(tests: str, folder: Path) -> bool:
    """Return whether a file of tests passes without a fault: one that fails in the copy for another reason notices nothing."""
    return _run((tests,), folder, folder / "log-without.txt") == 0


def _run(tests: tuple[str, ...], folder: Path, log: Path) -> int:
    """Run tests in a fork of this process, which has imported the heavy libraries; return pytest's exit code, or -9 after a timeout."""
    child = os.fork()
    if child == 0:
        os.setsid()
        os.chdir(folder)
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(out, 1)
        os.dup2(out, 2)
        os.environ.update(PYTHONPATH=str(folder), OMP_NUM_THREADS="1")
        sys.path[:] = [str(folder), *(entry for entry in sys.path if entry not in (str(ROOT), str(ROOT / "tools")))]
        for module in [name for name in sys.modules if name.split(".")[0] == "ptx"]:
            del sys.modules[module]  # of this checkout; the copy's are imported anew
        import pytest

        os._exit(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *tests]))
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.05)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -9


def run(output: Path, jobs: int, only: str) -> None:
    """Meet all faults that are not met yet, and append a line a fault."""
    known = results(output)
    done = {result["digest"] for result in known}
    noticed = {likeness(str(result["fault"])): str(result["by"]) for result in known if result["outcome"] == "noticed"}
    todo = [(fault, noticed.get(likeness(fault.name), "")) for fault in chosen(only) if digest(fault) not in done]
    print(f"{len(todo)} faults to meet, {jobs} at a time", flush=True)
    children = []
    for job in range(jobs):
        if (child := os.fork()) == 0:
            _work(todo[job::jobs], output)
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)


def _work(todo: list[tuple[Fault, str]], output: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        folder = Path(name)
        os.environ["NUMBA_CACHE_DIR"] = str(folder / "numba")  # Numba reads it once, when it is imported
        for heavy in ("numba", "torch", "scipy.linalg", "cv2", "zarr", "pydantic", "PIL.Image", "hypothesis", "pytest"):
            __import__(heavy)
        copy(folder)
        for fault, first in todo:
            result = meet(fault, folder, first)
            with output.open("a") as file:
                file.write(json.dumps(result) + "\n")
            print(f"{result['outcome']:9s} {result['seconds']:6} s  {fault.name}", flush=True)


def results(output: Path) -> list[Result]:
    """Read the results that are there."""
    return [json.loads(line) for line in output.read_text().splitlines()] if output.exists() else []


def chosen(only: str) -> Iterator[Fault]:
    """All faults whose names fit a pattern."""
    return (fault for fault in faults(ROOT / "ptx") if fnmatchcase(fault.name, only))


def report(output: Path) -> int:
    """Print how many faults were noticed and which survived; return the number of survivors without a reason."""
    by_digest = {result["digest"]: result for result in results(output)}
    counts: Counter[tuple[str, str]] = Counter()
    unexplained = 0
    for fault in faults(ROOT / "ptx"):
        result = by_digest.get(digest(fault))
        outcome = str(result["outcome"]) if result else "not met"
        counts[fault.group, outcome] += 1
        if outcome == "noticed":
            continue
        reason = next((why for pattern, why in REASONS if fnmatchcase(fault.name, pattern)), None)
        unexplained += reason is None
        print(f"{outcome}: {fault.name}: {reason or 'NO REASON'}")
    for (group, outcome), count in sorted(counts.items()):
        print(f"{group:8s} {outcome:9s} {count}")
    return unexplained


def main() -> int:
    """Run a command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("list", "run", "report"))
    parser.add_argument("output", type=Path, nargs="?", default=Path("mutants.jsonl"), help="the results")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--only", default="*", help="pattern of names of faults")
    arguments = parser.parse_args()
    if arguments.command == "list":
        for fault in chosen(arguments.only):
            print(f"{fault.group:8s} {fault.name}")
    elif arguments.command == "run":
        run(arguments.output, arguments.jobs, arguments.only)
    else:
        return int(report(arguments.output) > 0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
