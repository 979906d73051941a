"""A workspace on an object store, by a real S3 protocol on loopback: the bytes are those of a folder, whatever dies meanwhile."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ptx.pipeline.storage.files import Busy, lock
from rich.console import Console
from safetensors.numpy import load_file

from ptx.pipeline.errors import PtxError
from ptx.pipeline.plan import Pipeline
from ptx.pipeline.run import run_stage
from ptx.pipeline.storage import remote
from ptx.pipeline.verify import drop_damaged, verify_stage
from ptx.project import load_pipeline
from ptx.training.run import run_training
from ptx.training.state import TRAININGS
from tests.pipeline.toy import toy as toy_of_small_blocks
from tests.pipeline.toy import tree

moto = pytest.importorskip("moto.server")
QUIET = Console(quiet=True)
pytest.importorskip("upath")
pytest.importorskip("s3fs")


def toy(workspace: Path | str, **settings: Any) -> Pipeline:
    """In 8 blocks: every request takes milliseconds."""
    return toy_of_small_blocks(workspace, run={"block": 50}, **settings)


@pytest.fixture(scope="module")
def server() -> Iterator[dict[str, str]]:
    """The environment in which S3 is a server in this process."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    s3 = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    s3.start()
    _, port = s3.get_host_and_port()
    own = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_DEFAULT_REGION": "us-east-1",
    }  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        for name, value in own.items():
            patch.setenv(name, value)
        yield os.environ | own
    s3.stop()


@pytest.fixture
def url(server: dict[str, str], request: pytest.FixtureRequest) -> str:
    """A place of its own in a bucket."""
    name = "".join(c if c.isalnum() else "-" for c in request.node.name)
    root = remote.place("s3://bucket")
    if not root.fs.exists("bucket"):  # type: ignore[attr-defined]
        root.fs.mkdir("bucket")  # type: ignore[attr-defined]
    return f"s3://bucket/{name}"


def objects(url: str) -> dict[str, bytes]:
    """Every byte of every store and record, as `tree` of a folder."""
    place = remote.place(url)
    names = [name for name in place.fs.find(place.path) if ".zarr/" in name or ".blocks/" in name]  # type: ignore[attr-defined]
    prefix = place.path + "/"  # type: ignore[attr-defined]
    return {name.removeprefix(prefix): place.fs.cat_file(name) for name in sorted(names)}  # type: ignore[attr-defined]


def run_all(pipeline: Pipeline) -> list[int]:
    """Samples that each stage computed."""
    return [run_stage(pipeline, stage, QUIET).computed for stage in pipeline.stages]


def blocks(pipeline: Pipeline) -> int:
    """Blocks that are done, of all stages."""
    stores = [pipeline.store(stage) for stage in pipeline.stages]
    return sum(len(list(store.records)) for store in stores if store.exists())


def test_the_bytes_are_those_of_a_folder_and_a_second_run_does_nothing(tmp_path: Path, url: str) -> None:
    run_all(toy(tmp_path))
    assert run_all(toy(url)) == [150, 150, 100]
    assert objects(url) == tree(tmp_path)
    assert run_all(toy(url)) == [0, 0, 0]
    assert not remote.names(remote.place(url) / ".locks" / "square")


def test_other_settings_rebuild_what_depends_on_them(tmp_path: Path, url: str) -> None:
    run_all(toy(url))
    run_all(toy(url, factor=5))
    run_all(toy(tmp_path, factor=5))
    assert objects(url) == tree(tmp_path)


