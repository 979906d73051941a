"""The tool for mutation testing draws the faults that it says."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tools"))

from mutation.faults import SAMPLED, drawn, faults  # noqa: E402

SOURCE = '''"""A module."""

LIMIT = 0.5
"""Of something."""


def some_loss(a: float, b: float = 2, mean: bool = True) -> dict[str, float]:
    """Return terms."""
    if a < -b and mean:
        raise ValueError(f"{a} is less than {-1}")
    terms = {"sum": abs(a) * 3}
    terms["difference"] = a - b
    return terms
'''


def test_faults_of_a_loss(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "losses.py").write_text(SOURCE)
    found = list(drawn(tmp_path, "models/losses.py"))
    assert {fault.group for fault in found} == {"losses"}
    assert sorted((fault.line, fault.kind, fault.old.strip(), fault.new.strip()) for fault in found) == [
        (3, "number", "0.5", "1.0"),
        (7, "default", "True", "False"),
        (7, "number", "2", "3"),
        (9, "operator", "<", ">="),
        (9, "operator", "and", "or"),
        (9, "sign", "-b", "b"),
        (11, "loss term", "abs(a) * 3", "0 * (abs(a) * 3)"),
        (11, "number", "3", "4"),
        (11, "operator", "*", "/"),
        (12, "loss term", "a - b", "0 * (a - b)"),
        (12, "operands", "a - b", "b - a"),
        (12, "operator", "-", "+"),
    ]


@pytest.mark.slow
def test_faults_of_ptx_are_programs() -> None:
    everything = faults(ROOT / "ptx")
    groups = [fault.group for fault in everything]
    assert groups.count("rest") == SAMPLED
    assert {"losses", "presets", "metrics", "named"} <= set(groups)
    assert len({(fault.file, fault.start, fault.kind, fault.new) for fault in everything}) == len(everything)
    for fault in everything[::9]:
        ast.parse(fault.apply((ROOT / "ptx" / fault.file).read_text()))


def test_faults_are_listed_by_name() -> None:
    command = [sys.executable, "tools/mutants.py", "list", "--only", "models/losses.py:*named*"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "named    models/losses.py" in said
