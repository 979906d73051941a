"""Mistakes in settings: every one in one line with its place and, where it can be guessed, the cure."""

from __future__ import annotations

from pathlib import Path

import pytest

from ptx.pipeline.config import load_config
from ptx.pipeline.errors import PtxError
from tests.pipeline.sample_settings import RENAMED, Settings


def mistakes(tmp_path: Path, text: str, *overrides: str) -> str:
    path = tmp_path / "pipeline.yaml"
    path.write_text(text)
    with pytest.raises(PtxError) as caught:
        load_config(Settings, path, overrides, renamed=RENAMED)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("iterations: 9\n", "pipeline.yaml:1: iterations: no such setting, did you mean 'fit_smpl.iterations'?"),
        ("seed: 1\nsede: 2\n", "pipeline.yaml:2: sede: no such setting, did you mean 'seed'?"),
        (
            "fit_smpl:\n  iteratons: 3\n",
            "pipeline.yaml:2: fit_smpl.iteratons: no such setting, did you mean 'iterations'?",
        ),
        ("size: [256]\n", "pipeline.yaml:1: size.1: is needed"),
        ("size: [256, 8]\n", "pipeline.yaml:1: size.1: must be greater than or equal to 16 (got 8)"),
        ("size:\n- 256\n- 8\n", "pipeline.yaml:3: size.1: must be greater than or equal to 16 (got 8)"),
        ("data:\n  kind: foldr\n", "pipeline.yaml:1: data.kind: must be one of 'people', 'folder'"),
        ("data:\n  root: x\n", "pipeline.yaml:1: data.kind: must be one of 'people', 'folder', 'deepfashion'"),
        ("data:\n  kind: folder\n", "pipeline.yaml:1: data.root: is needed"),
        ("data:\n  kind: market1501\n", "pipeline.yaml:1: data.root: is needed"),
        ("data:\n  kind: people\n  root: x\n", "pipeline.yaml:3: data.root: no such setting"),
        (
            "data:\n  kind: people\n  person: 3\n",
            "pipeline.yaml:3: data.person: no such setting, did you mean 'persons'?",
        ),
        ("run:\n  workers: 0\n", "pipeline.yaml:2: run.workers: must be greater than or equal to 1 (got 0)"),
        ("seed: [1\n", "pipeline.yaml:2:1: not valid YAML"),
        ("seed: 1\nseed: 2\n", "not valid YAML: found duplicate key"),
        ("- a\n", "pipeline.yaml:1: a settings file is a list of `name: value` lines, this one holds a list"),
        ("a\n", "pipeline.yaml:1: a settings file is a list of `name: value` lines, this one holds only 'a'"),
        ("seed: !!python/object/apply:os.system ['true']\n", "pipeline.yaml"),
    ],
)
def test_mistakes(tmp_path: Path, text: str, words: str) -> None:
    found = mistakes(tmp_path, text)
    assert words in found
    assert "\n" not in found


def test_all_mistakes_at_once(tmp_path: Path) -> None:
    found = mistakes(tmp_path, "sede: 2\nsize: 3\n", "fit_smpl.iterations=-1")
    assert [line.split(":")[1] for line in found.splitlines() if line.startswith(str(tmp_path))] == ["1", "2"]
    assert "--set fit_smpl.iterations: must be greater than or equal to 1" in found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("fit_smpl:\n  base: 3\n", "pipeline.yaml:2: fit_smpl.base: no such setting, did you mean 'base_channels'?"),
        ("sidelength: 3\n", "pipeline.yaml:1: sidelength: no such setting, did you mean 'size'?"),
        ("run:\n  sidelength: 3\n", "pipeline.yaml:2: run.sidelength: no such setting, did you mean 'size'?"),
        (
            "fit_smpl:\n  threads: 3\n",
            "pipeline.yaml:2: fit_smpl.threads: no such setting, did you mean 'run.workers'?",
        ),
    ],
)
def test_renamed_settings_are_known_for_certain(tmp_path: Path, text: str, words: str) -> None:
    assert words in mistakes(tmp_path, text)


def test_without_a_file(tmp_path: Path) -> None:
    with pytest.raises(PtxError, match=r"^--set fit_smpl.base: no such setting, did you mean 'base_channels'\?$"):
        load_config(Settings, None, ["fit_smpl.base=3"], renamed=RENAMED)


def test_a_new_name_is_only_given_where_it_exists() -> None:
    renamed = {"base": "base_channels"}
    with pytest.raises(PtxError, match=r"^--set run.base: no such setting$"):
        load_config(Settings, None, ["run.base=3"], renamed=renamed)
    with pytest.raises(PtxError, match=r"fit_smpl.base: no such setting, did you mean 'base_channels'\?$"):
        load_config(Settings, None, ["fit_smpl.base=3"], renamed=renamed)


def test_settings_that_are_gone_say_why(tmp_path: Path) -> None:
    path = tmp_path / "pipeline.yaml"
    path.write_text("fit_smpl:\n  sides: 3\n")
    removed = {"fit_smpl.sides": "bodies have none"}
    with pytest.raises(
        PtxError, match=r"pipeline.yaml:2: fit_smpl.sides: is no setting any more, leave it out: bodies"
    ):
        load_config(Settings, path, removed=removed)
    with pytest.raises(PtxError, match=r"^--set run.sides: no such setting$"):
        load_config(Settings, None, ["run.sides=3"], removed=removed)
