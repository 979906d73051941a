"""What every storage promises, held against a folder and against an object store."""

from __future__ import annotations

import pickle
import uuid
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import zarr
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ptx.pipeline.errors import PtxError
from ptx.pipeline.storage.local import LocalStorage
from ptx.pipeline.storage.objects import ObjectStorage
from ptx.pipeline.storage.opening import is_url, open_storage
from ptx.pipeline.storage.storage import Busy, Storage


@pytest.fixture(params=["folder", "memory"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return open_storage(str(tmp_path / "w") if request.param == "folder" else f"memory://{uuid.uuid4().hex}/w")


def test_it_is_a_storage_that_hashes_and_travels(storage: Storage) -> None:
    assert isinstance(storage, Storage)
    again = pickle.loads(pickle.dumps(storage))
    assert again == storage
    assert hash(again) == hash(storage)
    storage.put("a", b"1")
    assert again.get("a") == b"1"


def test_what_is_put_is_got(storage: Storage) -> None:
    assert storage.get("deep/a") is None
    assert not storage.exists("deep/a")
    storage.put("deep/a", b"one")
    storage.put("deep/a", b"two")
    assert storage.exists("deep/a")
    assert storage.get("deep/a") == b"two"
    assert storage.get_many(["deep/a", "deep/b", "deep/a"]) == [b"two", None, b"two"]
    assert storage.get_many([]) == []
    assert storage.names("deep") == ["a"]
    storage.remove("deep/a")
    storage.remove("deep/a")
    assert storage.get("deep/a") is None


def test_parts_of_a_file(storage: Storage) -> None:
    storage.put("a", b"0123456789")
    with storage.open("a") as file:
        assert file.seek(0, 2) == 10
        file.seek(-3, 2)
        assert file.read(2) == b"78"
        file.seek(1)
        assert file.read(2) == b"12"
    with pytest.raises(OSError, match="nothing"):
        storage.open("nothing")


def test_trees(storage: Storage) -> None:
    for name in ("a/b/c", "a/b/d", "a/e", "f"):
        storage.put(name, b"")
    assert sorted(storage.names("a")) == ["b", "e"]
    assert sorted(storage.names("")) == ["a", "f"]
    assert storage.names("nowhere") == []
    storage.remove_tree("a/b")
    storage.remove_tree("nowhere")
    assert storage.names("a") == ["e"]
    assert storage.exists("f")


def test_a_rename_is_whole_or_refused(storage: Storage) -> None:
    storage.put("a/b", b"1")
    renamed = storage.rename("a", "c/d")
    assert renamed == (storage.folder is not None)
    assert storage.get("c/d/b" if renamed else "a/b") == b"1"


def test_published_folders(storage: Storage) -> None:
    with storage.publishing("a.zarr", last="zarr.json") as folder:
        (folder / "deep").mkdir()
        (folder / "deep" / "x").write_bytes(b"1")
        (folder / "zarr.json").write_bytes(b"2")
        assert not storage.exists("a.zarr/zarr.json")
    assert storage.get_many(["a.zarr/deep/x", "a.zarr/zarr.json"]) == [b"1", b"2"]
    with suppress(KeyboardInterrupt), storage.publishing("b.zarr", last="zarr.json") as folder:
        (folder / "zarr.json").write_bytes(b"2")
        raise KeyboardInterrupt
    assert not storage.exists("b.zarr/zarr.json")


def test_locks(storage: Storage) -> None:
    with storage.lock(".locks/l"):
        for shared in (False, True):
            with pytest.raises(Busy), storage.lock(".locks/l", shared=shared, wait=False):
                pass
    shared_lock = storage.lock(".locks/l", shared=True)
    another = storage.lock(".locks/l", shared=True, wait=False)
    with shared_lock, another, pytest.raises(Busy), storage.lock(".locks/l", wait=False):
        pass
    with storage.lock(".locks/l", wait=False):
        pass


def test_zarr_reads_it(storage: Storage) -> None:
    with storage.publishing("a.zarr", last="zarr.json") as folder:
        zarr.create_array(folder, shape=(3,), dtype="i4")[...] = np.arange(3)
    array = zarr.open_array(storage.zarr_store("a.zarr"), mode="r")
    assert np.asarray(array[...]).tolist() == [0, 1, 2]


def test_it_says_where_it_is_and_how_much_is_free(storage: Storage) -> None:
    storage.check()
    storage.put("a", b"")
    storage.check()
    if storage.folder is None:
        assert str(storage).startswith("memory://")
        assert storage.free_bytes() is None
    else:
        assert str(storage) == str(storage.folder)
        free = storage.free_bytes()
        assert free is not None
        assert free > 0


@pytest.mark.parametrize(
    ("text", "storage"),
    [
        ("work", LocalStorage(Path("work").absolute())),
        ("~/work", LocalStorage(Path.home() / "work")),
        ("file:///work", LocalStorage(Path("/work"))),
        ("memory://bucket/work/", ObjectStorage("memory://bucket/work")),
    ],
)
def test_names(text: str, storage: Storage) -> None:
    assert open_storage(text) == storage
    assert is_url(text) == ("://" in text)


def test_a_url_that_nobody_knows() -> None:
    with pytest.raises(PtxError, match=r"workspace: nowhere://a cannot be opened \(Protocol not known: nowhere"):
        open_storage("nowhere://a")


NAMES = st.sampled_from(["a", "b", "d/a", "d/b", "d/e/a", "f/a"])
"""No file is the folder of another."""


class AsDictionary(RuleBasedStateMachine):
    """An object store and a dictionary that are told the same."""

    @initialize()
    def begin(self) -> None:
        self.storage = open_storage(f"memory://{uuid.uuid4().hex}")
        self.contents: dict[str, bytes] = {}

    @rule(name=NAMES, data=st.binary(max_size=4))
    def put(self, name: str, data: bytes) -> None:
        self.storage.put(name, data)
        self.contents[name] = data

    @rule(name=NAMES)
    def remove(self, name: str) -> None:
        self.storage.remove(name)
        self.contents.pop(name, None)

    @rule(folder=st.sampled_from(["d", "d/e", "f"]))
    def remove_tree(self, folder: str) -> None:
        self.storage.remove_tree(folder)
        self.contents = {name: data for name, data in self.contents.items() if not name.startswith(f"{folder}/")}

    @invariant()
    def holds_the_same(self) -> None:
        if hasattr(self, "storage"):
            names = ["a", "b", "d/a", "d/b", "d/e/a", "f/a"]
            assert self.storage.get_many(names) == [self.contents.get(name) for name in names]
            assert [self.storage.exists(name) for name in names] == [name in self.contents for name in names]


class AsDictionaryInAFolder(AsDictionary):
    """A folder and a dictionary that are told the same."""

    @initialize()
    def begin(self) -> None:
        self.storage = LocalStorage(Path(self._made_folder()))
        self.contents = {}

    def _made_folder(self) -> str:
        import tempfile

        self.temporary = tempfile.TemporaryDirectory()
        return self.temporary.name

    def teardown(self) -> None:
        if hasattr(self, "temporary"):
            self.temporary.cleanup()


TestAsDictionary = AsDictionary.TestCase
TestAsDictionary.settings = settings(max_examples=20, stateful_step_count=20, deadline=None)
TestAsDictionaryInAFolder = AsDictionaryInAFolder.TestCase
TestAsDictionaryInAFolder.settings = settings(max_examples=10, stateful_step_count=20, deadline=None)
