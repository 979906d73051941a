"""What the worker does, with the real engine and the example's photograph."""

from __future__ import annotations

import io
import tempfile
from importlib.resources import files
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

from ptx.app import gallery
from ptx.app.kept import Kept, LostError
from ptx.app.messages import Backdrop as Behind
from ptx.app.messages import (
    Drag,
    File,
    Gone,
    Look,
    Options,
    Paint,
    PersonRead,
    Posed,
    ReadPerson,
    ReadPose,
    Refused,
    Rig,
    TakePose,
    Turn,
    Upload,
)
from ptx.app.painter import DRAFT_HEIGHT, MOST_PEOPLE, SCREEN, Painter
from tests.app.fakes import STANCE

pytestmark = pytest.mark.slow

EXAMPLE = Upload("example.jpg", (files("ptx") / "assets" / "example.jpg").read_bytes())
DANCE = Path(__file__).parents[2] / "docs" / "poses" / "dance.json"


@pytest.fixture(scope="module")
def painter() -> Painter:
    return Painter(Options())


@pytest.fixture(scope="module")
def anna(painter: Painter) -> PersonRead:
    answer = painter.answer(ReadPerson("anna", (EXAMPLE,)))
    assert isinstance(answer, PersonRead)
    return answer


@pytest.fixture(scope="module")
def wave(painter: Painter, anna: PersonRead) -> Posed:
    answer = painter.answer(TakePose("anna", "Wave"))
    assert isinstance(answer, Posed)
    return answer


def picture(answer: object) -> np.ndarray:
    assert isinstance(answer, File)
    return np.asarray(Pillow.open(io.BytesIO(answer.content)))


def test_the_outline_is_around_the_joints(anna: PersonRead) -> None:
    assert anna.size == (765, 373)
    around = np.array(max(anna.outline, key=len), np.float32)
    for x, y, confidence in (anna.keypoints[k] for k in (0, 1, 2, 5, 3, 4, 8, 9)):
        assert confidence > 0.5
        assert cv2.pointPolygonTest(around, (x, y), True) > -12


def test_a_draft_is_the_picture_in_small(painter: Painter, anna: PersonRead, wave: Posed) -> None:
    """Laid over grey where it says that it lies, a draft looks as the picture does."""
    draft = painter.answer(Paint("anna", wave.stance, Look(), size="draft"))
    small = picture(draft)
    whole = picture(painter.answer(Paint("anna", wave.stance, Look(background="none"))))
    assert isinstance(draft, File)
    assert draft.place is not None
    unit, (x, y) = draft.place[2], draft.place[:2]
    width, height = anna.frame[2:]
    assert small.shape[0] >= DRAFT_HEIGHT
    assert small.shape[2] == 4
    scale = whole.shape[0] / height
    moved = np.array(
        [[unit * scale, 0, (x - anna.frame[0]) * scale], [0, unit * scale, (y - anna.frame[1]) * scale]], np.float32
    )
    laid = cv2.warpAffine(small[..., 3], moved, (whole.shape[1], whole.shape[0]))
    one, other = laid > 128, whole[..., 3] > 128
    assert (one & other).sum() / (one | other).sum() > 0.96
    assert width == pytest.approx(whole.shape[1] / scale, abs=1)


def test_a_dragged_joint_comes_where_it_is_dragged(painter: Painter, wave: Posed) -> None:
    x, y, _ = wave.joints[4]
    answer = painter.answer(Paint("anna", wave.stance, Look(), Drag(4, x + 20, y + 30), size="draft"))
    assert isinstance(answer, File)
    assert answer.posed is not None
    np.testing.assert_allclose(answer.posed.joints[4][:2], (x + 20, y + 30), atol=3)
    np.testing.assert_allclose(answer.posed.joints[13], wave.joints[13], atol=4)


def test_what_is_dragged_is_turned_for_good(painter: Painter, wave: Posed) -> None:
    turned = painter.answer(Paint("anna", wave.stance, Look(yaw=40), size="draft"))
    assert isinstance(turned, File)
    assert turned.posed is not None
    assert turned.posed.stance == wave.stance
    x, y, _ = turned.posed.joints[4]
    dragged = painter.answer(Paint("anna", wave.stance, Look(yaw=40), Drag(4, x, y), size="draft"))
    assert isinstance(dragged, File)
    assert dragged.posed is not None
    np.testing.assert_allclose(dragged.posed.joints, turned.posed.joints, atol=1.5)
    assert dragged.posed.stance != wave.stance


