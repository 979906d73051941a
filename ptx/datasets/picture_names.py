"""Find out which pictures of the data set another tool's names mean: by path, by the end of the path, by the name alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from ptx.datasets.picture_formats import suffixes

Name = str | int
"""A picture in a file of another tool: a path or name, or the number that its name is."""

Parts = tuple[str, ...]
"""Folders and name without ending, or "#" and the number that the name is."""

MAX_DIGITS = 18
"""Digits of the longest name that is taken for a number."""


class AmbiguousName(Exception):
    """A name that may mean several pictures, or a picture that several names may mean."""


def _parts(name: Name) -> Parts:
    if isinstance(name, int):
        return (f"#{name}",)
    path = PurePosixPath(name.replace("\\", "/"))
    last = path.stem if path.suffix.lower() in suffixes() else path.name
    return (*(part for part in path.parts[:-1] if part != "/"), last)


def _readings(path: str) -> list[Parts]:
    """Return the parts of a picture's path, and those of 000000397133.jpg with its number too."""
    parts = _parts(path)
    is_number = parts[-1].isdecimal() and len(parts[-1]) <= MAX_DIGITS
    return [parts, (*parts[:-1], f"#{int(parts[-1])}")] if is_number else [parts]


def _agree(a: Parts, b: Parts) -> bool:
    """Return True where one is the end of the other."""
    shorter = min(len(a), len(b))
    return a[-shorter:] == b[-shorter:]


@dataclass(frozen=True)
class PictureNames:
    """The names in a file, and the pictures of the data set."""

    names: Collection[Name]
    """Every name once."""
    paths: Sequence[str]
    """Paths of all images of the data set, relative to its root."""

    @cached_property
    def _exact(self) -> frozenset[str]:
        """Names that are paths of the data set: they mean these, and nothing else."""
        return frozenset(name for name in self.names if isinstance(name, str)) & frozenset(self.paths)

    @cached_property
    def _named(self) -> Mapping[str, Sequence[tuple[Name, Parts]]]:
        """Last part → the other names that end in it."""
        named: dict[str, list[tuple[Name, Parts]]] = {}
        for name in self.names:
            if name not in self._exact:
                parts = _parts(name)
                named.setdefault(parts[-1], []).append((name, parts))
        return named

    @cached_property
    def _pictures(self) -> Mapping[str, Sequence[tuple[str, Parts]]]:
        """Last part → the pictures that no name means exactly."""
        pictures: dict[str, list[tuple[str, Parts]]] = {}
        for path in self.paths:
            if path not in self._exact:
                for parts in _readings(path):
                    if parts[-1] in self._named:
                        pictures.setdefault(parts[-1], []).append((path, parts))
        return pictures

    def find(self, path: str) -> Name | None:
        """Return the name of a picture; None where no name ends as its path does.

        A name is the path, or the end of the path, or ends in the path, or has, in other folders, the same last part; endings of
        image files do not count. But for the path itself it must be the only one, and mean no other picture.

        Raises:
            AmbiguousName: it is not.
        """
        if path in self._exact:
            return path
        parts = next((parts for parts in _readings(path) if parts[-1] in self._named), None)
        if parts is None:
            return None
        candidates, rivals = self._named[parts[-1]], self._pictures.get(parts[-1], ())
        agreeing = [(name, own) for name, own in candidates if _agree(own, parts)]
        if agreeing:
            candidates = agreeing
            rivals = [(other, own) for other, own in rivals if any(_agree(own, ends) for _, ends in agreeing)]
        if len(candidates) > 1:
            raise AmbiguousName(f"{path} may be {_either([name for name, _ in candidates])}")
        if len(rivals) > 1:
            raise AmbiguousName(f"{candidates[0][0]} may be {_either([other for other, _ in rivals])}")
        return candidates[0][0]


def _either(names: Sequence[Name]) -> str:
    """Return a few of several names in words."""
    shown = [str(name) for name in names[:3]]
    return " or ".join(shown) + (f" or {len(names) - 3} more" if len(names) > 3 else "")
