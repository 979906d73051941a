"""What people wear, in words: DeepFashion's files of clothing attributes and categories.

A file is text: the number of its rows, a line of column names, then the rows, whose columns are parted by blanks.

    list_attr_cloth.txt     name of an attribute (may hold blanks), in the attribute benchmark then the number of its group
    list_attr_img.txt       path of a picture, then 1 (has it), -1 or 0 (has it not, or nobody knows) an attribute
    list_attr_items.txt     the same of an item, id_00000001, instead of a picture: the In-shop benchmark
    list_category_img.txt   path of a picture, number of its category; In-shop has none, there the folders are the categories
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from ptx.pipeline.errors import PtxError

NAMES, IMAGES, ITEMS, CATEGORIES = (
    "list_attr_cloth.txt",
    "list_attr_img.txt",
    "list_attr_items.txt",
    "list_category_img.txt",
)

ITEM = re.compile(r"id_?(\d{8})")
FOLDER = re.compile(r"(?:WOMEN|MEN)/[^/]+")


@dataclass(frozen=True)
class Clothes:
    """What is worn in each of N pictures."""

    names: tuple[str, ...]
    """Of the K attributes that some picture has, in the file's order: those that AttrRec-k is counted over."""
    attributes: NDArray[np.bool_]
    """(N, K)."""
    kinds: tuple[str, ...]
    """Of the C categories that some picture is of."""
    categories: NDArray[np.int64]
    """(N,) place in `kinds`."""


def read_clothes(folder: Path, ids: Sequence[str]) -> Clothes:
    """Attributes and categories of the pictures with these ids: their paths without ending.

    Raises:
        PtxError: a file is missing, a row is not as it should be (says which), or a picture has none.
    """
    ids = [name.removeprefix("img/") for name in ids]
    names = _names(folder / NAMES)
    by_item = (folder / ITEMS).is_file()
    path = folder / (ITEMS if by_item else IMAGES)
    keys = [_item(name) if by_item else name for name in ids]
    found = dict(_rows(path, len(names), set(keys), _item if by_item else _image))
    attributes = np.stack(_all(path, found, keys, ids)) == 1
    some = attributes.any(0)
    if not some.any():
        raise PtxError(f"{path}: no picture of this data set has any attribute")
    kinds, categories = np.unique(_kinds(folder / CATEGORIES, ids), return_inverse=True)
    chosen = tuple(name for name, there in zip(names, some, strict=True) if there)
    return Clothes(chosen, attributes[:, some], tuple(kinds.tolist()), categories.astype(np.int64))


def stamp(folder: Path) -> list[list[int]]:
    """Changes when the files do: size and time of each that is there."""
    files = (folder / name for name in (NAMES, IMAGES, ITEMS, CATEGORIES))
    return [[f.stat().st_size, f.stat().st_mtime_ns] if f.is_file() else [] for f in files]


def _names(path: Path) -> list[str]:
    grouped, out = False, []
    for number, text in _lines(path):
        if number == 2:
            grouped = "attribute_type" in text
        else:
            out.append(" ".join(text.split()[: -1 if grouped else None]))
    return out


def _kinds(path: Path, ids: Sequence[str]) -> list[str]:
    if path.is_file():
        found = dict(_rows(path, 1, set(ids), _image))
        return [f"{row[0]:04d}" for row in _all(path, found, ids, ids)]
    folders = [FOLDER.match(name) for name in ids]
    if None in folders:
        raise PtxError(f"{path}: no such file, and {ids[folders.index(None)]} does not name its category")
    return [match[0] for match in folders if match]


def _image(name: str) -> str:
    """A picture's id from its path in a file."""
    return str(PurePosixPath(name).with_suffix("")).removeprefix("img/")


def _item(name: str) -> str:
    match = ITEM.search(name)
    return match[1] if match else name


def _all(
    path: Path, found: Mapping[str, NDArray[np.int8]], keys: Sequence[str], ids: Sequence[str]
) -> list[NDArray[np.int8]]:
    missing = [name for name, key in zip(ids, keys, strict=True) if key not in found]
    if missing:
        raise PtxError(f"{path}: has no row for {len(missing)} of {len(ids)} pictures, the first is {missing[0]}")
    return [found[key] for key in keys]


def _rows(
    path: Path, columns: int, wanted: set[str], key: Callable[[str], str]
) -> Iterator[tuple[str, NDArray[np.int8]]]:
    """Key and numbers of each wanted row."""
    for line, text in _lines(path):
        if line == 2:
            continue
        name, *values = text.split()
        if (own := key(name)) not in wanted:
            continue
        try:
            numbers = np.array(values, np.int8)
        except (ValueError, OverflowError):
            raise PtxError(f"{path}:{line}: holds something else than small numbers after {name}") from None
        if len(numbers) != columns:
            raise PtxError(f"{path}:{line}: {len(numbers)} numbers after {name}, expected {columns}")
        yield own, numbers


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Number and text of every line after the first, which says how many follow the second."""
    try:
        with path.open(encoding="utf-8") as file:
            head = file.readline().strip()
            if not head.isdecimal():
                raise PtxError(f"{path}:1: must be the number of rows (got {head[:40]!r})")
            for line, text in enumerate(file, 2):
                if text.strip():
                    yield line, text.strip()
    except FileNotFoundError:
        raise PtxError(
            f"{path}: no such file; attributes.path names the folder of DeepFashion's annotation files"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise PtxError(f"{path}: cannot be read: {error}") from None
