"""From a project to rows: reading, mapping columns, checking, splitting. The doors of ``data``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from trainer_core.data import findings as checks
from trainer_core.data.columns import Columns, resolve_columns
from trainer_core.data.names import is_usual
from trainer_core.data.report import ColumnInfo, DataReport, Finding, Severity, SplitInfo
from trainer_core.data.roles import Content, Need
from trainer_core.data.rows import IntArray, Rows, as_text
from trainer_core.data.sources import Table, is_listed, load_table
from trainer_core.data.split import grouped_split, stratified_split
from trainer_core.data.targets import RowReader
from trainer_core.errors import InputError, Problem
from trainer_core.project.schema import ColumnsSection, DataSection, Project

SAMPLE_ROWS = 200


@dataclass(frozen=True)
class PreparedData:
    """The rows of a project, ready to be encoded, with the report on them."""

    train: Rows
    validation: Rows
    report: DataReport

    @property
    def labels(self) -> tuple[str, ...]:
        """The class names by number; none where there are no classes."""
        return self.train.labels


def prepare_data(project: Project, folder: Path, reader: RowReader) -> PreparedData:
    """Read, check and split the rows of a project.

    Args:
        project: what the user wants.
        folder: what the project's relative paths are relative to.
        reader: the project's task.

    Raises:
        InputError: with every error that the report holds.
    """
    prepared = _prepare(project, folder, reader)
    errors = prepared.report.errors
    if errors:
        raise InputError([Problem(finding.where, finding.what, finding.remedy) for finding in errors])
    return prepared


def examine_data(project: Project, folder: Path, reader: RowReader) -> DataReport:
    """Read the rows of a project and report on them, errors included.

    Raises:
        InputError: a file cannot be read, or a named column is not there.
    """
    return _prepare(project, folder, reader).report


def open_rows(project: Project, folder: Path, reader: RowReader) -> Rows:
    """Return all training rows, before any is held out, as a sequence of their cells on disk.

    Raises:
        InputError: as ``examine_data``.
    """
    data = project.data
    return _read(data, folder / data.train, data.columns, data.limit, reader).rows


def read_labelled(file: Path, columns: ColumnsSection, reader: RowReader, labels: tuple[str, ...]) -> Rows:
    """Return the rows of another file than the training file, with what is right of them.

    Args:
        file: of any kind that training reads.
        columns: which plays which role; one not given is guessed.
        reader: the task.
        labels: those of the training rows.

    Raises:
        InputError: the file cannot be read, or rows lack something or have labels that were never learnt.
    """
    section = DataSection(train=str(file))
    read = _read(section, file, columns, None, reader, labels=labels)
    errors = [finding for finding in read.findings if finding.severity is Severity.ERROR]
    if errors:
        raise InputError([Problem(finding.where, finding.what, finding.remedy) for finding in errors])
    return read.rows


@dataclass(frozen=True)
class _Read:
    """One file, read: its rows, and what was noticed."""

    table: Table
    columns: Columns
    rows: Rows
    findings: list[Finding]


def _read(
    section: DataSection,
    path: Path,
    columns_section: ColumnsSection,
    limit: int | None,
    reader: RowReader,
    like: _Read | None = None,
    labels: tuple[str, ...] | None = None,
) -> _Read:
    """Read a file; ``like`` is the training file, where this is another one, and ``labels`` are that one's."""
    # Two files of one kind are written alike; the training file, with more rows, tells better whether it has a header.
    alike = like is not None and path.suffix.lower() == like.table.path.suffix.lower()
    table = load_table(path, header=like.table.header if like and alike else section.header)
    # What the training file has none of is not looked for in another one.
    wanted = [need for need in reader.needs if like is None or need.role in like.columns.by_role]
    columns = resolve_columns(table, wanted, _called_otherwise(columns_section, table, like))
    needs = [need for need in wanted if need.role in columns.by_role]
    for need in needs:
        _check_cells(table, columns.by_role[need.role], need)
    stop = min(len(table.rows), limit or len(table.rows))
    whole, found = np.ones(stop, dtype=np.bool_), []
    for need in filter(lambda need: need.given and not need.blank, needs):
        empty = _empty(table.read_text(columns.by_role[need.role], stop))
        whole &= ~empty
        found.append(checks.find_empty_cells(table, np.flatnonzero(empty), need.title.lower(), need.role))
    targets = reader.read_targets(table, columns.by_role, whole, like.rows.labels if like else labels)
    lacking = next((need.role for need in needs if not need.given), needs[0].role)
    blank = targets.missing.copy()
    for one in targets.unusable:
        blank[one.places] = False
        found.append(checks.find_unusable(table, one.reason, one.places, one.what, lacking))
    found.append(checks.find_empty_cells(table, np.flatnonzero(blank), reader.target, lacking))
    positions = np.flatnonzero(whole & ~targets.missing)
    if not len(positions):
        raise _no_row(path, columns, needs, [finding for finding in found if finding])
    given = tuple(need.role for need in needs if need.given)
    rows = Rows(table, columns.by_role, given, positions, targets.values[positions], targets.labels)
    noticed = [_skipped(finding) if section.skip_incomplete else finding for finding in found if finding]
    return _Read(table, columns, rows, [*noticed, *targets.findings])


