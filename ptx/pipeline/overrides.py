"""Settings on the command line, `a.b=value`: text as it stands where a setting is text, such as a path, else YAML."""

from __future__ import annotations

import csv
from pathlib import Path
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from ptx.pipeline.config_errors import Location, fields_at
from ptx.pipeline.errors import PtxError
from ptx.pipeline.storage.json_values import Json
from ptx.pipeline.storage.storage import Storage

if TYPE_CHECKING:
    from typing_extensions import TypeForm

TEXTS: tuple[type, ...] = (str, Path, Storage)
"""Types of settings that are text."""

NOTHING = ("", "null")
"""Texts that take away a setting that may be empty; a folder of this name is `./null`."""


def read_override(model: type[BaseModel], override: str) -> tuple[tuple[str, ...], Json]:
    """Read `a.b=value`; returns the setting's location and its value.

    A setting that is text, such as a path, takes the value as it stands: `shoot #2`, `2024-01-05`, `007`, `a: b`. One that is a
    list of texts takes `[one, two]`, or one text. Everything else is YAML.

    Raises:
        PtxError: it is not of this form, the text is empty, or no YAML.
    """
    name, equals, text = override.partition("=")
    if not equals or not name:
        raise PtxError(f"--set {override}: write it as name=value, e.g. --set fit_smpl.iterations=20")
    location = tuple(name.split("."))
    return location, _value(model, location, name, text)


def _value(model: type[BaseModel], location: Location, name: str, text: str) -> Json:
    kinds = [kind for field in fields_at(model, location) for kind in _alternatives(field.annotation)]
    plain = [kind for kind in kinds if kind is not NoneType]
    if plain and all(_is_text(kind) for kind in plain):
        if text not in NOTHING or (text and NoneType not in kinds):
            return text
        if NoneType not in kinds:
            raise PtxError(f"--set {name}: is empty")
        return None
    if plain and all(_is_list_of_text(kind) for kind in plain):
        return _texts(text)
    try:
        value: Json = YAML(typ="safe").load(text)
    except YAMLError:
        raise PtxError(f"--set {name}: '{text}' is not valid YAML") from None
    return value


def _texts(text: str) -> Json:
    """Read `[one, two]`, quoted or not, or a single text; empty text is the empty list."""
    if not (text.startswith("[") and text.endswith("]")):
        return [text] if text not in NOTHING else []
    try:
        values: Json = YAML(typ="base").load(text)
        if isinstance(values, list) and all(isinstance(value, str) for value in values):
            return values
    except YAMLError:
        pass  # such as [shoot #2]: a comment for YAML
    return [value.strip() for row in csv.reader([text[1:-1]], skipinitialspace=True) for value in row]


def _alternatives(annotation: TypeForm[Json] | None) -> list[TypeForm[Json] | None]:
    """Return the types that a field may have: those of a union, without what Annotated adds."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _alternatives(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return [kind for inner in get_args(annotation) for kind in _alternatives(inner)]
    return [annotation]


def plain_types(annotation: TypeForm[Json] | None) -> list[TypeForm[Json] | None]:
    """Return the types that a field may have, and those of the items of its lists and tuples."""
    kinds = _alternatives(annotation)
    items = [inner for kind in kinds if get_origin(kind) in (tuple, list) for inner in get_args(kind)]
    return kinds + [kind for item in items for kind in plain_types(item)]


def _is_text(kind: TypeForm[Json] | None) -> bool:
    if get_origin(kind) is Literal:
        return all(isinstance(value, str) for value in get_args(kind))
    return isinstance(kind, type) and any(base in TEXTS for base in kind.__mro__)


def _is_list_of_text(kind: TypeForm[Json] | None) -> bool:
    items = [inner for inner in get_args(kind) if inner is not Ellipsis]
    return get_origin(kind) in (tuple, list) and all(_is_text(one) for item in items for one in _alternatives(item))
