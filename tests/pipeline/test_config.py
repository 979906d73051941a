"""Settings from YAML and overrides; what is written is read back; what results depend on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ptx.pipeline.config import config_yaml, load_config
from ptx.pipeline.errors import PtxError
from ptx.pipeline.storage.local import LocalStorage
from ptx.pipeline.storage.objects import ObjectStorage
from ptx.pipeline.storage.opening import open_storage
from ptx.pipeline.storage.storage import Storage
from tests.pipeline.sample_settings import FolderData, PeopleData, Settings


def load(tmp_path: Path, text: str, *overrides: str) -> Settings:
    path = tmp_path / "pipeline.yaml"
    path.write_text(text)
    return load_config(Settings, path, overrides)


def test_empty_file_gives_defaults(tmp_path: Path) -> None:
    assert load(tmp_path, "") == Settings()


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(PtxError, match="no such file"):
        load_config(Settings, tmp_path / "none.yaml")


def test_overrides_win(tmp_path: Path) -> None:
    found = load(tmp_path, "seed: 1\ndata: {kind: people, persons: 3}\n", "seed=2", "data.persons=5", "size=[128, 64]")
    assert (found.seed, found.size) == (2, (128, 64))
    assert isinstance(found.data, PeopleData)
    assert found.data.persons == 5


def test_another_kind_of_data_starts_afresh(tmp_path: Path) -> None:
    found = load(tmp_path, "data: {kind: people, persons: 3}\n", "data.kind=folder", "data.root=photos")
    assert isinstance(found.data, FolderData)
    assert found.data.root == Path("photos").absolute()


@pytest.mark.parametrize(
    ("override", "words"), [("seed", "write it as name=value"), ("=3", "write it as"), ("seed=[1", "is not valid YAML")]
)
def test_bad_override(tmp_path: Path, override: str, words: str) -> None:
    with pytest.raises(PtxError, match=words):
        load(tmp_path, "", override)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000), st.integers(16, 512), st.booleans())
def test_written_settings_read_back(
    tmp_path_factory: pytest.TempPathFactory, seed: int, side: int, folder: bool
) -> None:
    data = FolderData(kind="folder", root=Path("a b/#c")) if folder else PeopleData(persons=3)
    written = Settings(seed=seed, size=(side, 99), data=data)
    path = tmp_path_factory.mktemp("c") / "c.yaml"
    path.write_text(config_yaml(written))
    assert load_config(Settings, path) == written


def test_help_stands_above_each_setting() -> None:
    text = config_yaml(Settings())
    assert "# Everything random follows from it.\nseed: 0\n" in text
    assert "data:\n  kind: people\n  # Number of persons.\n  persons: 32\n" in text


def test_places_are_no_part_of_what_results_depend_on() -> None:
    a = FolderData(kind="folder", root=Path("/a"), pairs=Path("/a/p.csv")).manifest()
    assert a == FolderData(kind="folder", root=Path("/b")).manifest()
    assert "test_fraction" in a
    assert "workspace" not in Settings(workspace=open_storage("here")).manifest()


def test_settings_that_came_later_say_nothing_at_their_default() -> None:
    assert "loose" not in PeopleData().manifest()
    assert PeopleData(loose=0.5).manifest()["loose"] == 0.5


@pytest.mark.parametrize(
    ("text", "storage"),
    [
        ("here", LocalStorage(Path("here").absolute())),
        ("/a/b", LocalStorage(Path("/a/b"))),
        ("file:///a/b", LocalStorage(Path("/a/b"))),
        ("memory://a/b/", ObjectStorage("memory://a/b")),
    ],
)
def test_a_workspace_is_a_folder_or_a_url(tmp_path: Path, text: str, storage: Storage) -> None:
    found = load(tmp_path, f"workspace: {text}\n")
    assert found.workspace == storage
    assert json.loads(found.model_dump_json())["workspace"] == str(storage)
    assert load_config(Settings, None, [f"workspace={storage}"]) == found


def test_a_workspace_of_an_unknown_kind(tmp_path: Path) -> None:
    with pytest.raises(PtxError, match=r"workspace: nowhere://a cannot be opened .*pip install 'ptx\[remote\]'"):
        load(tmp_path, "workspace: nowhere://a\n")
    with pytest.raises(PtxError, match=r"workspace: must be a path or URL \(got 3\)"):
        load(tmp_path, "workspace: 3\n")


@pytest.mark.parametrize("given", ["seed: true", "size: [128, false]", "data: {kind: people, persons: true}"])
def test_booleans_are_no_numbers(tmp_path: Path, given: str) -> None:
    with pytest.raises(PtxError, match=r"pipeline.yaml:1: .*: must be a number, not true or false \(got "):
        load(tmp_path, given)


def test_several_booleans_are_all_told(tmp_path: Path) -> None:
    with pytest.raises(PtxError) as told:
        load(tmp_path, "seed: true\ndata: {kind: people, persons: true}\n", "size=[true, 64]")
    assert len(str(told.value).splitlines()) == 2  # sections are looked at once what is around them is right
