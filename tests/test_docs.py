"""The documentation: links, the README's size, commands that are not run, settings files, figures, generated pages."""

from __future__ import annotations

import json
import re
import shlex
import sys
import tomllib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
import typer

from ptx.cli import app
from ptx.settings import load_settings
from tests.documentation import DOCS, ROOT, Block, anchors, blocks, links, nav_pages, pages
from tests.projects import NO_FILE
from tests.test_settings_matter import LEAVES, identities, identities_of_defaults

sys.path.insert(0, str(ROOT / "tools"))

import benchmark_page
import docs_pages

PAGES = [pytest.param(page, id=str(page.relative_to(ROOT))) for page in pages()]
GENERATED = {"commands.md", "settings.md", "api.md", "experiments.md"}
"""Pages that `tools/docs_pages.py` makes when the site is built."""

EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
OTHER_PROGRAMS = {".", "apptainer", "cd", "curl", "docker", "exiftool", "git", "ln", "mkdir", "python3", "sed"}
"""Programs that the documentation calls and whose arguments are not looked at."""


def test_the_readme_is_short() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 150
    assert not [line for line in lines if len(line) > 120]


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: Path) -> None:
    for target in links(page):
        if re.match(r"https?:", target):
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        if path.name in GENERATED:
            continue
        assert path.exists(), f"{page}: {target}"
        if anchor:
            assert anchor in anchors(path), f"{page}: {target}"


def test_every_page_is_in_the_navigation() -> None:
    assert set(nav_pages()) == set(DOCS.rglob("*.md"))


@pytest.mark.parametrize("page", PAGES)
def test_commands_that_are_not_run_could_be(page: Path) -> None:
    for block in blocks(page):
        if block.language == "sh" and block.not_run:
            for words in commands(block):
                check(words, block.place)


def commands(block: Block) -> Iterator[list[str]]:
    """The words of each command of a block."""
    for line in block.text.splitlines():
        for command in line.split("&&"):
            if words := shlex.split(command, comments=True):
                yield words


def check(words: list[str], place: str) -> None:
    """Require that there is such a command, with such options and settings."""
    program, *rest = words
    if program == "ptx":
        check_ptx(rest, place)
    elif program == "pip":
        for extra in re.findall(r"\[(\w+)\]", " ".join(rest)):
            assert extra in EXTRAS, f"{place}: no extra {extra}"
    elif program == "python":
        assert rest[0].startswith("-") or (ROOT / rest[0]).is_file(), f"{place}: {rest[0]}"
    else:
        assert program in OTHER_PROGRAMS, f"{place}: {program}"


