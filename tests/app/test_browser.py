"""The page in a real browser, with the real engine."""

from __future__ import annotations

import io
import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow

from tests.app.browser import REQUIRED, served, started

try:
    from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect
    from starlette.applications import Starlette

    from ptx.app import create_app
    from ptx.app.security import LOOPBACK
except ImportError as error:
    pytestmark = pytest.mark.skip(str(error))
    if os.environ.get(REQUIRED):
        raise
else:
    pytestmark = pytest.mark.slow

EXAMPLE = Path(__file__).parents[2] / "ptx" / "assets" / "example.jpg"
DESKTOP: ViewportSize = {"width": 1280, "height": 860}
PHONE: ViewportSize = {"width": 360, "height": 740}
WRIST, ELBOW = 4, 3
READING, PAINTING = 120_000, 30_000  # ms; the first reading compiles


@pytest.fixture(scope="module")
def app() -> Starlette:
    return create_app(hosts=LOOPBACK)


@pytest.fixture(scope="module")
def address(app: Starlette) -> Iterator[str]:
    with served(app) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with started() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context(viewport=DESKTOP, accept_downloads=True)
    yield from watched(context.new_page(), address)
    context.close()


@pytest.fixture(scope="module")
def studio(browser: Browser, address: str) -> Iterator[Page]:
    """A page whose person is read already: tests take it as the one before has left it, but for the pose."""
    context = browser.new_context(viewport=DESKTOP, accept_downloads=True)
    for page in watched(context.new_page(), address):
        upload(page)
        yield page
    context.close()


