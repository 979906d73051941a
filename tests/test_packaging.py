"""The wheel: it holds the package's files and nothing else, and works outside the checkout."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from PIL import Image
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

BUILD = "import sys; from setuptools import build_meta; getattr(build_meta, f'build_{sys.argv[1]}')('dist')"
"""Calls the hook of PEP 517 that `pip` and `build` call."""

NOTES = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE", "licenses/NOTICE", "top_level.txt"}
"""Files of a wheel's folder .dist-info."""

BESIDE = {
    "CHANGELOG.md", "CITATION.cff", "LICENSE", "MANIFEST.in", "NOTICE", "PKG-INFO", "README.md", "constraints.txt", "pipeline.yaml",
    "pyproject.toml", "setup.cfg",
}  # fmt: skip
"""Files of a source distribution beside the package."""

LARGEST = 45e6
"""Bytes that a wheel has at most."""


def own_environment() -> dict[str, str]:
    """Variables of this process without those by which Python finds the checkout."""
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}


def call(words: Sequence[str | Path], folder: Path, environment: Mapping[str, str] | None = None) -> str:
    """Run a command that has to end well; returns what it prints."""
    done = subprocess.run(
        list(map(str, words)),
        cwd=folder,
        env=environment or own_environment(),
        capture_output=True,
        text=True,
        timeout=1200,
    )
    assert done.returncode == 0, f"{words}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout


def own_files() -> list[str]:
    """Files of the checkout that git knows, or would take."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("this is no git checkout")
    listed = call(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], ROOT)
    return [name for name in listed.split("\0") if name and (ROOT / name).exists()]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source distribution, made of a copy of the checkout, and the wheel, made of that."""
    folder = tmp_path_factory.mktemp("built")
    for name in own_files():
        target = folder / "checkout" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)
    call([sys.executable, "-c", BUILD, "sdist"], folder / "checkout")
    (source,) = (folder / "checkout" / "dist").iterdir()
    with tarfile.open(source) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    (unpacked,) = (folder / "unpacked").iterdir()
    call([sys.executable, "-c", BUILD, "wheel"], unpacked)
    (wheel,) = (unpacked / "dist").iterdir()
    shutil.move(source, folder)
    shutil.move(wheel, folder)
    return folder


def package_files() -> set[str]:
    return {name for name in own_files() if name.startswith("ptx/")}


@pytest.mark.slow
def test_the_wheel_holds_the_package_and_nothing_else(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    assert wheel.name == "ptx-0.2.0-py3-none-any.whl"
    assert wheel.stat().st_size < LARGEST
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    notes = {name.partition("/")[2] for name in names if name.startswith("ptx-0.2.0.dist-info/")}
    assert notes == NOTES
    assert {name for name in names if ".dist-info/" not in name} == package_files()


@pytest.mark.slow
def test_the_source_distribution_holds_what_the_wheel_is_made_of(built: Path) -> None:
    (source,) = built.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        names = {name.partition("/")[2] for name in archive.getnames() if not archive.getmember(name).isdir()}
    assert {name for name in names if not name.startswith("ptx.egg-info/")} == package_files() | BESIDE


@pytest.fixture(scope="module")
def installed(built: Path) -> Path:
    """An environment of its own outside the checkout with the wheel; what ptx needs it takes from this one."""
    (wheel,) = built.glob("*.whl")
    environment = built / "environment"
    venv.create(environment, with_pip=False)
    python = environment / "bin" / "python"
    call(
        [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel], built
    )
    site = Path(call([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], built).strip())
    others = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (site / "others.pth").write_text("\n".join(sorted(others)) + "\n")
    take_compiled(site)
    return environment


def take_compiled(site: Path) -> None:
    """Take the kernels over that are compiled in the checkout: numba knows them by the age and the size of their file."""
    for cache in (ROOT / "ptx").rglob("__pycache__"):
        target = site / cache.relative_to(ROOT)
        target.mkdir(exist_ok=True)
        for compiled in (*cache.glob("*.nbi"), *cache.glob("*.nbc")):
            shutil.copy2(compiled, target)
    for name in package_files():
        shutil.copystat(ROOT / name, site / name)


@pytest.mark.slow
def test_it_works_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    python, ptx = installed / "bin" / "python", installed / "bin" / "ptx"
    home = Path(call([python, "-c", "import ptx; print(ptx.__file__)"], tmp_path).strip())
    assert home.is_relative_to(installed)
    assert call([ptx, "--version"], tmp_path).strip() == "ptx 0.2.0"
    assert "free disk" in call([ptx, "doctor"], tmp_path)
    shutil.copy(ROOT / "docs" / "poses" / "wave.json", tmp_path)
    call([ptx, "transfer", home.parent / "assets" / "example.jpg", "--pose", "wave.json", "-o", "out.png"], tmp_path)
    with Image.open(tmp_path / "out.png") as picture:
        assert picture.size == (373, 765)
    settings = ["data.persons=10", "data.images_per_person=2", "body=small", "size=[64, 48]", "cluster.kind=serial"]
    call([ptx, "run", "all", *(word for setting in settings for word in ("--set", setting))], tmp_path)
    assert call([ptx, "verify"], tmp_path)
    assert (tmp_path / "work" / "flow.zarr" / "zarr.json").exists()


@pytest.mark.slow
def test_its_dependencies_are_there(installed: Path, tmp_path: Path) -> None:
    """`pip check`: other packages of this machine may be at odds, ptx is not."""
    words = [sys.executable, "-m", "pip", "--python", str(installed / "bin" / "python"), "check"]
    done = subprocess.run(words, cwd=tmp_path, env=own_environment(), capture_output=True, text=True, timeout=300)
    assert not [line for line in done.stdout.splitlines() if line.startswith("ptx ")]


def read_yaml(path: Path) -> dict[str, object]:
    document = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    assert isinstance(document, dict)
    return document


def test_the_citation_is_of_this_version() -> None:
    citation = read_yaml(ROOT / "CITATION.cff")
    assert citation["version"] == PROJECT["version"]
    assert citation["license"] == PROJECT["license"]
    assert {"cff-version", "message", "title", "authors"} <= set(citation)


def test_containers_ask_for_extras_that_there_are() -> None:
    asked = re.findall(r"EXTRAS=([\w,]+)", (ROOT / "Dockerfile").read_text())
    asked += re.findall(r"/ptx\[([\w,]+)\]", (ROOT / "apptainer.def").read_text())
    assert len(asked) == 2
    assert {name for names in asked for name in names.split(",")} <= set(PROJECT["optional-dependencies"])


@pytest.mark.parametrize("name", ["docs", "tests", "wheels"])
def test_workflows_call_what_there_is(name: str) -> None:
    jobs = read_yaml(ROOT / ".github" / "workflows" / f"{name}.yml")["jobs"]
    assert isinstance(jobs, dict)
    commands = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for command in commands:
        if command.startswith("make "):
            assert command.split()[1] in targets
        elif command.startswith("."):
            assert os.access(ROOT / command, os.X_OK)
