"""An answer of every shape, as models of each task give them. No torch."""

from __future__ import annotations

from trainer_core.inference.prediction import (
    AnswerPrediction,
    LabelsPrediction,
    NumberPrediction,
    Prediction,
    SpansPrediction,
    TaggedSpan,
)

REVIEW = "Spotless room and a lovely view, but the lift woke us at six and breakfast had run out by nine."
TOPICS = {
    "room": 0.94,
    "cleanliness": 0.88,
    "noise": 0.71,
    "food": 0.64,
    "location": 0.31,
    "staff": 0.06,
    "price": 0.02,
}
THRESHOLDS = {
    "room": 0.5,
    "cleanliness": 0.41,
    "noise": 0.55,
    "food": 0.38,
    "location": 0.47,
    "staff": 0.5,
    "price": 0.52,
}
NOTE = "Ada Krone brings six crates of oat milk to Mill Lane 4 on Tuesday; the paint tins go back to the yard."
FOUND = (("Ada Krone", "person"), ("six crates", "quantity"), ("oat milk", "item"), ("Mill Lane 4", "place"))
MORE = (("Tuesday", "date"), ("paint tins", "item"), ("yard", "place"))
CONTEXT = (
    "The kiln is fired on the first and third Friday of the month. Pieces have to be bone dry and stand on the left "
    "shelf by Wednesday evening; whatever comes later waits for the next firing. Glazed pieces need a stilt."
)
ASKED = "Until when may I bring my pots for the next firing?"
TYPED = "by Wednesday evening"


def _span(text: str, label: str, probability: float) -> TaggedSpan:
    start = NOTE.index(text)
    return TaggedSpan(start, start + len(text), label, probability)


ANSWERS: dict[str, Prediction] = {
    "labels": LabelsPrediction({"text": REVIEW}, False, ("room", "cleanliness", "noise", "food"), TOPICS, THRESHOLDS),
    "number": NumberPrediction(
        {"text": "Can I renew a book by phone?", "second_text": "Is there a number to call to extend a loan?"},
        False,
        4.13,
        0.0,
        5.0,
    ),
    "spans": SpansPrediction(
        {"text": NOTE},
        False,
        tuple(_span(text, label, 0.97 - 0.04 * place) for place, (text, label) in enumerate((*FOUND, *MORE))),
    ),
    "answer": AnswerPrediction(
        {"question": ASKED, "context": CONTEXT},
        False,
        CONTEXT.index(TYPED),
        CONTEXT.index(TYPED) + len(TYPED),
        0.823,
    ),
}
"""By a word for the shape."""