def watched(page: Page, address: str) -> Iterator[Page]:
    """Open the page; whatever it says on its console is a failure, refusals of its policy among it."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(address)
    yield page
    assert not [line for line in said if "Failed to load resource" not in line], said


def upload(page: Page, file: Path = EXAMPLE) -> None:
    page.set_input_files("#photographs", file)
    expect(page.locator("#person")).to_be_visible(timeout=READING)


def pose(page: Page, name: str = "Wave") -> None:
    page.get_by_role("button", name=name, exact=True).click()
    painted(page)


def painted(page: Page) -> None:
    """Wait until the picture is there in full size."""
    expect(page.locator("#busy")).to_be_hidden(timeout=PAINTING)
    expect(page.locator("#result")).to_be_visible(timeout=PAINTING)


def shown(page: Page) -> NDArray[np.float32]:
    """Pixels of the stage without the joints."""
    page.locator("#overlay").evaluate("svg => { svg.style.visibility = 'hidden'; }")
    pixels = Pillow.open(io.BytesIO(page.locator("#stage").screenshot())).convert("RGB")
    page.locator("#overlay").evaluate("svg => { svg.style.visibility = ''; }")
    return np.asarray(pixels, np.float32)


def joint(page: Page, index: int) -> Locator:
    return page.locator(f".joint[data-index='{index}']")


def centre(page: Page, index: int) -> tuple[float, float]:
    box = joint(page, index).locator(".dot").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def saved(page: Page, button: str) -> bytes:
    with page.expect_download(timeout=60_000) as download:
        page.click(button)
    return Path(download.value.path()).read_bytes()


def test_one_step_is_the_next(page: Page) -> None:
    expect(page.locator("#step-photograph")).to_have_attribute("aria-current", "step")
    expect(page.locator("[aria-current=step]")).to_have_count(1)


def test_a_photograph_is_read_and_its_person_shown(studio: Page) -> None:
    page = studio
    expect(page.locator("[aria-current=step]")).to_have_count(1)
    expect(page.locator("#person-name")).to_have_text("example.jpg")
    expect(page.locator("#step-pose")).to_have_attribute("aria-current", "step")
    assert page.locator("#overlay .outline").count() >= 1
    x, y = centre(page, 0)  # the nose is in the head: in the upper third, near the middle
    stage = page.locator("#stage").bounding_box()
    assert stage is not None
    assert 0.4 < (x - stage["x"]) / stage["width"] < 0.9
    assert 0.05 < (y - stage["y"]) / stage["height"] < 0.3


def test_a_corrected_joint_is_read_again(page: Page) -> None:
    upload(page)
    x, y = centre(page, WRIST)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 18, y + 12, steps=3)
    page.mouse.up()
    with page.expect_response(
        lambda response: response.request.method == "POST" and "api/people/" in response.url
    ) as answer:
        page.click("#again")
    sent = answer.value
    assert sent.ok
    expect(page.locator("#again")).to_be_hidden()
    after = centre(page, WRIST)
    assert abs(after[0] - x - 18) < 3
    assert abs(after[1] - y - 12) < 3


def test_the_picture_follows_a_dragged_joint(studio: Page) -> None:
    page = studio
    pose(page)
    before, (x, y) = shown(page), centre(page, WRIST)
    elbow = centre(page, ELBOW)
    page.mouse.move(x, y)
    page.mouse.down()
    with page.expect_response("**/api/transfer") as drafted:
        page.mouse.move(x + 60, y + 90, steps=6)
    assert drafted.value.ok
    page.wait_for_timeout(600)
    assert page.locator("#result").is_hidden()  # a draft, on the canvas
    during = shown(page)
    page.mouse.up()
    painted(page)
    after = shown(page)
    for other in (during, after):
        assert (np.abs(other - before).max(axis=2) > 40).mean() > 0.005
    assert (np.abs(during - after).max(axis=2) > 60).mean() < 0.03  # the draft is the picture, but for its sharpness
    moved = centre(page, WRIST)
    assert np.hypot(moved[0] - x - 60, moved[1] - y - 90) < 25
    assert centre(page, ELBOW) != elbow
    page.click("#undo")
    painted(page)
    assert np.hypot(centre(page, WRIST)[0] - x, centre(page, WRIST)[1] - y) < 3


def test_joints_are_moved_by_keys(studio: Page) -> None:
    page = studio
    pose(page)
    x, y = centre(page, WRIST)
    joint(page, WRIST).focus()
    for _ in range(3):
        page.keyboard.press("Shift+ArrowDown")
    painted(page)
    moved = centre(page, WRIST)
    assert moved[1] - y == pytest.approx(48, abs=4)
    assert moved[0] == pytest.approx(x, abs=4)
    assert joint(page, WRIST).get_attribute("aria-label") == "right wrist"


def test_a_person_is_turned_and_saved(studio: Page) -> None:
    page = studio
    pose(page)
    before = shown(page)
    page.locator("#yaw").fill("40")
    page.locator("#yaw").dispatch_event("change")
    painted(page)
    assert (np.abs(shown(page) - before).max(axis=2) > 40).mean() > 0.02
    expect(page.locator("#yaw-value")).to_have_text("40°")

    picture = Pillow.open(io.BytesIO(saved(page, "#save-png")))
    assert picture.size == Pillow.open(EXAMPLE).size
    record = json.loads(picture.info["Comment"])
    assert record["command"] == "ptx transfer"
    assert record["settings"]["photographs"][0]["file"] == "example.jpg"
    assert "synthetic" in picture.info["Description"]
    alone = np.asarray(Pillow.open(io.BytesIO(saved(page, "#save-transparent"))))
    assert alone.shape[2] == 4
    assert alone[0, 0, 3] == 0
    assert 0.05 < (alone[..., 3] > 128).mean() < 0.7
    assert saved(page, "#save-glb")[:4] == b"glTF"
    points = json.loads(saved(page, "#save-pose"))["people"][0]["pose_keypoints_2d"]
    assert len(points) == 54
    expect(page.locator("#command")).to_have_text("ptx transfer example.jpg --pose pose.json -o out.png")


def test_a_round_is_saved_as_a_gif(studio: Page) -> None:
    page = studio
    pose(page)
    with page.expect_download(timeout=60_000) as download:
        page.click("#save-gif")
        expect(page.locator("#progress-bar")).to_have_class("known", timeout=20_000)  # by the event stream
    moving = Pillow.open(Path(download.value.path()))
    assert getattr(moving, "n_frames", 1) == 24


def test_a_video_is_painted_with_its_progress(studio: Page, tmp_path: Path) -> None:
    pytest.importorskip("av")
    from ptx.pictures.animation import write_animation

    picture = np.asarray(Pillow.open(EXAMPLE).convert("RGB").resize((188, 384)))
    clip = write_animation(tmp_path / "sway.mp4", [np.roll(picture, 2 * step, axis=1) for step in range(6)])
    page = studio
    page.click("#tab-video")
    page.set_input_files("#video-file", clip)
    expect(page.locator("#video-bar")).to_have_class("known", timeout=READING)
    expect(page.locator("#video-save")).to_be_visible(timeout=READING)
    expect(page.locator("#video-busy")).to_be_hidden()
    film = saved(page, "#video-save")
    assert film[4:8] == b"ftyp"
    expect(page.locator("#video-command")).to_contain_text("ptx animate example.jpg sway.mp4")
    page.wait_for_function("document.getElementById('video').videoWidth > 0")  # Chromium plays it
    page.click("#tab-gallery")


def test_what_is_behind_and_whose_proportions_can_be_chosen(studio: Page) -> None:
    page = studio
    page.click("#tab-file")
    page.set_input_files("#pose-file", Path(__file__).parents[2] / "docs" / "poses" / "dance.json")
    painted(page)
    expect(page.locator("#command")).to_have_text("ptx transfer example.jpg --pose dance.json -o out.png")
    own = shown(page)
    page.select_option("#proportions", "pose")
    painted(page)
    assert (np.abs(shown(page) - own).max(axis=2) > 40).mean() > 0.005
    page.select_option("#background", "colour")
    painted(page)
    corner = shown(page)[12, 12]
    assert np.abs(corner - 232).max() < 6
    page.select_option("#background", "source")
    page.click("#tab-gallery")
    painted(page)


def test_two_pages_know_their_own_people_alone(browser: Browser, app: Starlette, address: str) -> None:
    contexts = [browser.new_context(viewport=DESKTOP) for _ in range(2)]
    pages = [context.new_page() for context in contexts]
    before = len(app.state.sessions)
    for page in pages:
        page.goto(address)
    for page in pages:
        page.set_input_files("#photographs", EXAMPLE)
    for page in pages:
        expect(page.locator("#person")).to_be_visible(timeout=READING)
    pose(pages[0], "Wave")
    pose(pages[1], "Star")
    expect(pages[0].get_by_role("button", name="Star", exact=True)).to_have_attribute("aria-pressed", "false")
    assert len(app.state.sessions) == before + 2
    pages[0].close(run_before_unload=True)
    contexts[0].close()
    for _ in range(50):
        if len(app.state.sessions) <= before + 1:
            break
        time.sleep(0.1)
    assert len(app.state.sessions) == before + 1
    pose(pages[1], "Tree")  # the other is as it was
    contexts[1].close()


def test_what_is_too_large_is_refused_before_it_is_sent(page: Page, tmp_path: Path) -> None:
    large = tmp_path / "large.jpg"
    with large.open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    page.set_input_files("#photographs", large)
    expect(page.get_by_role("alert")).to_contain_text("100 MB are too much: at most 48 MB")
    expect(page.locator("#drop")).to_be_visible()


def test_the_server_refuses_100_megabytes_too(address: str) -> None:
    import httpx

    def parts() -> Iterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="photographs"; filename="a.jpg"\r\n\r\n'
        for _ in range(100):
            yield bytes(1024 * 1024)

    answer = httpx.post(
        f"{address}api/people", content=parts(), headers={"content-type": "multipart/form-data; boundary=b"}, timeout=60
    )
    assert answer.status_code == 413


def test_a_text_file_is_told_to_be_no_picture(page: Page, tmp_path: Path) -> None:
    text = tmp_path / "notes.jpg"
    text.write_text("these are notes\n" * 100)
    page.set_input_files("#photographs", text)
    expect(page.get_by_role("alert")).to_contain_text("notes.jpg", timeout=READING)
    said = page.get_by_role("alert").inner_text()
    assert "ptx-app" not in said
    assert "upload" not in said
    expect(page.locator("#drop")).to_be_visible()


def test_after_a_worker_was_killed_the_person_is_read_again(page: Page, app: Starlette) -> None:
    """Said where a picture was lost by it; a worker that is there again before the next picture is asked for reads them in silence."""
    upload(page)
    pose(page)
    before = app.state.jobs.worker.pid
    os.kill(before, signal.SIGKILL)
    page.get_by_role("button", name="Star", exact=True).click()
    alert, star = page.get_by_role("alert"), page.get_by_role("img", name="The person in the pose Star")
    expect(alert.or_(star).first).to_be_visible(timeout=READING)
    if alert.is_visible():
        expect(alert).to_contain_text("The person is read again")
        painted(page)
        pose(page, "Star")
    expect(star).to_be_visible(timeout=READING)
    assert app.state.jobs.worker.pid != before
    pose(page, "Tree")


def test_it_fits_a_phone(browser: Browser, address: str) -> None:
    context = browser.new_context(viewport=PHONE, device_scale_factor=2, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(address)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    upload(page)
    pose(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    stage = page.locator("#stage").bounding_box()
    assert stage is not None
    assert stage["width"] <= 360
    assert stage["height"] < 0.55 * PHONE["height"]  # the picture and what changes it are seen at once
    for button in page.locator("button:visible, .button:visible, select:visible").all():
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 24, button.inner_text()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_letters_can_be_read_in_light_and_dark(browser: Browser, address: str, scheme: str) -> None:
    context = browser.new_context(viewport=DESKTOP, color_scheme="dark" if scheme == "dark" else "light")
    page = context.new_page()
    page.goto(address)
    ink, paper = (
        page.evaluate(f"getComputedStyle(document.body).{name}.match(/\\d+/g).slice(0, 3).map(Number)")
        for name in ("color", "backgroundColor")
    )
    assert (sum(paper) < sum(ink)) == (scheme == "dark")
    assert contrast(ink, paper) > 7
    context.close()


def contrast(one: list[int], other: list[int]) -> float:
    """Contrast of two colours by WCAG 2."""

    def luminance(colour: list[int]) -> float:
        linear = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
        return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_everything_that_is_used_has_a_name(studio: Page) -> None:
    page = studio
    pose(page)
    nameless = page.evaluate(
        """[...document.querySelectorAll('button, input, select, [tabindex="0"], img:not([alt=""])')].filter((one) => {
            const labels = [...(one.labels ?? [])].map((label) => label.textContent).join('');
            const by = document.getElementById(one.getAttribute('aria-labelledby') ?? '')?.textContent;
            return !(one.getAttribute('aria-label') || by || labels || one.textContent || one.alt || '').trim();
        }).map((one) => one.outerHTML.slice(0, 80))"""
    )
    assert nameless == []


def test_nothing_is_left_on_disk(studio: Page, app: Starlette) -> None:
    pose(studio, "Running")
    assert list(Path(app.state.jobs.worker.folder).iterdir()) == []


def test_consent_is_told(page: Page) -> None:
    page.click("#open-consent")
    expect(page.get_by_role("dialog")).to_contain_text("people who agreed")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_the_page_of_the_api_tells_its_requests(browser: Browser, address: str) -> None:
    context = browser.new_context(viewport=DESKTOP)
    for page in watched(context.new_page(), f"{address}api/docs"):
        expect(page.get_by_role("heading", name="POST api/transfer")).to_be_visible()
        expect(page.locator("#curl")).to_contain_text(f"{address}api/transfer")
    context.close()
