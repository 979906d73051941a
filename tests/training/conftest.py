"""Workspaces that trainings read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.projects import run
from tests.training.tiny import tiny_project


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the data stages done."""
    folder = tmp_path_factory.mktemp("data")
    run(tiny_project(folder))
    return folder


@pytest.fixture
def work(data: Path, tmp_path: Path) -> Path:
    """The same stores in a workspace of the test's own."""
    for path in data.iterdir():
        if path.name != "models":
            (tmp_path / path.name).symlink_to(path)
    return tmp_path
