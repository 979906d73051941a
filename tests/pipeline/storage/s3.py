"""S3 on loopback: moto's server in this process, its buckets, and the bytes that lie in them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import fsspec
import pytest

from ptx.pipeline.storage.objects import ObjectStorage


@contextmanager
def s3_server() -> Iterator[dict[str, str]]:
    """Start a server, to which all of S3 in this process leads meanwhile; yields the environment for other processes.

    Skips the test where what it needs is not installed.
    """
    moto = pytest.importorskip("moto.server")
    pytest.importorskip("s3fs")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    s3 = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    s3.start()
    _, port = s3.get_host_and_port()
    environment = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_DEFAULT_REGION": "us-east-1",
    }  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        yield environment
    s3.stop()


def make_bucket(name: str) -> None:
    """Make a bucket, unless there is one of this name."""
    files = fsspec.filesystem("s3", use_listings_cache=False)
    if not files.exists(name):
        files.mkdir(name)


def make_prefix(request: pytest.FixtureRequest) -> str:
    """Return a URL of its own for each test, in one bucket."""
    make_bucket("bucket")
    return "s3://bucket/" + "".join(c if c.isalnum() else "-" for c in request.node.name)


def objects(url: str) -> dict[str, bytes]:
    """Every byte of every store and record, as `tree` of a folder."""
    files, root = fsspec.url_to_fs(url, use_listings_cache=False)
    paths = sorted(path for path in files.find(root) if ".zarr/" in path or ".blocks/" in path)
    names = [path.removeprefix(f"{root}/") for path in paths]
    contents = ObjectStorage(url).get_many(names)
    return {name: data for name, data in zip(names, contents, strict=True) if data is not None}
