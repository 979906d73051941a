"""Settings from YAML: every mistake in one line with its place."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ptx.pipeline.config import config_yaml, load_config
from ptx.pipeline.errors import PtxError
from ptx.settings import FolderData, PeopleData, Settings


def load(tmp_path: Path, text: str, *overrides: str) -> Settings:
    path = tmp_path / "pipeline.yaml"
    path.write_text(text)
    return load_config(Settings, path, overrides)


def test_empty_file_gives_defaults(tmp_path: Path) -> None:
    assert load(tmp_path, "") == Settings()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("seed: 1\nsede: 2\n", "pipeline.yaml:2: sede: no such setting, did you mean 'seed'?"),
        (
            "fit_smpl:\n  iteratons: 3\n",
            "pipeline.yaml:2: fit_smpl.iteratons: no such setting, did you mean 'iterations'?",
        ),
        ("size: [256]\n", "pipeline.yaml:1: size.1: is needed"),
        ("size: [256, 8]\n", "pipeline.yaml:1: size.1: must be greater than or equal to 16 (got 8)"),
        ("data:\n  kind: foldr\n", "pipeline.yaml:1: data.kind: must be one of 'people', 'folder'"),
        ("data:\n  kind: folder\n", "pipeline.yaml:1: data.root: is needed"),
        ("data:\n  kind: people\n  root: x\n", "pipeline.yaml:3: data.root: no such setting"),
        ("run:\n  workers: 0\n", "pipeline.yaml:2: run.workers: must be greater than or equal to 1 (got 0)"),
        ("seed: [1\n", "pipeline.yaml:2:1: not valid YAML"),
        ("seed: 1\nseed: 2\n", "not valid YAML: found duplicate key"),
        ("- a\n", "pipeline.yaml:1: a settings file is a list of `name: value` lines"),
        ("seed: !!python/object/apply:os.system ['true']\n", "pipeline.yaml"),
    ],
)
def test_mistakes(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(PtxError) as caught:
        load(tmp_path, text)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_all_mistakes_at_once(tmp_path: Path) -> None:
    with pytest.raises(PtxError) as caught:
        load(tmp_path, "sede: 2\nsize: 3\n", "fit_smpl.iterations=-1")
    assert [line.split(":")[1] for line in str(caught.value).splitlines() if line.startswith(str(tmp_path))] == [
        "1",
        "2",
    ]
    assert "--set fit_smpl.iterations: must be greater than or equal to 1" in str(caught.value)


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


def test_bad_override(tmp_path: Path) -> None:
    with pytest.raises(PtxError, match="write it as name=value"):
        load(tmp_path, "", "seed")


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


def test_places_are_no_part_of_what_results_depend_on() -> None:
    a = FolderData(kind="folder", root=Path("/a"), pairs=Path("/a/p.csv")).essence()
    assert a == FolderData(kind="folder", root=Path("/b")).essence()
    assert "test_fraction" in a
