"""Digests of everything that ptx computes and says, to show that a change of its code changes nothing else.

    python tools/digests/digests.py record before.json
    python tools/digests/digests.py record after.json [--only 'train/generator/*']
    python tools/digests/digests.py compare before.json after.json [--only 'train/generator/*']

`record` runs every case on a few synthetic people and writes what it came to: hashes of decoded arrays, tensors and pixels, and
texts. `compare` lists what differs, and exits with 1 where anything does. Same machine, same packages: rounding is theirs.
"""

from __future__ import annotations

import argparse
import difflib
import json
import platform
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from fnmatch import fnmatchcase
from importlib.metadata import version
from pathlib import Path
from typing import Any

import adapter as ptx
from cases import cases
from places import Places

LINES = 40
"""Lines of a text's difference that are shown."""


def record(output: Path, only: str) -> None:
    """Run the cases whose names fit and write their digests."""
    chosen = [case for case in cases() if fnmatchcase(case.name, only)]
    print(f"{len(chosen)} cases of the package in {ptx.PACKAGE}")
    found: dict[str, Any] = {}
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="digests-") as folder, ptx.fixed_initial_weights():
        places = Places(Path(folder))
        for number, case in enumerate(chosen, 1):
            started = time.monotonic()
            try:
                for part, value in case.run(places).items():
                    found[f"{case.name} :: {part}"] = {k: v for k, v in value._asdict().items() if v is not None}
                words = ""
            except Exception as error:
                words = f"error: {type(error).__name__}: {places.settle(str(error))}"
                found[case.name] = {"digest": words}
                traceback.print_exc(limit=-3)
            print(
                f"[{number:3d}/{len(chosen)}] {case.name:60s} {time.monotonic() - started:6.1f} s {words}", flush=True
            )
    about = {name: version(name) for name in ("numpy", "torch", "zarr")} | {"machine": platform.processor()}
    output.write_text(json.dumps({"about": about, "digests": found}, indent=0, sort_keys=True) + "\n")
    print(f"{len(found)} digests in {time.monotonic() - began:.0f} s: {output}")


def compare(first: Path, second: Path, only: str) -> int:
    """Print how two recordings differ; returns how many digests do."""
    known = [json.loads(path.read_text()) for path in (first, second)]
    if known[0]["about"] != known[1]["about"]:
        print(f"made by {known[0]['about']} and by {known[1]['about']}: rounding may differ")
    before, after = (
        {k: v for k, v in one["digests"].items() if fnmatchcase(k.split(" :: ")[0], only)} for one in known
    )
    different = 0
    for name in sorted({*before, *after}):
        if before.get(name) == after.get(name):
            continue
        different += 1
        print("\n".join(_difference(name, before.get(name), after.get(name))))
    print(f"{different} of {len({*before, *after})} digests differ")
    return different


def _difference(name: str, before: Any, after: Any) -> Iterator[str]:
    if before is None or after is None:
        yield f"{'added' if before is None else 'missing'}: {name}"
        return
    yield f"changed: {name}"
    if "text" not in before or "text" not in after:
        yield from (f"    {one['digest']}" for one in (before, after))
        return
    lines = list(difflib.unified_diff(before["text"].splitlines(), after["text"].splitlines(), lineterm="", n=1))[2:]
    yield from (f"    {line[:300]}" for line in lines[:LINES])
    if len(lines) > LINES:
        yield f"    ... {len(lines) - LINES} lines more"


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("record", help="run the cases, write their digests")
    one.add_argument("output", type=Path)
    two = commands.add_parser("compare", help="say how two recordings differ; exit with 1 where they do")
    two.add_argument("first", type=Path)
    two.add_argument("second", type=Path)
    for each in (one, two):
        each.add_argument("--only", default="*", metavar="GLOB", help="cases whose names fit")
    given = parser.parse_args()
    if given.command == "record":
        record(given.output, given.only)
        return 0
    return int(compare(given.first, given.second, given.only) > 0)


if __name__ == "__main__":
    sys.exit(main())
