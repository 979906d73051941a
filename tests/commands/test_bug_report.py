"""`ptx doctor --report`: what it tells, and what it keeps to itself."""

from __future__ import annotations

import getpass
import os
import platform
import re
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from ptx.commands.bug_report import HIDDEN, bug_report, given_settings
from ptx.commands.doctor import Check
from ptx.settings import load_settings
from tests.commands.runner import ptx

NO_FILE = Path(os.devnull)


def test_settings_are_told_and_texts_are_not(tmp_path: Path) -> None:
    given = [
        f"workspace={tmp_path}/of_anna", f"data.root={tmp_path}", "data.test_fraction=0.3", "body=/home/anna/SMPL_NEUTRAL.pkl",
        "systems=[flow]", "size=[128, 64]", "fit_smpl.backend=files", "fit_smpl.path=/home/anna/fits", "cluster.kind=serial",
    ]  # fmt: skip
    told = dict(given_settings(load_settings(NO_FILE, given)))
    assert told["data.kind"] == "folder"
    assert told["data.test_fraction"] == 0.3
    assert told["size"] == (128, 64)
    assert told["fit_smpl.backend"] == "files"
    assert told["cluster.kind"] == "serial"
    assert {told[name] for name in ("workspace", "data.root", "body", "fit_smpl.path", "systems")} == {HIDDEN}
    assert "seed" not in told


def test_checks_that_fail_are_told_without_their_folders(tmp_path: Path) -> None:
    checks = [
        Check("GPU", None, "none"),
        Check("numpy", False, "not installed"),
        Check("workspace", False, str(tmp_path)),
    ]
    text = "\n".join(bug_report(load_settings(NO_FILE, [f"workspace={tmp_path}"]), checks))
    assert "- checks that fail: numpy: not installed; workspace: not as it should be" in text
    assert str(tmp_path) not in text


@pytest.mark.slow
def test_the_command(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    done = ptx(tmp_path, "doctor", "--report", "--set", f"data.root={tmp_path / 'photos'}", "--set", "seed=3")
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0].startswith(f"ptx {version('ptx')}, Python {platform.python_version()}")
    assert [line.split(":")[0] for line in lines[1:]] == [
        "- system", "- processor", "- GPU", "- workspace", "- packages", "- not installed", "- checks that fail",
        "- settings that were given",
    ]  # fmt: skip
    assert f"numpy {version('numpy')}" in lines[5]
    assert f"dask-jobqueue {version('dask-jobqueue')}" in lines[5], "extras are told"
    assert "ruff" not in done.out
    assert re.search(r"\d+ usable cores", lines[2])
    assert lines[-1] == "- settings that were given: data.kind=folder, data.root=(a text), seed=3"
    for secret in (str(tmp_path), platform.node(), os.path.expanduser("~"), sys.prefix):
        assert secret not in done.out
    if getpass.getuser() not in ("root", "ptx", "user"):  # which are words of their own
        assert getpass.getuser() not in done.out
