"""What can be learnt, and small reports: tickets of classes, pairs of sentences with numbers, letters with labels."""

from __future__ import annotations

import dataclasses

from trainer_core.data.report import ColumnInfo, DataReport, Finding, Severity, SplitInfo
from trainer_core.data.roles import LABEL, SECOND_TEXT, TEXT, Content, Fields, Need, Role
from trainer_core.tasks.facts import OptionFacts, TaskFacts

LABELS = ("Account", "Billing", "Delivery", "Product", "Returns", "Technical")
SAMPLE = (
    ("I was charged twice for my subscription this month", "Billing"),
    ("My parcel has not arrived and the tracking number does not work", "Delivery"),
    ("How do I change the e-mail address of my account?", "Account"),
    ("The blue one broke after two days, I want my money back", "Returns"),
    ("The app closes as soon as I open the settings", "Technical"),
    ("Does the lamp come with a bulb?", "Product"),
)
PAIRS = (
    ("A girl is styling her hair.", "A girl is brushing her hair.", "2.5"),
    ("A group of men play soccer on the beach.", "Some boys are playing football in the sand.", "3.6"),
    ("One woman is measuring another woman's ankle.", "A woman measures another woman's ankle.", "5"),
    ("A man is cutting up a cucumber.", "A man is slicing a cucumber.", "4.2"),
    ("A plane is taking off.", "A dog rides a skateboard.", "0"),
)
"""Sentences, and how alike they are."""
LABELLED = (
    ("The flight was late, and nobody said why", "delay, service"),
    ("Two hours in a queue; at least the crew was kind", "delay, staff"),
    ("My case came back without its wheels", "luggage"),
    ("Thank you!", ""),
)
"""Letters, and every topic of theirs."""
NUMBER = Need(Role.LABEL, Content.NUMBERS, "Number", given=False)
TOPICS = Need(Role.LABEL, Content.CLASSES, "Labels", given=False, nested=True)


# --- tasks -----------------------------------------------------------------------------------------------------------


def small_tasks() -> list[TaskFacts]:
    """Return some of the tasks that there are, as the core describes them."""
    metrics = ("macro_f1", "accuracy", "auc", "loss")
    options, pairs = _class_options(), _pair_options()
    optional = dataclasses.replace(SECOND_TEXT, optional=True)
    return [
        TaskFacts("classification", "Classification", "One class for every text", (TEXT, LABEL), metrics, options),
        TaskFacts(
            "multilabel",
            "Several labels",
            "All labels that hold, for every text",
            (TEXT, TOPICS),
            ("macro_f1", "micro_f1", "map", "exact_match", "loss"),
            _label_options(),
        ),
        TaskFacts(
            "pair_classification",
            "Classification of pairs",
            "One class for every pair of texts",
            (TEXT, SECOND_TEXT, LABEL),
            metrics,
            (*options, *pairs),
        ),
        TaskFacts(
            "regression",
            "Rating and similarity",
            "A number for every text, or for every pair of texts",
            (TEXT, optional, NUMBER),
            ("spearman", "pearson", "mae", "loss"),
            pairs,
        ),
        TaskFacts(
            "tagging",
            "Tagging",
            "Stretches of a text and what each of them is, such as names of places",
            (dataclasses.replace(TEXT, nested=True), dataclasses.replace(TOPICS, title="Spans")),
            ("entity_f1", "entity_precision", "entity_recall", "token_accuracy", "loss"),
            _word_options(),
        ),
    ]


def small_task(name: str) -> TaskFacts:
    """Return one of them."""
    return next(task for task in small_tasks() if task.name == name)


def _class_options() -> tuple[OptionFacts, ...]:
    balanced = "Balanced: rows of rare classes count more"
    smoothing = "The share of certainty given to all other classes"
    focal = "Above 0, rows that are known well already count less"
    return (
        OptionFacts("class_weights", "Class weights", balanced, "equal", choices=("equal", "balanced")),
        OptionFacts("label_smoothing", "Label smoothing", smoothing, 0.0, least=0.0, most=1.0),
        OptionFacts("focal_gamma", "Focal loss", focal, 0.0, least=0.0, most=10.0),
    )


def _pair_options() -> tuple[OptionFacts, ...]:
    how = "Apart: compared by what the model makes of each. Together: read as one, which takes more rows"
    return (OptionFacts("pairs", "Two texts", how, "apart", choices=("apart", "together")),)


