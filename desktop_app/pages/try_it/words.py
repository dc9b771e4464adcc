"""In words: what a model answered, the examples, and the command that does the same. Imports no Qt."""

from __future__ import annotations

import os
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

from trainer_core.inference.prediction import Prediction

MOST_BARS = 12
MOST_EXAMPLES = 10
MOST_EXAMPLE_BYTES = 65_536
EXAMPLES_FILE = "try.txt"
ANY_TEXT = "your text"


@dataclass(frozen=True)
class Bar:
    """The share of one class, from 0 to 1."""

    label: str
    share: float


@dataclass(frozen=True)
class Answer:
    """What is shown of a prediction; ``note`` says what the user should know about it."""

    label: str
    share: float
    bars: tuple[Bar, ...]
    rest: str = ""
    note: str = ""


def answer_of(prediction: Prediction) -> Answer:
    """Return what is shown of a prediction: the most probable classes, and what the others share."""
    pairs = sorted(prediction.probabilities.items(), key=lambda pair: -pair[1])
    bars = tuple(Bar(label, share) for label, share in pairs[:MOST_BARS])
    others = pairs[MOST_BARS:]
    rest = f"{len(others)} more classes share {share_words(sum(share for _, share in others))}" if others else ""
    note = "This text is longer than the model reads; its end was left out." if prediction.truncated else ""
    return Answer(prediction.label, prediction.probabilities[prediction.label], bars, rest, note)


def share_words(share: float) -> str:
    """Return a probability in percent; one that is neither 0 nor 1 never looks as if it were."""
    if 0.0 < share < 0.0005:
        return "<0.1 %"
    if 0.9995 <= share < 1.0:
        return ">99.9 %"
    return f"{share:.1%}".replace("%", " %")


def example_texts(folder: Path) -> list[str]:
    """Return the sentences beside the project that are there to be tried; none where there is no such file."""
    path = folder / EXAMPLES_FILE
    if not path.is_file():
        return []
    with path.open("rb") as file:
        lines = file.read(MOST_EXAMPLE_BYTES).decode("utf-8", errors="replace").splitlines()
    return [line.strip() for line in lines if line.strip()][:MOST_EXAMPLES]


def command_for(run: Path, text: str) -> str:
    """Return the command that predicts a text without the window, quoted for this computer's shell."""
    words = ["thaw", "predict", str(run), " ".join(text.split()) or ANY_TEXT]
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)
