"""Settings from YAML: typed, unknown keys refused, every mistake told at once with file, line and the cure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Annotated, TypeVar, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    ValidationError,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import InitErrorDetails, PydanticCustomError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from ptx.pipeline.config_errors import Former, Location, describe_errors
from ptx.pipeline.errors import PtxError, one_line
from ptx.pipeline.overrides import plain_types, read_override
from ptx.pipeline.storage.json_values import Json
from ptx.pipeline.storage.opening import absolute_path, open_storage
from ptx.pipeline.storage.storage import Storage

M = TypeVar("M", bound=BaseModel)

HELP_WIDTH = 100
"""Characters of a line of help in a written settings file, at most."""


class Section(BaseModel):
    """A group of settings. Docstrings under fields become their help."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, use_attribute_docstrings=True)

    @model_validator(mode="before")
    @classmethod
    def _refuse_booleans(cls, values: Json) -> Json:
        """Refuse true and false where numbers are wanted: pydantic takes them for 1 and 0."""
        if not isinstance(values, Mapping):
            return values
        no_number = PydanticCustomError("no_number", "be a number, not true or false")
        errors: list[InitErrorDetails] = [
            {"type": no_number, "loc": (name,), "input": value}
            for name, value in values.items()
            if name in cls.model_fields and _is_boolean_for_number(value, cls.model_fields[name])
        ]
        if errors:
            raise ValidationError.from_exception_data(cls.__name__, errors)
        return values

    def manifest(self) -> dict[str, Json]:
        """Return the settings that results depend on, as JSON values.

        Locations are left out, since a moved file is the same file, and what only trainings depend on, who say so themselves.
        """
        fields = type(self).model_fields.items()
        left_out = {
            name
            for name, field in fields
            if _is_location(field) or TRAINING_ONLY in field.metadata or RESOLVED in field.metadata
        }
        unset = {
            name for name, field in fields if ADDED_LATER in field.metadata and getattr(self, name) == field.default
        }
        values: dict[str, Json] = self.model_dump(mode="json", exclude=left_out | unset)
        return values


def _is_boolean_for_number(value: Json, field: FieldInfo) -> bool:
    given = value if isinstance(value, list) else [value]
    kinds = set(plain_types(field.annotation))
    return any(isinstance(one, bool) for one in given) and bool(kinds & {int, float}) and bool not in kinds


def _is_location(field: FieldInfo) -> bool:
    inner = (m for part in get_args(field.annotation) for m in getattr(part, "__metadata__", ()))
    return LOCATION in (*field.metadata, *inner)


LOCATION = "location"
"""Marks a setting that says where something is, and nothing about its contents."""

ADDED_LATER = "added later"
"""Marks a setting that workspaces may be older than: at its default it is no part of manifests, so that they stay current."""

RESOLVED = "resolved"
"""Marks a setting that stages tell of in their dependencies, by what it comes to: `auto` and the value that it stands for are the same."""

TRAINING_ONLY = "training only"
"""Marks a setting of a data set that no store depends on, only what is trained from the stores."""

Share = Annotated[float, Field(ge=0, le=1)]
"""A fraction, 0 to 1."""


def _path(value: Json | Path) -> Path | None:
    """Refuse what YAML took for something else than text, and the empty text, which would be the current folder."""
    if value is None:
        return None
    if isinstance(value, str | Path) and str(value):
        return absolute_path(value)
    raise ValueError("be a path: `.` is this folder" if value == "" else "be a path: put it in quotes")


AbsolutePath = Annotated[Path, BeforeValidator(_path), LOCATION]
"""A path, relative to the current folder; absolute once read, since workers may run elsewhere."""


def _storage(value: Json | Path | Storage) -> Storage:
    if isinstance(value, Storage):
        return value
    if isinstance(value, str | Path) and str(value):
        return open_storage(str(value))
    raise ValueError("be a path or URL")


Workspace = Annotated[Storage, PlainValidator(_storage, json_schema_input_type=str), PlainSerializer(str), LOCATION]
"""A folder, or a URL that fsspec knows."""


