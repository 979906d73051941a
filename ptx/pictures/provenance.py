"""What pictures of people say about themselves: that they are synthetic, and how they were made.

Nothing in it tells of the machine or the moment: files are named without their folders, and the same command writes the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Literal
from xml.sax.saxutils import escape

from ptx.pipeline.storage.json_values import Json

SourceType = Literal["trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia", "compositeSynthetic"]
"""Terms of IPTC's vocabulary Digital Source Type: painted by a trained model; a photograph with a part that is; a photograph with a part
that a program made without one."""

VOCABULARY = "http://cv.iptc.org/newscodes/digitalsourcetype/"
"""Address of IPTC's vocabulary."""

STATEMENT = (
    "This picture is synthetic: a program painted the person in it. It is no photograph of something that happened."
)
"""The sentence for people."""

XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">
<Iptc4xmpExt:DigitalSourceType>{kind}</Iptc4xmpExt:DigitalSourceType>
<xmp:CreatorTool>{program}</xmp:CreatorTool>
<dc:source>{record}</dc:source>
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{statement}</rdf:li></rdf:Alt></dc:description>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>"""
"""Packet of XMP, as ISO 16684-1 lays it out, to be filled in."""


@dataclass(frozen=True)
class Provenance:
    """How a picture was made."""

    kind: SourceType
    """What it is, in IPTC's words."""
    command: str
    """The command, such as `ptx transfer`."""
    sources: Sequence[Path] = ()
    """Files that it was made from."""
    settings: Mapping[str, Json] = field(default_factory=dict)
    """Choices and models that it was made with."""

    @property
    def program(self) -> str:
        """Name and version of this program."""
        return f"ptx {version('ptx')}"

    @property
    def text(self) -> dict[str, str]:
        """Keyword → text, by the keywords that the PNG standard names."""
        return {"Software": self.program, "Description": STATEMENT, "Comment": self.record}

    @property
    def record(self) -> str:
        """JSON of command, settings, and SHA-256 of the sources by file name."""
        sources: list[Json] = [{"file": path.name, "sha256": _sha256(path)} for path in self.sources]
        return json.dumps(
            {"program": self.program, "command": self.command, "settings": dict(self.settings), "sources": sources},
            sort_keys=True,
        )

    @property
    def xmp(self) -> str:
        """The XMP packet."""
        texts = {"program": self.program, "statement": STATEMENT, "record": self.record}
        return XMP.format(kind=VOCABULARY + self.kind, **{name: escape(text) for name, text in texts.items()})


def _sha256(path: Path) -> str | None:
    """Return the hex SHA-256 of a file; None where it is gone by now."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
