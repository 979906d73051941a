"""The API's OpenAPI document, by which `api/docs` draws its page."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from types import MappingProxyType
from typing import NamedTuple

from ptx.pipeline.storage.json_values import Json


class Field(NamedTuple):
    """A field of a form."""

    text: str
    kind: str = "string"
    """`string`, `number`, `boolean`, `file` or `files`."""
    default: str = ""
    choices: tuple[str, ...] = ()


class Path(NamedTuple):
    """A request that can be made."""

    method: str
    path: str
    summary: str
    answers: str
    """What comes back."""
    media_type: str = "application/json"
    fields: Mapping[str, Field] = MappingProxyType({})
    status: int = 200


PERSON = {
    "person": Field("Who: as POST people has named them."),
    "photographs": Field("Or their photographs, read on the spot; several of the same person are better.", "files"),
}
BODY = {"body": Field("A pose as it was sent with a picture or by POST pose (JSON): goes before the others.")}
POSE = {
    "pose": Field("The pose: a photograph of anyone in it, or OpenPose's JSON of one.", "file"),
    "gallery": Field("Or a pose of the gallery, by its name (GET poses)."),
    "pose_keypoints": Field("Or [[x, y, confidence]] of 18 joints, px of the person's photograph (JSON)."),
}
LOOK = {
    "background": Field(
        "Behind the person: source, pose, none, or a colour such as white or #e0e0e0.", default="source"
    ),
    "proportions": Field("Whose shape and limbs they have.", default="source", choices=("source", "pose")),
    "pitch": Field("Degrees that they tilt towards the viewer, -60 to 60.", "number", "0"),
    "mend": Field("Let a small network correct the picture.", "boolean"),
    "engine": Field("What paints: surface, or a trained system (GET state).", default="surface"),
}
SESSION = {
    "job": Field("A name by which the event stream tells of the progress."),
    "session": Field("The page's session (its event stream says it), which hears of progress and keeps what is sent."),
}
POSED = "the header Ptx-Posed has its pose: body, joints (px of the photograph), place (x, y, px per px)"

PATHS = (
    Path(
        "post", "/people", "Find a person in photographs", "the person: name, keypoints, outline, body", status=201,
        fields={
            "photographs": Field("A photograph, or several of the same person.", "files"),
            "example": Field("Take the example instead.", "boolean"),
            "keypoints": Field("[[x, y, confidence]] of 18 joints, px of the first photograph (JSON); else they are looked for."),
            **SESSION,
        },
    ),
    Path(
        "post", "/people/{person}", "Read a person again, with other keypoints", "as POST people",
        fields={"keypoints": Field("[[x, y, confidence]] of 18 joints (JSON).")},
    ),
    Path("delete", "/people/{person}", "Forget a person", "nothing", status=204),
    Path("get", "/people/{person}/photograph", "The photograph, upright, of 1600 px at most", "a picture", "image/jpeg"),
    Path("get", "/people/{person}/background", "The same without its person", "a picture", "image/jpeg"),
    Path("get", "/poses", "The poses of the gallery", "names, and figures in centimetres"),
    Path("post", "/pose", "Bring a person to a pose, without painting", "body and joints", fields={"person": PERSON["person"], **POSE}),
    Path(
        "post", "/transfer", "Paint a person in a pose", f"a picture; {POSED}", "image/png",
        fields={
            **PERSON, **POSE, **BODY, "yaw": Field("Degrees that they turn to their own left.", "number", "0"), **LOOK,
            "format": Field("Of the picture.", default="png", choices=("png", "jpg")),
            "size": Field(
                "draft: 384 px, the person alone; screen: on a photograph of 1600 px at most.", default="full",
                choices=("full", "screen", "draft"),
            ),
            "joint": Field("A joint to be dragged, 0 to 17 in OpenPose's order: to x, y px of the photograph.", "number"),
            "x": Field("px.", "number"), "y": Field("px.", "number"),
        },
    ),
    Path(
        "post", "/view", "Paint a person from other sides", "a picture or a moving one", "image/png",
        fields={
            **PERSON, **BODY, "yaw": Field("Degrees to their left: 45, or 0:360:15 for a round.", default="45"), **LOOK,
            "format": Field("png shows one angle.", default="png", choices=("png", "gif", "mp4")), **SESSION,
        },
    ),
    Path("post", "/avatar", "Write a person as a rigged 3D model", "a .glb", "model/gltf-binary", fields=PERSON),
    Path(
        "post", "/animate", "Paint a person as somebody in a video moves", "a video", "video/mp4",
        fields={
            **PERSON, "video": Field("Who moves.", "file"),
            "background": LOOK["background"], "proportions": LOOK["proportions"], "mend": LOOK["mend"],
            "format": Field("Of the video.", default="mp4", choices=("mp4", "webm", "gif")),
            "size": Field("Longer side of its frames, 64 to 1080 px.", "number", "512"), **SESSION,
        },
    ),
    Path("get", "/state", "Engines, and how many jobs wait", "engines, waiting"),
    Path("get", "/events", "A page's event stream", "events session and progress", "text/event-stream"),
    Path("post", "/close", "Forget all that a session has sent", "nothing", status=204),
)  # fmt: skip
"""What the API answers."""

REFUSALS = {
    "404": "nobody is known by this name any more",
    "413": "too many bytes",
    "422": "the request cannot be met; one line says why",
    "429": "the queue is full: try again",
    "503": "the painter died and is started again",
}
"""Answers that are {"error": "one line"}."""


def document() -> Json:
    """Return the document."""
    paths: dict[str, dict[str, Json]] = {}
    for path in PATHS:
        paths.setdefault(path.path, {})[path.method] = _operation(path)
    error: Json = {"type": "object", "properties": {"error": {"type": "string"}}, "required": ["error"]}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ptx",
            "version": version("ptx"),
            "description": "People of photographs, painted in other poses. Forms in, pictures and JSON out.",
        },
        "servers": [{"url": "./"}],
        "paths": paths,
        "components": {"schemas": {"Error": error}},
    }


def _operation(path: Path) -> Json:
    content: Json = {} if path.status == 204 else {"content": {path.media_type: {}}}
    assert isinstance(content, dict)
    answers: dict[str, Json] = {str(path.status): {"description": path.answers, **content}}
    if path.method != "get" or "{" in path.path:
        schema: Json = {"schema": {"$ref": "#/components/schemas/Error"}}
        said: Json = {"application/json": schema}
        answers |= {code: {"description": text, "content": said} for code, text in REFUSALS.items()}
    operation: dict[str, Json] = {"summary": path.summary, "responses": answers}
    if "{person}" in path.path:
        operation["parameters"] = [{"name": "person", "in": "path", "required": True, "schema": {"type": "string"}}]
    if path.fields:
        form: Json = {"type": "object", "properties": {name: _schema(field) for name, field in path.fields.items()}}
        operation["requestBody"] = {"content": {"multipart/form-data": {"schema": form}}}
    return operation


def _schema(field: Field) -> Json:
    file: Json = {"type": "string", "format": "binary"}
    if field.kind == "files":
        return {"type": "array", "items": file, "description": field.text}
    schema: dict[str, Json] = {"type": "string" if field.kind == "file" else field.kind, "description": field.text}
    if field.kind == "file":
        schema["format"] = "binary"
    if field.default:
        schema["default"] = float(field.default) if field.kind == "number" else field.default
    if field.choices:
        schema["enum"] = list(field.choices)
    return schema