def check_ptx(words: list[str], place: str) -> None:
    """Require that ptx has such a command, with such options and settings."""
    command = typer.main.get_command(app)
    while words and words[0] in getattr(command, "commands", {}):
        command, words = command.commands[words[0]], words[1:]
    assert not getattr(command, "commands", {}) or command.invoke_without_command, f"{place}: {words}"
    known = {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
    for word in words:
        if re.match(r"-{1,2}[a-z]", word):
            assert word in known, f"{place}: no option {word}"
    load_settings(NO_FILE, [value for name, value in pairwise(words) if name == "--set"])


@pytest.mark.parametrize("page", PAGES)
def test_settings_files_are_valid(page: Path, tmp_path: Path) -> None:
    for block in blocks(page):
        if block.language == "yaml":
            file = tmp_path / "pipeline.yaml"
            file.write_text(block.text)
            load_settings(file)


@pytest.mark.parametrize("page", PAGES)
def test_python_is_python(page: Path) -> None:
    for block in blocks(page):
        if block.language == "python":
            compile(block.text, block.place, "exec")


def test_settings_of_the_text_exist() -> None:
    """`section.name` and `section.name=value` in code, of sections that every settings file has."""
    settings = load_settings(NO_FILE)
    for page in pages():
        for section, name in re.findall(r"`(\w+)\.(\w+)(?:[:=][^`]*)?`", page.read_text(encoding="utf-8")):
            part = getattr(settings, section, None)
            fields = getattr(type(part), "model_fields", None)
            if fields is not None and section != "data" and name not in ("zarr", "blocks", "py"):
                assert name in fields, f"{page}: {section}.{name}"


def test_the_figures_of_the_page_are_those_of_the_result_files() -> None:
    page = benchmark_page.PAGE.read_text(encoding="utf-8")
    assert benchmark_page.renewed(page) == page, "python tools/benchmark_page.py"


def test_a_result_file_that_no_section_names_is_shown_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    table = {"head": ["a"], "rows": [["1"]]}
    facts = {
        "command": "python x.py",
        "recorded": "2026-01-02",
        "commit": "abc",
        "machine": {"processor": "P", "cores": 2},
    }
    (tmp_path / "novel.json").write_text(json.dumps({**facts, "tables": [table]}))
    monkeypatch.setattr(benchmark_page, "RESULTS", tmp_path)
    page = benchmark_page.renewed("words\n<!-- results: others -->\n<!-- end -->\n")
    assert (
        "### novel\n\n| a |\n|---|\n| 1 |\n\n`python x.py` (P, 2 cores, no GPU; recorded 2026-01-02; commit abc)."
        in page
    )


def test_a_figure_that_was_changed_by_hand_is_noticed() -> None:
    page = benchmark_page.PAGE.read_text(encoding="utf-8")
    assert "| the front alone | .096 |" in page
    changed = page.replace("| the front alone | .096 |", "| the front alone | .016 |")
    assert benchmark_page.renewed(changed) == page


def test_every_command_and_setting_is_in_the_reference() -> None:
    commands_page, settings_page = docs_pages.commands_page(), docs_pages.settings_page()
    for path, _ in docs_pages.commands(typer.main.get_command(app), ("ptx",)):
        assert f"\n## {path}\n" in commands_page
    for name in LEAVES:
        assert f"\n| `{name}` |" in settings_page


@pytest.mark.parametrize(
    "setting",
    [
        "seed=1",
        "size=[64,64]",
        "data.half_body=0.5",
        "fit_smpl.iterations=20",
        "visibility.rule=faces",
        "train_flow.part_weight=2",
        "train_flow.steps=7",
        "run.block=32",
        "run.max_bad_fraction=0.5",
        "evaluate.batch=2",
    ],
)
def test_the_reference_says_truly_what_becomes_stale(setting: str) -> None:
    name = setting.partition("=")[0]
    row = next(line for line in docs_pages.settings_page().splitlines() if line.startswith(f"| `{name}` |"))
    told = row.rsplit("|", 2)[1]
    before, after = identities_of_defaults(), identities(setting)
    changed = {step for step in before if before[step] != after[step]}
    assert bool(changed) == (told.strip() != "—")
    assert set(re.findall(r"`([\w-]+)`", told)) <= changed


def test_links_of_files_beside_docs_lead_from_their_pages() -> None:
    page = docs_pages.page_of("configs/README.md", "how-to/experiments.md")
    assert "](../architecture.md)" in page
    assert "../docs/" not in page
    page = docs_pages.page_of("CONTRIBUTING.md", "contributing.md")
    assert "](architecture.md)" in page
    assert "](security.md)" in page


def test_messages_of_the_reference_are_those_of_the_code() -> None:
    """The words in code of the first column of `errors.md`, but for what stands in capitals, are in ptx's source."""
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "ptx").rglob("*.py"))
    source = re.sub(r'"\s*\n\s*f?"', "", source).replace("`", "")
    rows = re.findall(r"^\| ([^|]*) \|", (DOCS / "reference" / "errors.md").read_text(encoding="utf-8"), re.MULTILINE)
    messages = [message for row in rows for message in re.findall(r"`([^`]+)`", row)]
    assert len(messages) > 20
    for message in messages:
        for part in re.split(r"\b[A-Z]+\b|\.\.\.|\[|\]", message):
            assert len(part.strip(" :'`")) < 6 or part.strip(" :'`") in source, f"{message}: {part}"
