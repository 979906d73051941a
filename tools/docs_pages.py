"""Pages of the documentation that are made from the code: commands, settings, Python names; and configs/README.md as a page.

A hook of mkdocs (`mkdocs.yml`): `on_files` adds the pages when the site is built. None of them is kept in docs/.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal, get_args, get_origin

import typer
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from typer.core import TyperCommand, TyperGroup

import ptx
from ptx.cli import app
from ptx.datasets.catalogue import DATA_SETS
from ptx.pipeline.config import LOCATION, TRAINING_ONLY, Section
from ptx.project import Project
from ptx.settings import load_settings
from ptx.training.settings import LOOSE_SETTINGS
from ptx.training.trainings import TRAININGS

ROOT = Path(__file__).parents[1]
NO_FILE = Path("/dev/null")

Command = TyperCommand | TyperGroup

GENERATED = "Made from the code when the site is built (`tools/docs_pages.py`).\n"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages (a hook of mkdocs)."""
    for name, content in pages().items():
        files.append(File.generated(config, name, content=content))
    return files


def pages() -> dict[str, str]:
    """Path below docs/ → Markdown of every generated page."""
    return {
        "reference/commands.md": commands_page(),
        "reference/settings.md": settings_page(),
        "reference/api.md": api_page(),
        "how-to/experiments.md": experiments_page(),
    }


# --- commands ----------------------------------------------------------------------------------------------------------------


def commands_page() -> str:
    """Every command with its arguments and options, as `--help` tells them."""
    root = typer.main.get_command(app)
    lines = ["# Commands", GENERATED, "`ptx COMMAND --help` says the same in the terminal.", ""]
    for path, command in commands(root, ("ptx",)):
        lines += [f"## {path}", "", *_command_lines(path, command)]
    return "\n".join(lines) + "\n"


def commands(command: Command, path: tuple[str, ...]) -> Iterator[tuple[str, Command]]:
    """Every command that does something, by its full name."""
    inner: Mapping[str, Command] = getattr(command, "commands", {})
    if not inner or getattr(command, "invoke_without_command", False):
        yield " ".join(path), command
    for name, one in inner.items():
        yield from commands(one, (*path, name))


def _command_lines(path: str, command: Command) -> Iterator[str]:
    context = typer.Context(command, info_name=path)
    usage = " ".join(command.collect_usage_pieces(context))
    yield from ("```text", f"{path} {usage}", "```", "", inspect.cleandoc(command.help or ""), "")
    yield from ("| argument, option | value | default | meaning |", "|---|---|---|---|")
    for one in command.params:
        if one.hidden or one.name == "help":
            continue
        names = ", ".join(f"`{name}`" for name in (*one.opts, *one.secondary_opts))
        value = "" if getattr(one, "is_flag", False) else f"`{one.metavar or one.display_type(context).strip('<>')}`"
        shown = isinstance(one.default, str | int | float | Path) and one.default is not False
        default = "required" if one.required else f"`{one.default}`" if shown else ""
        yield f"| {names} | {_cell(value)} | {_cell(default)} | {_cell(one.help or '')} |"
    yield ""


# --- settings ----------------------------------------------------------------------------------------------------------------


def settings_page() -> str:
    """Every setting with its type, default, meaning, and the steps that become stale when it changes."""
    settings = load_settings(NO_FILE)
    direct = steps_of_sections(Project(settings))
    lines = [
        "# Settings",
        GENERATED,
        "`--set section.name=value` on the command line, or the same in `pipeline.yaml`; `ptx config show` writes a file of all of them.",
        "The last column names the steps whose results a change makes stale; what is computed from these is stale with them, and",
        "`ptx status` says which. A dash: nothing becomes stale.",
        "",
        "## Top level",
        "",
        *_head(),
    ]
    sections: list[tuple[str, type[BaseModel]]] = []
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        if isinstance(value, BaseModel):
            if name != "data":
                sections.append((name, type(value)))
        else:
            lines.append(_row(name, field, ", ".join(direct.get(name, ())) or "—"))
    lines.append("")
    for kind, row in DATA_SETS.items():
        lines += [f"## data (kind: {kind})", "", _doc(row.settings), "", *_head()]
        for name, field in row.settings.model_fields.items():
            stale = "trainings" if TRAINING_ONLY in field.metadata else "all steps"
            lines.append(_row(f"data.{name}", field, "—" if _is_location(field) else stale))
        lines.append("")
    for name, kind in sections:
        lines += [f"## {name}", "", _doc(kind), "", *_head(), *_section_rows(name, kind, direct.get(name, ())), ""]
    return "\n".join(lines) + "\n"


