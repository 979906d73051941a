"""Records: single and packed ones say the same; what is damaged does not count."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ptx.pipeline.errors import Problem
from ptx.pipeline.storage import records as module
from ptx.pipeline.storage.json_values import Json
from ptx.pipeline.storage.local import LocalStorage
from ptx.pipeline.storage.records import BAD, OK, PENDING, SKIPPED, Record, Records, ShardFile
from ptx.pipeline.storage.storage import Busy


@pytest.fixture(autouse=True)
def small_packs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLOCKS_PER_PACK", 4)


def record(block: int, stop: int | None = None, edition: int = 0) -> Record:
    start = 3 * block
    bad = {start + 1: Problem("ugly", str(edition))} if block % 2 else {}
    files = {"flow": ShardFile(100 + block, 7 * block)}
    return Record(start, stop or start + 3, files, bad, [start] if block == 5 else [])


def filled(folder: Path, blocks: int = 11) -> Records:
    """11 blocks of 3 samples, the last of 2; two packs and a rest."""
    found = Records(LocalStorage(folder), "x.blocks", 32, 3)
    for block in range(blocks):
        found.put(block, record(block, min(3 * block + 3, 32)))
    return found


def on_disk(records: Records) -> Path:
    """The folder of records."""
    assert records.storage.folder is not None
    return records.storage.folder / records.folder


def unlocked(block: int) -> nullcontext[None]:
    del block
    return nullcontext()


def test_packed_records_say_what_the_single_ones_said(tmp_path: Path) -> None:
    found = filled(tmp_path)
    before, summary = dict(found), found.summary()
    found.pack(unlocked)
    assert sorted(p.name for p in on_disk(found).glob("*.json")) == ["00000008.json", "00000009.json", "00000010.json"]
    assert len(list((on_disk(found) / "packed").iterdir())) == 2
    assert dict(found) == before == {block: found.get(block) for block in range(11)}
    after = found.summary()
    assert (after.states == summary.states).all()
    assert (after.bytes, after.problems) == (summary.bytes, summary.problems)
    assert after.bytes == sum(100 + b for b in range(11))
    assert set(np.flatnonzero(after.states == BAD)) == {3 * b + 1 for b in range(1, 11, 2)}
    assert set(np.flatnonzero(after.states == SKIPPED)) == {15}


def test_a_record_beside_a_pack_is_the_newer_one_until_it_is_packed(tmp_path: Path) -> None:
    found = filled(tmp_path)
    found.pack(unlocked)
    found.put(1, record(1, edition=2))
    assert found.get(1) == record(1, edition=2) == dict(found)[1]
    assert found.summary().problems[4] == Problem("ugly", "2")
    found.pack(unlocked)
    assert not found.storage.exists(found.file(1))
    assert found.get(1) == record(1, edition=2)


def test_a_packed_block_can_be_dropped_and_done_again(tmp_path: Path) -> None:
    found = filled(tmp_path)
    found.pack(unlocked)
    found.drop(2)
    found.drop(9)
    assert found.get(2) is None
    assert {2, 9}.isdisjoint(dict(found))
    assert set(np.flatnonzero(found.summary().states == PENDING)) == {6, 7, 8, 27, 28, 29}
    found.pack(unlocked)  # a stretch with a hole is left alone
    assert found.get(2) is None
    found.put(2, record(2))
    found.put(9, record(9))
    found.pack(unlocked)
    assert dict(found) == dict(filled(tmp_path / "calm"))


def test_what_a_worker_is_writing_stays(tmp_path: Path) -> None:
    found = filled(tmp_path)

    def lock(block: int) -> nullcontext[None]:
        if block == 1:
            raise Busy
        if block == 2:
            found.put(2, record(2, edition=9))  # written after it was read for the pack
        return nullcontext()

    found.pack(lock)
    assert found.storage.exists(found.file(1))
    assert found.get(2) == record(2, edition=9)
    assert dict(found)[1] == record(1)


@pytest.mark.slow
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_flipped_bit_never_gives_another_record(tmp_path: Path, data: st.DataObject) -> None:
    found = filled(tmp_path, 8)
    if data.draw(st.booleans()):
        found.pack(unlocked)
        path = tmp_path / found.pack_file(1)
    else:
        path = tmp_path / found.file(5)
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
    path = tmp_path / found.file(3)
    value = json.loads(path.read_text())
    del value["crc32"]
    path.write_text(json.dumps(value))
    assert found.get(3) == record(3)
    assert found.summary().states[9] == OK


def test_the_stored_form_has_not_changed(tmp_path: Path) -> None:
    """As the first version wrote it, checksum included."""
    stored: dict[str, Json] = {
        "start": 15, "stop": 18, "files": {"flow": {"bytes": 105, "crc32": 35}}, "bad": {"16": "ugly: 0"}, "skipped": [15],
        "crc32": 863924998,
    }  # fmt: skip
    assert record(5).as_json() == stored
    assert Record.from_json(stored) == record(5)


@pytest.mark.parametrize("value", [None, "dropped", 3, [], {}, {"start": 0}, {"start": "0", "stop": 1}])
def test_what_is_no_record(value: Json) -> None:
    assert Record.from_json(value) is None


def test_a_pack_that_is_no_list_does_not_count(tmp_path: Path) -> None:
    found = filled(tmp_path)
    found.pack(unlocked)
    (tmp_path / found.pack_file(1)).write_text("{}")
    assert found.get(5) is None
    assert set(dict(found)) == {0, 1, 2, 3, 8, 9, 10}


def test_files_that_were_read_again(tmp_path: Path) -> None:
    """Noted where there are some; records without stay byte for byte what they were."""
    files, stamps = {"flow": ShardFile(1, 2)}, {4: (10, 20), 3: (1, 2, 3, 4)}
    plain, noted = Record(3, 6, files, {}, []), Record(3, 6, files, {}, [], stamps)
    assert "reread" not in plain.as_json()
    assert Record.from_json(noted.as_json()) == noted
    assert Record.from_json({**noted.as_json(), "reread": {"4": [10, 21]}}) is None  # its checksum covers them
    records = Records(LocalStorage(tmp_path), "x.blocks", 6, 3)
    records.put(0, Record(0, 3, files, {}, []))
    records.put(1, noted)
    assert records.summary().reread == stamps
    for block in range(2):
        records.pack(unlocked)
        assert records.summary().reread == stamps, block
