"""Leases: locks on an object store, which has neither `flock` nor anything that notices when an owner dies.

A lease is an object below the lock's name that its owner writes again and again; "put if absent" lets one of several win.

A lease is not as strict as a lock: an owner that hangs for a minute loses it and may go on writing. That is safe here: two who
compute the same block write the same bytes.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Protocol

from ptx.pipeline.storage.storage import Busy

LEASE_SECONDS = 60.0
"""Seconds without a renewal after which an owner counts as dead."""
RENEW_SECONDS = 15.0
"""Seconds between renewals."""
RETRY_SECONDS = 1.0
"""Seconds between two attempts of one who waits, at most; a twentieth of `LEASE_SECONDS` where that is less."""


class Objects(Protocol):
    """The operations of an object store that leases are made of."""

    def create(self, name: str, data: bytes) -> bool:
        """Write an object unless there is one; False where there is."""
        ...

    def put(self, name: str, data: bytes) -> None:
        """Write an object."""
        ...

    def get_many(self, names: Sequence[str]) -> list[bytes | None]:
        """Read objects; None for those that are not there."""
        ...

    def names(self, folder: str) -> list[str]:
        """Names of the objects directly below a name."""
        ...

    def remove(self, name: str) -> None:
        """Remove an object; nothing happens where there is none."""
        ...


@contextmanager
def lease(objects: Objects, name: str, *, shared: bool, wait: bool) -> Iterator[None]:
    """Hold a lease on a name: an object below it that is renewed while its owner lives.

    Raises:
        Busy: `wait` is false and somebody else holds it.
    """
    contender = Contender(objects, name, shared)
    while not contender.claim():
        if not wait:
            raise Busy(f"{objects}/{name}")
        time.sleep(min(RETRY_SECONDS, LEASE_SECONDS / 20))
    stop = threading.Event()
    keeper = threading.Thread(target=contender.keep_alive, args=(stop,), daemon=True)
    keeper.start()
    try:
        yield
    finally:
        stop.set()
        keeper.join()
        contender.release()


@dataclass(frozen=True)
class Contender:
    """One who wants a lease, or holds it."""

    objects: Objects
    lease: str
    """Name of the lease."""
    shared: bool
    token: str = field(default_factory=lambda: uuid.uuid4().hex)
    """Tells its object from those of others."""
    sightings: dict[str, tuple[bytes, float]] = field(default_factory=dict)
    """Object of another → its contents when last read, and the time (monotonic, s) since when they have not changed."""

    @property
    def own(self) -> str:
        """Name of its object."""
        return f"{self.lease}/" + (f"shared-{self.token}" if self.shared else "exclusive")

    def claim(self) -> bool:
        """Put its object, then look who else is there: of two who come at once at least one sees the other.

        Returns:
            True where it now holds the lease.
        """
        if not self.objects.create(self.own, self._contents()):
            self.expire_leases([self.own])
            return False
        others = [name for name in self._others() if not (self.shared and "/shared-" in name)]
        if self.expire_leases(others):
            return True
        self.objects.remove(self.own)
        return False

    def _others(self) -> list[str]:
        names = (f"{self.lease}/{name}" for name in self.objects.names(self.lease))
        return [name for name in names if name != self.own]

    def expire_leases(self, names: Sequence[str]) -> bool:
        """Remove objects that have not changed for `LEASE_SECONDS` by this machine's clock.

        Returns:
            True where none of them is left.
        """
        all_gone = True
        for name, contents in zip(names, self.objects.get_many(names), strict=True):
            if contents is None:
                continue
            now = time.monotonic()
            before, since = self.sightings.get(name, (None, now))
            if before != contents:
                since = now
                self.sightings[name] = (contents, now)
            if now - since > LEASE_SECONDS:
                self.objects.remove(name)
            else:
                all_gone = False
        return all_gone

    def keep_alive(self, stop: threading.Event) -> None:
        """Renew the lease until told to stop."""
        while not stop.wait(RENEW_SECONDS):
            with suppress(Exception):  # the store does not answer: the next renewal may
                self.objects.put(self.own, self._contents())

    def release(self) -> None:
        """Remove its object, unless it was taken for dead and the object is another's by now."""
        contents = self.objects.get_many([self.own])[0]
        if contents is not None and contents.decode().partition(" ")[0] == self.token:
            self.objects.remove(self.own)

    def _contents(self) -> bytes:
        return f"{self.token} {time.time()}".encode()
