"""Settings from YAML: typed, unknown keys refused, every mistake told at once with file, line and what was expected."""

from __future__ import annotations

import difflib
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator, ValidationError
from pydantic.fields import FieldInfo
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from ptx.pipeline.errors import PtxError
from ptx.pipeline.storage import remote


class Section(BaseModel):
    """A group of settings. Docstrings under fields become their help."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, use_attribute_docstrings=True)

    def essence(self) -> dict[str, Any]:
        """The settings that results depend on, as JSON-like values: all but places, since a moved file is the same file."""
        fields = type(self).model_fields.items()
        places = {name for name, field in fields if _is_place(field)}
        unsaid = {name for name, field in fields if LATER in field.metadata and getattr(self, name) == field.default}
        return self.model_dump(mode="json", exclude=places | unsaid)


def _is_place(field: FieldInfo) -> bool:
    inner = (m for part in get_args(field.annotation) for m in getattr(part, "__metadata__", ()))
    return PLACE in (*field.metadata, *inner)


PLACE = "a place on disk"
"""Marks a setting that says where something is, not what it is."""

LATER = "came later"
"""Marks a setting that workspaces may be older than: at its default it says nothing, so that they stay current."""

Share = Annotated[float, Field(ge=0, le=1)]
"""A fraction, 0 to 1."""

Place = Annotated[Path, AfterValidator(lambda path: path.expanduser().absolute()), PLACE]
"""A path, relative to the current folder; absolute once read, since workers may run elsewhere."""


def _workspace(value: Any) -> Path:
    if isinstance(value, str) and remote.is_url(value):
        return remote.place(value)
    if isinstance(value, str | Path):
        return Path(value).expanduser().absolute()
    raise ValueError("Input is not a valid path or URL")


Workspace = Annotated[Path, PlainValidator(_workspace, json_schema_input_type=str), PlainSerializer(str), PLACE]
"""A folder, or a URL that fsspec knows; behaves as a `Path` either way."""


M = TypeVar("M", bound=BaseModel)
Location = tuple[str | int, ...]


def load_config(model: type[M], path: Path | None, overrides: Sequence[str] = ()) -> M:
    """Read settings from a YAML file (None: defaults only), then apply `a.b=value` overrides.

    Raises:
        PtxError: one line a mistake, `file:line: setting: what is wrong` or `--set a.b: what is wrong`.
    """
    document = _read(path) if path is not None else {}
    values = _plain(document)
    set_by: dict[Location, str] = {}
    for override in overrides:
        set_by[_apply(values, override)] = override
    try:
        return model.model_validate(values)
    except ValidationError as error:
        errors = sorted(error.errors(), key=lambda e: _line_number(document, _real_location(model, e["loc"])))
        lines = [_line(model, path, document, set_by, e) for e in errors]
        raise PtxError("\n".join(dict.fromkeys(lines))) from None


def _read(path: Path) -> Any:
    yaml = YAML(typ="rt")
    yaml.allow_duplicate_keys = False
    try:
        document = yaml.load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PtxError(f"{path}: no such file; `ptx config show > {path}` writes one with all defaults") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        problem = str(error.problem or error.context).splitlines()[0]
        raise PtxError(f"{where}: not valid YAML: {problem}") from None
    except (YAMLError, OSError, UnicodeDecodeError) as error:
        raise PtxError(f"{path}: cannot be read: {' '.join(str(error).split())}") from None
    if document is None:
        return {}
    if not isinstance(document, Mapping):
        raise PtxError(f"{path}:1: a settings file is a list of `name: value` lines, this one holds {_kind(document)}")
    return document


def _plain(node: Any) -> Any:
    if isinstance(node, Mapping):
        return {str(key): _plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(value) for value in node]
    for kind in (
        bool,
        int,
        float,
        str,
    ):  # ruamel's scalars remember how they were written; pydantic wants the bare ones
        if isinstance(node, kind):
            return kind(node)
    return node


def _apply(values: dict[str, Any], override: str) -> Location:
    name, equals, text = override.partition("=")
    if not equals or not name:
        raise PtxError(f"--set {override}: write it as name=value, e.g. --set fit_smpl.iterations=20")
    try:
        value = YAML(typ="safe").load(text)
    except YAMLError:
        raise PtxError(f"--set {name}: '{text}' is not valid YAML") from None
    *parents, last = name.split(".")
    place = values
    for parent in parents:
        if not isinstance(place.setdefault(parent, {}), dict):
            place[parent] = {}
        place = place[parent]
    if last == "kind" and place.get(last, value) != value:  # another kind has other settings: those of the file go
        place.clear()
    place[last] = value
    return tuple(name.split("."))


# --- telling what is wrong ------------------------------------------------------------------------------------------------


def _line(model: type[BaseModel], path: Path | None, document: Any, set_by: Mapping[Location, str], error: Any) -> str:
    location = _real_location(model, error["loc"])
    name = ".".join(str(part) for part in location)
    override = next((key for key in set_by if location[: len(key)] == key or key[: len(location)] == location), None)
    where = (
        f"--set {name}"
        if override
        else f"{path or 'defaults'}:{_line_number(document, location)}: {name}"
        if path
        else name
    )
    if error["type"] == "extra_forbidden":
        known = [name for name in _fields(model, location[:-1]) if name != location[-1]]
        near = difflib.get_close_matches(str(location[-1]).replace("-", "_"), known, 1, 0.5)
        return f"{where}: no such setting" + (f", did you mean '{near[0]}'?" if near else "")
    if error["type"] == "missing":
        return f"{where}: is needed and not given"
    if error["type"] in ("union_tag_invalid", "union_tag_not_found"):
        tags = error["ctx"].get("expected_tags") or ", ".join(f"'{t}'" for t in _tags(model, location))
        return f"{where}.{error['ctx']['discriminator'].strip(chr(39))}: must be one of {tags}"
    message = error["msg"].removeprefix("Value error, ").removeprefix("Input ").removeprefix("should ")
    return f"{where}: must {message} (got {error['input']!r})"


def _line_number(document: Any, location: Location) -> int:
    node: Any
    line, node = 0, document
    for part in location:
        try:
            place = node.lc  # of ruamel: where each key stands
            line = (place.key if isinstance(node, Mapping) else place.item)(part)[0]
            node = node[part]
        except (AttributeError, KeyError, IndexError, TypeError):
            break
    return line + 1


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that a field's type can hold."""
    origin = get_origin(annotation)
    if origin in (Union, UnionType):
        for inner in get_args(annotation):
            yield from _models(inner)
    elif origin is Annotated:
        yield from _models(get_args(annotation)[0])
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation


