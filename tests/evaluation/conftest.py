"""A project with all models, trained for two steps by ptx 0.1."""

from __future__ import annotations

import re
import tarfile
from pathlib import Path

import pytest

from ptx.evaluation.context import EvaluationContext
from ptx.project import Project, load_project
from ptx.training.settings import RENAMED_SETTINGS

ARCHIVE = Path(__file__).parents[1] / "data" / "workspace-0.1.tar.gz"


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Three synthetic persons, two images each, 64 × 32; two test pairs."""
    root = tmp_path_factory.mktemp("trained")
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(root, filter="data")
    folder = root / "people"
    config = folder / "pipeline.yaml"
    text = config.read_text()
    for name, now in RENAMED_SETTINGS.items():
        text = re.sub(rf"\b{name}:", f"{now}:", text)
    config.write_text(text)
    return load_project(config, [f"workspace={folder / 'work'}", f"attributes.path={folder / 'annotation'}"])


@pytest.fixture
def context(trained: Project) -> EvaluationContext:
    """The same as the evaluation sees it, with nothing opened yet."""
    return EvaluationContext(trained.context, trained.data, trained.settings.evaluate)
