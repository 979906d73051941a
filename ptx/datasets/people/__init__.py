"""Synthetic people: any number, of any size, with exact truth; everything follows from one seed.

`People` and `Truth` are imported when they are asked for, with the kernels that render; `options` imports nothing of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptx.datasets.people.options import VERSION, PeopleOptions, image_ids

if TYPE_CHECKING:
    from ptx.datasets.people.people import People, Truth

__all__ = ["VERSION", "People", "PeopleOptions", "Truth", "image_ids", "open_people"]


def open_people(options: PeopleOptions) -> People:
    """Open a population of the looks that its options name."""
    if options.looks == "lifelike":
        from ptx.datasets.people.lifelike.people import LifelikePeople

        return LifelikePeople(options)
    from ptx.datasets.people.people import People

    return People(options)


def __getattr__(name: str) -> type[People] | type[Truth]:
    """Import `People` or `Truth`."""
    if name not in ("People", "Truth"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ptx.datasets.people import people

    return people.People if name == "People" else people.Truth
