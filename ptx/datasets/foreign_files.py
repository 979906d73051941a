"""Read files that other tools wrote: bounded in size, every value checked before it is used."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ptx.pipeline.errors import one_line
from ptx.pipeline.fingerprint import Json


class Malformed(Exception):
    """Content that does not follow the file's format.

    The functions here do not know what a file is for. Its reader turns this into a `BadSample` or a `PtxError` that names the file.
    """


def check_size(path: Path, max_bytes: int) -> None:
    """Refuse a file that is too large to be read into memory.

    Raises:
        Malformed: the file has more than `max_bytes` bytes.
        OSError: the file is missing or cannot be accessed.
    """
    if path.stat().st_size > max_bytes:
        raise Malformed(f"more than {max_bytes} bytes")


def read_json(path: Path, max_bytes: int) -> Json:
    """Read a JSON file of at most `max_bytes` bytes.

    Raises:
        Malformed: the file is too large or no JSON.
        OSError: the file is missing or cannot be read.
    """
    check_size(path, max_bytes)
    return parse_json(path.read_bytes())


def parse_json(text: str | bytes) -> Json:
    """Parse JSON text.

    Raises:
        Malformed: it is no JSON.
    """
    try:
        value: Json = json.loads(text)
    except (ValueError, RecursionError) as error:  # broken syntax or UTF-8, integers of 4300 digits, deep nesting
        raise Malformed(one_line(error)) from None
    return value


def as_mapping(value: Json) -> Mapping[str, Json]:
    """Return a value that must be a JSON object.

    Raises:
        Malformed: it is something else.
    """
    if not isinstance(value, Mapping):
        raise Malformed(f"{_kind(value)} instead of an object")
    return value


def as_sequence(value: Json) -> Sequence[Json]:
    """Return a value that must be a JSON list.

    Raises:
        Malformed: it is something else.
    """
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise Malformed(f"{_kind(value)} instead of a list")
    return value


def member(value: Json, key: str) -> Json:
    """Return one value of a JSON object.

    Raises:
        Malformed: it is no object, or does not have the key.
    """
    values = as_mapping(value)
    if key not in values:
        raise Malformed(f"no '{key}'")
    return values[key]


def as_array(value: Json) -> NDArray[np.float32]:
    """Convert a number or nested lists of numbers to an array; null becomes NaN, a number beyond float32 infinite.

    Raises:
        Malformed: it holds something else, or lists of unequal length.
    """
    try:
        with np.errstate(over="ignore"):  # numbers beyond float32 become infinite
            return np.asarray(value, np.float32)
    except (ValueError, TypeError, OverflowError) as error:
        raise Malformed(one_line(error)) from None


def as_rows(value: Json, columns: int) -> NDArray[np.float32]:
    """Convert a list of numbers, flat or nested, to rows (K, columns).

    Raises:
        Malformed: it holds something else, or a number of values that is not a multiple of `columns`.
    """
    array = as_array(value)
    if array.size % columns:
        raise Malformed(f"{array.size} numbers, which is no multiple of {columns}")
    return array.reshape(-1, columns)


def _kind(value: Json) -> str:
    """Name a value's type as JSON calls it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a truth value"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a string"
    return "a list" if isinstance(value, Sequence) else "an object"
