"""Errors read well: those in the source by their texts, and those that tests raise, which `tests/conftest.py` looks at."""

from __future__ import annotations

import pytest

from ptx.pipeline.errors import BadSample, PtxError
from tests.wording import NO_PLACE, PLACE, class_names, faults, messages


@pytest.mark.slow
def test_texts_of_the_source() -> None:
    texts = list(messages())
    assert len(texts) > 300
    wrong = [f"{where}: {fault}: {text}" for where, _, text in texts for fault in faults(text)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
def test_every_mistake_says_where() -> None:
    texts = [(where, text) for where, error, text in messages() if error == "PtxError" and not PLACE.search(text)]
    wrong = [f"{where}: {text}" for where, text in texts if not text.startswith(NO_PLACE)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
def test_no_text_shouts_or_has_stray_spaces() -> None:
    wrong = [f"{where}: {text}" for where, _, text in messages() if "!" in text or text != text.strip() or "  " in text]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("size: None is no number", "says 'None'"),
        ("me.jpg: 'NoneType' has no length", "says 'NoneType'"),
        ("a.jpg: <PIL.Image object at 0x7f>", "says 'object at 0x'"),
        ("me.jpg: no FittedBody", "names the class FittedBody"),
        ("see ptx.pipeline.errors", "says 'ptx.pipeline.errors'"),
        ("", "has an empty line"),
        ("one\n\nother", "has an empty line"),
    ],
)
def test_words_of_the_inside_are_found(text: str, fault: str) -> None:
    assert fault in faults(text)


def test_plain_words_are_not() -> None:
    assert faults("data.root: photos holds no pictures (DeepFashion's are .jpg): `ptx check`") == []
    assert {"FittedBody", "SurfaceEngine"} <= class_names()


@pytest.mark.slow
def test_errors_that_tests_raise_are_looked_at() -> None:
    with pytest.raises(AssertionError, match="says 'NoneType'"):
        raise PtxError("me.jpg: 'NoneType' has no length")
    with pytest.raises(AssertionError, match="says 'None'"):
        raise BadSample("no_person", "None is found in the picture")
