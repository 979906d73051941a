"""Renew the figures of docs/benchmarks.md from benchmarks/results/*.json.

    python tools/benchmark_page.py

The page's words are written by hand. Between `<!-- results: NAME -->` and `<!-- end -->` stand the tables of a result file,
and where they come from.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
RESULTS = ROOT / "benchmarks" / "results"

BLOCK = re.compile(r"<!-- results: (\w+) -->\n.*?<!-- end -->", re.DOTALL)
OTHERS = "others"
"""Name of the block that shows all result files that no other block names."""


def renewed(page: str) -> str:
    """The page with the figures of the result files."""
    named = {block[1] for block in BLOCK.finditer(page)}
    others = sorted({path.stem for path in RESULTS.glob("*.json")} - named)
    rest = "".join(f"\n### {name}\n{section(name)}" for name in others)

    def block(found: re.Match[str]) -> str:
        text = rest if found[1] == OTHERS else section(found[1])
        return f"<!-- results: {found[1]} -->\n{text}<!-- end -->"

    return BLOCK.sub(block, page)


def section(name: str) -> str:
    """The tables of a result file, and a line on where they come from."""
    result = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    tables = "".join(f"\n{_table(one['head'], one['rows'])}\n" for one in result["tables"])
    note = f" {result['note']}" if result.get("note") else ""
    return f"{tables}\n{_origin(result)}{note}\n\n"


def _table(head: list[str], rows: list[list[str]]) -> str:
    cells = [[cell.replace("|", "\\|") for cell in row] for row in (head, *rows)]
    lines = [f"| {' | '.join(row)} |" for row in cells]
    return "\n".join([lines[0], f"|{'---|' * len(head)}", *lines[1:]])


def _origin(result: dict[str, str]) -> str:
    machine = dict(result["machine"])
    load = f", load {machine['load before']}" if machine.get("load before") is not None else ""
    where = f"{machine['processor']}, {machine['cores']} cores, {machine.get('gpu') or 'no GPU'}{load}"
    made_of = f"commit {result['commit']}" if result["commit"] else f"source: {result['source']}"
    return f"`{result['command']}` ({where}; recorded {result['recorded']}; {made_of})."


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
