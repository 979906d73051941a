"""The stores that samples are read from."""

from __future__ import annotations

import pytest

from ptx.project import Project
from ptx.samples.reader import SampleReader
from tests.projects import make_project, run


@pytest.fixture(scope="session")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Two persons, two images each, through all stages."""
    folder = tmp_path_factory.mktemp("stored")
    chosen = make_project(folder, "size=[48, 40]", "data.persons=2", "data.images_per_person=2")
    run(chosen)
    return chosen


@pytest.fixture
def reader(stored: Project) -> SampleReader:
    """A reader of them."""
    return SampleReader(stored.pipeline)
