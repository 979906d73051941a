"""The pages on licences name every dependency and every asset."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tools"))

from licences import KNOWN, TOOLS, direct, indirect, licence  # noqa: E402


def rows() -> dict[str, str]:
    """Package of `docs/licences.md` → its licence."""
    text = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")
    return {
        canonicalize_name(name): said for name, said in re.findall(r"^\| ([\w.-]+) \| ([^|]+) \|", text, re.MULTILINE)
    }


def test_every_dependency_is_in_the_table() -> None:
    """Those of pyproject.toml: `python tools/licences.py` adds what is missing."""
    assert set(direct()) <= set(rows())


def test_what_dependencies_ask_for_is_in_the_table() -> None:
    shipped = [name for name, asks in direct().items() if not TOOLS.issuperset(asks)]
    assert {"numpy", "click", "llvmlite"} <= indirect(shipped)
    missing = indirect(shipped) - set(rows())
    assert not {name for name in missing if not name.startswith(("nvidia-", "triton", "cuda-"))}, (
        "as above, in another environment"
    )


@pytest.mark.parametrize(
    ("name", "said"), [("numpy", "BSD-3-Clause"), ("scipy", "BSD"), ("mypy", "MIT"), ("smplx", "non-commercial")]
)
def test_licences_are_what_packages_say(name: str, said: str) -> None:
    assert said in licence(name)
    assert rows()[name] == licence(name)


def test_nothing_is_under_a_licence_that_binds_what_uses_it() -> None:
    binding = {name: said for name, said in rows().items() if re.search(r"\bA?GPL", said)}
    assert not binding
    assert set(KNOWN) <= set(rows())


def test_every_asset_is_in_the_notice() -> None:
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    people = {".webp", ".jpg", ".png", ".npz", ".json"}  # of assets/people, whose own LICENSE.txt names their authors
    for file in sorted((ROOT / "ptx" / "assets").rglob("*")):
        if file.is_file() and not file.name.startswith("LICENSE"):
            said = file.relative_to(ROOT).as_posix()
            if file.parent.name == "people":
                assert file.suffix in people
                said = "ptx/assets/people/"
            assert said in notice, said
    for file in sorted((ROOT / "docs").rglob("*")):
        if file.suffix in {".gif", ".jpg", ".jpeg", ".png"}:
            assert file.relative_to(ROOT).as_posix() in notice, file
