"""Settings on the command line: what is text, such as a path, is taken as it stands; the rest is YAML."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import pytest

from ptx.pipeline.config import AbsolutePath, Section, Workspace, config_yaml, load_config
from ptx.pipeline.errors import PtxError
from ptx.pipeline.overrides import read_override
from ptx.pipeline.storage.json_values import Json
from ptx.pipeline.storage.opening import open_storage

PATHS = (
    "shoot #2",
    "2024",
    "007",
    "2024-01-05",
    "12:30:45",
    "1e3",
    "1_000",
    "0x1F",
    "on",
    "no",
    "@run",
    "%run",
    "a: b",
    "run[1]",
    "[x]",
    "{x}",
    "*x",
    "&x",
    "it's",
    '"q"',
    "!new",
    "- x",
    " spaces ",
    "a=b",
    "Größe",
)
"""Names of folders that YAML reads as something else, or not at all."""


class Inner(Section):
    """A section of another."""

    root: AbsolutePath | None = None


class Paths(Section):
    """Each kind of setting that holds text, and some that do not."""

    workspace: Workspace = open_storage("work")
    path: AbsolutePath = Path("/")
    some: Annotated[AbsolutePath | None, "marked"] = None
    many: tuple[AbsolutePath, ...] = ()
    listed: list[str] | None = None
    model: AbsolutePath | Literal["builtin"] = "builtin"
    account: str | None = None
    version: Literal["0.1", "0.0"] = "0.1"
    count: int = 1
    either: int | str = 1
    inner: Inner = Inner()


@pytest.mark.parametrize("text", PATHS)
@pytest.mark.parametrize("name", ["path", "some", "workspace", "model", "inner.root"])
def test_a_path_is_taken_as_it_stands(name: str, text: str) -> None:
    found: Section = load_config(Paths, None, [f"{name}={text}"])
    for part in name.split("."):
        found = getattr(found, part)
    assert str(found) == f"{Path.cwd()}/{text}"


@pytest.mark.parametrize("text", ["007", "2024-01-05", "lab #2", "0.1"])
def test_a_text_is_taken_as_it_stands(text: str) -> None:
    assert load_config(Paths, None, [f"account={text}"]).account == text


def test_one_of_several_texts_may_look_like_a_number() -> None:
    assert load_config(Paths, None, ["version=0.0"]).version == "0.0"


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("shoot #2", ["shoot #2"]),
        ("2024-01-05", ["2024-01-05"]),
        ("[2024-01-05, 007]", ["2024-01-05", "007"]),
        ("[shoot #2, b]", ["shoot #2", "b"]),
        ("['a, b', \"c\"]", ["a, b", "c"]),
        ("[a: b]", ["a: b"]),
        ("[]", []),
        ("", []),
    ],
)
def test_a_list_of_texts(text: str, items: list[str]) -> None:
    assert load_config(Paths, None, [f"listed={text}"]).listed == items
    assert load_config(Paths, None, [f"many={text}"]).many == tuple(Path.cwd() / item for item in items)


@pytest.mark.parametrize(("text", "value"), [("5", 5), ("[1, 2]", [1, 2]), ("null", None), ("a #b", "a")])
def test_everything_else_is_yaml(text: str, value: Json) -> None:
    assert read_override(Paths, f"count={text}") == (("count",), value)
    assert read_override(Paths, f"either={text}") == (("either",), value)
    assert read_override(Paths, f"nowhere.at.all={text}")[1] == value


@pytest.mark.parametrize("text", ["", "null"])
def test_what_may_be_empty_is_taken_away(tmp_path: Path, text: str) -> None:
    file = tmp_path / "pipeline.yaml"
    file.write_text("some: here\naccount: lab\n")
    found = load_config(Paths, file, [f"some={text}", f"account={text}"])
    assert (found.some, found.account) == (None, None)


@pytest.mark.parametrize("name", ["path", "workspace", "model", "version"])
def test_an_empty_text_is_a_variable_that_is_not_set(name: str) -> None:
    """`--set path=$PHOTOS`: the current folder, which an empty path would be, is not what was meant."""
    with pytest.raises(PtxError, match=rf"^--set {name}: is empty$"):
        load_config(Paths, None, [f"{name}="])


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('path: ""', "must be a path: `.` is this folder"),
        ("some: 2024-01-05", "must be a path: put it in quotes"),
        ("some: 7", "must be a path: put it in quotes"),
        ('workspace: ""', "must be a path or URL"),
        ("workspace: 2024-01-05", "must be a path or URL"),
    ],
)
def test_a_file_must_quote_its_texts(tmp_path: Path, line: str, words: str) -> None:
    file = tmp_path / "pipeline.yaml"
    file.write_text(f"{line}\n")
    with pytest.raises(PtxError, match=rf"pipeline.yaml:1: {line.partition(':')[0]}: {words} "):
        load_config(Paths, file)


@pytest.mark.parametrize("path", ["~", "~x/y", "2024-01-05", "null", "a #b"])
def test_a_path_that_is_written_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.chdir(tmp_path)
    written = Paths(path=tmp_path / path, workspace=open_storage(str(tmp_path / path)))
    Path("c.yaml").write_text(config_yaml(written))
    assert load_config(Paths, Path("c.yaml")) == written


@pytest.mark.parametrize("name", ["path", "workspace"])
def test_the_users_folder_is_not_known(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """As in a container that runs under a number without an entry in passwd."""
    with pytest.raises(PtxError, match="the folder that ~ stands for is not known"):
        load_config(Paths, None, [f"{name}=~nobody-of-this-name/photos"])
    monkeypatch.setenv("HOME", "/somebody")
    assert str(getattr(load_config(Paths, None, [f"{name}=~/photos"]), name)) == "/somebody/photos"
