from __future__ import annotations

import numpy as np
import pytest

from ptx.datasets.avatars.parts import Part, label_faces, part_of
from ptx.geometry.joints import joint
from ptx.labels import GARMENTS


@pytest.mark.parametrize(("names", "part"), [
    (("Wolf3D_Outfit_Top", "Wolf3D_Outfit_Top", ""), Part.TOP),
    (("Wolf3D_Outfit_Footwear", "", ""), Part.SHOES),
    (("Wolf3D_Skin", "Wolf3D_Head", "Wolf3D_Head"), Part.FACE),
    (("Wolf3D_Body", "Wolf3D_Body", ""), Part.SKIN),
    (("_Body", "h_L_eye", "h_L_eye"), Part.EYES),
    (("_Body", "H_DDS_HighRes", ""), Part.SKIN),
    (("Hair", "h_wig", ""), Part.HAIR),
    (("N00_001_01_Bottoms_01_CLOTH_01 (Instance)", "Body (merged)", "Body"), Part.TROUSERS),
    (("N00_000_00_FaceBrow_00_FACE (Instance)", "Face", ""), Part.HAIR),
    (("Ch03_Boots", "Ch03", ""), Part.SHOES),
    (("Eyelashes", "", ""), Part.HAIR),
    (("sunglasses", "", ""), Part.ACCESSORY),
    (("material_0", "mesh", "node"), Part.UNTOLD),
    (("Rainbow", "shortcut", "heading"), Part.UNTOLD),  # words, and no pieces of words
])  # fmt: skip
def test_parts_by_names(names: tuple[str, ...], part: Part) -> None:
    assert part_of(names) == part


def test_labels_by_part_and_joint() -> None:
    faces = [
        (Part.SKIN, "head", "face"), (Part.SKIN, "left_elbow", "arms"), (Part.SKIN, "right_knee", "legs"), (Part.SKIN, "neck", "face"),
        (Part.SKIN, "spine3", "face"), (Part.HAIR, "head", "hair"), (Part.EYES, "head", "face"), (Part.TOP, "left_elbow", "top"),
        (Part.SKIRT, "left_knee", "skirt"), (Part.SHOES, "left_foot", "shoes"), (Part.ACCESSORY, "head", "accessory"),
        (Part.OUTFIT, "spine2", "top"), (Part.OUTFIT, "pelvis", "trousers"), (Part.OUTFIT, "right_ankle", "shoes"),
        (Part.OUTFIT, "right_shoulder", "top"), (Part.OUTFIT, "left_hip", "trousers"),
    ]  # fmt: skip
    parts = np.array([part for part, _, _ in faces], np.int64)
    labels = label_faces(parts, np.array([joint(name) for _, name, _ in faces], np.int32))
    assert labels is not None
    assert [GARMENTS[label] for label in labels] == [label for _, _, label in faces]


@pytest.mark.parametrize("parts", [[Part.SKIN, Part.HAIR], [Part.TOP, Part.UNTOLD], [Part.SKIN, Part.ACCESSORY]])
def test_names_that_leave_clothes_open_tell_no_labels(parts: list[Part]) -> None:
    assert label_faces(np.array(parts, np.int64), np.zeros(len(parts), np.int32)) is None
