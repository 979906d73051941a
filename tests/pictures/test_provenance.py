"""What pictures say about themselves, read back by Pillow, an XML parser, and by hand."""

from __future__ import annotations

import hashlib
import json
import struct
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

from ptx.pictures.animation import write_animation
from ptx.pictures.png import encode_png
from ptx.pictures.provenance import STATEMENT, Provenance

IMAGE = np.random.default_rng(0).integers(0, 255, (16, 12, 3), np.uint8)
SOURCE_TYPE = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType"
DESCRIPTION = "{http://purl.org/dc/elements/1.1/}description"


@pytest.fixture
def made(tmp_path: Path) -> Provenance:
    """Of a file whose name needs escaping, in a folder that must not be told."""
    source = tmp_path / "private folder" / "<mé & you>.jpg"
    source.parent.mkdir()
    source.write_bytes(b"the photograph")
    return Provenance("trainedAlgorithmicMedia", "ptx transfer", [source], {"as": "picture", "yaw": [30.0]})


def check_record(text: str, folder: Path) -> None:
    record = json.loads(text)
    assert record["command"] == "ptx transfer"
    assert record["program"].startswith("ptx 0.")
    assert record["settings"] == {"as": "picture", "yaw": [30.0]}
    digest = hashlib.sha256(b"the photograph").hexdigest()
    assert record["sources"] == [{"file": "<mé & you>.jpg", "sha256": digest}]
    assert str(folder) not in text
    assert "private folder" not in text


def check_xmp(packet: bytes, folder: Path) -> None:
    root = ElementTree.fromstring(packet.decode().split("?>", 1)[1].rsplit("<?xpacket", 1)[0])
    kinds = [element.text for element in root.iter(SOURCE_TYPE)]
    assert kinds == ["http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"]
    assert "".join(next(root.iter(DESCRIPTION)).itertext()).strip() == STATEMENT
    source = next(root.iter("{http://purl.org/dc/elements/1.1/}source")).text
    assert source is not None
    check_record(source, folder)


def test_png(made: Provenance, tmp_path: Path) -> None:
    content = encode_png(IMAGE, made)
    with Pillow.open(BytesIO(content)) as picture:
        assert (np.asarray(picture) == IMAGE).all()
        texts = {key: str(value) for key, value in picture.info.items()}
    assert texts["Software"].startswith("ptx 0.")
    assert texts["Description"] == STATEMENT
    check_record(texts["Comment"], tmp_path)
    check_xmp(texts["XML:com.adobe.xmp"].encode(), tmp_path)
    assert encode_png(IMAGE, made) == content
    assert b"Software" not in encode_png(IMAGE)


def test_png_with_alpha(made: Provenance) -> None:
    with Pillow.open(BytesIO(encode_png(np.dstack([IMAGE, IMAGE[..., 0]]), made))) as picture:
        assert picture.mode == "RGBA"
        assert picture.info["Description"] == STATEMENT


def test_gif(made: Provenance, tmp_path: Path) -> None:
    first = write_animation(tmp_path / "a.gif", [IMAGE, IMAGE[::-1]], made).read_bytes()
    assert write_animation(tmp_path / "b.gif", [IMAGE, IMAGE[::-1]], made).read_bytes() == first
    with Pillow.open(tmp_path / "a.gif") as film:
        program, statement, record = film.info["comment"].decode().split("\n")
    assert program.startswith("ptx 0.")
    assert statement == STATEMENT
    check_record(record, tmp_path)


def test_mp4(made: Provenance, tmp_path: Path) -> None:
    """A box of its own behind the film, which plays as before."""
    path = write_animation(tmp_path / "a.mp4", [IMAGE] * 3, made)
    content = path.read_bytes()
    at, boxes = 0, {}
    while at < len(content):
        size, name = struct.unpack(">I4s", content[at : at + 8])
        boxes[name] = content[at + 8 : at + size]
        at += size
    assert at == len(content)
    assert boxes[b"uuid"][:16].hex() == "be7acfcb97a942e89c71999491e3afac"
    check_xmp(boxes[b"uuid"][16:], tmp_path)
    film = cv2.VideoCapture(str(path))
    assert sum(film.read()[0] for _ in range(5)) == 3
    assert write_animation(tmp_path / "b.mp4", [IMAGE] * 3, made).read_bytes() == content


def test_a_source_that_is_gone(tmp_path: Path) -> None:
    record = json.loads(Provenance("compositeSynthetic", "ptx transfer", [tmp_path / "gone.jpg"]).record)
    assert record["sources"] == [{"file": "gone.jpg", "sha256": None}]
