"""All cases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import changes
import commands
import data
import painting
from content import Found
from places import Places
from trainings import trainings


class Case(NamedTuple):
    """One thing that ptx does."""

    name: str
    run: Callable[[Places], Found]


def cases() -> Iterator[Case]:
    """List them in the order in which they run."""
    yield from (Case(*one) for one in data.cases())
    yield from (Case(training.case, training.run) for training in trainings())
    yield from (Case(*one) for module in (commands, painting, changes) for one in module.cases())
