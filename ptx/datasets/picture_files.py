"""Pictures below a folder: those that are found, what is left out, and what they are called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from ptx.datasets.picture_formats import suffix_hints, suffixes
from ptx.pipeline.errors import PtxError, one_line, printable
from ptx.pipeline.folders import Walk, describe_left_out, walk


def scan_pictures(root: Path, own: Sequence[Path] = ()) -> Walk:
    """Find the pictures below a folder, but in those that ptx writes into (`own`).

    Raises:
        PtxError: the folder is not there, or cannot be read.
    """
    if not root.is_dir():
        raise PtxError(f"data.root: {root} is no folder; name the folder that holds the photographs")
    try:
        return walk(root, suffixes(), own)
    except OSError as error:
        raise PtxError(f"data.root: {root} cannot be read: {one_line(error)}") from None


def left_out_lines(found: Walk) -> list[str]:
    """Return lines on what a walk over pictures left out."""
    return describe_left_out(found, suffix_hints())


def unnamed_line(found: Iterable[str], taken: Iterable[str], reason: str) -> list[str]:
    """Return a line on the pictures that are found and not taken, if there are any."""
    left = sorted(set(found).difference(taken))
    pictures = "picture" if len(left) == 1 else "pictures"
    return [f"{len(left)} {pictures} left out: {reason} ({printable(left[0])})"] if left else []


def image_ids(paths: Sequence[str]) -> list[str]:
    """Name images by their paths without ending, those that would be called alike with it; bytes that are no UTF-8 as `printable`.

    Raises:
        PtxError: two are called alike all the same.
    """
    ids = [printable(str(PurePosixPath(path).with_suffix(""))) for path in paths]
    while True:
        counts = Counter(ids)
        longer = [name if counts[name] == 1 else printable(path) for name, path in zip(ids, paths, strict=True)]
        if longer == ids:
            break
        ids = longer
    alike = [name for name, count in counts.items() if count > 1]
    if alike:
        raise PtxError(
            f"data.root: two pictures are called {alike[0]}, one of them in bytes that are no UTF-8; rename it"
        )
    return ids
