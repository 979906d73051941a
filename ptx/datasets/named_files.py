"""Find the files that another tool wrote, one an image and named after it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from unicodedata import normalize

import numpy as np


class AmbiguousFile(FileNotFoundError):
    """A file whose name is that of several images: it belongs to none of them."""


@dataclass(frozen=True)
class NamedFiles:
    """A folder in which the file of an image a/b.jpg is a/b.jpg, a/b, a_b or b, with one of some endings.

    A file that may be that of two images is nobody's: a/b of a/b.png and a/b.jpg, a_b_c of a/b_c.jpg and a_b/c.jpg. But a_b is
    a_b.jpg's if there is such an image, and not a/b.jpg's.
    """

    folder: Path
    """The folder."""
    paths: Sequence[str]
    """Paths of all images of the data set, relative to its root."""
    endings: Sequence[str]
    """Endings of the files after the image's name, the most common first."""

    @cached_property
    def _stem_counts(self) -> Counter[str]:
        """File name without ending → number of images called so."""
        return Counter(PurePosixPath(path).stem for path in self.paths)

    @cached_property
    def _shared(self) -> Mapping[str, Sequence[str]]:
        """Name of a file → the images that it may belong to, where these are several."""
        hashes = np.fromiter((hash(name) for path in self.paths for name in self._candidates(path)), np.int64)
        values, counts = np.unique(hashes, return_counts=True)  # 8 bytes a name
        repeated = set(values[counts > 1].tolist())
        shared: dict[str, list[str]] = {}
        if repeated:
            for path in self.paths:
                for name in self._candidates(path):
                    if hash(name) in repeated:
                        shared.setdefault(name, []).append(path)
        return shared

    def _candidates(self, path: str) -> list[str]:
        """Names that the file of an image may have, the surest first; those of its own path come before all others."""
        image = PurePosixPath(path).with_suffix("")
        stems = [path, str(image), "_".join(image.parts)]
        if self._stem_counts[image.name] == 1:
            stems.append(image.name)
        return list(dict.fromkeys(stem + ending for stem in stems for ending in self.endings))

    def _first(self, path: str) -> int | None:
        """Position among an image's candidates of the first one that is there."""
        there = (rank for rank, name in enumerate(self._candidates(path)) if self._file(name) is not None)
        return next(there, None)

    def _file(self, name: str) -> Path | None:
        """Return the file of a name, if it is there; Macs write accents apart from their letters, others in one."""
        forms = (self.folder / form for form in dict.fromkeys((name, normalize("NFC", name), normalize("NFD", name))))
        return next((path for path in forms if path.is_file()), None)

    def find(self, path: str) -> Path:
        """Return the file of an image.

        Raises:
            FileNotFoundError: there is none; the message names the first two candidates. `AmbiguousFile`: it may as well be the file
                of another image that has no better one.
        """
        candidates = self._candidates(path)
        rank = self._first(path)
        if rank is None:
            usual = candidates[len(self.endings) :]  # without those that keep the image's own ending
            raise FileNotFoundError(f"no {' or '.join(usual[:2])} in {self.folder}")
        name = candidates[rank]
        for other in self._shared.get(name, ()):
            if other != path and self._may_be_of(name, other, rank):
                alike = PurePosixPath(path).with_suffix("") == PurePosixPath(other).with_suffix("")
                better = candidates[0 if alike else len(self.endings)]
                raise AmbiguousFile(f"{name} may be of {path} or of {other}: call it {better} if it is of {path}")
        return self._file(name) or self.folder / name

    def _may_be_of(self, name: str, other: str, rank: int) -> bool:
        """Return True where a file is the first of another image too, unless its own path makes it the first one's."""
        rival = self._first(other)
        own_path = rank < 2 * len(self.endings) and (rival is None or rank < rival)
        return not own_path and rival is not None and self._candidates(other)[rival] == name
