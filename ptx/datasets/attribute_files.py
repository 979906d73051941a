"""Read clothing attributes and categories from DeepFashion's annotation files.

A file is text: the number of its rows, a line of column names, then the rows, whose columns are separated by blanks.

    list_attr_cloth.txt     name of an attribute (may hold blanks), in the attribute benchmark then the number of its group
    list_attr_img.txt       path of an image, then 1 (has it), -1 or 0 (has it not, or unknown) an attribute
    list_attr_items.txt     the same of an item, id_00000001, instead of an image: the In-shop benchmark
    list_category_img.txt   path of an image, number of its category; In-shop has none, its folders are the categories
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from ptx.pipeline.errors import PtxError, one_line
from ptx.pipeline.fingerprint import digest, file_stamp

ATTRIBUTE_NAMES = "list_attr_cloth.txt"
"""File of the names of the attributes."""

IMAGE_ATTRIBUTES = "list_attr_img.txt"
"""File of each image's attributes (attribute benchmark)."""

ITEM_ATTRIBUTES = "list_attr_items.txt"
"""File of each item's attributes (In-shop benchmark); read instead of `IMAGE_ATTRIBUTES` where it is present."""

IMAGE_CATEGORIES = "list_category_img.txt"
"""File of each image's category (attribute benchmark)."""

ITEM_ID = re.compile(r"id_?(\d{8})")
"""An item in a path of DeepFashion; the group is its number."""

CATEGORY_FOLDER = re.compile(r"(?:WOMEN|MEN)/[^/]+")
"""The folders of a path of the In-shop benchmark that name its category."""


@dataclass(frozen=True)
class Clothes:
    """Clothing annotation of N images."""

    attribute_names: tuple[str, ...]
    """Names of the K attributes that at least one image has, in the file's order: those that AttrRec-k is counted over."""
    attributes: NDArray[np.bool_]
    """(N, K) True where an image has an attribute."""
    category_names: tuple[str, ...]
    """Names of the C categories that at least one image belongs to, sorted."""
    categories: NDArray[np.int64]
    """(N,) index of each image's category in `category_names`."""


def read_clothes(folder: Path, ids: Sequence[str]) -> Clothes:
    """Read attributes and categories of images.

    Args:
        folder: of the annotation files.
        ids: the images: their paths without ending.

    Raises:
        PtxError: a file is missing, a line is malformed (the message names it), or an image is not annotated.
    """
    ids = [name.removeprefix("img/") for name in ids]
    names = _attribute_names(folder / ATTRIBUTE_NAMES)
    by_item = (folder / ITEM_ATTRIBUTES).is_file()
    path = folder / (ITEM_ATTRIBUTES if by_item else IMAGE_ATTRIBUTES)
    keys = [_item_id(name) if by_item else name for name in ids]
    rows = dict(_read_rows(path, len(names), set(keys), _item_id if by_item else _image_id))
    attributes = np.stack(_select(path, rows, keys, ids)) == 1
    used = attributes.any(0)
    if not used.any():
        raise PtxError(f"{path}: no picture of this data set has any attribute")
    category_names, categories = np.unique(_categories(folder / IMAGE_CATEGORIES, ids), return_inverse=True)
    return Clothes(
        tuple(name for name, kept in zip(names, used, strict=True) if kept),
        attributes[:, used],
        tuple(category_names.tolist()),
        categories.astype(np.int64),
    )


def annotation_digest(folder: Path) -> str:
    """Return a digest of the stamps of all files that `read_clothes` may read: it changes when one of them does."""
    return digest(
        [file_stamp(folder / name) for name in (ATTRIBUTE_NAMES, IMAGE_ATTRIBUTES, ITEM_ATTRIBUTES, IMAGE_CATEGORIES)]
    )


def _attribute_names(path: Path) -> list[str]:
    grouped = False
    names = []
    for line, text in _read_lines(path):
        if line == 2:
            grouped = "attribute_type" in text
        else:
            names.append(" ".join(text.split()[: -1 if grouped else None]))
    return names


def _categories(path: Path, ids: Sequence[str]) -> list[str]:
    """Return the name of each image's category: its number in the file, or the folders of its path."""
    if path.is_file():
        rows = dict(_read_rows(path, 1, set(ids), _image_id))
        return [f"{row[0]:04d}" for row in _select(path, rows, ids, ids)]
    folders = [CATEGORY_FOLDER.match(name) for name in ids]
    if None in folders:
        raise PtxError(f"{path}: no such file, and {ids[folders.index(None)]} does not name its category")
    return [match[0] for match in folders if match]


def _image_id(path: str) -> str:
    """Convert an image's path in an annotation file to its id."""
    return str(PurePosixPath(path).with_suffix("")).removeprefix("img/")


def _item_id(name: str) -> str:
    """Return the number of the item in an image's id or an item's name; the name itself where it has none."""
    match = ITEM_ID.search(name)
    return match[1] if match else name


def _select(
    path: Path, rows: Mapping[str, NDArray[np.int8]], keys: Sequence[str], ids: Sequence[str]
) -> list[NDArray[np.int8]]:
    """Return the row of each key.

    Raises:
        PtxError: one has none; the message names the first such image of `ids`.
    """
    missing = [name for name, key in zip(ids, keys, strict=True) if key not in rows]
    if missing:
        raise PtxError(f"{path}: has no row for {len(missing)} of {len(ids)} pictures, the first is {missing[0]}")
    return [rows[key] for key in keys]


def _read_rows(
    path: Path, columns: int, wanted: set[str], key: Callable[[str], str]
) -> Iterator[tuple[str, NDArray[np.int8]]]:
    """Yield key and numbers (columns,) of each wanted row."""
    for line, text in _read_lines(path):
        if line == 2:
            continue
        name, *values = text.split()
        row_key = key(name)
        if row_key not in wanted:
            continue
        try:
            numbers = np.array(values, np.int8)
        except (ValueError, OverflowError):
            raise PtxError(f"{path}:{line}: holds something else than small numbers after {name}") from None
        if len(numbers) != columns:
            raise PtxError(f"{path}:{line}: {len(numbers)} numbers after {name}, expected {columns}")
        yield row_key, numbers


def _read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield number and text of every line after the first, which gives the number of those after the second."""
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
        raise PtxError(f"{path}: cannot be read: {one_line(error)}") from None
