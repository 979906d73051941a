"""Check the files, splits and pairs of a data set before anything is computed: `ptx check`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.colour import Profile
from ptx.datasets.data_set import PairCount
from ptx.datasets.images import MAX_PIXELS, read_picture
from ptx.datasets.leaks import persons_in_both
from ptx.pipeline.errors import BadSample, Problem, one_line, printable

MAX_EXAMPLES = 5
"""Number of examples that are named of each kind of finding."""


@dataclass
class Findings:
    """Faults of a data set by kind, each as a line for the user."""

    images: int
    """Number of images of the data set."""
    missing: list[str] = field(default_factory=list)
    """Images without a file."""
    unreadable: list[str] = field(default_factory=list)
    """Files that are no image, damaged or too large."""
    duplicates: list[str] = field(default_factory=list)
    """Files with the bytes of another one."""
    leaks: list[str] = field(default_factory=list)
    """Persons, or images byte for byte, in training and in testing."""
    unpaired: list[str] = field(default_factory=list)
    """Images that no pair uses."""
    converted: list[str] = field(default_factory=list)
    """Files with a colour profile other than sRGB, which are brought to sRGB."""
    bad_profiles: list[str] = field(default_factory=list)
    """Files whose colour profile cannot be used; they are taken as sRGB."""

    @property
    def fine(self) -> bool:
        """True if nothing spoils a result: duplicates within a split and images without a pair do not."""
        return not (self.missing or self.unreadable or self.leaks)

    def lines(self) -> list[str]:
        """Return the number of images and a line for each kind of finding, with a few examples."""
        kinds = {
            "missing": self.missing,
            "unreadable": self.unreadable,
            "duplicate": self.duplicates,
            "in training and in testing": self.leaks,
            "in no pair": self.unpaired,
        }
        kinds |= {"colours brought to sRGB": self.converted} if self.converted else {}
        kinds |= {"colour profile of no use, taken as sRGB": self.bad_profiles} if self.bad_profiles else {}
        out = [f"{self.images} images"]
        for kind, entries in kinds.items():
            examples = "; ".join(entries[:MAX_EXAMPLES]) + ("; ..." if len(entries) > MAX_EXAMPLES else "")
            out.append(f"{kind}: {len(entries)}{f' ({examples})' if entries else ''}")
        return out


class FileCheck(NamedTuple):
    """Result of reading one file."""

    profile: Profile
    """Its colour profile."""

    digest: str
    """Hex SHA-256 of its bytes; empty where it cannot be read."""
    problem: Problem | None
    """The reason why it cannot be read."""


def check_files(
    root: Path,
    paths: Sequence[str],
    persons: Sequence[str],
    splits: NDArray[np.uint8],
    pairs: NDArray[np.int32],
    *,
    probe: Callable[[Path], Profile] = lambda file: read_picture(file, MAX_PIXELS).profile,
    workers: int = 4,
    advance: Callable[[int, int], None] = lambda *_: None,
) -> Findings:
    """Read all images of a data set and compare them.

    Args:
        root: folder of the photographs.
        paths: of each image, relative to the root, with the body after a # where several share a file.
        persons: name of the person of each.
        splits: (N,) 0 training, 1 testing.
        pairs: (P, 2) images.
        probe: reads a file and returns its colour profile; raises BadSample where it cannot be used.
        workers: number of threads that read.
        advance: called after each image with 1 and 1 if it cannot be used, else 0.
    """
    findings = Findings(len(paths))
    names = [printable(path) for path in paths]
    first_of: dict[str, int] = {}
    with ThreadPoolExecutor(workers) as pool:
        of_file = {file: pool.submit(_check_file, root / file, probe) for file in dict.fromkeys(map(_file, paths))}
        for image, path in enumerate(paths):
            check = of_file[_file(path)].result()
            advance(1, int(check.problem is not None))
            if check.problem is not None:
                absent = check.problem.code == "missing_file"
                line = f"{names[image]}: {check.problem.text}"
                (findings.missing if absent else findings.unreadable).append(line)
                continue
            if check.profile == "converted":
                findings.converted.append(names[image])
            elif check.profile == "unusable":
                findings.bad_profiles.append(names[image])
            same = first_of.setdefault(check.digest, image)
            if same != image and "#" not in paths[image]:
                findings.duplicates.append(f"{names[image]} is {names[same]}")
                if splits[same] != splits[image]:
                    findings.leaks.append(f"{names[image]} is {names[same]}")
    findings.leaks += persons_in_both(persons, splits)
    unpaired = np.setdiff1d(np.arange(len(paths)), np.unique(pairs))
    findings.unpaired = [names[image] for image in unpaired.tolist()]
    return findings


def pair_lines(pairs: NDArray[np.int32], splits: NDArray[np.uint8], published: Sequence[PairCount]) -> list[str]:
    """Return a line of the training pairs (P, 2) found and one of the test pairs, each beside the numbers that papers state."""
    of_test = int(np.count_nonzero(splits[pairs[:, 0]]))
    return [
        _pair_line("training", len(pairs) - of_test, [(count.train, count.source) for count in published]),
        _pair_line("testing", of_test, [(count.test, count.source) for count in published if count.test is not None]),
    ]


def _pair_line(use: str, found: int, published: Sequence[tuple[int, str]]) -> str:
    line = f"pairs for {use}: {found:,}"
    if any(found == count for count, _ in published):
        return f"{line}, as published ({', '.join(source for count, source in published if count == found)})"
    return line + "".join(f"; published {count:,} ({source})" for count, source in published)


def _file(path: str) -> str:
    """Return the path of the file, without the body that it shows."""
    return path.split("#")[0]


def _check_file(file: Path, probe: Callable[[Path], Profile]) -> FileCheck:
    try:
        profile = probe(file)
        with file.open("rb") as opened:
            return FileCheck(profile, hashlib.file_digest(opened, "sha256").hexdigest(), None)
    except BadSample as error:
        return FileCheck("none", "", error.problem)
    except OSError as error:
        return FileCheck("none", "", Problem("damaged_image", one_line(error)))
