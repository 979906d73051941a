"""The `ptx` command in this process and in its own: what a user types and sees."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from ptx.cli import main

PEOPLE = (
    "body=small",
    "cluster.kind=serial",
    "data.persons=3",
    "data.images_per_person=2",
    "size=[64, 64]",
)
"""Three synthetic people on a small body, computed in this process."""

ENVIRONMENT = {"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}
"""Wide tables without colours."""


@dataclass(frozen=True)
class Completed:
    """The result of a command."""

    code: int
    """Exit code."""
    out: str
    """Standard output."""
    err: str
    """Standard error, with the traceback where there was one."""


def sets(*settings: str) -> list[str]:
    """Return the words `--set SETTING` for every setting."""
    return [word for setting in settings for word in ("--set", setting)]


def ptx(folder: Path, *words: str) -> Completed:
    """Run the command in this process, in a folder."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with (
        contextlib.chdir(folder),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        patch.object(sys, "argv", ["ptx", *words]),
        patch.dict(os.environ, ENVIRONMENT),
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        except Exception:
            code = 1
            err.write(traceback.format_exc())
    return Completed(code, out.getvalue(), err.getvalue())


def ptx_process(folder: Path, *words: str) -> Completed:
    """Run the true command in a process of its own, in a folder."""
    done = subprocess.run(
        [sys.executable, "-m", "ptx.cli", *words],
        cwd=folder,
        env={**os.environ, **ENVIRONMENT},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return Completed(done.returncode, done.stdout, done.stderr)


def on_people(folder: Path, *words: str) -> Completed:
    """Run the command in this process on `PEOPLE`."""
    return ptx(folder, *words, *sets(*PEOPLE))


def fails(result: Completed, words: str) -> None:
    """Require exit code 2, one clear line, no traceback."""
    assert result.code == 2, result.err
    assert words in result.err
    assert "Traceback" not in result.err
    assert len(result.err.strip().splitlines()) == 1


def tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return the time of change (ns) and the bytes of everything below a folder; folders have no bytes."""
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for path in sorted(folder.rglob("*"))
    }
