"""Attributes of a store: its size and its manifest, beside its arrays in `zarr.json`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ptx.pipeline.storage.json_values import Json, as_int, as_object, as_str

FORMAT = 1
"""Number of the layout of stores; raised when the layout changes."""


class OtherFormat(ValueError):
    """The attributes are those of a store of another format."""

    def __init__(self, number: Json) -> None:
        super().__init__(number)
        self.number = number


@dataclass(frozen=True)
class StoreAttributes:
    """Description of a store, written when it is created."""

    stage: str
    """Name of the stage that writes it."""
    count: int
    """Number of samples."""
    block: int
    """Samples of a block."""
    manifest: Mapping[str, Json] = field(default_factory=dict)
    """Everything that the results depend on."""
    fingerprint: str = ""
    """Digest of the manifest."""
    rebuilds: int = 0
    """How often the same results were computed again by `--force`."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """Package → its version when the store was created."""

    def as_json(self) -> dict[str, Json]:
        """Return the stored form."""
        return {
            "format": FORMAT,
            "stage": self.stage,
            "again": self.rebuilds,
            "count": self.count,
            "block": self.block,
            "document": self.manifest,
            "fingerprint": self.fingerprint,
            "versions": self.versions,
        }

    @classmethod
    def from_group(cls, group: Json) -> StoreAttributes:
        """Read the attributes from the metadata of a Zarr group.

        Raises:
            OtherFormat: the store has another format.
            KeyError, TypeError: the group was not written by ptx.
        """
        fields = as_object(as_object(as_object(group)["attributes"])["ptx"])
        if fields.get("format") != FORMAT:
            raise OtherFormat(fields.get("format"))
        return cls(
            stage=as_str(fields["stage"]),
            count=as_int(fields["count"]),
            block=as_int(fields["block"]),
            manifest=as_object(fields["document"]),
            fingerprint=as_str(fields["fingerprint"]),
            rebuilds=as_int(fields.get("again", 0)),
            versions={name: as_str(number) for name, number in as_object(fields.get("versions", {})).items()},
        )
