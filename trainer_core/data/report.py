"""What is known of a project's rows before anything is trained. Imports nothing heavy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from trainer_core.data.roles import Need, Role


class Severity(StrEnum):
    """How much a finding matters: an error forbids training, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Finding:
    """Something that was noticed in the rows.

    Attributes:
        severity: whether training can start nevertheless.
        where: the file.
        what: one sentence with the count.
        remedy: one sentence on what to do.
        rows: numbers of some of the rows, counted from 1 as they stand in the file.
        example: the text of one such row.
    """

    severity: Severity
    where: str
    what: str
    remedy: str = ""
    rows: tuple[int, ...] = ()
    example: str = ""


@dataclass(frozen=True)
class ColumnInfo:
    """One column of the training file, and the role that was given or guessed; None where it plays none."""

    name: str
    position: int
    role: Role | None
    guessed: bool
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class SplitInfo:
    """The rows of one split: how many, and of how many what is to be learnt holds, as a class, by name."""

    name: str
    rows: int
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class DataReport:
    """The pre-flight report.

    Attributes:
        needs: the columns that the task reads.
        columns: the columns of the training file.
        splits: ``train`` and ``validation``.
        labels: the class names in the order of their numbers; none where there are no classes.
        outputs: how many scores a row has.
        findings: what was noticed, errors first.
        baseline: in a sentence, what can be had without learning; empty where that says nothing.
        sample: the cells in use of some training rows, to show at once, in the order of ``roles``.
        header: whether the first row of the training file holds the column names.
    """

    needs: tuple[Need, ...]
    columns: tuple[ColumnInfo, ...]
    splits: tuple[SplitInfo, ...]
    labels: tuple[str, ...]
    outputs: int
    findings: tuple[Finding, ...]
    baseline: str
    sample: Sequence[tuple[str, ...]]
    header: bool

    @property
    def roles(self) -> tuple[Role, ...]:
        """The roles that columns play, in the order of the task's needs."""
        played = {column.role for column in self.columns}
        return tuple(need.role for need in self.needs if need.role in played)

    @property
    def texts(self) -> int:
        """How many texts a row has for a model."""
        roles = self.roles
        return sum(need.given and need.role in roles for need in self.needs)

    @property
    def errors(self) -> list[Finding]:
        """The findings that forbid training."""
        return [finding for finding in self.findings if finding.severity is Severity.ERROR]
