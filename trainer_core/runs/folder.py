"""The run folder: where everything about a run lies on disk. Imports no torch.

2026-11-23_1412_head-top-all/
plan.toml  environment.json  events.jsonl
checkpoints/step-00000412/weights.safetensors
best, last                  the names of the best checkpoint, and of the one to go on from
lock                        held by the process that writes the run
report/verdicts.jsonl       what a person thinks of answers before and after
model/                      a complete folder, written at the end
pretraining/                a run folder of its own, where the model reads on before the stages
"""

from __future__ import annotations

import datetime
import errno
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit

from trainer_core.errors import InputError
from trainer_core.files import replace_file
from trainer_core.project.schema import PRETRAINING
from trainer_core.runs.folding import fold_journal
from trainer_core.runs.history import RunHistory
from trainer_core.stages.migrations import migrate_plan
from trainer_core.stages.plan import RunPlan


@dataclass(frozen=True)
class RunFolder:
    """The paths of one run."""

    path: Path

    @property
    def plan_file(self) -> Path:
        """The frozen plan."""
        return self.path / "plan.toml"

    @property
    def journal_file(self) -> Path:
        """Every event, one JSON object a line."""
        return self.path / "events.jsonl"

    @property
    def environment_file(self) -> Path:
        """Versions, device and hashes."""
        return self.path / "environment.json"

    @property
    def checkpoints(self) -> Path:
        """The folder of checkpoints."""
        return self.path / "checkpoints"

    @property
    def best_file(self) -> Path:
        """The pointer to the best checkpoint: a text file with the name of its folder."""
        return self.path / "best"

    @property
    def last_file(self) -> Path:
        """The pointer to the last checkpoint that can be gone on from: likewise."""
        return self.path / "last"

    @property
    def verdicts_file(self) -> Path:
        """What a person thinks of answers before and after fine-tuning, one JSON object a line."""
        return self.path / "report" / "verdicts.jsonl"

    @property
    def lock_file(self) -> Path:
        """What the process that writes the run holds a lock on."""
        return self.path / "lock"

    @property
    def last_step(self) -> int | None:
        """The step that the run can be gone on with from; None where nothing was saved."""
        name = read_pointer(self.last_file).removeprefix("step-")
        return int(name) if name.isdecimal() else None

    @property
    def pretraining(self) -> RunFolder:
        """The run in which the model read on before the stages, where the project wishes that."""
        return RunFolder(self.path / PRETRAINING)

    @property
    def has_read(self) -> bool:
        """Whether something is kept of what the model read before the stages."""
        return self.pretraining.model.is_dir() or self.pretraining.last_step is not None

    @property
    def model(self) -> Path:
        """The complete model, once the run is over."""
        return self.path / "model"

    def check_there(self) -> None:
        """Do nothing where the run's plan is there, so that a folder taken away is not made anew without it.

        Raises:
            FileNotFoundError: the folder is gone, or its drive.
        """
        if not self.plan_file.is_file():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self.path))

    def load_plan(self) -> RunPlan:
        """Read the plan.

        Raises:
            InputError: this folder holds no readable plan.
        """
        try:
            values = tomlkit.parse(self.plan_file.read_text(encoding="utf-8")).unwrap()
            return RunPlan.model_validate(migrate_plan(values, self.plan_file))
        except InputError:
            raise
        except (OSError, ValueError) as cause:
            remedy = "Name a run folder that Thaw made; it has plan.toml inside."
            raise InputError.one(self.path, "This is not a run folder of Thaw.", remedy) from cause

    def save_plan(self, plan: RunPlan) -> None:
        """Write the plan."""
        content = tomlkit.dumps(plan.model_dump(mode="json", exclude_none=True)).encode()
        replace_file(self.plan_file, content, make_folder=False)

    def save_environment(self, environment: dict[str, Any]) -> None:
        """Write what the run was made with."""
        replace_file(self.environment_file, json.dumps(environment, indent=2).encode())

    def load_history(self) -> RunHistory:
        """Fold the journal."""
        return fold_journal(self.journal_file)

    def best_checkpoint(self) -> Path:
        """Return the folder of the best checkpoint.

        Raises:
            InputError: the run has none yet.
        """
        remedy = "Wait for the run's first evaluation, or name another run."
        if not self.best_file.is_file():
            raise InputError.one(self.path, "This run has no checkpoint yet.", remedy)
        return self.checkpoints / self.best_file.read_text(encoding="utf-8").strip()


def read_pointer(file: Path) -> str:
    """Return the name that a pointer holds; empty where there is none."""
    return file.read_text(encoding="utf-8").strip() if file.is_file() else ""


def is_run_folder(path: Path) -> bool:
    """Whether a folder looks like a run of Thaw."""
    return (path / "plan.toml").is_file()


def list_runs(parent: Path) -> list[RunFolder]:
    """Return the runs inside a folder, the newest first; none where there is no such folder."""
    if not parent.is_dir():
        return []
    return [RunFolder(path) for path in sorted(parent.iterdir(), reverse=True) if is_run_folder(path)]


def create_run_folder(parent: Path, name: str) -> RunFolder:
    """Make a new folder for a run below ``parent``; an existing one is never reused.

    Args:
        parent: where runs are kept; made if absent.
        name: what to call it, after the time of its start.

    Raises:
        InputError: nothing can be written there.
    """
    stamp = datetime.datetime.now().strftime("%Y-%m-%d_%H%M%S")
    base = f"{stamp}_{_slug(name)}"
    try:
        parent.mkdir(parents=True, exist_ok=True)
        for place in range(1, 1000):
            path = parent / (base if place == 1 else f"{base}_{place}")
            try:
                path.mkdir()
            except FileExistsError:
                if not path.is_dir():
                    raise
                continue
            (path / "checkpoints").mkdir()
            return RunFolder(path)
    except OSError as cause:
        what = f"Runs cannot be written here: {cause.strerror}."
        raise InputError.one(parent, what, "Choose another folder with --out, or mend its permissions.") from cause
    raise InputError.one(parent, "Too many runs were started in one second.", "Try again.")


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "run"