def test_a_kill_between_shard_and_record_leaves_a_block_to_do(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, count = remote.put, 0

    def dying(path: Path, data: bytes) -> None:
        nonlocal count
        count += "square.blocks" in str(path)
        if count == 2:
            raise KeyboardInterrupt
        real(path, data)

    monkeypatch.setattr(remote, "put", dying)
    with pytest.raises(KeyboardInterrupt):
        run_all(toy(url))
    monkeypatch.setattr(remote, "put", real)
    assert blocks(toy(url)) == 3 + 1
    run_all(toy(tmp_path))
    run_all(toy(url))
    assert objects(url) == tree(tmp_path)


def test_damage_is_found_and_mended(tmp_path: Path, url: str) -> None:
    run_all(toy(url))
    pipeline = toy(url)
    stage = pipeline.stage("square")
    path = pipeline.store(stage).shard_path("value", 1)
    data = bytearray(path.read_bytes())
    data[5] ^= 1
    remote.put(path, bytes(data))
    with pytest.raises(PtxError, match=r"damaged in block 1"):
        toy(url).store(stage).read("value", np.arange(50, 60))
    found = verify_stage(toy(url), stage)
    assert found.damaged == [1]
    drop_damaged(pipeline.store(stage), found)
    run_all(toy(url))
    run_all(toy(tmp_path))
    assert objects(url) == tree(tmp_path)


def test_two_runs_at_once_share_the_blocks(tmp_path: Path, url: str) -> None:
    run_stage(toy(url), toy(url).stage("numbers"), QUIET)
    done: list[int] = []

    def one() -> None:
        pipeline = toy(url, sleep=0.05)
        done.append(run_stage(pipeline, pipeline.stage("square"), QUIET).computed)

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


def test_leases_exclude_share_and_lapse(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = remote.place(url) / "lease"
    with lock(path):
        for shared in (False, True):
            with pytest.raises(Busy), lock(path, shared=shared, wait=False):
                pass
    with lock(path, shared=True), lock(path, shared=True, wait=False), pytest.raises(Busy), lock(path, wait=False):
        pass
    assert remote.names(path) == []
    monkeypatch.setattr(remote, "LAPSE", 1.0)
    monkeypatch.setattr(remote, "RENEW", 0.1)
    remote.put(path / "exclusive", b"of somebody who died")
    with pytest.raises(Busy), lock(path, wait=False):
        pass
    with lock(path):
        time.sleep(2)  # an owner who lives is not buried
        with pytest.raises(Busy), lock(path, wait=False):
            pass
    assert remote.names(path) == []


def test_a_store_that_does_not_answer_is_one_line(server: dict[str, str], tmp_path: Path) -> None:
    there = server | {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "ptx.cli", "status", "--set", "workspace=s3://bucket/none"], env=there, cwd=tmp_path,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "workspace: s3://bucket/none cannot be reached" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_store_that_refuses_in_the_middle_is_one_line(server: dict[str, str], tmp_path: Path) -> None:
    """The bucket goes while blocks are written; once there is one again the same command ends as ever."""
    fs = remote.place("s3://fragile").fs  # type: ignore[attr-defined]
    fs.mkdir("fragile")
    put, written = remote.put, []

    def put_until_it_goes(path: Any, data: bytes) -> None:
        written.append(path)
        if len(written) == 30:
            fs.rm("fragile", recursive=True)
        put(path, data)

    said = r"^s3://fragile/stores/\S+: the object store refuses .*run the same command again\.$"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(remote, "put", put_until_it_goes)
        with pytest.raises(PtxError, match=said):
            run_all(toy("s3://fragile/stores"))
    fs.mkdir("fragile")
    run_all(toy("s3://fragile/stores"))
    run_all(toy(tmp_path))
    assert objects("s3://fragile/stores") == tree(tmp_path)


def test_the_command_with_worker_processes_and_a_training(server: dict[str, str], url: str, tmp_path: Path) -> None:
    """Stores on S3, models in a folder: the same bytes as with everything in folders."""
    settings = [
        "body=small", "size=[64,64]", "data.persons=4", "data.images_per_person=3", "run.block=4", "run.workers=2",
        "train_flow.base_channels=8", "train_flow.max_channels=16", "train_flow.scales=3", "train_flow.batch=4", "train_flow.steps=2",
        "train_flow.workers=0", "train_flow.validate_pairs=4",
    ]  # fmt: skip

    def place(workspace: str, results: str) -> list[str]:
        return [f"workspace={workspace}", f"results={tmp_path / results}", *settings]

    for stage in ("all", "train-flow"):
        more = [x for one in place(url, "far") for x in ("--set", one)]
        done = subprocess.run(
            [sys.executable, "-m", "ptx.cli", "run", stage, *more], env=server | {"OMP_NUM_THREADS": "1"}, cwd=tmp_path,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
    near = load_pipeline(None, [*place(str(tmp_path / "w"), "near"), "cluster.kind=serial"])
    for one in near.active:
        run_stage(near, one, QUIET)
    assert objects(url) == tree(tmp_path / "w")
    run_training(near, TRAININGS["train-flow"], QUIET)
    model = "models/flow/checkpoints/step-00000002.safetensors"
    far, here = (load_file(tmp_path / name / model) for name in ("far", "near"))
    assert far.keys() == here.keys()
    assert all(
        np.allclose(far[name], here[name], rtol=1e-3, atol=1e-4) for name in far
    )  # other threads, other rounding
