"""Write `docs/licences.md`: under which licences the packages are that ptx asks for, by what they say of themselves.

python tools/licences.py        # where everything of `pip install -e '.[dev]'` is installed
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import PackageMetadata, PackageNotFoundError, distribution, metadata, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]

PAGE = ROOT / "docs" / "licences.md"

TOOLS = {"dev", "docs"}
"""Extras of those who work on ptx."""

LONGEST = 60
"""Most characters of a licence's name; some packages write the whole text there."""

KNOWN = {
    "smplx": "SMPL-X non-commercial scientific research licence (Max-Planck-Gesellschaft); see above",
    "ai-edge-litert": "Apache-2.0",
    "embreex": "BSD-2-Clause",
    "mergedeep": "MIT",
    "python-dateutil": "Apache-2.0 OR BSD-3-Clause",
}
"""Licences of packages whose metadata name none, or not all of it."""

HEAD = """\
# Licences of what ptx uses

ptx itself is under the Apache License 2.0 (`LICENSE`); the licences of everything that it contains (body, networks, pictures,
poses) are in `NOTICE`. What it uses is fetched from the package index by `pip`, under these licences. The tables are made by
`tools/licences.py` of what the packages say of themselves, in the versions of `constraints.txt`; packages can hold parts under
licences of their own.

- **smplx** is for non-commercial scientific research; its terms are the Max Planck Society's. ptx imports it only where a body file of
  SMPL's family is given (`body: SMPL_NEUTRAL.pkl`), to check that file before the first fit. The built-in body does not touch it: a
  product can uninstall it.
- **torch** is BSD-3-Clause, with parts under other licences as the table says. Its builds for GPUs bring NVIDIA's libraries (CUDA,
  cuDNN), which are under NVIDIA's own terms.
- **av** (extra `video`) brings binaries of FFmpeg, with x264 and x265 under the GPL: `NOTICE`.
"""
"""The page above its tables."""


def direct() -> Mapping[str, list[str]]:
    """Canonical names of the packages of pyproject.toml → what asks for them: `ptx`, or the names of extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    out: dict[str, list[str]] = {}
    for asks, lines in {"ptx": project["dependencies"], **project["optional-dependencies"]}.items():
        for line in lines:
            wanted = Requirement(line)
            out.setdefault(canonicalize_name(wanted.name), []).append(asks)
    return out


def indirect(names: Iterable[str]) -> set[str]:
    """Packages that some packages ask for on this machine, and those that these ask for."""
    seen: set[str] = set()
    waiting = [*names]
    while waiting:
        name = waiting.pop()
        for line in requires(name) or ():
            wanted = Requirement(line)
            other = canonicalize_name(wanted.name)
            if other not in seen and (wanted.marker is None or wanted.marker.evaluate({"extra": ""})):
                seen.add(other)
                waiting.append(other)
    return seen


def licence(name: str) -> str:
    """Return a package's licence, as an SPDX expression where it gives one."""
    if name in KNOWN:
        return KNOWN[name]
    own = metadata(name)
    if "License-Expression" in own:
        return str(own["License-Expression"])
    text = str(own["License"]).strip() if "License" in own else ""
    return text if text and "\n" not in text and len(text) <= LONGEST else _classified(own) or "see its files"


def _classified(own: PackageMetadata) -> str:
    """Return the licences that a package names by its trove classifiers; empty where it names none."""
    classifiers = own.get_all("Classifier") or []
    names = [one.rpartition(" :: ")[2] for one in classifiers if one.startswith("License :: ") and one.count("::") > 1]
    return " or ".join(names) or ""


def table(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield the lines of a table of packages and what is said of each beside its licence."""
    yield "| package | licence | for |\n|---|---|---|"
    for name, asks in rows:
        yield f"| {distribution(name).metadata['Name']} | {licence(name).replace('|', '/')} | {asks} |"


def page() -> str:
    """Return the page.

    Raises:
        PackageNotFoundError: one of the packages is not installed.
    """
    asked = direct()
    shipped = [name for name, asks in asked.items() if not TOOLS.issuperset(asks)]
    others = sorted(indirect(shipped) - set(asked))
    parts = [
        HEAD,
        "## What ptx asks for",
        "\n".join(
            table(
                (name, "every installation" if "ptx" in asked[name] else _extras(asked[name]))
                for name in sorted(shipped)
            )
        ),
        "## What these ask for",
        "\n".join(table((name, "the above") for name in others)),
        "## Tools of developers",
        "\n".join(table((name, "tests, style, docs") for name in sorted(set(asked) - set(shipped)))),
    ]
    return re.sub(r"\n{3,}", "\n\n", "\n\n".join(parts)) + "\n"


def _extras(asks: Iterable[str]) -> str:
    return ", ".join(f"extra `{name}`" for name in asks if name != "dev")


def main() -> None:
    """Write the page."""
    try:
        PAGE.write_text(page(), encoding="utf-8")
    except PackageNotFoundError as error:
        sys.exit(f"{error.name} is not installed: pip install -e '.[dev]'")


if __name__ == "__main__":
    main()
