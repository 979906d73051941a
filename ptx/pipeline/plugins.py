"""Rows of ptx's tables that other installed packages bring, as entry points."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TypeVar

from ptx.pipeline.errors import PtxError, one_line

Row = TypeVar("Row")


def load_plugins(group: str, row: type[Row]) -> list[Row]:
    """Load the entry points of a group, in the order of their names.

    Raises:
        PtxError: one cannot be imported, or is no `row`; names the package.
    """
    rows: list[Row] = []
    for point in sorted(entry_points(group=group), key=lambda point: point.name):
        package = point.dist.name if point.dist else point.value
        try:
            value = point.load()
        except Exception as error:  # whatever a stranger's package raises while it is imported
            raise PtxError(
                f"{package}: its {group} '{point.name}' cannot be loaded ({one_line(error)}); mend or uninstall it"
            ) from error
        if not isinstance(value, row):
            raise PtxError(f"{package}: its {group} '{point.name}' is no {row.__name__}; mend or uninstall it")
        rows.append(value)
    return rows
