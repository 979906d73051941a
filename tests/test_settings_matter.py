"""Every setting changes what something is, or says where something is, or is known to say how and not what."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Annotated, Literal, Union, get_args, get_origin

import pytest
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from ptx.datasets.catalogue import DATA_SETS
from ptx.pipeline.config import LOCATION, TRAINING_ONLY
from ptx.pipeline.errors import PtxError
from ptx.pipeline.fingerprint import digest
from ptx.project import Project
from ptx.settings import load_settings
from ptx.training.settings import LOOSE_SETTINGS
from ptx.training.state import manifest
from ptx.training.trainings import TRAININGS
from tests.projects import NO_FILE

HOW = {
    "systems": "which steps `ptx run everything` runs",
    "run.workers": "how many work at once; tests/pipeline holds the bytes against those of one",
    "run.max_bad_fraction": "when a run is given up; what is computed stays as it is",
    "cluster": "where work runs and what its jobs ask for",
    "evaluate": "what scores are computed with; they are no step, and name their networks by hash",
}
"""Setting, or section, that says how and not what → why."""

LOOSE = {
    "steps": "how long: a longer training goes on from a shorter one",
    "save_every": "how often checkpoints are written",
    "keep": "how many checkpoints stay on disk",
    "validate_pairs": "how closely a training is watched",
    "workers": "how many processes read ahead",
    "preset": "where values that are not given come from; these are recorded themselves",
    "compile": "how fast; the same arithmetic but for rounding",
    "devices": "how many share a batch; tests/training/test_processes holds the models against each other",
    "nodes": "likewise",
}
"""The same of every training."""


def leaves(section: BaseModel, path: tuple[str, ...] = ()) -> Iterator[tuple[str, FieldInfo]]:
    """Every setting by its full name; not the kind of data set, which each section `data` has one of its own of."""
    for name, field in type(section).model_fields.items():
        if (*path, name) == ("data", "kind"):
            continue
        value = getattr(section, name)
        if isinstance(value, BaseModel):
            yield from leaves(value, (*path, name))
        else:
            yield ".".join((*path, name)), field


SETTINGS = load_settings(NO_FILE)
LEAVES = dict(leaves(SETTINGS))


def is_location(field: FieldInfo) -> bool:
    """True where a setting is marked as saying where something is."""
    parts = (field.annotation, *get_args(field.annotation))
    return LOCATION in field.metadata or any(LOCATION in getattr(part, "__metadata__", ()) for part in parts)


def others(annotation: object, value: object) -> Iterator[object]:
    """Other values that a setting may have; some may not be allowed."""
    if get_origin(annotation) in (Union, UnionType, Annotated):
        for part in get_args(annotation):
            yield from others(part, value)
    elif get_origin(annotation) is Literal:
        yield from (one for one in get_args(annotation) if one != value)
    elif isinstance(value, bool):
        yield not value
    elif isinstance(value, int | float):
        yield from (value + 1, value * 2, value / 2 if isinstance(value, float) else value - 1, 0.5)
    elif isinstance(value, tuple):
        yield from ([one, *value[1:]] for one in (others(object, value[0]) if value else ("one",)))
    elif value is None:
        yield from (7, "one", ["one"])
    else:
        yield "small"


def identities(*overrides: str) -> dict[str, str]:
    """Digest of everything that each step's results depend on."""
    project = Project(load_settings(NO_FILE, list(overrides)))
    stages = {stage.name: digest(project.pipeline.manifest(stage)) for stage in project.pipeline.stages}
    return stages | {name: digest(manifest(project.context, row)) for name, row in TRAININGS.items()}


@cache
def identities_of_defaults() -> dict[str, str]:
    return identities()


def value_of(name: str) -> object:
    """The default of a setting by its full name."""
    found: object = SETTINGS
    for part in name.split("."):
        found = getattr(found, part)
    return found


def reason(name: str) -> str | None:
    """Why a setting need not change what anything is."""
    section, _, short = name.partition(".")
    if section in {training.section for training in TRAININGS.values()}:
        return LOOSE.get(short)
    return HOW.get(name) or HOW.get(section)


@pytest.mark.parametrize("name", LEAVES)
def test_another_value_makes_another_result(name: str) -> None:
    if is_location(LEAVES[name]):
        assert reason(name) is None or name.startswith("evaluate.")
        return
    changed = []
    for other in others(LEAVES[name].annotation, value_of(name)):
        try:
            found = identities(f"{name}={other if isinstance(other, str) else json.dumps(other)}")
        except PtxError:  # a value that is not allowed
            continue
        changed.append(found != identities_of_defaults())
    if reason(name) is None:
        assert any(changed), f"{name}: no value that was tried changes anything"
    elif not name.endswith((".preset", ".devices", ".nodes")):  # a preset changes other settings
        assert not any(changed), f"{name} does change what is computed: it is no matter of how"


def test_a_setting_of_a_training_changes_its_model_and_those_that_are_trained_on_it() -> None:
    before, after = identities_of_defaults(), identities("train_flow.part_weight=2")
    assert {name for name in before if before[name] != after[name]} == {
        "train-flow", "train-generator", "train-pixel-warp",
    }  # fmt: skip


def test_the_lists_of_what_says_how_name_nothing_else() -> None:
    assert set(LOOSE) == LOOSE_SETTINGS
    assert all(name in LEAVES or any(leaf.startswith(f"{name}.") for leaf in LEAVES) for name in HOW)


@pytest.mark.parametrize("kind", DATA_SETS)
def test_every_setting_of_a_data_set_is_in_its_listing_or_in_trainings(kind: str, tmp_path: Path) -> None:
    """`data` is what ingest depends on, and all stages through it."""
    needed = {"root": str(tmp_path)} if "root" in DATA_SETS[kind].settings.model_fields else {}
    plain = DATA_SETS[kind].settings.model_validate({"kind": kind, **needed})
    assert plain.manifest()["kind"] == kind
    for name, field in type(plain).model_fields.items():
        if name == "kind" or is_location(field):
            continue
        known = []
        for other in others(field.annotation, getattr(plain, name)):
            try:
                known.append(type(plain).model_validate({"kind": kind, **needed, name: other}))
            except ValidationError:
                continue
        assert known, name
        if TRAINING_ONLY in field.metadata:
            assert all(one.manifest() == plain.manifest() for one in known)
        else:
            assert any(one.manifest() != plain.manifest() for one in known), name