def steps_of_sections(project: Project) -> dict[str, list[str]]:
    """Name of a setting or section → the steps that name it among what they depend on."""
    out: dict[str, list[str]] = {}
    for stage in project.pipeline.stages:
        for name in stage.depends_on:
            out.setdefault(name, []).append(f"`{stage.name}`")
    for training in TRAININGS.values():
        out.setdefault(training.section, []).append(f"`{training.name}`")
    out["seed"] = [*out.get("seed", ()), "trainings"]
    out["run.block"] = ["all data stages"]
    return out


def _section_rows(prefix: str, kind: type[BaseModel], steps: list[str] | tuple[str, ...]) -> Iterator[str]:
    for name, field in kind.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from _section_rows(f"{prefix}.{name}", inner, steps)
            continue
        loose = _is_location(field) or (prefix.startswith("train_") and name in LOOSE_SETTINGS)
        yield _row(f"{prefix}.{name}", field, "—" if loose or not steps else ", ".join(steps))


def _head() -> tuple[str, str]:
    return "| setting | type | default | meaning | makes stale |", "|---|---|---|---|---|"


def _row(name: str, field: FieldInfo, stale: str) -> str:
    return f"| `{name}` | {_cell(type_name(field.annotation))} | {_setting_default(field)} | {_cell(field.description or '')} | {stale} |"


def _setting_default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return "required"
    if value is None:
        return ""
    text = {True: "true", False: "false"}.get(value, str(value)) if isinstance(value, bool) else str(value)
    if isinstance(value, tuple):
        text = "[" + ", ".join(map(str, value)) + "]"
    return f"`{_cell(text)}`" if text else ""


def type_name(annotation: object) -> str:
    """Words for the type of a setting."""
    if annotation is type(None):
        return "null"
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{one}`" for one in get_args(annotation))
    if get_origin(annotation) is not None:
        inner = [type_name(one) for one in get_args(annotation) if not isinstance(one, str) and one is not Ellipsis]
        if get_origin(annotation) in (tuple, list):
            return "list of " + (inner[0] if inner else "values")
        if hasattr(annotation, "__metadata__"):
            return type_name(get_args(annotation)[0])
        if get_origin(annotation) is dict:
            return "mapping"
        return " or ".join(dict.fromkeys(one for one in inner if one))
    names = {
        "int": "integer",
        "float": "number",
        "bool": "true, false",
        "str": "text",
        "Path": "path",
        "Storage": "path or URL",
    }
    found = getattr(annotation, "__name__", str(annotation))
    return names.get(found, "")


def _is_location(field: FieldInfo) -> bool:
    inner = (m for part in get_args(field.annotation) for m in getattr(part, "__metadata__", ()))
    return LOCATION in (*field.metadata, *inner)


def _doc(kind: type[BaseModel]) -> str:
    return " ".join((kind.__doc__ or "").split()) if kind is not Section else ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


# --- Python, experiments -------------------------------------------------------------------------------------------------


def api_page() -> str:
    """What `import ptx` offers, by its docstrings."""
    lines = [
        "# Python",
        "",
        "```python\nimport ptx\n```",
        "",
        "Names are imported when they are first used.",
        "",
    ]
    for name in ptx.__all__:
        lines += [f"::: ptx.{name}", ""]
    return "\n".join(lines)


def experiments_page() -> str:
    """configs/README.md, with its links as they are from the page."""
    text = (ROOT / "configs" / "README.md").read_text()
    return re.sub(r"\]\(\.\./docs/", "](../", text)
