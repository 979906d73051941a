"""Every benchmark starts: what it imports of ptx is still there."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "benchmarks"
NAMES = sorted(path.stem for path in FOLDER.glob("*.py"))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_it_is_imported(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))
    before = set(sys.modules)
    try:
        module = importlib.import_module(name)
        assert Path(str(module.__file__)).parent == FOLDER
        assert (module.__doc__ or "").strip()
    finally:
        for added in set(sys.modules) & set(NAMES) - before:
            del sys.modules[added]
