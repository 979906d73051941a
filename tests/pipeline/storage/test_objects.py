"""A workspace on an object store, by a real S3 protocol on loopback: the bytes are those of a folder, whatever dies meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ptx.pipeline.errors import PtxError
from ptx.pipeline.plan import Pipeline
from ptx.pipeline.storage import leases
from ptx.pipeline.storage.objects import ObjectStorage, open_file_system, translate_errors
from ptx.pipeline.storage.storage import Busy
from ptx.pipeline.verify import drop_damaged, verify_stage
from tests.pipeline.storage.s3 import make_bucket, make_prefix, objects, s3_server
from tests.pipeline.toy import Knobs, run_all, tree
from tests.pipeline.toy import toy as toy_of_small_blocks

pytestmark = pytest.mark.slow


def toy(workspace: Path | str, *, factor: int = 3, sleep: float = 0) -> Pipeline:
    """In 8 blocks: every request takes milliseconds."""
    knobs: Knobs = {"factor": factor, "sleep": sleep}
    return toy_of_small_blocks(workspace, block=50, **knobs)


@pytest.fixture(scope="module")
def server() -> Iterator[None]:
    """S3 is a server in this process meanwhile."""
    with s3_server():
        yield


@pytest.fixture
def url(server: None, request: pytest.FixtureRequest) -> str:
    """A prefix of its own in a bucket."""
    del server
    return make_prefix(request)


def computed(pipeline: Pipeline) -> list[int]:
    """Samples that each stage computes."""
    return [outcome.computed for outcome in run_all(pipeline)]


def blocks(pipeline: Pipeline) -> int:
    """Blocks that are done, of all stages."""
    stores = [pipeline.store(stage) for stage in pipeline.stages]
    return sum(len(list(store.records)) for store in stores if store.exists())


def test_the_bytes_are_those_of_a_folder_and_a_second_run_does_nothing(tmp_path: Path, url: str) -> None:
    run_all(toy(tmp_path))
    assert computed(toy(url)) == [150, 150, 100]
    assert objects(url) == tree(tmp_path)
    assert computed(toy(url)) == [0, 0, 0]
    assert not ObjectStorage(url).names(".locks/square")


def test_other_settings_rebuild_what_depends_on_them(tmp_path: Path, url: str) -> None:
    run_all(toy(url))
    run_all(toy(url, factor=5))
    run_all(toy(tmp_path, factor=5))
    assert objects(url) == tree(tmp_path)


def test_a_kill_between_shard_and_record_leaves_a_block_to_do(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, count = ObjectStorage.put, 0

    def dying(self: ObjectStorage, name: str, data: bytes) -> None:
        nonlocal count
        count += "square.blocks" in name
        if count == 2:
            raise KeyboardInterrupt
        real(self, name, data)

    monkeypatch.setattr(ObjectStorage, "put", dying)
    with pytest.raises(KeyboardInterrupt):
        run_all(toy(url))
    monkeypatch.setattr(ObjectStorage, "put", real)
    assert blocks(toy(url)) == 3 + 1
    run_all(toy(tmp_path))
    run_all(toy(url))
    assert objects(url) == tree(tmp_path)


def test_damage_is_found_and_mended(tmp_path: Path, url: str) -> None:
    run_all(toy(url))
    pipeline = toy(url)
    stage = pipeline.stage("square")
    name = pipeline.store(stage).shard_file("value", 1)
    data = bytearray(pipeline.workspace.get(name) or b"")
    data[5] ^= 1
    pipeline.workspace.put(name, bytes(data))
    with pytest.raises(PtxError, match=r"damaged in block 1"):
        toy(url).store(stage).rows("value", np.arange(50, 60))
    found = verify_stage(toy(url), stage)
    assert found.damaged == [1]
    drop_damaged(pipeline.store(stage), found)
    run_all(toy(url))
    run_all(toy(tmp_path))
    assert objects(url) == tree(tmp_path)


def test_two_runs_at_once_share_the_blocks(tmp_path: Path, url: str) -> None:
    run_all(toy(url), "numbers")
    done: list[int] = []

    def one() -> None:
        done.append(run_all(toy(url, sleep=0.05), "square")[0].computed)

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run_all(toy(url))
    run_all(toy(tmp_path))
    assert len(done) == 2
    assert sum(done) == 150  # none twice
    assert objects(url) == tree(tmp_path)


def test_leases_exclude_share_and_expire(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = ObjectStorage(url)
    with storage.lock("lease"):
        for shared in (False, True):
            with pytest.raises(Busy), storage.lock("lease", shared=shared, wait=False):
                pass
    first = storage.lock("lease", shared=True)
    second = storage.lock("lease", shared=True, wait=False)
    with first, second, pytest.raises(Busy), storage.lock("lease", wait=False):
        pass
    assert storage.names("lease") == []
    monkeypatch.setattr(leases, "LEASE_SECONDS", 1.0)
    monkeypatch.setattr(leases, "RENEW_SECONDS", 0.1)
    storage.put("lease/exclusive", b"of somebody who died")
    with pytest.raises(Busy), storage.lock("lease", wait=False):
        pass
    with storage.lock("lease"):
        time.sleep(2)  # the lease of an owner who lives does not expire
        with pytest.raises(Busy), storage.lock("lease", wait=False):
            pass
    assert storage.names("lease") == []


def test_a_store_that_does_not_answer_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    options = {
        "endpoint_url": "http://127.0.0.1:9",
        "key": "a",
        "secret": "b",
        "config_kwargs": {"retries": {"max_attempts": 0}},
    }
    monkeypatch.setattr("ptx.pipeline.storage.objects.OPTIONS", options)
    open_file_system.cache_clear()
    with pytest.raises(PtxError, match=r"^workspace: s3://silent/none cannot be reached \(.*\)$"):
        ObjectStorage("s3://silent/none").check()
    with pytest.raises(
        PtxError, match=r"^s3://silent/none/a: the object store refuses .*run the same command again\.$"
    ):
        ObjectStorage("s3://silent/none").put("a", b"")
    with pytest.raises(PtxError, match=r"^s3://silent/none/a: the object store refuses"):
        ObjectStorage("s3://silent/none").get("a/b")  # not as one that is not there
    open_file_system.cache_clear()


def test_only_what_is_expected_passes() -> None:
    with pytest.raises(FileNotFoundError), translate_errors("s3://a/b", FileNotFoundError):
        raise FileNotFoundError
    with (
        pytest.raises(PtxError, match=r"^s3://a/b: the object store refuses or does not answer \(two lines\)"),
        translate_errors("s3://a/b"),
    ):
        raise RuntimeError("two\nlines")


@pytest.mark.slow
def test_a_store_that_refuses_in_the_middle_is_one_line(server: None, tmp_path: Path) -> None:
    """The bucket goes while blocks are written; once there is one again the same command ends as ever."""
    del server
    make_bucket("fragile")
    files, _ = open_file_system("s3://fragile")
    put, written = ObjectStorage.put, []

    def put_until_it_goes(self: ObjectStorage, name: str, data: bytes) -> None:
        written.append(name)
        if len(written) == 30:
            files.rm("fragile", recursive=True)
        put(self, name, data)

    said = r"^s3://fragile/stores/\S+: the object store refuses .*run the same command again\.$"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ObjectStorage, "put", put_until_it_goes)
        with pytest.raises(PtxError, match=said):
            run_all(toy("s3://fragile/stores"))
    make_bucket("fragile")
    run_all(toy("s3://fragile/stores"))
    run_all(toy(tmp_path))
    assert objects("s3://fragile/stores") == tree(tmp_path)
