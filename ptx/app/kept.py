"""What a worker keeps: people and poses, as many as fit."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

T = TypeVar("T")


class LostError(Exception):
    """A person or a pose that is not kept any more."""


class Kept(Generic[T]):
    """Values by name, of which those that are asked for least lately are let go."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[str, T] = OrderedDict()

    def __setitem__(self, name: str, value: T) -> None:
        """Keep a value."""
        self._values[name] = value
        self._values.move_to_end(name)
        while len(self._values) > self._most:
            self._values.popitem(last=False)

    def __getitem__(self, name: str) -> T:
        """Return a value; raises Lost."""
        if name not in self._values:
            raise LostError(name)
        self._values.move_to_end(name)
        return self._values[name]

    def drop(self, name: str) -> None:
        """Forget a value, where it is there."""
        self._values.pop(name, None)
