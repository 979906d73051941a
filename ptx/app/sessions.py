"""What pages have sent, in memory alone: dropped with the page, or when nothing is heard of it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ptx.app.messages import Progress, ReadPerson, ReadPose, Upload

MOST_SESSIONS = 64
"""Pages and API clients at a time; the one that was longest silent makes room."""

MOST_BYTES = 512 * 1024 * 1024
"""Bytes of uploads that are kept in all."""

MOST_THINGS = 32
"""People and poses of one session; the oldest make room."""

IDLE = 900.0
"""Seconds after which a session is dropped that has no page, or whose page says nothing."""

GRACE = 20.0
"""Seconds that a page whose connection ended has to come back."""

Hearing = Callable[[tuple[str, Progress] | None], None]
"""An event stream: it hears of jobs by their names and of their progress, and None where it is to end."""

Recipe = ReadPerson | ReadPose
"""How a person or a pose is read again."""


@dataclass
class Session:
    """One page, or one client of the API."""

    name: str
    heard: float
    """When it was heard of last."""
    listeners: list[Hearing] = field(default_factory=list)
    """Event streams that are open, of pages that are looked at."""
    recipes: dict[str, Recipe] = field(default_factory=dict)
    """People and poses by name, the oldest first."""

    @property
    def size(self) -> int:
        """Bytes of its uploads."""
        return sum(len(one.content) for recipe in self.recipes.values() for one in uploads_of(recipe))


class Sessions:
    """All sessions; whoever is dropped is told to `forget`."""

    def __init__(self, forget: Callable[[list[str]], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._forget, self._clock = forget, clock
        self._sessions: dict[str, Session] = {}
        self._owners: dict[str, str] = {}

    def __len__(self) -> int:
        """Number of sessions."""
        return len(self._sessions)

    def open(self, name: str = "") -> Session:
        """Return the session of a name, or a new one where there is none."""
        self.sweep()
        session = self._sessions.get(name)
        if session is None:
            session = Session(secrets.token_urlsafe(18), self._clock())
            self._sessions[session.name] = session
            self._make_room(session)
        session.heard = self._clock()
        return session

    def keep(self, session: Session, recipe: Recipe) -> None:
        """Note how something was read."""
        name = name_of(recipe)
        session.recipes.pop(name, None)
        session.recipes[name] = recipe
        self._owners[name] = session.name
        for oldest in list(session.recipes)[: -MOST_THINGS or None]:
            self.drop(oldest)
        self._make_room(session)

    def recipe(self, name: str) -> Recipe | None:
        """Return how a person or a pose was read; None where nobody knows it. Its session was heard of."""
        session = self.owner(name)
        return None if session is None else session.recipes.get(name)

    def owner(self, name: str) -> Session | None:
        """Return the session that has a person or a pose."""
        session = self._sessions.get(self._owners.get(name, ""))
        if session is not None:
            session.heard = self._clock()
        return session

    def drop(self, name: str) -> None:
        """Forget a person or a pose."""
        session = self._sessions.get(self._owners.pop(name, ""))
        if session is not None and session.recipes.pop(name, None) is not None:
            self._forget([name])

    def close(self, name: str) -> None:
        """Forget a session and all that it has."""
        session = self._sessions.pop(name, None)
        if session is not None:
            for thing in session.recipes:
                self._owners.pop(thing, None)
            self._forget(list(session.recipes))

    def sweep(self) -> None:
        """Forget sessions that nothing is heard of."""
        now = self._clock()
        for session in list(self._sessions.values()):
            if not session.listeners and now - session.heard > IDLE:
                self.close(session.name)

    def page_opened(self, session: Session, listener: Hearing) -> None:
        """Note that a page listens."""
        session.listeners.append(listener)

    def page_closed(self, session: Session, listener: Hearing) -> None:
        """Note that a page does not listen any more; without another it has `GRACE` seconds to come back."""
        session.listeners.remove(listener)
        if not session.listeners:
            session.heard = self._clock() - IDLE + GRACE

    def tell(self, name: str, progress: Progress, job: str = "") -> None:
        """Have the pages of a session hear of the progress of a job."""
        for listener in list(self._sessions[name].listeners) if name in self._sessions else []:
            listener((job, progress))

    def end_streams(self) -> None:
        """End all event streams: the server ends."""
        for session in self._sessions.values():
            for listener in list(session.listeners):
                listener(None)

    def _make_room(self, newest: Session) -> None:
        """Close sessions that were longest silent while there are too many, or they have too much."""

        def too_much() -> bool:
            return len(self._sessions) > MOST_SESSIONS or sum(one.size for one in self._sessions.values()) > MOST_BYTES

        while too_much():
            others = [one for one in self._sessions.values() if one is not newest]
            if not others:
                return
            self.close(min(others, key=lambda one: (bool(one.listeners), one.heard)).name)


def name_of(recipe: Recipe) -> str:
    """Return the name of what a recipe reads."""
    return recipe.person if isinstance(recipe, ReadPerson) else recipe.pose


def uploads_of(recipe: Recipe) -> tuple[Upload, ...]:
    """Return the files of a recipe."""
    return recipe.photographs if isinstance(recipe, ReadPerson) else (recipe.source,)


def new_name() -> str:
    """Return a name that nobody guesses."""
    return secrets.token_urlsafe(12)
