"""Who may ask, and what the page may load."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

pytest.importorskip("starlette")
pytest.importorskip("httpx")

from starlette.testclient import TestClient

from ptx.app import create_app
from ptx.app.security import COOKIE, LOOPBACK
from tests.app.fakes import fake

STATIC = Path(__file__).parents[2] / "ptx" / "app" / "static"
TOKEN = "a-token-that-nobody-guesses"


@pytest.fixture
def local() -> Iterator[TestClient]:
    with TestClient(create_app(make=fake, hosts=LOOPBACK), base_url="http://127.0.0.1:8765") as client:
        yield client


@pytest.fixture
def shared() -> Iterator[TestClient]:
    with TestClient(create_app(make=fake, token=TOKEN), base_url="http://studio.example:8765") as client:
        yield client


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost:8765", "localhost", "[::1]:8765", "LOCALHOST:1"])
def test_this_machine_is_known_by_its_names(local: TestClient, host: str) -> None:
    assert local.get("/api/state", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "evil.example:8765", "", "localhost.evil:80"]
)
def test_a_name_that_was_bound_to_this_machine_is_refused(local: TestClient, host: str) -> None:
    assert local.get("/api/state", headers={"host": host}).status_code == 421


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "http://127.0.0.1:9000"},
        {"origin": "null"},
    ],
)
def test_other_pages_may_not_send(local: TestClient, headers: dict[str, str]) -> None:
    assert local.post("/api/close", headers=headers).status_code == 403


def test_other_pages_may_link_here_and_load_nothing(local: TestClient) -> None:
    """A page elsewhere cannot open event streams by the hundred, or tell by a picture that somebody runs this."""
    elsewhere = {"sec-fetch-site": "cross-site"}
    link = elsewhere | {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    assert local.get("/", headers=link).status_code == 200
    assert local.post("/api/close", headers=link).status_code == 403
    for more in (
        {"sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"},
        {"sec-fetch-mode": "cors", "sec-fetch-dest": "empty"},
        {"sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"},
    ):
        for path in ("/api/events", "/static/icon.svg", "/"):
            assert local.get(path, headers=elsewhere | more).status_code == 403


@pytest.mark.parametrize(
    "headers", [{}, {"sec-fetch-site": "same-origin", "origin": "http://127.0.0.1:8765"}, {"sec-fetch-site": "none"}]
)
def test_the_page_and_programs_may(local: TestClient, headers: dict[str, str]) -> None:
    assert local.post("/api/close", headers=headers).status_code == 204


def test_without_the_token_nothing_is_shown(shared: TestClient) -> None:
    for path in ("/", "/static/main.js", "/api/state", "/?token=", "/?token=wrong"):
        answer = shared.get(path)
        assert answer.status_code == 401, path
        assert TOKEN not in answer.text


def test_the_token_opens_the_page_and_leaves_the_address(shared: TestClient) -> None:
    first = shared.get(f"/?token={TOKEN}", follow_redirects=False)
    assert first.status_code == 303
    assert TOKEN not in first.headers["location"]
    cookie = first.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert shared.cookies[COOKIE] == TOKEN
    assert shared.get("/").status_code == 200
    assert shared.get("/api/state").status_code == 200


def test_programs_send_the_token_by_a_header_or_the_address(shared: TestClient) -> None:
    assert shared.get("/api/state", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert shared.get("/api/state", headers={"authorization": f"Basic {TOKEN}"}).status_code == 401
    assert shared.get(f"/api/state?token={TOKEN}").status_code == 200


def test_every_answer_has_the_headers(local: TestClient) -> None:
    for path in ("/", "/static/style.css", "/api/poses", "/api/people/nobody/photograph", "/nowhere"):
        headers = local.get(path).headers
        policy = dict(rule.split(" ", 1) for rule in headers["content-security-policy"].split("; "))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == "'self'"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
    assert local.get("/api/state").headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/static/../security.py", "/static/%2e%2e/security.py", "/static//etc/passwd"])
def test_files_beside_the_page_are_not_served(local: TestClient, path: str) -> None:
    assert local.get(path).status_code == 404


class Addresses(HTMLParser):
    """Collects what a page loads, and what its policy would refuse."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.inline: list[str] = []
        self._script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._script = tag in ("script", "style")
        for name, value in attrs:
            if name in ("src", "href") and value and not value.startswith("#"):
                self.loaded.append(value)
            if name == "style" or name.startswith("on"):
                self.inline.append(f"{tag} {name}")

    def handle_data(self, data: str) -> None:
        if self._script and data.strip():
            self.inline.append(data)


@pytest.mark.parametrize("name", ["index.html", "docs.html"])
def test_pages_load_their_own_files_only_and_have_nothing_inline(name: str) -> None:
    page = Addresses()
    page.feed((STATIC / name).read_text(encoding="utf-8"))
    assert not page.inline
    assert all(not address.startswith(("http:", "https:", "//", "/")) for address in page.loaded)


def test_scripts_and_styles_fetch_nothing_from_elsewhere() -> None:
    for file in STATIC.glob("*.[jc]s*"):
        text = file.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "://" not in text.replace("://${", ""), file.name
