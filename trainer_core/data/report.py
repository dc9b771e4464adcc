"""What is known of a project's rows before anything is trained. Imports nothing heavy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class ColumnRole(StrEnum):
    """What a column is used for."""

    TEXT = "text"
    LABEL = "label"
    IGNORE = "ignore"


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
    """One column of the training file, and the role that was given or guessed."""

    name: str
    position: int
    role: ColumnRole
    guessed: bool
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class SplitInfo:
    """The rows of one split: how many, and how many of each class."""

    name: str
    rows: int
    classes: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class DataReport:
    """The pre-flight report.

    Attributes:
        columns: the columns of the training file.
        splits: ``train`` and ``validation``.
        labels: the class names in the order of their numbers.
        findings: what was noticed, errors first.
        majority_baseline: the accuracy on the validation rows of always answering the most frequent class.
        sample: some training rows (text, label) to show at once.
        header: whether the first row of the training file holds the column names.
    """

    columns: tuple[ColumnInfo, ...]
    splits: tuple[SplitInfo, ...]
    labels: tuple[str, ...]
    findings: tuple[Finding, ...]
    majority_baseline: float
    sample: Sequence[tuple[str, str]]
    header: bool

    @property
    def errors(self) -> list[Finding]:
        """The findings that forbid training."""
        return [finding for finding in self.findings if finding.severity is Severity.ERROR]
