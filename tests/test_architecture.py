"""The picture of `docs/architecture.md`, executed: every folder of ptx imports only what it is allowed to."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "ptx"
DOCUMENT = Path(__file__).parents[1] / "docs" / "architecture.md"

ALLOWED: dict[str, set[str]] = {
    "geometry": set(),
    "labels": set(),
    "pipeline": set(),
    "video": {"pipeline"},
    "pictures": {"geometry", "pipeline", "video"},
    "datasets": {"geometry", "labels", "pipeline", "video"},
    "models": {"geometry", "labels", "pipeline"},
    "detector": {"geometry", "labels", "pipeline"},
    "surface": {"geometry"},
    "avatar": {"datasets", "geometry", "pictures", "pipeline", "surface"},
    "stages": {"datasets", "detector", "geometry", "labels", "models", "pipeline", "surface"},
    "training": {"datasets", "geometry", "labels", "models", "pictures", "pipeline", "surface"},
    "settings": {"datasets", "pipeline", "stages", "training"},
    "samples": {"datasets", "geometry", "pictures", "pipeline", "stages", "surface"},
    "inference": {"avatar", "datasets", "detector", "geometry", "labels", "models", "pictures", "pipeline", "surface", "training", "video"},
    "evaluation": {
        "datasets", "detector", "geometry", "inference", "labels", "models", "pictures", "pipeline", "settings", "surface",
        "training",
    },
    "project": {"datasets", "pipeline", "settings", "stages", "training"},
    "app": {"avatar", "datasets", "geometry", "inference", "pictures", "pipeline", "surface", "training"},
    "commands": {
        "app", "avatar", "datasets", "detector", "evaluation", "inference", "pictures", "pipeline", "project", "samples", "settings",
        "training", "video",
    },
    "cli": {"commands", "pipeline"},
    "__init__": {"avatar", "geometry", "inference", "pipeline", "project"},
}  # fmt: skip
"""Folder or module at the top of ptx → those it may import."""

MAX_LEVELS = 8
"""Most folders on a chain of imports."""

TOP_LEVEL_FILES = {"__init__.py", "cli.py", "labels.py", "project.py", "py.typed", "settings.py"}
"""Files at the top of ptx; everything else is in a folder."""

INSIDE: dict[str, set[str]] = {
    "pipeline/storage": {"pipeline.errors", "pipeline.storage"},
    "geometry/fitting": {"geometry"},
    "geometry/motion": {"geometry"},
    "stages/backends": {"datasets", "detector", "geometry", "labels", "models", "pipeline", "stages.backends"},
    "datasets/people": {"datasets", "geometry", "labels", "pipeline"},
    "datasets/gltf": {"datasets.foreign_files", "datasets.gltf", "geometry", "pipeline"},
}
"""Folder inside a folder → the modules that it may import, by their beginning."""


def imported(file: Path) -> Iterator[str]:
    """Names of the modules of ptx that a file imports, without the leading `ptx.`, also inside functions and for types only."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.removeprefix("ptx.") for alias in node.names if alias.name.startswith("ptx."))
        elif isinstance(node, ast.ImportFrom) and node.module == "ptx":
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("ptx."):
            yield from (f"{node.module.removeprefix('ptx.')}.{alias.name}" for alias in node.names)


def room(file: Path) -> str:
    """The folder or module at the top of ptx that a file belongs to."""
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def arrows() -> set[tuple[str, str]]:
    """(from, to) of all imports between folders."""
    pairs = {(room(file), name.split(".")[0]) for file in PACKAGE.rglob("*.py") for name in imported(file)}
    return {(one, other) for one, other in pairs if one != other}


@pytest.mark.slow
def test_folders_import_what_they_are_allowed_to() -> None:
    wrong = sorted(f"{one} imports {other}" for one, other in arrows() if other not in ALLOWED.get(one, set()))
    assert not wrong, wrong


def test_what_is_allowed_is_needed() -> None:
    unused = sorted(
        f"{one} may import {other}" for one in ALLOWED for other in ALLOWED[one] if (one, other) not in arrows()
    )
    assert not unused, unused


def test_no_circle_and_few_levels() -> None:
    graph = {one: {other for start, other in arrows() if start == one} for one in ALLOWED}

    def level(name: str, above: tuple[str, ...] = ()) -> int:
        assert name not in above, f"circle: {' → '.join((*above, name))}"
        return 1 + max((level(other, (*above, name)) for other in graph[name]), default=0)

    levels = {name: level(name) for name in graph}
    assert max(levels.values()) <= MAX_LEVELS, levels


def test_only_the_composing_files_are_at_the_top() -> None:
    assert {path.name for path in PACKAGE.iterdir() if path.is_file()} == TOP_LEVEL_FILES
    assert {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"} <= set(ALLOWED) | {
        "assets"
    }


@pytest.mark.parametrize("folder", INSIDE)
def test_folders_inside_folders(folder: str) -> None:
    wrong = [
        f"{file.name} imports {name}"
        for file in (PACKAGE / folder).rglob("*.py")
        for name in imported(file)
        if not any(name == allowed or name.startswith(f"{allowed}.") for allowed in INSIDE[folder])
    ]
    assert not wrong, wrong


def test_the_document_says_the_same() -> None:
    """The table of `docs/architecture.md` is this one: `| folder | imports |`."""
    text = DOCUMENT.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([\w_]+)` \| (\d+) \| ((?:`\w+`(?:, )?)*|nothing) \|", text, re.MULTILINE)
    written = {name: set(re.findall(r"`(\w+)`", imports)) for name, _, imports in rows}
    assert written == ALLOWED
