"""The API over a worker process that paints nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("starlette")
pytest.importorskip("httpx")

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from ptx.app import create_app
from ptx.app.uploads import MOST_PHOTOGRAPH_BYTES
from tests.app.fakes import JOINTS, fake

pytestmark = pytest.mark.slow  # each module starts a process

PHOTOGRAPH = {"photographs": ("me.jpg", b"\xff\xd8 a photograph", "image/jpeg")}


@pytest.fixture(scope="module")
def app() -> Starlette:
    return create_app(make=fake)


@pytest.fixture(scope="module")
def client(app: Starlette) -> Iterator[TestClient]:
    with TestClient(app, base_url="http://127.0.0.1") as client:
        yield client


@pytest.fixture
def person(client: TestClient) -> str:
    answer = client.post("/api/people", files=PHOTOGRAPH)
    assert answer.status_code == 201, answer.text
    name: str = answer.json()["person"]
    return name


def test_a_person_is_found_posed_and_painted(client: TestClient, person: str) -> None:
    posed = client.post("/api/pose", data={"person": person, "gallery": "Wave"})
    assert posed.status_code == 200
    assert posed.json()["joints"] == JOINTS
    body = json.dumps(posed.json()["body"])
    painted = client.post("/api/transfer", data={"person": person, "body": body, "yaw": "30"})
    assert painted.content == b"\x89PNG"
    assert json.loads(painted.headers["ptx-posed"])["place"] == [1.0, 2.0, 0.5]


def test_photographs_come_along_with_a_transfer(client: TestClient) -> None:
    painted = client.post("/api/transfer", files=PHOTOGRAPH | {"pose": ("dancer.jpg", b"\xff\xd8", "image/jpeg")})
    assert painted.status_code == 200
    assert json.loads(painted.headers["ptx-posed"])["joints"] == JOINTS


def test_keypoints_are_corrected(client: TestClient, person: str) -> None:
    moved = [[x + 1, y, c] for x, y, c in JOINTS]
    again = client.post(f"/api/people/{person}", data={"keypoints": json.dumps(moved)})
    assert again.json()["keypoints"] == moved


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"gallery": "Handstand"}, "gallery: no pose is called Handstand"),
        ({}, "pose: send a photograph"),
        ({"gallery": "Wave", "yaw": "far"}, "yaw=far: a number from -360 to 360"),
        ({"gallery": "Wave", "pitch": "nan"}, "pitch=nan"),
        ({"gallery": "Wave", "proportions": "tall"}, "proportions=tall: source or pose"),
        ({"body": "{}"}, "body: not as it was sent"),
        ({"body": "[1"}, "body: no JSON"),
        ({"body": '{"pose": [[1e99,0,0]], "camera": [1,2,3]}'}, "body: not as it was sent"),
        ({"pose_keypoints": "[[1,2]]"}, "keypoints: 18 of"),
        ({"gallery": "Wave", "joint": "18"}, "joint=18: a number from 0 to 17"),
    ],
)
def test_mistakes_end_in_one_line(client: TestClient, person: str, fields: dict[str, str], text: str) -> None:
    answer = client.post("/api/transfer", data={"person": person, **fields})
    assert answer.status_code == 422
    assert answer.json()["error"].startswith(text)
    assert "\n" not in answer.json()["error"]


def test_a_text_file_is_no_picture(client: TestClient) -> None:
    answer = client.post("/api/people", files={"photographs": ("../../etc/notes.jpg", b"no picture", "image/jpeg")})
    assert answer.status_code == 422
    assert answer.json() == {"error": "notes.jpg: no picture"}


def test_too_many_bytes_are_refused_by_their_number_and_as_they_come(client: TestClient) -> None:
    part = b"0" * (1 << 20)
    head = b'--b\r\nContent-Disposition: form-data; name="photographs"; filename="a.jpg"\r\n\r\n'

    def body() -> Iterator[bytes]:
        yield head
        for _ in range((MOST_PHOTOGRAPH_BYTES >> 20) + 1):
            yield part

    kind = {"content-type": "multipart/form-data; boundary=b"}
    unknown = client.post("/api/people", content=body(), headers=kind)
    told = client.post("/api/people", content=head, headers=kind | {"content-length": str(MOST_PHOTOGRAPH_BYTES + 1)})
    assert (unknown.status_code, told.status_code) == (413, 413)
    assert "48 MB" in told.json()["error"]


def test_what_is_no_form_is_refused(client: TestClient) -> None:
    assert client.post("/api/people", json={}).status_code == 422
    damaged = client.post("/api/people", content=b"x", headers={"content-type": "multipart/form-data; boundary=b"})
    assert damaged.status_code == 422
    assert client.post("/api/people", content=b"", headers={"content-type": "multipart/form-data"}).status_code == 422


def test_nobody_is_known_by_a_guessed_name(client: TestClient) -> None:
    for answer in (
        client.post("/api/transfer", data={"person": "nobody", "gallery": "Wave"}),
        client.get("/api/people/nobody/photograph"),
        client.delete("/api/people/nobody"),
    ):
        assert answer.status_code == 404


def test_who_is_forgotten_is_gone(client: TestClient, person: str) -> None:
    assert client.delete(f"/api/people/{person}").status_code == 204
    assert client.post("/api/pose", data={"person": person, "gallery": "Wave"}).status_code == 404


def test_a_killed_worker_ends_one_request_and_its_people_are_read_again(
    app: Starlette, client: TestClient, person: str
) -> None:
    folder = Path(app.state.jobs.worker.folder)
    died = client.post("/api/pose", data={"person": person, "gallery": "die"})
    assert died.status_code == 503
    assert "read again" in died.json()["error"]
    assert not folder.exists()  # with the file that the worker left
    assert client.post("/api/pose", data={"person": person, "gallery": "Wave"}).status_code == 200


def test_a_defect_keeps_its_traceback(client: TestClient, person: str, caplog: pytest.LogCaptureFixture) -> None:
    answer = client.post("/api/pose", data={"person": person, "gallery": "defect"})
    assert answer.status_code == 500
    assert "ZeroDivisionError: a defect" in caplog.text
    assert "ZeroDivisionError" not in answer.text


def test_the_gallery_has_40_poses_of_different_names(client: TestClient) -> None:
    rows = client.get("/api/poses").json()
    assert len({row["name"] for row in rows}) == len(rows) == 40
    assert all(len(row["figure"]) == 18 for row in rows)


def test_the_document_tells_every_route(app: Starlette, client: TestClient) -> None:
    written = client.get("/api/openapi.json").json()
    told = {(path, method.upper()) for path, methods in written["paths"].items() for method in methods}
    api = next(route for route in app.routes if getattr(route, "path", "") == "/api")
    there = {
        (route.path, method)
        for route in getattr(api, "routes", [])
        for method in route.methods - {"HEAD"}
        if route.path not in ("/docs", "/openapi.json")
    }
    assert {(path.replace("photograph", "{what}").replace("background", "{what}"), m) for path, m in told} == there


def test_it_can_be_mounted(person: str) -> None:
    outer = Starlette(routes=[Mount("/studio", create_app(make=fake))])
    with TestClient(outer) as client:
        page = client.get("/studio/")
        assert page.status_code == 200
        assert client.get("/studio/static/main.js").status_code == 200
        assert client.post("/studio/api/people", files=PHOTOGRAPH).status_code == 201
    assert 'src="/' not in page.text
    assert 'href="/' not in page.text
