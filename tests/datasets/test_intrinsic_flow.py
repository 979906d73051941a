"""The released packs, written here byte by byte from their description, through the stages and out again."""

from __future__ import annotations

import json
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from scipy.ndimage import median_filter

from ptx.datasets.fit_files import FitFolder
from ptx.datasets.intrinsic_flow import IntrinsicFlow
from ptx.evaluation.published_figures import published_metrics
from ptx.pipeline.errors import PtxError
from ptx.pipeline.events import Silent
from ptx.project import Project
from ptx.samples.export import export_flow
from ptx.samples.reader import SampleReader
from ptx.samples.sheets import show_pair, show_sample
from ptx.settings import load_settings
from ptx.stages.fit_smpl import FitSmpl
from ptx.training.data import TRAIN, usable_pairs
from ptx.training.step import TrainingStep
from ptx.training.training import NO_EXACT_FLOW
from ptx.training.trainings import TRAININGS
from tests.projects import project_of
from tests.projects import run as run_steps

HEIGHT, WIDTH = 48, 40
IDS = [f"fashionWOMENDressesid000026290{n}_{side}" for n in (1, 2) for side in ("1front", "3back", "4full")]
TABLE = {
    "train": [[IDS[0], IDS[1]], [IDS[1], IDS[0]], [IDS[2], IDS[1]]],
    "test": [[IDS[3], IDS[4]], [IDS[4], IDS[5]]],
    "test_small": [[IDS[4], IDS[5]]],
}
RNG = np.random.default_rng(0)
JOINTS = {name: RNG.integers(5, WIDTH, (18, 2)) for name in IDS}
JOINTS[IDS[0]][[3, 16]] = -1
SILHOUETTES = {name: RNG.integers(0, 25, (HEIGHT, WIDTH)).astype(np.uint8) for name in IDS}
MERGE = {
    1: {13, 16},
    2: {1, 4, 7, 10},
    3: {14, 17, 19, 21, 23},
    4: {15, 18, 20, 22, 24},
    5: {2, 5, 8, 11},
    6: {3, 6, 9, 12},
}
"""Body part → labels of silhouette24."""


def python2_pickle(poses: dict[str, np.ndarray]) -> bytes:
    """As Python 2's cPickle writes a dictionary of byte strings and lists, by protocol 2."""
    out = b"\x80\x02}("
    for name, points in poses.items():
        out += b"U" + bytes([len(name)]) + name.encode() + b"]("
        out += b"".join(
            b"](" + b"".join(b"J" + struct.pack("<i", v) for v in point) + b"e" for point in points.tolist()
        )
        out += b"e"
    return out + b"u."


def bmp(labels: np.ndarray) -> bytes:
    """An 8-bit BMP with a grey palette, its rows from the bottom up and padded to four bytes."""
    height, width = labels.shape
    rows = b"".join(row.tobytes() + bytes(-width % 4) for row in labels[::-1])
    palette = b"".join(bytes([v, v, v, 0]) for v in range(256))
    header = b"BM" + struct.pack("<IHHI", 1078 + len(rows), 0, 0, 1078)
    return (
        header
        + struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 0, len(rows), 2835, 2835, 256, 256)
        + palette
        + rows
    )


def corr(seed: int) -> bytes:
    """Any place in the source, on the background 0 0."""
    rng = np.random.default_rng(seed)
    places = rng.uniform(-3, 50, (HEIGHT, WIDTH, 2)).astype("<f4")
    places[5, 7] = 1e-7, 39.99999
    labels = rng.integers(0, 3, (HEIGHT, WIDTH), np.uint8)
    places[labels == 2] = 0
    return struct.pack("<ii", WIDTH, HEIGHT) + places.tobytes() + labels.tobytes()


def pack(root: Path, pictures: str = "Img", part_folder: str = "seg") -> Path:
    """A whole pack."""
    for folder in (f"{pictures}/img", f"{pictures}/{part_folder}", "Label", "3d/hmr/corr"):
        (root / folder).mkdir(parents=True)
    for name, silhouette in SILHOUETTES.items():
        Pillow.fromarray(RNG.integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)).save(
            root / pictures / "img" / f"{name}.jpg"
        )
        labels = silhouette if part_folder == "silhouette24" else merged(silhouette)
        (root / pictures / part_folder / f"{name}.bmp").write_bytes(bmp(labels))
    (root / "Label" / "pair_split.json").write_text(json.dumps(TABLE))
    (root / "Label" / "pose_label.pkl").write_bytes(python2_pickle(JOINTS))
    for seed, (source, target) in enumerate([*TABLE["train"], *TABLE["test"]]):
        (root / "3d/hmr/corr" / f"{target}_{source}.corr").write_bytes(corr(seed))
    return root


def merged(silhouette: np.ndarray) -> np.ndarray:
    out = np.zeros_like(silhouette)
    for part, labels in MERGE.items():
        out[np.isin(silhouette, list(labels))] = part
    return out


