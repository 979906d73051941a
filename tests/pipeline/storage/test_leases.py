"""Leases on a store that is a dictionary: exclusion, expiry, and that of two at least one sees the other."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ptx.pipeline.storage import leases
from ptx.pipeline.storage.leases import Contender, lease
from ptx.pipeline.storage.storage import Busy


class Dictionary:
    """Objects of a store in memory."""

    def __init__(self) -> None:
        self.contents: dict[str, bytes] = {}
        self.lock = threading.Lock()

    def create(self, name: str, data: bytes) -> bool:
        with self.lock:
            if name in self.contents:
                return False
            self.contents[name] = data
            return True

    def put(self, name: str, data: bytes) -> None:
        self.contents[name] = data

    def get_many(self, names: Sequence[str]) -> list[bytes | None]:
        return [self.contents.get(name) for name in names]

    def names(self, folder: str) -> list[str]:
        return [name.removeprefix(f"{folder}/") for name in list(self.contents) if name.startswith(f"{folder}/")]

    def remove(self, name: str) -> None:
        self.contents.pop(name, None)


@pytest.fixture
def objects() -> Dictionary:
    return Dictionary()


def test_an_exclusive_lease_keeps_all_others_out(objects: Dictionary) -> None:
    with lease(objects, "l", shared=False, wait=True):
        for shared in (False, True):
            with pytest.raises(Busy), lease(objects, "l", shared=shared, wait=False):
                pass
        with lease(objects, "another", shared=False, wait=False):
            pass
    assert objects.contents == {}


def test_shared_leases_go_together(objects: Dictionary) -> None:
    first = lease(objects, "l", shared=True, wait=True)
    second = lease(objects, "l", shared=True, wait=False)
    with first, second, pytest.raises(Busy), lease(objects, "l", shared=False, wait=False):
        pass
    assert objects.contents == {}


@pytest.mark.slow
def test_the_lease_of_the_dead_expires_and_that_of_the_living_does_not(
    objects: Dictionary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "LEASE_SECONDS", 0.4)
    monkeypatch.setattr(leases, "RENEW_SECONDS", 0.05)
    objects.put("l/exclusive", b"of somebody who died")
    with pytest.raises(Busy), lease(objects, "l", shared=False, wait=False):
        pass
    with lease(objects, "l", shared=False, wait=True):
        contender = Contender(objects, "l", shared=False)
        end = time.monotonic() + 1
        while time.monotonic() < end:
            assert not contender.claim()
            time.sleep(0.05)
    assert objects.contents == {}


def test_who_was_taken_for_dead_leaves_the_next_owner_alone(objects: Dictionary) -> None:
    late = Contender(objects, "l", shared=False)
    assert late.claim()
    objects.put("l/exclusive", b"another 0")
    late.release()
    assert objects.contents == {"l/exclusive": b"another 0"}


def test_an_owner_outlives_a_store_that_does_not_answer(objects: Dictionary, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "RENEW_SECONDS", 0.01)

    def refuse(name: str, data: bytes) -> None:
        raise OSError

    with lease(objects, "l", shared=False, wait=True):
        monkeypatch.setattr(objects, "put", refuse)
        time.sleep(0.05)
        monkeypatch.undo()
    assert objects.contents == {}


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["claim", "release"])), max_size=30),
    st.tuples(*[st.booleans()] * 4),
)
def test_never_an_exclusive_owner_beside_another(moves: list[tuple[int, str]], shared: tuple[bool, ...]) -> None:
    """Four contenders that claim and release in any order."""
    objects = Dictionary()
    contenders = [Contender(objects, "l", shared=one) for one in shared]
    owners: set[int] = set()
    for number, move in moves:
        if move == "release" and number in owners:
            contenders[number].release()
            owners.remove(number)
        elif move == "claim" and number not in owners and contenders[number].claim():
            owners.add(number)
        assert len(owners) <= 1 or all(shared[owner] for owner in owners)
        assert len(objects.contents) == len(owners)


def test_never_two_owners(objects: Dictionary) -> None:
    inside, most, rounds = [0], [0], 20

    def work() -> None:
        for _ in range(rounds):
            contender = Contender(objects, "l", shared=False)
            while not contender.claim():
                time.sleep(0)
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            inside[0] -= 1
            contender.release()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most[0] == 1
