"""Options of dask-jobqueue for each batch system, and its absence."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ptx.pipeline.cluster import ClusterSettings, Kind
from ptx.pipeline.errors import PtxError
from ptx.pipeline.jobqueue import BATCH_SYSTEMS, batch_client, job_options


@pytest.mark.parametrize("kind", ["slurm", "pbs", "lsf", "sge"])
def test_dask_jobqueue_takes_the_options(kind: Kind, tmp_path: Path) -> None:
    """Its own job script, without a batch system: walltime, queue, and workers that leave before the end."""
    jobqueue = pytest.importorskip("dask_jobqueue")
    cluster = ClusterSettings(kind=kind, cores=2, memory="2GB", walltime="01:00:00", queue="long", account="lab")
    with getattr(jobqueue, BATCH_SYSTEMS[kind])(**job_options(cluster), local_directory=str(tmp_path)) as made:
        script = made.job_script()
    assert "long" in script
    assert "lab" in script
    assert "--lifetime 3240s" in script
    assert "--lifetime-stagger 180s" in script
    assert "export OMP_NUM_THREADS=1" in script


def test_slurm_is_asked_for_generic_resources_and_whatever_else_is_given() -> None:
    cluster = ClusterSettings(kind="slurm", gres="gpu:2", options=("--constraint=fast",))
    assert job_options(cluster)["job_extra_directives"] == ["--gres=gpu:2", "--constraint=fast"]
    assert job_options(ClusterSettings(kind="pbs", gres="gpu:2"))["job_extra_directives"] == []


def test_without_dask_jobqueue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dask_jobqueue", None)
    with pytest.raises(PtxError, match=r"cluster\.kind: slurm needs dask-jobqueue: pip install"):
        batch_client(ClusterSettings(kind="slurm")).__enter__()