def _no_row(path: Path, columns: Columns, needs: Sequence[Need], causes: Sequence[Finding]) -> InputError:
    """Return that no row can be used, how the columns were read, and why."""
    read = ", ".join(f'"{columns.by_role[need.role]}" as the {need.title.lower()}' for need in needs)
    what = f"No row can be used, as the columns are read: {read}."
    remedy = "If these are other columns than you mean, name yours in [data.columns]; else mend the rows."
    return InputError([Problem(str(path), what, remedy), *(Problem(c.where, c.what, c.remedy) for c in causes)])


def _called_otherwise(section: ColumnsSection, table: Table, like: _Read | None) -> ColumnsSection:
    """Return the columns to look for in another file: one that was only guessed may have another usual name there."""
    if like is None:
        return section
    taken = {section.of(role) for role in like.columns.by_role}
    found: dict[str, str] = {}
    for role in (role for role in like.columns.guessed if section.of(role) not in table.columns):
        name = next((name for name in table.columns if name not in taken and is_usual(name, role)), None)
        if name is not None:
            found[role.value] = name
            taken.add(name)
    return section.model_copy(update=found)


def _skipped(finding: Finding) -> Finding:
    return replace(finding, severity=Severity.WARNING, remedy="They are left out.")


def _check_cells(table: Table, name: str, need: Need) -> None:
    kind = table.rows.data.column(name).type
    listed = is_listed(kind) and not pa.types.is_nested(kind.value_type)
    allowed = need.nested and (listed or not need.given or need.content is Content.MESSAGES)
    nested = pa.types.is_nested(kind) and not allowed
    if nested or pa.types.is_binary(kind):
        what = f'The column "{name}" of {table.path.name} holds {kind}, not text.'
        raise InputError.one("data.columns", what, "Name a column of texts or simple values.")


def _empty(chunks: Iterator[pa.LargeStringArray]) -> npt.NDArray[np.bool_]:
    """Return which cells are empty or only white space, bool [rows]."""
    found = [pc.equal(pc.utf8_trim_whitespace(chunk), "").to_numpy(zero_copy_only=False) for chunk in chunks]
    return np.concatenate(found)


def _prepare(project: Project, folder: Path, reader: RowReader) -> PreparedData:
    section = project.data
    read = _read(section, folder / section.train, section.columns, section.limit, reader)
    found = list(read.findings)
    if section.validation is None:
        inside, held = _split(read.rows, section.share_for_validation, project.seed, reader)
        train, validation = read.rows.taken(inside), read.rows.taken(held)
    else:
        train = read.rows
        same = ColumnsSection.model_validate(dict(read.columns.by_role))
        other = _read(section, folder / section.validation, same, None, reader, like=read)
        validation = other.rows
        found += other.findings
    found += _check(read.table, train, validation, reader)
    return PreparedData(train, validation, _report(read, train, validation, found, reader))


def _split(rows: Rows, share: float, seed: int, reader: RowReader) -> tuple[IntArray, IntArray]:
    """Return which rows are learnt from and which are held out."""
    strata = reader.strata(rows.targets)
    shared = [rows.columns[role] for role in reader.undivided if role in rows.columns]
    if not shared or len(rows.given) == 1:
        return stratified_split(strata, share, seed)
    groups = checks.text_hashes(rows.table, shared)[rows.positions]
    inside, held = grouped_split(strata, groups, share, seed)
    # Where all rows share one text, as questions about a single page, the choice is that or nothing.
    return (inside, held) if len(held) else stratified_split(strata, share, seed)


def _check(table: Table, train: Rows, validation: Rows, reader: RowReader) -> list[Finding]:
    found = reader.check(train, validation)
    leak = checks.find_leaks(train, validation)
    if leak:
        found.append(leak)
    if not len(validation):
        what = "There are too few rows to hold some out for validation."
        found.append(
            Finding(
                Severity.ERROR,
                str(table.path),
                what,
                "Add rows, at least two for each answer; or name a validation file.",
            )
        )
    return found


def _report(read: _Read, train: Rows, validation: Rows, found: list[Finding], reader: RowReader) -> DataReport:
    return DataReport(
        needs=reader.needs,
        columns=tuple(_column_infos(read)),
        splits=(
            SplitInfo("train", len(train), reader.count(train)),
            SplitInfo("validation", len(validation), reader.count(validation)),
        ),
        labels=train.labels,
        outputs=reader.output_count(train.labels),
        findings=tuple(sorted(found, key=lambda finding: finding.severity is not Severity.ERROR)),
        baseline=reader.describe_baseline(train, validation),
        sample=train[:SAMPLE_ROWS],
        header=read.table.header,
    )


def _column_infos(read: _Read) -> list[ColumnInfo]:
    roles = {name: role for role, name in read.columns.by_role.items()}
    head = read.table.rows[:3]
    return [
        ColumnInfo(
            name,
            position,
            roles.get(name),
            roles.get(name) in read.columns.guessed,
            tuple(as_text(cell, ", ") for cell in head[name]),
        )
        for position, name in enumerate(read.table.columns)
    ]
