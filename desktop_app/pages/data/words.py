"""What is known of the rows, in the words of the window."""

from __future__ import annotations

from desktop_app.adapters.class_shares import percent
from trainer_core.data.report import DataReport, Finding
from trainer_core.errors import Problem

_KEYS = {
    "leave them out with data.skip_incomplete = true": "tick “Leave out incomplete rows”",
    "name another column in data.columns.text": "choose another text column",
    "name another column in data.columns.label": "choose another label column",
    "Name the column with the texts": "Choose the column with the texts",
    "Name the column with the classes in data.columns.label": "Choose the column with the classes as label",
    "Name the columns in [data.columns]": "Choose the text and the label column",
    "Name two different columns": "Choose two different columns",
    "is data.limit too small?": "is the limit of rows too small?",
}


def in_window_words(remedy: str) -> str:
    """Return a remedy that names parts of the page where the core names keys of the project file."""
    for key, words in _KEYS.items():
        remedy = remedy.replace(key, words)
    return remedy


def page_sentence(problem: Problem) -> str:
    """Return a problem with the file at fault, if that is what it names; keys of the project file are left out."""
    where = "" if is_key(problem.where) else f"{problem.where}: "
    return f"{where}{problem.what} {in_window_words(problem.remedy)}".strip()


def error_sentence(found: Finding) -> str:
    """Return a finding that forbids training, in the words of the window."""
    return f"{found.what} {in_window_words(found.remedy)}".strip()


def is_key(where: str) -> bool:
    """Whether a problem names a key of the project file, or nothing, rather than a file."""
    return not where or where == "data" or where.startswith("data.")


def baseline_words(report: DataReport) -> str:
    """Return in words what always answering the most frequent class would score; empty where there are no classes."""
    classes = next((split.classes for split in report.splits if split.name == "train"), {})
    if not classes:
        return ""
    most = max(classes, key=lambda label: classes[label])
    return f"Always answering “{most}” would be right for {percent(report.majority_baseline)}."