def test_the_picture_has_the_photographs_size_or_none_behind_it(
    painter: Painter, anna: PersonRead, wave: Posed
) -> None:
    assert picture(painter.answer(Paint("anna", wave.stance, Look()))).shape == (*anna.size, 3)
    alone = picture(painter.answer(Paint("anna", wave.stance, Look(background="none"))))
    assert alone.shape[2] == 4
    assert alone[0, 0, 3] == 0
    red = picture(painter.answer(Paint("anna", wave.stance, Look(background="#ff0000"))))
    assert red[0, 0].tolist() == [255, 0, 0]


def test_a_large_photograph_is_shown_on_a_screen(painter: Painter) -> None:
    """The picture of a screen is the whole one made smaller, and says by how much."""
    whole = Pillow.open(io.BytesIO(EXAMPLE.content))
    memory = io.BytesIO()
    whole.resize((whole.width * 3, whole.height * 3)).save(memory, "JPEG", quality=92)
    found = painter.answer(ReadPerson("berta", (Upload("large.jpg", memory.getvalue()),)))
    assert isinstance(found, PersonRead)
    shown = painter.answer(Paint("berta", found.stance, Look(), size="screen"))
    full = picture(painter.answer(Paint("berta", found.stance, Look())))
    small = picture(shown)
    assert full.shape == (*found.size, 3)
    assert max(small.shape) == SCREEN
    assert isinstance(shown, File)
    assert shown.place == (0.0, 0.0, pytest.approx(found.size[1] / small.shape[1]))
    reduced = cv2.resize(full, small.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(reduced.astype(int) - small).mean() < 3
    empty = picture(painter.answer(Behind("berta", empty=True)))
    assert empty.shape == small.shape
    painter.forget(["berta"])


def test_pictures_say_how_they_were_made(painter: Painter, wave: Posed) -> None:
    for ending in ("png", "jpg"):
        answer = painter.answer(Paint("anna", wave.stance, Look(), ending=ending))
        assert isinstance(answer, File)
        assert b"compositeSynthetic" in answer.content
        assert b"example.jpg" in answer.content


def test_another_photograph_shows_the_pose(painter: Painter, anna: PersonRead) -> None:
    posed = painter.answer(ReadPose("anna", "mirror", EXAMPLE))
    assert isinstance(posed, Posed)
    assert posed.stance.pose_id == "mirror"
    np.testing.assert_allclose(posed.joints[4], anna.joints[4], atol=25)  # her own pose
    there = painter.answer(Paint("anna", posed.stance, Look(background="pose", proportions="pose")))
    assert picture(there).shape == (*anna.size, 3)


def test_a_file_of_keypoints_shows_no_photograph(painter: Painter, anna: PersonRead) -> None:
    posed = painter.answer(ReadPose("anna", "dance", Upload("dance.json", DANCE.read_bytes())))
    assert isinstance(posed, Posed)
    assert posed.stance.pose_id == ""
    answer = painter.answer(Paint("anna", posed.stance, Look(background="pose")))
    assert isinstance(answer, Refused)
    assert "the pose is no photograph" in answer.text


def test_proportions_of_the_pose_keep_the_height(painter: Painter, anna: PersonRead) -> None:
    posed = painter.answer(TakePose("anna", "T-pose"))
    assert isinstance(posed, Posed)
    stance = posed.stance._replace(betas=[2.5, -2.0, *[0.0] * 8])
    own, theirs = (
        np.array(answer.posed.joints)
        for answer in (
            painter.answer(Paint("anna", stance, Look(proportions=name), size="draft")) for name in ("source", "pose")
        )
        if isinstance(answer, File) and answer.posed
    )
    assert np.ptp(own[:, 1]) == pytest.approx(np.ptp(theirs[:, 1]), rel=0.03)
    np.testing.assert_allclose(own[[8, 11]].mean(0), theirs[[8, 11]].mean(0), atol=2)
    assert np.abs(own - theirs).max() > 3


def test_the_background_is_the_photograph_without_its_person(painter: Painter, anna: PersonRead) -> None:
    photograph, empty = (picture(painter.answer(Behind("anna", value))).astype(int) for value in (False, True))
    assert photograph.shape == empty.shape == (*anna.size, 3)
    differs = np.abs(photograph - empty).max(axis=2) > 24
    x, y, _ = anna.keypoints[1]  # the neck
    assert differs[int(y) - 4 : int(y) + 4, int(x) - 4 : int(x) + 4].mean() > 0.8
    assert not differs[:40, :60].any()


def test_a_round_and_a_model_are_written(painter: Painter, anna: PersonRead) -> None:
    heard = []
    moving = painter.answer(Turn("anna", None, Look(), "0:360:120", "gif"), heard.append)
    assert isinstance(moving, File)
    assert getattr(Pillow.open(io.BytesIO(moving.content)), "n_frames", 1) == 3
    assert [(one.done, one.total) for one in heard] == [(1, 3), (2, 3), (3, 3)]
    model = painter.answer(Rig("anna"))
    assert isinstance(model, File)
    assert model.content[:4] == b"glTF"


@pytest.mark.parametrize("content", [b"these are notes", b"", b'{"people": 3}', b"\xff\xd8\xff\xe0" + bytes(50)])
def test_what_is_no_picture_is_refused_by_its_name(painter: Painter, content: bytes) -> None:
    answer = painter.answer(ReadPerson("nobody", (Upload("notes.jpg", content),)))
    assert isinstance(answer, Refused)
    assert "notes.jpg" in answer.text
    assert tempfile.gettempdir() not in answer.text


def test_too_many_pixels_are_refused() -> None:
    memory = io.BytesIO()
    Pillow.new("RGB", (200, 100)).save(memory, "PNG")
    small = Painter(Options(max_pixels=19_999))
    answer = small.answer(ReadPerson("anna", (Upload("large.png", memory.getvalue()),)))
    assert isinstance(answer, Refused)
    assert "large.png" in answer.text
    assert "200" in answer.text


def test_who_is_not_known_is_to_be_read_again(painter: Painter) -> None:
    assert painter.answer(Paint("nobody", STANCE, Look())) == Gone("nobody")
    assert painter.answer(TakePose("nobody", "Wave")) == Gone("nobody")


def test_trained_networks_paint_the_pose(models: Path) -> None:
    trained = Painter(Options(models=models, systems=("flow",)))
    assert isinstance(trained.answer(ReadPerson("anna", (EXAMPLE,))), PersonRead)
    posed = trained.answer(TakePose("anna", "Wave"))
    assert isinstance(posed, Posed)
    painted = trained.answer(Paint("anna", posed.stance, Look(background="paint", engine="flow")))
    assert picture(painted).shape == (64, 48, 3)
    assert isinstance(painted, File)
    assert b"generator" in painted.content  # the models' hashes are told
    for engine, text in (("pose-flow", "surface, flow"), ("../flow", "no such models")):
        refused = trained.answer(Paint("anna", posed.stance, Look(engine=engine)))
        assert isinstance(refused, Refused)
        assert text in refused.text


def test_those_asked_for_least_lately_are_let_go() -> None:
    kept: Kept[int] = Kept(2)
    kept["a"], kept["b"] = 1, 2
    assert kept["a"] == 1
    kept["c"] = 3
    with pytest.raises(LostError, match="b"):
        kept["b"]
    kept.drop("a")
    kept.drop("nobody")
    with pytest.raises(LostError, match="a"):
        kept["a"]
    assert MOST_PEOPLE >= 20  # users of benchmarks/app_load.py


def test_every_pose_of_the_gallery_can_be_taken(painter: Painter, anna: PersonRead) -> None:
    for row in gallery.rows():
        wanted = painter._gallery(row["name"])
        points = wanted.keypoints[:, :2]
        assert (points > 0).all(), row["name"]
        assert (points < (768, 1024)).all(), row["name"]
    unknown = painter.answer(TakePose("anna", "Handstand"))
    assert isinstance(unknown, Refused)
    assert "Handstand" in unknown.text
