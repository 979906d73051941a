"""Mistakes in settings, each on one line with file, line number and, where it can be guessed, the setting that was meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Protocol, Union, get_args, get_origin, runtime_checkable

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from ptx.pipeline.storage.json_values import Json

if TYPE_CHECKING:
    from typing_extensions import TypeForm

Location = tuple[str | int, ...]
"""Keys and positions that lead to a setting, from the root."""

SIMILARITY = 0.5
"""Similarity (0 to 1, difflib's) from which on a known name is offered for an unknown one."""


@dataclass(frozen=True)
class Former:
    """Settings that older versions had."""

    renamed: Mapping[str, str]
    """Old name → new one, see `load_config`."""
    removed: Mapping[str, str]
    """Name, in full → why it is gone."""


class LinesOfMapping(Protocol):
    """The part of ruamel's mappings that knows where each key stands."""

    def key(self, key: str | int) -> tuple[int, int]:
        """Line and column of a key, from 0."""
        ...

    def item(self, index: str | int) -> tuple[int, int]:
        """Line and column of an item of a list, from 0."""
        ...


@runtime_checkable
class WithLines(Protocol):
    """A mapping or list as ruamel reads it."""

    @property
    def lc(self) -> LinesOfMapping:
        """The lines of its keys or items."""
        ...


def describe_errors(
    model: type[BaseModel],
    error: ValidationError,
    path: Path | None,
    document: Mapping[str, Json],
    overrides: Set[Location],
    former: Former,
) -> list[str]:
    """Describe each mistake that pydantic found, in the order of the file.

    Args:
        model: the settings.
        error: of pydantic.
        path: the settings file, None where there is none.
        document: its contents as ruamel read them.
        overrides: locations of settings that `--set` gave.
        former: settings of older versions.
    """
    errors = sorted(error.errors(), key=lambda e: _line_number(document, _real_location(model, e["loc"])))
    lines = [_describe(model, path, document, overrides, former, one) for one in errors]
    return list(dict.fromkeys(lines))


def _describe(
    model: type[BaseModel],
    path: Path | None,
    document: Mapping[str, Json],
    overrides: Set[Location],
    former: Former,
    error: ErrorDetails,
) -> str:
    location = _real_location(model, error["loc"])
    name = ".".join(str(part) for part in location)
    where = _where(path, document, overrides, location, name)
    if error["type"] == "extra_forbidden":
        if name in former.removed:
            return f"{where}: is no setting any more, leave it out: {former.removed[name]}"
        meant = _meant(model, location, former.renamed)
        return f"{where}: no such setting" + (f", did you mean '{meant}'?" if meant else "")
    if error["type"] == "missing":
        return f"{where}: is needed and not given"
    if error["type"] in ("union_tag_invalid", "union_tag_not_found"):
        tags = error["ctx"].get("expected_tags") or ", ".join(f"'{tag}'" for tag in _tags(model, location))
        return f"{where}.{error['ctx']['discriminator'].strip(chr(39))}: must be one of {tags}"
    message = error["msg"].removeprefix("Value error, ").removeprefix("Input ").removeprefix("should ")
    return f"{where}: must {message} (got {error['input']!r})"


def _where(
    path: Path | None, document: Mapping[str, Json], overrides: Set[Location], location: Location, name: str
) -> str:
    """Return `--set NAME` for an override, `FILE:LINE: NAME` for a setting of the file."""
    if any(location[: len(given)] == given or given[: len(location)] == location for given in overrides):
        return f"--set {name}"
    return f"{path}:{_line_number(document, location)}: {name}" if path else name


def _meant(model: type[BaseModel], location: Location, renamed: Mapping[str, str]) -> str | None:
    """Return the setting that was meant: the new name of a renamed one, those of this name in sections, or one spelled alike."""
    *parents, last = [str(part) for part in location]
    new = renamed.get(".".join([*parents, last])) or renamed.get(last)
    if new:
        section, _, short = new.rpartition(".")
        if section and section != ".".join(parents):
            return new
        if short in _fields(model, location[:-1]) or short in model.model_fields:
            return short
    if not parents and (sections := [name for name in model.model_fields if last in _fields(model, (name,))]):
        return "' or '".join(f"{section}.{last}" for section in sections)
    known = [name for name in _fields(model, location[:-1]) if name != last]
    near = difflib.get_close_matches(last.replace("-", "_"), known, 1, SIMILARITY)
    return near[0] if near else None


def _line_number(document: Json, location: Location) -> int:
    """Return the line, from 1, of a setting, or of the innermost section around it that is in the file."""
    line = 0
    node = document
    for part in location:
        if not isinstance(node, WithLines):
            break
        try:
            if isinstance(node, Mapping):
                line = node.lc.key(part)[0]
                node = node[str(part)]
            elif isinstance(node, Sequence):
                line = node.lc.item(part)[0]
                node = node[int(part)]
        except (KeyError, IndexError, TypeError, ValueError):
            break
    return line + 1


# --- the fields of models ---------------------------------------------------------------------------------------------------------


def _models(annotation: TypeForm[BaseModel] | None) -> Iterator[type[BaseModel]]:
    """Yield the models that a field's type can hold."""
    origin = get_origin(annotation)
    if origin in (Union, UnionType):
        for inner in get_args(annotation):
            yield from _models(inner)
    elif origin is Annotated:
        yield from _models(get_args(annotation)[0])
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation


def _inner(models: Sequence[type[BaseModel]], field: str | int) -> list[type[BaseModel]]:
    """Return the models that a field of some models can hold."""
    fields = [model.model_fields[str(field)] for model in models if field in model.model_fields]
    return [inner for one in fields for inner in _models(one.annotation)]


def _real_location(model: type[BaseModel], location: Location) -> Location:
    """Return a location without the tag that pydantic puts into those of a tagged union."""
    models = [model]
    real: list[str | int] = []
    in_union = False
    for part in location:
        if in_union and not any(part in m.model_fields for m in models) and any(part in _tag_values(m) for m in models):
            models = [m for m in models if part in _tag_values(m)]
            in_union = False
            continue
        real.append(part)
        models = _inner(models, part)
        in_union = len(models) > 1
    return tuple(real)


def _tag_values(model: type[BaseModel]) -> list[str]:
    """Return the strings that a model's fields of type Literal accept."""
    return [value for f in model.model_fields.values() for value in get_args(f.annotation) if isinstance(value, str)]


def _tags(model: type[BaseModel], location: Location) -> list[str]:
    return [value for m in _at(model, location) for value in _tag_values(m)[:1]]


def _at(model: type[BaseModel], location: Location) -> list[type[BaseModel]]:
    """Return the models that can stand at a location."""
    models = [model]
    for part in location:
        models = _inner(models, part)
    return models


def _fields(model: type[BaseModel], location: Location) -> list[str]:
    return [name for m in _at(model, location) for name in m.model_fields]


def fields_at(model: type[BaseModel], location: Location) -> list[FieldInfo]:
    """Return the fields that a location names: of a tagged union one in each model that has it."""
    *parents, last = location
    return [m.model_fields[str(last)] for m in _at(model, tuple(parents)) if last in m.model_fields]
