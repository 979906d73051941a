"""Records: single and packed ones say the same; what is damaged does not count."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ptx.pipeline.storage.files import Busy

from ptx.pipeline.storage import records as module
from ptx.pipeline.storage.records import BAD, OK, PENDING, SKIPPED, Record, Records


@pytest.fixture(autouse=True)
def small_packs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PACK", 4)


def record(block: int, stop: int | None = None, edition: int = 0) -> Record:
    start = 3 * block
    bad = {start + 1: f"ugly: {edition}"} if block % 2 else {}
    files = {"flow": {"bytes": 100 + block, "crc32": 7 * block}}
    return Record(start, stop or start + 3, files, bad, [start] if block == 5 else [])


def filled(folder: Path, blocks: int = 11) -> Records:
    """11 blocks of 3 samples, the last of 2; two packs and a rest."""
    found = Records(folder / "x.blocks", 32, 3)
    for block in range(blocks):
        found.put(block, record(block, min(3 * block + 3, 32)))
    return found


def unguarded(block: int) -> nullcontext[None]:
    del block
    return nullcontext()


def test_packed_records_say_what_the_single_ones_said(tmp_path: Path) -> None:
    found = filled(tmp_path)
    before, summary = dict(found), found.summary()
    found.pack(unguarded)
    assert sorted(p.name for p in found.folder.glob("*.json")) == ["00000008.json", "00000009.json", "00000010.json"]
    assert len(list((found.folder / "packed").iterdir())) == 2
    assert dict(found) == before == {block: found.get(block) for block in range(11)}
    after = found.summary()
    assert (after.states == summary.states).all()
    assert (after.bytes, after.problems) == (summary.bytes, summary.problems)
    assert after.bytes == sum(100 + b for b in range(11))
    assert set(np.flatnonzero(after.states == BAD)) == {3 * b + 1 for b in range(1, 11, 2)}
    assert set(np.flatnonzero(after.states == SKIPPED)) == {15}


def test_a_record_beside_a_pack_is_the_newer_one_until_it_is_packed(tmp_path: Path) -> None:
    found = filled(tmp_path)
    found.pack(unguarded)
    found.put(1, record(1, edition=2))
    assert found.get(1) == record(1, edition=2) == dict(found)[1]
    assert found.summary().problems[4] == "ugly: 2"
    found.pack(unguarded)
    assert not found.path(1).exists()
    assert found.get(1) == record(1, edition=2)


def test_a_packed_block_can_be_dropped_and_done_again(tmp_path: Path) -> None:
    found = filled(tmp_path)
    found.pack(unguarded)
    found.drop(2)
    found.drop(9)
    assert found.get(2) is None
    assert {2, 9}.isdisjoint(dict(found))
    assert set(np.flatnonzero(found.summary().states == PENDING)) == {6, 7, 8, 27, 28, 29}
    found.pack(unguarded)  # a stretch with a hole is left alone
    assert found.get(2) is None
    found.put(2, record(2))
    found.put(9, record(9))
    found.pack(unguarded)
    assert dict(found) == dict(filled(tmp_path / "calm"))


def test_what_a_worker_is_writing_stays(tmp_path: Path) -> None:
    found = filled(tmp_path)

    def guard(block: int) -> nullcontext[None]:
        if block == 1:
            raise Busy
        if block == 2:
            found.put(2, record(2, edition=9))  # written after it was read for the pack
        return nullcontext()

    found.pack(guard)
    assert found.path(1).exists()
    assert found.get(2) == record(2, edition=9)
    assert dict(found)[1] == record(1)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_flipped_bit_never_gives_another_record(tmp_path: Path, data: st.DataObject) -> None:
    found = filled(tmp_path, 8)
    if data.draw(st.booleans()):
        found.pack(unguarded)
        path = found.pack_path(1)
    else:
        path = found.path(5)
    text = bytearray(path.read_bytes())
    bit = data.draw(st.integers(0, 8 * len(text) - 1))
    text[bit // 8] ^= 1 << bit % 8
    path.write_bytes(bytes(text))
    true = dict(filled(tmp_path / "calm", 8))
    for block, got in found:
        assert got == true[block]
    path.unlink()


def test_records_without_a_checksum_are_read(tmp_path: Path) -> None:
    found = filled(tmp_path)
    value = json.loads(found.path(3).read_text())
    del value["crc32"]
    found.path(3).write_text(json.dumps(value))
    assert found.get(3) == record(3)
    assert found.summary().states[9] == OK
