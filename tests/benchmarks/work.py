"""What the speed benchmarks train: the rows, the stages, and where the data lies."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("THAW_SHARED_DATA", ROOT.parent / "shared" / "data"))
LABELS = ("0", "1")
MAX_LENGTH = 128
BATCH = 32


@dataclass(frozen=True)
class StageWork:
    """One stage: what learns (0 blocks means the head alone, -1 everything), how fast, how long."""

    top: int
    learning_rate: float
    epochs: int

    @property
    def rules(self) -> list[str]:
        """What learns, as Thaw's freeze rules."""
        return ["all"] if self.top < 0 else ["head"] if not self.top else ["head", f"top:{self.top}"]


@dataclass(frozen=True)
class Work:
    """A training that both sides do: SST-2's first rows, in stages, with an evaluation after every epoch.

    ``own_head`` lets Thaw choose the pooling and solve the head first, as it does unless told otherwise.
    """

    stages: tuple[StageWork, ...]
    rows: int = 2_000
    seed: int = 7
    target_default: float = 1.0
    target_tuned: float = 1.0
    accuracy: float = 0.0
    own_head: bool = True


HEAD = StageWork(0, 1e-3, 5)
EVERYTHING = StageWork(-1, 1e-4, 1)

WORKS = {
    "head_only": Work((HEAD,), target_default=20.0, target_tuned=8.0, accuracy=0.79),
    "staged": Work(
        (StageWork(0, 1e-3, 3), StageWork(2, 1e-4, 2), EVERYTHING),
        target_default=5.0,
        target_tuned=2.0,
    ),
    # What the peers do: no probe before, and the pooling that suits this model.
    "full": Work((EVERYTHING,), target_default=3.5, target_tuned=1.3, own_head=False),
    "gpu": Work((StageWork(-1, 1e-4, 3),), rows=6_920, own_head=False),
}


def read_rows(name: str, limit: int | None = None) -> tuple[list[str], list[int]]:
    """Return texts and class numbers of one file of SST-2.

    Raises:
        SystemExit: the data set is not here.
    """
    file = DATA / "sst2" / f"{name}.tsv"
    if not file.is_file():
        raise SystemExit(f"no data set at {file}; THAW_SHARED_DATA names the folder of data sets")
    lines = file.read_text(encoding="utf-8").splitlines()[:limit]
    pairs = [line.rsplit("\t", 1) for line in lines]
    return [text for text, _ in pairs], [LABELS.index(label) for _, label in pairs]


def project_text(work: Work, *, training: str = "") -> str:
    """Return the project file of a work; ``training`` adds lines to its table of that name."""
    model = f"max_length = {MAX_LENGTH}\n"
    if not work.own_head:
        model += 'pooling = "mean"\n'
        training += "probe = false\n"
    folder = DATA / "sst2"
    stages = "".join(
        f'[[stage]]\nname = "stage {place}"\ntrain = {stage.rules}\nlearning_rate = {stage.learning_rate}\n'
        f"epochs = {stage.epochs}\n"
        for place, stage in enumerate(work.stages, start=1)
    )
    return (
        f"version = 1\nseed = {work.seed}\n[model]\n{model}"
        f"[data]\ntrain = '{folder / 'train.tsv'}'\nvalidation = '{folder / 'dev.tsv'}'\nlimit = {work.rows}\n"
        "header = false\n[data.columns]\ntext = 0\nlabel = 1\n"
        f'[training]\nbatch_size = {BATCH}\nmetric = "accuracy"\nevaluations_per_epoch = 1\n{training}{stages}'
    )
