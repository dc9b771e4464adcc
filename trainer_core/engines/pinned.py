"""Rows that the user has pinned, answered while a model learns: how its answers change is seen as it happens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from trainer_core.data.prepare import PreparedData
from trainer_core.data.roles import Fields
from trainer_core.errors import InputError, Problem
from trainer_core.export.model_folder import ModelFolderFacts
from trainer_core.inference.prediction import Prediction
from trainer_core.inference.predictor import Predictor, count_texts
from trainer_core.inference.written import WritingSettings
from trainer_core.models.facts import Telling
from trainer_core.models.network import Network
from trainer_core.tasks.base import Task
from trainer_core.training.control import Control

if TYPE_CHECKING:
    from trainer_core.engines.prepare import PreparedRun

SHORT = WritingSettings(most_tokens=64)
"""A model that writes is heard so far: training waits for it."""


class PinnedRows:
    """The pinned rows of a run.

    Args:
        prepared: the run.
        network: which learns; it answers as it is at the moment.
        control: heard between two tokens of an answer that is written.
    """

    def __init__(self, prepared: PreparedRun, network: Network, control: Control) -> None:
        self._rows = [_fields(row) for row in prepared.plan.training.pinned]
        self._prepared = prepared
        self._network = network
        self._control = control

    def answers(self) -> Sequence[Prediction]:
        """Return what the network answers; it is left in eval mode.

        Raises:
            PutAside, Discarded: the user wishes it.
        """
        if not self._rows:
            return ()
        plan = self._prepared.plan
        facts = ModelFolderFacts.from_plan(plan, self._network.pooling, {})
        predictor = Predictor(self._network, self._prepared.tokenizer, facts, torch.device(plan.device))
        return predictor.predict(self._rows, SHORT, self._go_on)

    def _go_on(self, _: str) -> bool:
        self._control.check()
        return True


def check_pinned(
    pinned: Sequence[str | Fields], task: Task, data: PreparedData | None, telling: Telling | None
) -> None:
    """Refuse pinned rows that the model could not answer.

    Args:
        pinned: as the project has them.
        task: what is learnt.
        data: the rows to learn from, whose columns tell what a row has; None where they cannot be read.
        telling: what a language model tells.

    Raises:
        InputError: naming each of them.
    """
    if pinned and telling is Telling.HIDDEN:
        what = "This model tells hidden words of a text; it answers nothing."
        raise InputError.one("training.pinned", what, "Take the pinned texts out, or choose a model that writes.")
    if data is None:
        return
    asked = tuple(task.asked(data.train.columns))
    fewest = 1 if task.writes else len(asked)
    problems = [
        Problem(
            f"training.pinned[{place}]",
            f"A row of this task has {count_texts(len(asked))}; here is {count_texts(len(fields))}.",
            f"Give a list of: {', '.join(asked)}." if len(asked) > 1 else "Give one text.",
        )
        for place, fields in enumerate(map(_fields, pinned))
        if not fewest <= len(fields) <= len(asked)
    ]
    if problems:
        raise InputError(problems)


def _fields(row: str | Fields) -> Fields:
    return (row,) if isinstance(row, str) else tuple(row)
