"""What `test_processes` has two processes do under torchrun: train undisturbed, and stopped by a signal to one of them.

python -m torch.distributed.run --nproc-per-node=2 -m tests.training.twice WORKSPACE
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from ptx.pipeline.signals import Interrupted
from ptx.training.data import Batch
from ptx.training.loop import Trainer
from tests.training.tiny import train

TOGETHER = ("train_flow.devices=2", "train_flow.precision=fp32", "train_flow.cool_down=0", "train_flow.shift=[9, 5]")


def main(workspace: Path) -> None:
    """Leaves models/undisturbed and models/flow, both of six steps."""
    rank, written = int(os.environ["RANK"]), []

    def watch(event: str, given: tuple[object, ...]) -> None:
        writes = event in ("os.mkdir", "os.rename", "os.remove") or (
            event == "open" and "r" not in str(given[1] or "r")
        )
        if rank and writes and str(given[0]).startswith(str(workspace)):
            written.append(f"{event} {given}")

    sys.addaudithook(watch)
    result = train(workspace, "train-flow", 6, *TOGETHER)
    assert result.leads == (rank == 0)
    if rank == 0:
        (workspace / "models" / "flow").rename(workspace / "models" / "undisturbed")
    plain = Trainer.take_step

    def interrupted(self: Trainer, batch: Batch) -> dict[str, float]:
        if self.step == 2 and rank == 1:
            os.kill(os.getpid(), signal.SIGUSR1)
        return plain(self, batch)

    Trainer.take_step = interrupted  # type: ignore[method-assign]
    try:
        train(workspace, "train-flow", 6, *TOGETHER)
    except Interrupted:
        Trainer.take_step = plain  # type: ignore[method-assign]
    else:
        raise AssertionError("the signal to one of them did not stop both")
    train(workspace, "train-flow", 6, *TOGETHER)
    assert not written, written


if __name__ == "__main__":
    main(Path(sys.argv[1]))