def _real_location(model: type[BaseModel], location: Location) -> Location:
    """Without the tag that pydantic puts into the locations of a tagged union."""
    models, real = [model], []
    skip = False
    for part in location:
        if skip and not any(part in m.model_fields for m in models) and any(part in _tag_values(m) for m in models):
            models = [m for m in models if part in _tag_values(m)]
            skip = False
            continue
        real.append(part)
        models = [i for m in models if part in m.model_fields for i in _models(m.model_fields[str(part)].annotation)]
        skip = len(models) > 1
    return tuple(real)


def _tag_values(model: type[BaseModel]) -> list[str]:
    return [v for f in model.model_fields.values() for v in get_args(f.annotation) if isinstance(v, str)]


def _tags(model: type[BaseModel], location: Location) -> list[str]:
    return [v for m in _at(model, location) for v in _tag_values(m)[:1]]


def _at(model: type[BaseModel], location: Location) -> list[type[BaseModel]]:
    models = [model]
    for part in location:
        models = [i for m in models if part in m.model_fields for i in _models(m.model_fields[str(part)].annotation)]
    return models


def _fields(model: type[BaseModel], location: Location) -> list[str]:
    return [name for m in _at(model, location) for name in m.model_fields]


def _kind(value: Any) -> str:
    return "a list" if isinstance(value, list) else f"only '{value}'"


# --- writing ---------------------------------------------------------------------------------------------------------------


def config_yaml(config: BaseModel) -> str:
    """Every setting with its value as YAML, its meaning as a comment above it; loading it gives the same settings."""
    return "\n".join(_section_lines(config)) + "\n"


def _section_lines(section: BaseModel) -> Iterator[str]:
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if field.description:
            yield from (f"# {line}" for line in textwrap.wrap(" ".join(field.description.split()), 100))
        if isinstance(value, BaseModel):
            body = list(_section_lines(value))
            yield f"{name}:" if body else f"{name}: {{}}"
            yield from (f"  {line}" for line in body)
        else:
            yield f"{name}: {_scalar(section.model_dump(mode='json')[name])}"


def _scalar(value: Any) -> str:
    yaml, out = YAML(), StringIO()
    yaml.default_flow_style = True
    yaml.dump([value], out)
    return out.getvalue().strip()[1:-1].strip() if value is not None else "null"
