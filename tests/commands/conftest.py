"""Workspaces of the command's tests: computed once, copied for each test that changes them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.commands.runner import on_people


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which `ptx run all` has run on three synthetic people; not to be changed."""
    folder = tmp_path_factory.mktemp("finished")
    done = on_people(folder, "run", "all")
    assert done.code == 0, done.err
    return folder


@pytest.fixture
def work(finished: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    folder = tmp_path / "copy"
    shutil.copytree(finished, folder)
    return folder
