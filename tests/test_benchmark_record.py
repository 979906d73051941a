"""Result files of benchmarks: what `benchmarks/record.py` writes."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "benchmarks"

SCRIPT = """
import sys
from common import seconds, table

seconds(lambda: None, repeat=3)
if sys.argv[1] != "nothing":
    table(["a", "b"], [[sys.argv[1], 2.5], ["|", "ü"]])
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one benchmark, committed."""
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "tiny.py").write_text(SCRIPT)
    git = ["git", "-C", str(tmp_path), "-c", "user.name=n", "-c", "user.email=e"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "first"]):
        subprocess.run([*git, *words], check=True)
    return tmp_path


def record(root: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    """Run `record.py` on the repository's benchmark."""
    monkeypatch.syspath_prepend(str(FOLDER))
    for name in ("common", "record"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    module = importlib.import_module("record")
    monkeypatch.setattr(module, "ROOT", root)
    monkeypatch.setattr(module, "RESULTS", root / "benchmarks" / "results")
    monkeypatch.setattr(sys, "argv", ["record.py", "tiny", *arguments])
    module.main()
    for name in ("common", "record"):
        del sys.modules[name]


@pytest.mark.slow
def test_a_result_file_says_what_was_run_where(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record(root, monkeypatch, "two words")
    result = json.loads((root / "benchmarks" / "results" / "tiny.json").read_text(encoding="utf-8"))
    head = subprocess.run(["git", "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    assert result["command"] == "python benchmarks/tiny.py 'two words'"
    assert head.stdout.startswith(result["commit"])
    assert len(result["commit"]) == 12
    assert result["tables"] == [{"head": ["a", "b"], "rows": [["two words", "2.5"], ["|", "ü"]]}]
    assert [len(runs) for runs in result["repeats"]] == [3]
    assert result["machine"]["cores"] >= 1


def test_changes_are_told_but_not_those_of_results(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = root / "benchmarks" / "results" / "tiny.json"
    record(root, monkeypatch, "first")
    record(root, monkeypatch, "second")  # the first file is a change of results alone
    assert " and changes" not in json.loads(file.read_text())["commit"]
    (root / "more.py").write_text("")
    record(root, monkeypatch, "third")
    assert json.loads(file.read_text())["commit"].endswith(" and changes")


def test_no_table_no_file(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record(root, monkeypatch, "nothing")
    assert not (root / "benchmarks" / "results").exists()
