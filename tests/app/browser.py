"""A server in a thread, and the distribution's Chromium before it, for tests."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import pytest

REQUIRED = "PTX_BROWSER_TESTS"
"""Environment variable that makes a skipped test of the page a failure: `.ci/run` sets it where Chromium is there."""


def lacking(what: str) -> NoReturn:
    """Skip, or fail where CI has installed what is needed."""
    if os.environ.get(REQUIRED):
        pytest.fail(f"{what} is missing, and {REQUIRED} is set")
    pytest.skip(f"{what} is not installed")


def chromium() -> str:
    """Return the path of Chromium; skips where there is none."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    return found or lacking("Chromium")


@contextmanager
def served(app: object) -> Iterator[str]:
    """Serve an application on a free port of this machine; yields its address."""
    import uvicorn

    from ptx.app.run import LOOPBACK, listen

    listening = listen(LOOPBACK, 0)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1))  # type: ignore[arg-type]
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://{LOOPBACK}:{listening.getsockname()[1]}/"
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()