def load_config(
    model: type[M],
    path: Path | None,
    overrides: Sequence[str] = (),
    *,
    renamed: Mapping[str, str] | None = None,
    removed: Mapping[str, str] | None = None,
) -> M:
    """Read settings from a YAML file (None: defaults only), then apply `a.b=value` overrides (`read_override`).

    Args:
        model: the settings.
        path: the file.
        overrides: settings that replace those of the file.
        renamed: old names of settings and what they are called now, in full ("train_flow.base" → "train_flow.base_channels") or by
            the last part alone ("base" → "base_channels").
        removed: settings that are gone, in full, and why.

    Raises:
        PtxError: one line a mistake, `file:line: setting: what is wrong` or `--set a.b: what is wrong`.
    """
    document = _read(path) if path is not None else {}
    values = {str(key): _plain(value) for key, value in document.items()}
    set_by = {_apply(model, values, override) for override in overrides}
    try:
        return model.model_validate(values)
    except ValidationError as error:
        lines = describe_errors(model, error, path, document, set_by, Former(renamed or {}, removed or {}))
        raise PtxError("\n".join(lines)) from None


def _read(path: Path) -> Mapping[str, Json]:
    """Read a YAML file; the mapping also knows the line of each key (`config_errors.Lines`)."""
    yaml = YAML(typ="rt")
    yaml.allow_duplicate_keys = False
    try:
        document: Json = yaml.load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PtxError(f"{path}: no such file; `ptx config show > {path}` writes one with all defaults") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        problem = str(error.problem or error.context).splitlines()[0]
        raise PtxError(f"{where}: not valid YAML: {problem}") from None
    except (YAMLError, OSError, UnicodeDecodeError) as error:
        raise PtxError(f"{path}: cannot be read: {one_line(error, 1000)}") from None
    if document is None:
        return {}
    if not isinstance(document, Mapping):
        held = "a list" if isinstance(document, list) else f"only '{document}'"
        raise PtxError(f"{path}:1: a settings file is a list of `name: value` lines, this one holds {held}")
    return document


def _plain(node: Json) -> Json:
    """Return a copy in Python's own types: ruamel's scalars remember how they were written, pydantic wants the bare ones."""
    if isinstance(node, Mapping):
        return {str(key): _plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(value) for value in node]
    for kind in (bool, int, float, str):
        if isinstance(node, kind):
            return kind(node)
    return node


def _apply(model: type[BaseModel], values: dict[str, Json], override: str) -> Location:
    """Set one value as in `a.b=value`; returns its location."""
    location, value = read_override(model, override)
    *parents, last = location
    section = values
    for parent in parents:
        inner = section.get(parent)
        if not isinstance(inner, dict):
            inner = {}
            section[parent] = inner
        section = inner
    if last == "kind" and section.get(last, value) != value:  # another kind has other settings: those of the file go
        section.clear()
    section[last] = value
    return location


# --- writing ---------------------------------------------------------------------------------------------------------------


def missing_files(config: BaseModel) -> Iterator[str]:
    """Yield "section.name: path" of every file or folder that a section names and that is not there."""
    for name in type(config).model_fields:
        section = getattr(config, name)
        if isinstance(section, Section):
            for setting, field in type(section).model_fields.items():
                path = getattr(section, setting)
                if _is_location(field) and isinstance(path, Path) and not path.exists():
                    yield f"{name}.{setting}: {path}"


def config_yaml(config: BaseModel) -> str:
    """Write every setting with its value as YAML, its meaning as a comment above it.

    Loading it in the same folder gives the same settings: paths below the folder are written as they are from there, so that the
    folder may be moved.
    """
    return "\n".join(_section_lines(config)) + "\n"


def _section_lines(section: BaseModel) -> Iterator[str]:
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if field.description:
            yield from (f"# {line}" for line in textwrap.wrap(" ".join(field.description.split()), HELP_WIDTH))
        if isinstance(value, BaseModel):
            body = list(_section_lines(value))
            yield f"{name}:" if body else f"{name}: {{}}"
            yield from (f"  {line}" for line in body)
        else:
            here = _from_here(value) if _is_location(field) else None
            yield f"{name}: {_scalar(section.model_dump(mode='json')[name] if here is None else here)}"


def _from_here(value: Path | Storage | None) -> str | None:
    """Return a path below the current folder as it is from there; None for others."""
    try:
        path = str(Path(str(value)).relative_to(Path.cwd()))
    except ValueError:
        return None
    return f"./{path}" if path.startswith("~") else path  # read again, a bare ~ is the user's folder


def _scalar(value: Json) -> str:
    """Write a value that is no section on one line."""
    if value is None:
        return "null"
    yaml = YAML()
    yaml.default_flow_style = True
    out = StringIO()
    yaml.dump([value], out)
    return out.getvalue().strip()[1:-1].strip()
