"""What tasks share whose rows may have two texts: how a model reads the two."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from trainer_core.data.roles import Role
from trainer_core.tasks.base import Options, TaskOptions, TextTask


class PairReading(StrEnum):
    """How a model reads the two texts of a row."""

    APART = "apart"
    TOGETHER = "together"


class PairOptions(TaskOptions):
    """What can be chosen about pairs of texts.

    Apart, the model makes a vector of each text, and the head compares them (Reimers and Gurevych 2019,
    arXiv:1908.10084): what the model has learnt of likeness is there from the start. Together, it reads both as one
    sequence, each word in the light of the other text.
    """

    pairs: PairReading = Field(
        PairReading.APART,
        title="Two texts",
        description="Apart: compared by what the model makes of each. Together: read as one, which takes more rows",
    )


class PairTask(TextTask[Options]):
    """A task whose options are ``PairOptions``, or more.

    Pairs often share their first text, such as a rule on which there are several statements.
    """

    undivided: ClassVar[tuple[Role, ...]] = (Role.TEXT,)

    @property
    def apart(self) -> bool:
        """Whether each text of a row is read by itself."""
        return bool(self.options.pairs is PairReading.APART)
