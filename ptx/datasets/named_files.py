"""Find the files that another tool wrote, one an image and named after it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath


@dataclass(frozen=True)
class NamedFiles:
    """A folder in which the file of an image a/b.jpg is a/b, a_b, or b if only one image is called so, with one of some endings."""

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

    def find(self, path: str) -> Path:
        """Return the file of an image.

        Raises:
            FileNotFoundError: there is none; the message names the first two candidates.
        """
        image = PurePosixPath(path).with_suffix("")
        stems = [str(image), "_".join(image.parts)]
        if self._stem_counts[image.name] == 1:
            stems.append(image.name)
        candidates = list(dict.fromkeys(stem + ending for stem in stems for ending in self.endings))
        for candidate in candidates:
            if (self.folder / candidate).is_file():
                return self.folder / candidate
        raise FileNotFoundError(f"no {' or '.join(candidates[:2])} in {self.folder}")
