"""What `pip install ptx` fetches: wheels for every version of Python that ptx is for, without a compiler."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
DRY = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--only-binary=:all:", "--quiet"]


@cache
def registry_answers() -> bool:
    """True where pip finds a small package of today."""
    return subprocess.run([*DRY, "--no-deps", "typer>=0.19"], capture_output=True, timeout=120).returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
def test_every_dependency_has_a_wheel(version: str, tmp_path: Path) -> None:
    if not registry_answers():
        pytest.skip("no package registry can be reached")
    target = ["--python-version", version, "--target", str(tmp_path)]
    done = subprocess.run([*DRY, *target, *PROJECT["dependencies"]], capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr[-2000:]


def test_mediapipe_is_no_dependency() -> None:
    every = [*PROJECT["dependencies"], *(name for extra in PROJECT["optional-dependencies"].values() for name in extra)]
    assert not [name for name in every if name.startswith("mediapipe")]
    assert "mediapipe" not in PROJECT["optional-dependencies"]
