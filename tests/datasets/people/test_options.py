"""Options and names of images, without the kernels that render."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ptx.datasets.people import People, PeopleOptions, image_ids


def test_names() -> None:
    names = image_ids(PeopleOptions(3, 2))
    assert names == ["p00000_00", "p00000_01", "p00001_00", "p00001_01", "p00002_00", "p00002_01"]
    assert People(PeopleOptions(3, 2)).ids == names
    assert len(set(image_ids(PeopleOptions(12, 120)))) == 1440
    assert image_ids(PeopleOptions(0, 4)) == []


@pytest.mark.parametrize("module", ["ptx.datasets.people", "ptx.datasets.people.options"])
def test_listing_loads_no_kernel(module: str) -> None:
    """`ptx status` lists the images: numba, torch and OpenCV would take seconds."""
    program = f"import sys, {module} as m; m.image_ids(m.PeopleOptions(2, 2)), m.VERSION; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert module in loaded
    assert not {"numba", "torch", "cv2", "numpy", "ptx.datasets.people.people"} & set(loaded)


def test_no_other_name() -> None:
    import ptx.datasets.people as package

    with pytest.raises(AttributeError, match="no attribute 'Nobody'"):
        package.__getattr__("Nobody")
