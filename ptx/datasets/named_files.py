"""Find the files that another tool wrote, one an image and named after it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath


@dataclass(frozen=True)
class NamedFiles:
    """A folder in which the file of an image a/b.jpg is a/b, a_b, b or a/b.jpg, with one of some endings.

    A name counts only where it is that of one image: a/b.png beside a/b.jpg, and a/b_c.jpg beside a_b/c.jpg, share theirs, which are
    nobody's then; a_b is a_b.jpg's if there is one, and not a/b.jpg's.
    """

    folder: Path
    """The folder."""
    paths: Sequence[str]
    """Paths of all images of the data set, relative to its root."""
    endings: Sequence[str]
    """Endings of the files after the image's name, the most common first."""

    @cached_property
    def _counts(self) -> tuple[Counter[str], ...]:
        """For each rank of `_names`: name → number of images that are called so by this rank or one above."""
        names = [_names(path) for path in self.paths]
        return tuple(Counter(name for own in names for name in set(own[: rank + 1])) for rank in range(RANKS))

    def find(self, path: str) -> Path:
        """Return the file of an image.

        Raises:
            FileNotFoundError: there is none, or its name is that of several images; the message names the first two candidates.
        """
        names = list(zip(_names(path), self._counts, strict=True))
        own = list(dict.fromkeys(name for name, counts in names if counts[name] == 1))
        for candidate in (name + ending for name in (*own, path) for ending in self.endings):
            if (self.folder / candidate).is_file():
                return self.folder / candidate
        wanted = [name + ending for name in (own or [path]) for ending in self.endings][:2]
        alike = next((f"; {name} is the name of several images" for name, counts in names[:2] if counts[name] > 1), "")
        raise FileNotFoundError(f"no {' or '.join(wanted)} in {self.folder}{alike}")


RANKS = 3
"""Number of names of an image."""


def _names(path: str) -> tuple[str, str, str]:
    """Return the names without ending of an image a/b.jpg, those that are surest to be its own first: a/b, a_b, b."""
    image = PurePosixPath(path).with_suffix("")
    return str(image), "_".join(image.parts), image.name
