"""What is known of a pack of lifelike people without reading it: where it lies, what it lacks, and a digest of its files."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from ptx.pipeline.errors import PtxError

SHIPPED = Path(__file__).resolve().parents[2] / "assets" / "people"
"""Folder of the pack that comes with ptx."""

INDEX = "index.json"
"""File that lists a pack's pieces, cloth and walls."""

KINDS = {"outfit": "clothes", "shoes": "shoes", "hair": "hair", "brows": "brows", "lashes": "lashes"}
"""Kind of piece → word for what is missing without any."""

LISTS = ("prints", "walls", "lights", "poses")
"""Other parts of a pack, by their names in the index."""


@dataclass(frozen=True)
class PackNote:
    """A pack, described."""

    folder: Path
    """Where it lies."""
    digest: str
    """Hex SHA-256 of its files."""
    missing: list[str]
    """Parts that it lacks."""


def pack_folder(name: str) -> Path:
    """Return the folder of a pack; an empty name stands for the one that comes with ptx."""
    return Path(name) if name else SHIPPED


def describe_pack(name: str) -> PackNote:
    """Describe a pack.

    Raises:
        PtxError: there is none.
    """
    folder = pack_folder(name)
    try:
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        worn = {piece["kind"] for piece in index["pieces"]}
        missing = [word for kind, word in KINDS.items() if kind not in worn]
        missing += [part for part in LISTS if not index[part]]
        total = hashlib.sha256()
        for path in sorted(folder.iterdir()):
            if path.is_file():
                total.update(f"{path.name} {path.stat().st_size} ".encode())
                total.update(path.read_bytes())
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PtxError(f"data.pack: {folder} is no pack ({error}); tools/build_people_pack.py makes one") from error
    return PackNote(folder, total.hexdigest(), missing)
