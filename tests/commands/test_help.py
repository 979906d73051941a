"""Help and completion: every command and every step has a line, and choices are listed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from typer.core import TyperGroup, TyperOption
from typer.main import get_command

from ptx.cli import app
from ptx.commands.avatar import TextureSide
from ptx.commands.listeners import Format
from ptx.commands.models import ProtocolName
from ptx.commands.networks import EngineName
from ptx.commands.options import ClusterKind
from ptx.commands.steps import GROUPS, complete_stage, complete_steps, known_steps
from ptx.datasets.images import Frame
from ptx.evaluation.protocols import PROTOCOLS
from ptx.inference.view import Joints
from ptx.pipeline.cluster import Kind
from ptx.project import Project
from ptx.samples.export import FlowFormat
from ptx.settings import Settings
from ptx.surface.proportions import Proportions
from ptx.training.systems import SYSTEMS
from tests.commands.runner import ptx

PANELS = ("Start", "Data", "Models", "Pictures", "Cluster")

COMMANDS = {
    "demo", "doctor", "config", "run", "check", "status", "retry", "verify", "show", "export", "evaluate", "report", "study", "transfer",
    "view", "animate", "pose", "avatar", "app", "submit", "models",
}  # fmt: skip


def words_of(text: str) -> str:
    """The text of a help page without borders and line breaks."""
    return " ".join(text.replace("│", " ").split())


def test_the_first_page(tmp_path: Path) -> None:
    page = ptx(tmp_path, "--help").out
    after_usage = words_of(page).split("[ARGS]... ")[1]
    assert after_usage.startswith("Paint a person from a photograph in the pose of another photograph")
    places = [page.index(f"─ {panel} ─") for panel in PANELS]
    assert places == sorted(places)
    start = page[places[0] : places[1]]
    assert [line.split()[1] for line in start.splitlines()[1:] if line.startswith("│ ") and line[2] != " "] == [
        "demo", "doctor", "config",
    ]  # fmt: skip
    assert all(f"│ {command} " in page for command in COMMANDS)


def test_every_command_has_help() -> None:
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    assert set(group.commands) == COMMANDS
    for name, command in group.commands.items():
        assert command.help, name
        for option in (one for one in command.params if isinstance(one, TyperOption)):
            assert option.help, f"{name} {option.name}"


@pytest.mark.parametrize("command", ["run", "submit"])
def test_help_lists_every_step_with_a_line(command: str, tmp_path: Path) -> None:
    page = ptx(tmp_path, command, "--help").out
    for name in (*(step.name for step in Project(Settings()).steps), *GROUPS):
        line = next(line for line in page.splitlines() if line.split()[:2] == ["│", name])
        assert len(line.split()) > 5
    assert "Examples:" in page


def test_steps_are_completed() -> None:
    assert [name for name, _ in complete_steps("train-g")] == ["train-generator", "train-garment"]
    assert {name for name, _ in complete_steps("")} == set(known_steps())
    assert [name for name, _ in complete_stage("fit")] == ["fit-smpl"]
    assert not complete_stage("train")


@pytest.mark.parametrize(
    ("command", "option", "choices"),
    [
        (["run"], "--cluster", get_args(Kind)),
        (["run"], "--log-format", get_args(Format)),
        (["transfer"], "--as", ("picture", "sheet", "paste", "everyone")),
        (["transfer"], "--system", tuple(SYSTEMS)),
        (["transfer"], "--frame", get_args(Frame)),
        (["transfer"], "--engine", get_args(EngineName)),
        (["view"], "--engine", get_args(EngineName)),
        (["avatar"], "--texture", get_args(TextureSide)),
        (["transfer"], "--proportions", get_args(Proportions)),
        (["view"], "--frame", get_args(Frame)),
        (["view"], "--as", ("picture", "sheet", "paste", "everyone")),
        (["view"], "--joints", get_args(Joints)),
        (["export", "flow"], "--format", get_args(FlowFormat)),
        (["evaluate"], "--protocol", tuple(PROTOCOLS)),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value if isinstance(value, str) else "",
)
def test_choices_are_in_the_help_and_others_are_refused(
    command: list[str], option: str, choices: tuple[str, ...], tmp_path: Path
) -> None:
    page = words_of(ptx(tmp_path, *command, "--help").out)
    assert "|".join(choices) in page.replace(" ", "")
    refused = ptx(tmp_path, *command, option, "x")
    assert refused.code == 2
    assert all(choice in words_of(refused.err) for choice in choices)


def test_choices_are_those_of_the_code() -> None:
    assert get_args(ProtocolName) == tuple(PROTOCOLS)
    assert get_args(get_args(get_args(ClusterKind)[0])[0]) == get_args(Kind)


def options(group: TyperGroup, *names: str) -> Iterator[tuple[tuple[str, ...], TyperOption]]:
    """Every option of every command, with the command's words."""
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from options(command, *names, name)
        else:
            yield from (((*names, name), option) for option in command.params if isinstance(option, TyperOption))


@pytest.mark.slow
def test_help_is_shown_as_it_is_written(tmp_path: Path) -> None:
    """Brackets are no markup and colons no emoji."""
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    pages: dict[tuple[str, ...], set[str]] = {}
    for words, option in options(group):
        if words not in pages:
            pages[words] = set(words_of(ptx(tmp_path, *words, "--help").out).split())
        written = set((option.help or "").replace("\\[", "[").split())
        assert written <= pages[words], (words, option.name)


def test_completion_is_on(tmp_path: Path) -> None:
    assert "--install-completion" in ptx(tmp_path, "--help").out
