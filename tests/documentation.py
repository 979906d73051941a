"""The documentation as tests read it: pages in order, fenced blocks, links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"

Nav = str | list["Nav"] | dict[str, "Nav"]

NOT_RUN = re.compile(r"<!-- not run: (.+) -->")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


class Block(NamedTuple):
    """A fenced block of a page."""

    page: Path
    line: int
    """Of its first line, from 1."""
    language: str
    text: str
    not_run: str | None
    """Why it is not run: the comment above it."""

    @property
    def place(self) -> str:
        """File and line."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def nav_pages() -> list[Path]:
    """The pages of `mkdocs.yml` that are files, in order."""
    nav = YAML(typ="safe").load((ROOT / "mkdocs.yml").read_text())["nav"]
    return [path for name in _names(nav) if (path := DOCS / name).exists()]


def _names(nav: Nav) -> Iterator[str]:
    if isinstance(nav, str):
        yield nav
    else:
        for inner in nav.values() if isinstance(nav, dict) else nav:
            yield from _names(inner)


def pages() -> list[Path]:
    """Everything that is documentation, README first."""
    others = (ROOT / name for name in ("configs/README.md", "CONTRIBUTING.md", "SECURITY.md"))
    return [ROOT / "README.md", *nav_pages(), *others]


def blocks(page: Path) -> Iterator[Block]:
    """Fenced blocks of a page."""
    lines = page.read_text(encoding="utf-8").splitlines()
    start: int | None = None
    for number, line in enumerate(lines):
        if not line.startswith("```"):
            continue
        if start is None:
            start = number
            continue
        above = NOT_RUN.fullmatch(lines[start - 1]) if start else None
        text = "\n".join(lines[start + 1 : number])
        yield Block(page, start + 2, lines[start].removeprefix("```"), text, above[1] if above else None)
        start = None
    assert start is None, f"{page}: a block is not closed"


def links(page: Path) -> Iterator[str]:
    """Targets of the links and pictures of a page, outside of blocks and code."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"`[^`\n]*`", "code", text)
    yield from LINK.findall(text)


def anchors(page: Path) -> set[str]:
    """Anchors of the headings of a page, as mkdocs and GitHub name them."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", heading.lower())).strip("-") for heading in headings}