def project(folder: Path, root: Path, more: str = "") -> Project:
    (folder / "pipeline.yaml").write_text(
        f"workspace: {folder / 'work'}\nsize: [{HEIGHT}, {WIDTH}]\nbody: small\ncluster: {{kind: serial}}\n"
        f"run: {{max_bad_fraction: 1}}\ndata: {{kind: intrinsic-flow-release, root: {root}}}\n{more}"
    )
    return project_of(folder / "pipeline.yaml")


def run(chosen: Project) -> Project:
    run_steps(chosen)
    return chosen


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("pack")
    return run(project(folder, pack(folder / "deepfashion")))


def test_images_pairs_and_splits(done: Project) -> None:
    listing = done.pipeline.listing
    assert list(listing.ids) == IDS
    assert listing.persons.tolist() == [0, 0, 0, 1, 1, 1]
    assert listing.splits.tolist() == [0, 0, 0, 1, 1, 1]
    assert listing.pairs.tolist() == [[1, 0], [0, 1], [1, 2], [4, 3], [5, 4]]  # target, source
    small = IntrinsicFlow(done.data.root, test="test_small")
    assert small.ids == [*IDS[:3], *IDS[4:]]
    assert small.pairs().tolist() == [[1, 0], [0, 1], [1, 2], [4, 3]]


def test_stages_store_what_the_pack_has(done: Project) -> None:
    assert [step.name for step in done.stages] == [
        "ingest",
        "extract-keypoints",
        "silhouette",
        "parse",
        "rasterize",
        "synth-flow",
        "visibility",
    ]
    states = {step.name: step.status() for step in done.stages}
    assert {state.condition for state in states.values()} == {"done"}
    assert [name for name, state in states.items() if state.quarantined] == ["silhouette"]  # the pictures are noise
    view = SampleReader(done.pipeline)
    points = view.keypoints(0)
    assert np.flatnonzero(points[:, 2] == 0).tolist() == [3, 16]
    there = points[:, 2] > 0
    np.testing.assert_allclose(points[there, :2], JOINTS[IDS[0]][there], atol=1e-4)
    for index, name in enumerate(IDS):
        np.testing.assert_array_equal(view.part(index), merged(SILHOUETTES[name]))
    for number in range(5):
        content = corr(number)
        places = np.frombuffer(content, "<f4", 2 * HEIGHT * WIDTH, 8).reshape(HEIGHT, WIDTH, 2).astype(np.float64)
        labels = np.frombuffer(content, "u1", offset=8 + 8 * HEIGHT * WIDTH).reshape(HEIGHT, WIDTH)
        smoothed = np.where(labels < 2, median_filter(labels, 5, mode="nearest"), labels)
        assert (smoothed[labels < 2] == 2).any()  # also that takes its flow
        np.testing.assert_array_equal(view.visibility(number), smoothed)
        expected = np.where((smoothed < 2)[..., None], places - np.indices((HEIGHT, WIDTH))[::-1].transpose(1, 2, 0), 0)
        assert np.abs(view.flow(number) - expected).max() <= 1 / 64 + 1e-5


def test_flow_comes_out_byte_for_byte(done: Project, tmp_path: Path) -> None:
    export_flow(SampleReader(done.pipeline), tmp_path / "corr", Silent())
    written = sorted((tmp_path / "corr").iterdir())
    given = sorted((done.data.root / "3d/hmr/corr").iterdir())
    assert [path.name for path in written] == [path.name for path in given]
    assert [path.read_bytes() for path in written] == [path.read_bytes() for path in given]


def test_what_reads_the_stores_reads_these(done: Project, tmp_path: Path) -> None:
    batch = usable_pairs(done.pipeline, TRAIN)[0]
    assert batch["flow"].shape == (2, HEIGHT, WIDTH)
    np.testing.assert_array_equal(batch["target_part"], merged(SILHOUETTES[IDS[1]]))
    assert show_pair(done.pipeline, "0", tmp_path / "pair.png").exists()
    assert show_sample(done.pipeline, IDS[0], tmp_path / "sample.png").exists()


def test_market_by_silhouettes(tmp_path: Path) -> None:
    chosen = run(project(tmp_path, pack(tmp_path / "market1501", "Images", "silhouette24")))
    np.testing.assert_array_equal(SampleReader(chosen.pipeline).part(2), merged(SILHOUETTES[IDS[2]]))


def test_what_needs_fitted_bodies_says_why_it_cannot_be_trained(done: Project, tmp_path: Path) -> None:
    assert done.data.root is not None
    root = done.data.root
    chosen = project(tmp_path, root, f"train_generator: {{flow: combined}}\nparse: {{path: {root}}}\n")
    reasons = {name: TrainingStep(chosen.context, TRAININGS[name]).impossible() for name in TRAININGS}
    assert reasons["train-combined-flow"] == NO_EXACT_FLOW
    assert (
        reasons["train-generator"] == "fit-smpl does not apply: the data set comes with its flow, and no body is fitted"
    )
    assert reasons["train-flow"] is None
    with pytest.raises(PtxError, match=r"^train_generator.surface: needs dressed bodies"):
        project(tmp_path, root, "train_generator: {surface: true}\n")


