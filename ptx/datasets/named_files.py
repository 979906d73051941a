"""Folders of files that other tools wrote, one a picture and called after it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath


@dataclass(frozen=True)
class NamedFiles:
    """The file of a picture a/b.jpg is a/b, a_b, or b where only one picture is called so, with one of the endings."""

    folder: Path
    paths: Sequence[str]
    """All pictures of the data set."""
    endings: Sequence[str]
    """What follows the name, the likeliest first."""

    @cached_property
    def _stems(self) -> Counter[str]:
        return Counter(PurePosixPath(path).stem for path in self.paths)

    def of(self, path: str) -> Path:
        """The file of a picture.

        Raises:
            FileNotFoundError: there is none; says which were sought.
        """
        name = PurePosixPath(path).with_suffix("")
        stems = [str(name), "_".join(name.parts), *([name.stem] if self._stems[name.stem] == 1 else [])]
        candidates = list(dict.fromkeys(stem + end for stem in stems for end in self.endings))
        file = next((self.folder / name for name in candidates if (self.folder / name).is_file()), None)
        if file is None:
            raise FileNotFoundError(f"no {' or '.join(candidates[:2])} in {self.folder}")
        return file
