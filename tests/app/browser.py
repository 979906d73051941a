"""A server in a thread, and the distribution's Chromium before it, for tests."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

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
def started() -> Iterator[Browser]:
    """Start Chromium; skips where it is not there, or Playwright."""
    path = chromium()
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        lacking("playwright")
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        except Exception as error:
            lacking(f"a Chromium that starts ({error})")
        yield browser
        browser.close()


@contextmanager
def opened(file: Path) -> Iterator[Page]:
    """Open a file in Chromium, which may load nothing but that; errors of its scripts, and what its policy refuses, are failures."""
    said: list[str] = []
    with started() as browser:
        page = browser.new_page(viewport={"width": 1200, "height": 800})
        page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: said.append(request.url[:80]) if request.url.startswith("http") else None)
        page.goto(file.as_uri())
        yield page
        assert not said


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
