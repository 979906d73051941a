"""What is kept of a page, and when it is forgotten."""

from __future__ import annotations

import pytest

from ptx.app import sessions as module
from ptx.app.messages import Progress, ReadPerson, ReadPose, Upload
from ptx.app.sessions import GRACE, IDLE, MOST_SESSIONS, MOST_THINGS, Sessions


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def forgotten() -> list[str]:
    return []


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sessions(forgotten: list[str], clock: Clock) -> Sessions:
    return Sessions(forgotten.extend, clock)


def person(name: str, size: int = 10) -> ReadPerson:
    return ReadPerson(name, (Upload("me.jpg", bytes(size)),))


def test_a_session_is_found_by_its_name_and_no_other(sessions: Sessions) -> None:
    first = sessions.open()
    assert sessions.open(first.name) is first
    assert sessions.open("guessed") is not first
    assert len(first.name) >= 20


def test_people_and_poses_are_known_until_they_are_dropped(sessions: Sessions, forgotten: list[str]) -> None:
    session = sessions.open()
    sessions.keep(session, person("anna"))
    sessions.keep(session, ReadPose("anna", "dance", Upload("dance.jpg", b"1234")))
    assert session.size == 14
    assert sessions.recipe("dance") == ReadPose("anna", "dance", Upload("dance.jpg", b"1234"))
    sessions.drop("anna")
    assert sessions.recipe("anna") is None
    assert forgotten == ["anna"]


def test_a_closed_page_leaves_nothing(sessions: Sessions, forgotten: list[str]) -> None:
    session = sessions.open()
    sessions.keep(session, person("anna"))
    sessions.keep(session, person("berta"))
    sessions.close(session.name)
    assert forgotten == ["anna", "berta"]
    assert sessions.recipe("anna") is None
    assert len(sessions) == 0


def test_a_page_that_is_gone_has_a_while_to_come_back(sessions: Sessions, clock: Clock) -> None:
    session = sessions.open()
    sessions.keep(session, person("anna"))
    heard: list[tuple[str, Progress] | None] = []
    sessions.page_opened(session, heard.append)
    clock.now += 10 * IDLE
    sessions.sweep()
    assert len(sessions) == 1  # it is looked at
    sessions.page_closed(session, heard.append)
    clock.now += GRACE - 1
    sessions.sweep()
    assert sessions.open(session.name) is session
    sessions.page_opened(session, heard.append)
    sessions.page_closed(session, heard.append)
    clock.now += GRACE + 1
    sessions.sweep()
    assert len(sessions) == 0


def test_clients_without_a_page_are_forgotten_when_they_are_silent(sessions: Sessions, clock: Clock) -> None:
    sessions.keep(sessions.open(), person("anna"))
    clock.now += IDLE - 1
    assert sessions.recipe("anna") is not None  # heard of
    clock.now += IDLE - 1
    sessions.sweep()
    assert len(sessions) == 1
    clock.now += IDLE + 1
    sessions.sweep()
    assert len(sessions) == 0


def test_their_number_is_bounded(sessions: Sessions, clock: Clock, forgotten: list[str]) -> None:
    for number in range(MOST_SESSIONS + 2):
        sessions.keep(sessions.open(), person(f"p{number}"))
        clock.now += 1
    assert len(sessions) == MOST_SESSIONS
    assert forgotten == ["p0", "p1"]


def test_pages_that_are_looked_at_outlive_silent_clients(sessions: Sessions, clock: Clock) -> None:
    page = sessions.open()
    sessions.page_opened(page, lambda _: None)
    for _ in range(MOST_SESSIONS + 5):
        clock.now += 1
        sessions.open()
    assert sessions.open(page.name) is page


def test_the_things_of_one_session_are_bounded(sessions: Sessions, forgotten: list[str]) -> None:
    session = sessions.open()
    for number in range(MOST_THINGS + 3):
        sessions.keep(session, person(f"p{number}"))
    assert forgotten == ["p0", "p1", "p2"]


def test_their_bytes_are_bounded(sessions: Sessions, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 100)
    first = sessions.open()
    sessions.keep(first, person("anna", 60))
    clock.now += 1
    sessions.keep(sessions.open(), person("berta", 60))
    assert sessions.recipe("anna") is None
    assert sessions.recipe("berta") is not None


def test_progress_reaches_the_pages_of_a_session_alone(sessions: Sessions) -> None:
    mine, other = sessions.open(), sessions.open()
    heard: dict[str, list[tuple[str, Progress] | None]] = {"mine": [], "other": []}
    sessions.page_opened(mine, heard["mine"].append)
    sessions.page_opened(other, heard["other"].append)
    sessions.tell(mine.name, Progress(1, 2), "turn")
    sessions.tell("nobody", Progress(1, 2))
    assert heard == {"mine": [("turn", Progress(1, 2))], "other": []}
    sessions.end_streams()
    assert heard == {"mine": [("turn", Progress(1, 2)), None], "other": [None]}
