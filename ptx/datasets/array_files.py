"""Read named arrays of numbers from .npz and .pkl files of other tools, without running anything in them."""

from __future__ import annotations

import pickle
import re
import struct
import zipfile
import zlib
from collections.abc import Collection, Mapping
from io import BytesIO
from pathlib import Path
from tokenize import TokenError

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.foreign_files import Malformed, check_size
from ptx.geometry.safe_pickle import Numbers, PickleValue, load_pickle, load_value, numbers, unwrapped
from ptx.pipeline.errors import one_line

Floats = NDArray[np.float64]

Arrays = Mapping[str, Floats]
"""Arrays by name; the name of one in a nested dictionary is `outer.inner`."""

NPZ_ERRORS = (
    OSError, EOFError, ValueError, TypeError, KeyError, SyntaxError, OverflowError, MemoryError, TokenError,
    NotImplementedError, RuntimeError, zipfile.BadZipFile, zlib.error, struct.error,
)  # fmt: skip
"""Exceptions of NumPy and zipfile on damaged files: headers are parsed as Python literals, a shape may ask for any memory."""

PICKLE_ERRORS = (
    pickle.UnpicklingError, AttributeError, TypeError, ValueError, LookupError, OverflowError, MemoryError, RecursionError,
    NotImplementedError,
)  # fmt: skip
"""Exceptions of `numbers` on a damaged pickle, whose stand-ins for arrays may lack any part of their state."""


def read_arrays(path: Path, names: Collection[str], max_bytes: int) -> Arrays:
    """Read some arrays of a file.

    Args:
        path: an .npz, or a pickle of a dictionary.
        names: arrays that are wanted, `outer.inner` for those in nested dictionaries; others are not decoded.
        max_bytes: larger files, packed or unpacked, are refused.

    Returns:
        Those of `names` that the file has, as float64.

    Raises:
        Malformed: the file is too large or damaged, or a wanted array does not hold numbers.
        OSError: the file cannot be opened.
    """
    check_size(path, max_bytes)
    return _read_npz(path, names, max_bytes) if path.suffix == ".npz" else _read_pickle(path, names)


def _read_npz(path: Path, names: Collection[str], max_bytes: int) -> Arrays:
    arrays: dict[str, Floats] = {}
    with path.open("rb") as stream:
        try:
            content = np.load(stream, allow_pickle=False)
            if not isinstance(content, np.lib.npyio.NpzFile):
                raise Malformed("it holds one array without a name")
            with content:
                if content.zip is None or sum(member.file_size for member in content.zip.infolist()) > max_bytes:
                    raise Malformed(f"more than {max_bytes} bytes when unpacked")
                for name in names:
                    key, inner = (name, "") if name in content.files else _split(name)
                    if key not in content.files:
                        continue
                    pickled = _pickle_of(content.zip.read(f"{key}.npy"))
                    value = content[key] if pickled is None else load_value(BytesIO(pickled))
                    if (array := _array_of(value, key, inner)) is not None:
                        arrays[name] = array
        except (*NPZ_ERRORS, pickle.UnpicklingError) as error:
            raise Malformed(one_line(error)) from None
    return arrays


def _pickle_of(member: bytes) -> bytes | None:
    """Pickle that follows the header of an .npy file of objects; None where the file holds numbers.

    See numpy.lib.format: magic bytes, version, the header's length in 2 bytes, or in 4 from version 2 on, and the header.
    """
    start = 10 if member[6:7] == b"\x01" else 12
    stop = start + int.from_bytes(member[8:start], "little")
    return member[stop:] if re.search(rb"'descr': '\|?O", member[start:stop]) else None


def _read_pickle(path: Path, names: Collection[str]) -> Arrays:
    try:
        content = load_pickle(path)
    except ValueError as error:
        raise Malformed(one_line(error)) from None
    arrays: dict[str, Floats] = {}
    for name in names:
        outer, inner = _split(name)
        if outer in content and (array := _array_of(content[outer], outer, inner)) is not None:
            arrays[name] = array
    return arrays


def _split(name: str) -> tuple[str, str]:
    """Split `outer.inner`; the inner part is empty where there is none."""
    outer, _, inner = name.partition(".")
    return outer, inner


def _array_of(value: PickleValue | Numbers, name: str, inner: str) -> Floats | None:
    """Make the array of a value, or of an entry of the dictionary that it is; None where there is nothing.

    Raises:
        Malformed: it does not hold numbers, or is no dictionary.
    """
    try:
        if not isinstance(value, np.ndarray):
            value = unwrapped(value)
        if value is not None and inner:
            if not isinstance(value, dict):
                raise Malformed(f"{name} is no dictionary")
            value = value.get(inner)
        return None if value is None else numbers(value).astype(np.float64)
    except PICKLE_ERRORS as error:
        raise Malformed(f"{name}{inner and '.'}{inner}: {one_line(error)}") from None


def named(arrays: Arrays, name: str) -> Floats:
    """Return an array by name.

    Raises:
        Malformed: there is none.
    """
    if name not in arrays:
        raise Malformed(f"no '{name}'")
    return arrays[name]


def reshaped(array: Floats, name: str, *shape: int) -> Floats:
    """Reshape the array called `name` to a shape of which one length is -1.

    Raises:
        Malformed: its size does not allow that.
    """
    length = -int(np.prod(shape))
    if array.size % length:
        raise Malformed(f"{name} has {array.size} numbers, which is no multiple of {length}")
    return array.reshape(shape)


def rows(arrays: Arrays, name: str, width: int, count: int | None = None) -> Floats:
    """Return a named array as rows (count, width); a single row stands for all of them.

    Raises:
        Malformed: there is no such array, or it has no rows, or neither one nor `count` where that is given.
    """
    table = reshaped(named(arrays, name), name, -1, width)
    if not len(table):
        raise Malformed(f"{name} is empty")
    if count is None:
        return table
    if len(table) not in (1, count):
        raise Malformed(f"{name} has {len(table)} rows, expected {count}")
    return np.broadcast_to(table, (count, width))
