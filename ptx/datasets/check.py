"""What is wrong with a data set before anything is computed: `ptx run ingest --check`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.images import BadImage, read_image

SHOWN = 5
"""Examples that are named of each kind."""


@dataclass
class Findings:
    """Images by what is wrong with them, each as a line to read."""

    images: int
    missing: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    """Files with the bytes of another one."""
    leaks: list[str] = field(default_factory=list)
    """Persons, or pictures byte for byte, in training and in testing."""
    unpaired: list[str] = field(default_factory=list)

    @property
    def fine(self) -> bool:
        """Whether nothing was found that would spoil a result: duplicates within a split and single images do not."""
        return not (self.missing or self.unreadable or self.leaks)

    def lines(self) -> list[str]:
        """A line for each kind, with a few examples."""
        kinds = {
            "missing": self.missing,
            "unreadable": self.unreadable,
            "duplicate": self.duplicates,
            "in training and in testing": self.leaks,
            "in no pair": self.unpaired,
        }
        out = [f"{self.images} images"]
        for kind, found in kinds.items():
            examples = "; ".join(found[:SHOWN]) + ("; ..." if len(found) > SHOWN else "")
            out.append(f"{kind}: {len(found)}{f' ({examples})' if found else ''}")
        return out


def check_files(
    root: Path,
    paths: Sequence[str],
    persons: Sequence[str],
    splits: NDArray[np.uint8],
    pairs: NDArray[np.int32],
    *,
    max_pixels: int = 100_000_000,
    workers: int = 4,
    advance: Callable[[int, int], None] = lambda *_: None,
) -> Findings:
    """Read every picture and compare them.

    Args:
        root: folder of the photographs.
        paths: of each image, below the root.
        persons: name of the person of each.
        splits: (N,) 0 training, 1 testing.
        pairs: (P, 2) images.
        max_pixels: larger pictures are not decoded.
        workers: pictures that are read at once.
        advance: called with 1 and whether it was bad after each picture.
    """
    found = Findings(len(paths))

    def read(path: str) -> tuple[str, str]:
        """Hash of the file, or what is wrong with it."""
        file = root / path.split("#")[0]
        try:
            read_image(file, max_pixels)
            return hashlib.sha256(file.read_bytes()).hexdigest(), ""
        except (BadImage, OSError) as error:
            return "", f"{path}: {error}"

    first: dict[str, int] = {}
    with ThreadPoolExecutor(workers) as pool:
        for image, (content, problem) in enumerate(pool.map(read, paths)):
            advance(1, int(bool(problem)))
            if problem:
                there = (root / paths[image].split("#")[0]).is_file()
                (found.unreadable if there else found.missing).append(problem)
                continue
            same = first.setdefault(content, image)
            if same != image and "#" not in paths[image]:
                found.duplicates.append(f"{paths[image]} is {paths[same]}")
                if splits[same] != splits[image]:
                    found.leaks.append(f"{paths[image]} is {paths[same]}")
    sides: dict[str, set[int]] = {}
    for person, split in zip(persons, np.asarray(splits).tolist(), strict=True):
        sides.setdefault(person, set()).add(split)
    found.leaks += [person for person, own in sides.items() if len(own) > 1]
    alone = np.setdiff1d(np.arange(len(paths)), np.unique(pairs))
    found.unpaired = [paths[i] for i in alone.tolist()]
    return found
