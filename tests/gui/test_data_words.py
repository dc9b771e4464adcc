"""What the Data page makes of sentences that speak of keys of the project file."""

from __future__ import annotations

import pytest

from desktop_app.pages.data.words import WindowWords, classes_title
from tests.support.small_data import LABELS, labels_report, pairs_report, small_report, small_task, small_tasks
from trainer_core.data.report import Finding, Severity
from trainer_core.errors import Problem


@pytest.fixture
def words() -> WindowWords:
    """Return the words for letters with several labels."""
    task = small_task("multilabel")
    return WindowWords(task.needs, small_tasks(), task)


@pytest.mark.parametrize(
    ("remedy", "shown"),
    [
        (
            "Fill them in, or leave them out with data.skip_incomplete = true; or name another column in "
            "data.columns.label.",
            "Fill them in, or tick “Leave out incomplete rows”; or choose another column as “Labels”.",
        ),
        ("Name another column in data.columns.text.", "Choose another column as “Text”."),
        ("Name another column in data.columns.second_text.", "Choose another column as “Second text”."),
        ("Name the columns in [data.columns].", "Choose what the columns are for."),
        (
            "Mend these rows, or leave them out with data.skip_incomplete = true; or name another column in "
            "data.columns.label.",
            "Mend these rows, or tick “Leave out incomplete rows”; or choose another column as “Labels”.",
        ),
        (
            "If these are other columns than you mean, name yours in [data.columns]; else mend the rows.",
            "If these are other columns than you mean, choose yours under “Columns”; else mend the rows.",
        ),
        ("Name the column, or add it to the file.", "Add it to the file, or choose another task."),
        (
            "Choose the task classification, or say what stands between labels in options.separator.",
            "Choose the task “Classification”, or say what stands between labels under “Between labels”.",
        ),
        ("Learn the task thoroughly first.", "Learn the task thoroughly first."),
        ("Read fewer rows with data.limit, or merge labels.", "Read fewer rows (“At most”), or merge labels."),
    ],
)
def test_remedies_name_what_can_be_clicked(words: WindowWords, remedy: str, shown: str) -> None:
    assert words.remedy(remedy) == shown


@pytest.mark.parametrize(
    ("where", "place"),
    [("", ""), ("data.columns.text", ""), ("options.separator", "Between labels"), ("dev.tsv", "dev.tsv")],
)
def test_keys_are_no_places_but_titles_are(words: WindowWords, where: str, place: str) -> None:
    assert words.place(where) == place
    assert words.finding(Finding(Severity.ERROR, where, "Bad.")).where == place


def test_what_a_task_does_not_know_is_said_in_words(words: WindowWords) -> None:
    column = Problem("data.columns.second_text", "This task reads no such column.", "It reads: text, label.")
    assert words.sentence(column) == "This task reads no second text. It reads: text, label."
    option = Problem("options.depth", 'The task multilabel has no option "depth".', "It knows: separator.")
    assert words.sentence(option) == (
        'Depth: The task “Several labels” has no option "depth". '
        "Choose the task once more, and what it does not know is let go."
    )


def test_before_tasks_are_known_words_are_plain() -> None:
    plain = WindowWords()
    assert plain.remedy("Name another column in data.columns.label.") == "Choose another column as “Label”."
    assert plain.remedy("Choose the task classification.") == "Choose the task classification."
    assert plain.place("options.label_smoothing") == "Label smoothing"


def test_the_heading_over_the_counts() -> None:
    assert classes_title(LABELS, small_report().needs) == "6 classes"
    assert classes_title(LABELS[:1], small_report().needs) == "Classes"
    assert classes_title(labels_report().labels, labels_report().needs) == "4 labels"
    assert classes_title((), pairs_report().needs) == "Rows by number"
    assert classes_title((), ()) == "Rows"