def test_packs_are_scored_as_the_data_sets_that_they_are_of(tmp_path: Path) -> None:
    """Market-1501's pack within the mask too (Li et al., CVPR 2019, table 2)."""
    for folder, table in (("Img", "deepfashion"), ("Images", "market1501")):
        (tmp_path / table).mkdir()
        chosen = project(tmp_path / table, pack(tmp_path / table / "pack", folder))
        assert chosen.data.published_table == table
        assert ("mask_is" in published_metrics(chosen.data.published_table)) == (table == "market1501")


def test_bad_files_are_quarantined(tmp_path: Path) -> None:
    root = pack(tmp_path / "pack")
    (root / "3d/hmr/corr" / f"{IDS[1]}_{IDS[0]}.corr").unlink()
    (root / "3d/hmr/corr" / f"{IDS[0]}_{IDS[1]}.corr").write_bytes(corr(1)[:-5])
    (root / "3d/hmr/corr" / f"{IDS[1]}_{IDS[2]}.corr").write_bytes(struct.pack("<ii", 2, 2) + bytes(36))
    (root / "Img/seg" / f"{IDS[0]}.bmp").write_bytes(bmp(np.full((HEIGHT, WIDTH), 7, np.uint8)))
    (root / "Img/seg" / f"{IDS[1]}.bmp").write_bytes(bmp(np.ones((9, 9), np.uint8)))
    (root / "Label/pose_label.pkl").write_bytes(python2_pickle({name: JOINTS[name][:17] for name in IDS[1:]}))
    chosen = run(project(tmp_path, root))
    reasons = {
        step.name: [problem.code for problem in step.status(problems=True).problems.values()] for step in chosen.stages
    }
    assert reasons["extract-keypoints"] == ["missing_keypoints"] + ["bad_keypoints"] * 5
    assert reasons["rasterize"] == ["bad_labels", "other_size"]
    assert reasons["synth-flow"] == ["missing_flow", "bad_flow", "other_size"]


class Runs:
    def __reduce__(self) -> tuple[object, ...]:
        return print, ("run",)


def test_mistakes(tmp_path: Path) -> None:
    with pytest.raises(PtxError, match=r"pair_split.json is not there; name the folder"):
        _ = IntrinsicFlow(tmp_path).ids
    root = pack(tmp_path / "pack")
    (root / "Label/pose_label.pkl").write_bytes(pickle.dumps({"a": Runs()}))
    with pytest.raises(PtxError, match=r"pose_label.pkl: these are no keypoints: .*refused"):
        IntrinsicFlow(root).people("Img/img/a.jpg")
    for table, words in (
        ({"train": [["../../secret", "b"]], "test": []}, "leads out of the pack"),
        ({"train": [], "test": []}, "holds no pairs"),
        ({"train": [["a", "b"]]}, "no table of pairs: no 'test'"),
        ({"train": [["a", "b"]], "test": [["b", "c"]]}, "images in training and in test pairs: 1, the first is b"),
    ):
        (root / "Label/pair_split.json").write_text(json.dumps(table))
        with pytest.raises(PtxError, match=words):
            _ = IntrinsicFlow(root).splits
    with pytest.raises(PtxError, match=r"released flow comes with data.kind intrinsic-flow-release only"):
        load_settings(None, ["synth_flow.backend=released"])


def test_bodies_can_be_fitted_instead(tmp_path: Path) -> None:
    chosen = project(tmp_path, pack(tmp_path / "pack"), "synth_flow: {backend: bodies}\n")
    assert any(isinstance(step.stage, FitSmpl) for step in chosen.stages)


def test_the_packs_own_bodies_are_found(tmp_path: Path) -> None:
    """For `fit_smpl.path: ROOT/3d/hmr/pred`."""
    files = IntrinsicFlow(pack(tmp_path / "pack"))
    folder = tmp_path / "pack" / "3d/hmr/pred"
    folder.mkdir()
    for number, name in enumerate(IDS):
        (folder / f"{name}.pkl").write_bytes(
            pickle.dumps({"id": name, "theta": np.full((1, 85), number / 10)}, protocol=2)
        )
    fits = FitFolder(folder, files.paths)
    assert [float(fits.lookup(path)[0].betas[0]) for path in files.paths] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.5])


def test_what_takes_no_part_is_told(tmp_path: Path) -> None:
    root = pack(tmp_path)
    assert IntrinsicFlow(root).notes == []
    (root / "Img" / "img" / "cover.jpg").write_bytes(b"x")
    assert IntrinsicFlow(root).notes == ["1 picture left out: pair_split.json does not name them (Img/img/cover.jpg)"]
