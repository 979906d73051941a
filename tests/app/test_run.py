"""`ptx app`: the port, the address, the end."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ptx.app import run as module
from ptx.app.messages import Options
from ptx.app.run import EXTRA, LOOPBACK, address_of, listen, run
from ptx.pipeline.errors import PtxError


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that is in use."""
    with listen(LOOPBACK, 0) as one:
        port: int = one.getsockname()[1]
        yield port


def test_a_port_in_use_is_passed_over(taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_PORT", taken)
    with listen(LOOPBACK, None) as one:
        assert taken < one.getsockname()[1] < taken + module.TRIES


def test_a_port_that_is_asked_for_and_in_use_ends_in_one_line(taken: int) -> None:
    with pytest.raises(PtxError, match=rf"port {taken}: .*in use.*--port"):
        listen(LOOPBACK, taken)


def test_an_address_of_another_machine_ends_in_one_line() -> None:
    with pytest.raises(PtxError, match=r"^--host 203\.0\.113\.7, port 9000: "):
        listen("203.0.113.7", 9000)


def test_nothing_but_this_machine_is_listened_to_by_default() -> None:
    with listen(LOOPBACK, 0) as one:
        assert one.getsockname()[0] == "127.0.0.1"
        assert one.family == socket.AF_INET


@pytest.mark.parametrize(
    ("host", "token", "address"),
    [
        ("127.0.0.1", "", "http://127.0.0.1:8765/"),
        ("192.0.2.7", "abc", "http://192.0.2.7:8765/?token=abc"),
        ("::1", "abc", "http://[::1]:8765/?token=abc"),
        ("0.0.0.0", "abc", f"http://{socket.gethostname()}:8765/?token=abc"),
    ],
)
def test_the_address_can_be_opened(host: str, token: str, address: str) -> None:
    assert address_of(host, 8765, token) == address


def test_without_the_extra_one_line_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(PtxError, match=re.escape(EXTRA)):
        run(Options(), None, None, browser=False)


@pytest.mark.slow
@pytest.mark.parametrize("host", [None, "127.0.0.1"])
def test_it_is_served_and_ended(host: str | None, tmp_path: Path) -> None:
    httpx = pytest.importorskip("httpx")
    pytest.importorskip("uvicorn")
    command = [sys.executable, "-m", "ptx.cli", "app", "--no-browser", *([] if host is None else ["--host", host])]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path, env=environment) as served:
        assert served.stdout is not None
        said = served.stdout.readline()
        found = re.search(r"http://\S+", said)
        assert found is not None, said
        address = found[0]
        for _ in range(100):
            try:
                answer = httpx.get(address, follow_redirects=True)
                break
            except httpx.ConnectError:
                time.sleep(0.05)
        assert answer.status_code == 200
        assert "<title>ptx" in answer.text
        assert ("token=" in address) == (host is not None)
        assert httpx.get(address.split("?")[0]).status_code == (200 if host is None else 401)
        served.send_signal(signal.SIGINT)
        assert served.wait(20) == 0
        assert "ended" in served.stdout.read()