def _label_options() -> tuple[OptionFacts, ...]:
    between = "Stands between two labels of a cell; found out if empty"
    tuned = "For every label, find the probability from which on it holds"
    return (
        OptionFacts("separator", "Between labels", between, None),
        OptionFacts("tune_thresholds", "Tune thresholds", tuned, True),
    )


def _word_options() -> tuple[OptionFacts, ...]:
    whole = "Whole: addresses, handles, numbers and short forms are a word each. Parts: only what has no sign"
    tuned = "Find how much likelier than any tag it has to be that a word is in no span"
    return (
        OptionFacts("words", "Words", whole, "whole", choices=("whole", "parts")),
        OptionFacts("tune_threshold", "Tune the threshold", tuned, True),
    )


# --- reports ---------------------------------------------------------------------------------------------------------


def small_report(*, with_findings: bool = True) -> DataReport:
    """Return a report on 640 tickets of six classes, with a warning or two."""
    train = dict(zip(LABELS, (120, 132, 98, 84, 90, 52), strict=True))
    return DataReport(
        needs=(TEXT, LABEL),
        columns=_columns(("id", "text", "category"), (None, Role.TEXT, Role.LABEL), SAMPLE),
        splits=(
            SplitInfo("train", 576, _most_first(train)),
            SplitInfo("validation", 64, _most_first(dict.fromkeys(LABELS, 10) | {"Billing": 14})),
        ),
        labels=LABELS,
        outputs=len(LABELS),
        findings=_findings() if with_findings else (),
        baseline="Always answering “Billing” would be right for 21.9%.",
        sample=SAMPLE,
        header=True,
    )


def pairs_report() -> DataReport:
    """Return a report on 5,749 pairs of sentences, each with a number."""
    bands = ("0 to 1", "1 to 2", "2 to 3", "3 to 4", "4 to 5")
    return DataReport(
        needs=(TEXT, dataclasses.replace(SECOND_TEXT, optional=True), NUMBER),
        columns=_columns(
            ("genre", "sentence1", "sentence2", "score"), (None, Role.TEXT, Role.SECOND_TEXT, Role.LABEL), PAIRS
        ),
        splits=(
            SplitInfo("train", 5_174, dict(zip(bands, (1_021, 713, 868, 1_407, 1_165), strict=True))),
            SplitInfo("validation", 575, dict(zip(bands, (112, 80, 96, 157, 130), strict=True))),
        ),
        labels=(),
        outputs=1,
        findings=(),
        baseline="Always answering 2.7 would be off by 1.28 on average.",
        sample=PAIRS,
        header=True,
    )


def labels_report() -> DataReport:
    """Return a report on 900 letters with none, one, or several labels each."""
    labels = ("delay", "luggage", "service", "staff")
    return DataReport(
        needs=(TEXT, TOPICS),
        columns=_columns(("text", "topics"), (Role.TEXT, Role.LABEL), LABELLED),
        splits=(
            SplitInfo("train", 810, {"delay": 402, "service": 377, "staff": 121, "luggage": 64}),
            SplitInfo("validation", 90, {"delay": 45, "service": 41, "staff": 13, "luggage": 7}),
        ),
        labels=labels,
        outputs=len(labels),
        findings=(),
        baseline="",
        sample=LABELLED,
        header=True,
    )


def _most_first(counts: dict[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda pair: -pair[1]))


def _columns(
    names: tuple[str, ...], roles: tuple[Role | None, ...], sample: tuple[Fields, ...]
) -> tuple[ColumnInfo, ...]:
    """Return columns whose roles were guessed; those in use hold the cells of the sample, others numbers."""
    found, cells = [], zip(*sample[:3], strict=True)
    for position, (name, role) in enumerate(zip(names, roles, strict=True)):
        examples = ("1", "2", "3") if role is None else next(cells)
        found.append(ColumnInfo(name, position, role, role is not None, examples))
    return tuple(found)


def _findings() -> tuple[Finding, ...]:
    return (
        Finding(
            Severity.WARNING,
            "tickets.tsv",
            'The label "Billling" looks like "Billing" (3 rows).',
            "Correct the spelling in the file, or keep both classes.",
            rows=(17, 203, 411),
            example="I was billed for something I did not order",
        ),
        Finding(
            Severity.WARNING,
            "tickets.tsv",
            "8 rows have the same text as another row.",
            "Remove them, so that validation stays honest.",
            rows=(5, 9, 77),
            example="Where is my parcel?",
        ),
    )
