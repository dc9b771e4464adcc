"""From a project to labelled rows: reading, mapping columns, checking, splitting. The doors of ``data``."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from trainer_core.data import findings as checks
from trainer_core.data.columns import Columns, resolve_columns
from trainer_core.data.report import ColumnInfo, ColumnRole, DataReport, Finding, Severity, SplitInfo
from trainer_core.data.rows import IntArray, LabelledRows
from trainer_core.data.sources import Table, load_table
from trainer_core.data.split import stratified_split
from trainer_core.errors import InputError, Problem
from trainer_core.project.schema import ColumnsSection, DataSection, Project

SAMPLE_ROWS = 200


@dataclass(frozen=True)
class PreparedData:
    """The rows of a project, ready to be encoded, with the report on them."""

    train: LabelledRows
    validation: LabelledRows
    report: DataReport

    @property
    def labels(self) -> tuple[str, ...]:
        """The class names by number."""
        return self.train.labels


def prepare_data(project: Project, folder: Path) -> PreparedData:
    """Read, check and split the rows of a project.

    Args:
        project: what the user wants.
        folder: what the project's relative paths are relative to.

    Raises:
        InputError: with every error that the report holds.
    """
    prepared = _prepare(project, folder)
    errors = prepared.report.errors
    if errors:
        raise InputError([Problem(finding.where, finding.what, finding.remedy) for finding in errors])
    return prepared


def examine_data(project: Project, folder: Path) -> DataReport:
    """Read the rows of a project and report on them, errors included.

    Raises:
        InputError: a file cannot be read, or a named column is not there.
    """
    return _prepare(project, folder).report


def open_rows(project: Project, folder: Path) -> LabelledRows:
    """Return all training rows, before any is held out, as a sequence of text and label on disk.

    Raises:
        InputError: as ``examine_data``.
    """
    return _read(project.data, folder / project.data.train, project.data.columns, project.data.limit).rows


@dataclass(frozen=True)
class _Read:
    """One file, read: its rows with classes numbered by its own labels, and what was noticed."""

    table: Table
    columns: Columns
    rows: LabelledRows
    findings: list[Finding]


def _read(
    section: DataSection, path: Path, columns_section: ColumnsSection, limit: int | None, header: bool | None = None
) -> _Read:
    table = load_table(path, header=section.header if header is None else header)
    columns = resolve_columns(table, columns_section)
    stop = min(len(table.rows), limit or len(table.rows))
    for name in (columns.text, columns.label):
        _check_text(table, name)
    found: list[Finding] = []
    keep = np.ones(stop, dtype=bool)
    spelt, numbers = _number_labels(table.read_text(columns.label, stop))
    for what, empty in (("text", _empty(table.read_text(columns.text, stop))), ("label", numbers < 0)):
        positions = np.flatnonzero(empty)
        finding = checks.find_empty_cells(table, positions, what, f"data.columns.{what}")
        keep[positions] = False
        if finding:
            found.append(_skipped(finding) if section.skip_incomplete else finding)
    positions = np.flatnonzero(keep)
    if not len(positions):
        raise InputError.one(path, "No row has both a text and a label.", "Name the columns in [data.columns].")
    names, classes = _sorted_labels(spelt, numbers[positions])
    return _Read(table, columns, LabelledRows(table, columns.text, positions, classes, names), found)


def _skipped(finding: Finding) -> Finding:
    return Finding(Severity.WARNING, finding.where, finding.what, "They are left out.", finding.rows, finding.example)


def _check_text(table: Table, name: str) -> None:
    kind = table.rows.data.column(name).type
    if pa.types.is_nested(kind) or pa.types.is_binary(kind):
        what = f'The column "{name}" of {table.path.name} holds {kind}, not text.'
        raise InputError.one("data.columns", what, "Name a column of texts or simple values.")


def _empty(chunks: Iterator[pa.LargeStringArray]) -> npt.NDArray[np.bool_]:
    """Return which cells are empty or only white space, bool [rows]."""
    found = [pc.equal(pc.utf8_trim_whitespace(chunk), "").to_numpy(zero_copy_only=False) for chunk in chunks]
    return np.concatenate(found)


def _number_labels(chunks: Iterator[pa.LargeStringArray]) -> tuple[list[str], npt.NDArray[np.int32]]:
    """Return the label names as they appear, without the white space around them, and int32 [rows] their numbers.

    An empty cell has the number -1.
    """
    known: dict[str, int] = {"": -1}
    found: list[npt.NDArray[np.int32]] = []
    for chunk in chunks:
        encoded = pc.utf8_trim_whitespace(chunk).dictionary_encode()
        for name in encoded.dictionary.to_pylist():
            known.setdefault(name, len(known) - 1)
        numbers = np.array([known[name] for name in encoded.dictionary.to_pylist()], dtype=np.int32)
        found.append(numbers[encoded.indices.to_numpy(zero_copy_only=False)])
    return list(known)[1:], np.concatenate(found)


def _sorted_labels(names: Sequence[str], numbers: npt.NDArray[np.int32]) -> tuple[tuple[str, ...], IntArray]:
    """Return the names that occur, numbers by size and words by alphabet, and int64 [rows] the class numbers."""
    order = sorted(np.unique(numbers).tolist(), key=lambda number: _label_order(names[number]))
    classes = np.zeros(len(names), dtype=np.int64)
    classes[order] = np.arange(len(order))
    return tuple(names[number] for number in order), classes[numbers]


def _label_order(label: str) -> tuple[bool, float, str]:
    try:
        number = float(label)
    except ValueError:
        return True, 0.0, label
    return (False, number, label) if math.isfinite(number) else (True, 0.0, label)


def _prepare(project: Project, folder: Path) -> PreparedData:
    section = project.data
    read = _read(section, folder / section.train, section.columns, section.limit)
    found = list(read.findings)
    if section.validation is None:
        inside, held = stratified_split(read.rows.classes, section.share_for_validation, project.seed)
        train, validation = read.rows.taken(inside), read.rows.taken(held)
    else:
        train = read.rows
        path = folder / section.validation
        # Two files of one kind are written alike; the training file, with more rows, tells better whether there is
        # a header.
        header = read.table.header if path.suffix.lower() == read.table.path.suffix.lower() else None
        other = _read(section, path, _same_columns(read.columns), None, header)
        validation, unknown = _renumbered(other.rows, train.labels)
        found += [*other.findings, *unknown]
    found += _check(read.table, train, validation)
    return PreparedData(train, validation, _report(read, train, validation, found))


def _same_columns(columns: Columns) -> ColumnsSection:
    return ColumnsSection(text=columns.text, label=columns.label)


def _renumbered(rows: LabelledRows, labels: tuple[str, ...]) -> tuple[LabelledRows, list[Finding]]:
    """Return the rows with the class numbers of the training rows, and an error for labels unknown there."""
    numbers = {name: number for number, name in enumerate(labels)}
    unknown = [name for name in rows.labels if name not in numbers]
    mapping = np.array([numbers.get(name, 0) for name in rows.labels], dtype=np.int64)
    renumbered = LabelledRows(rows.table, rows.text_column, rows.positions, mapping[rows.classes], labels)
    if not unknown:
        return renumbered, []
    shown = ", ".join(f'"{name}"' for name in unknown[:5]) + (", ..." if len(unknown) > 5 else "")
    what = f"{len(unknown)} labels never occur in the training rows: {shown}."
    remedy = "Add training rows of these classes (is data.limit too small?), or remove these rows."
    return renumbered, [Finding(Severity.ERROR, str(rows.table.path), what, remedy)]


def _check(table: Table, train: LabelledRows, validation: LabelledRows) -> list[Finding]:
    found = [
        checks.find_one_class(table, train.labels),
        checks.find_too_many_classes(train),
        checks.find_small_classes(train),
        *checks.find_label_variants(train),
        checks.find_leaks(train, validation),
    ]
    if not len(validation):
        what = "There are too few rows to hold some out for validation."
        found.append(Finding(Severity.ERROR, str(table.path), what, "Add rows: at least two of every class."))
    return [finding for finding in found if finding]


def _report(read: _Read, train: LabelledRows, validation: LabelledRows, found: list[Finding]) -> DataReport:
    most_frequent = np.bincount(train.classes).argmax()
    baseline = float(np.mean(validation.classes == most_frequent)) if len(validation) else 0.0
    return DataReport(
        columns=tuple(_column_infos(read)),
        splits=(
            SplitInfo("train", len(train), train.class_counts()),
            SplitInfo("validation", len(validation), validation.class_counts()),
        ),
        labels=train.labels,
        findings=tuple(sorted(found, key=lambda finding: finding.severity is not Severity.ERROR)),
        majority_baseline=baseline,
        sample=train[:SAMPLE_ROWS],
        header=read.table.header,
    )


def _column_infos(read: _Read) -> list[ColumnInfo]:
    roles = {read.columns.text: ColumnRole.TEXT, read.columns.label: ColumnRole.LABEL}
    head = read.table.rows[:3]
    return [
        ColumnInfo(
            name,
            position,
            roles.get(name, ColumnRole.IGNORE),
            roles.get(name, ColumnRole.IGNORE).value in read.columns.guessed,
            tuple(str(cell) for cell in head[name]),
        )
        for position, name in enumerate(read.table.columns)
    ]
