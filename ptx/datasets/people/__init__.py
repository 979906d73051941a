"""Synthetic people: any number, of any size, with exact truth; everything follows from one seed."""

from ptx.datasets.people.people import VERSION, People, PeopleOptions, Truth

__all__ = ["VERSION", "People", "PeopleOptions", "Truth"]
