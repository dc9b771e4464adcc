"""What a person thinks of answers before and after fine-tuning: kept with the run, and counted. Imports no torch."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trainer_core.disk import refusal_of
from trainer_core.errors import ThawError
from trainer_core.files import replace_file
from trainer_core.inference.written import Message, WritingEnd, WritingSettings, Written
from trainer_core.runs.folder import RunFolder

_NORMAL_QUANTILE = 1.959963984540054
"""Of the standard normal distribution, at the middle 95 %."""


class Verdict(StrEnum):
    """Which of two answers is the better one: of the model as it was, neither, or of the fine-tuned one."""

    BEFORE = "before"
    ALIKE = "alike"
    AFTER = "after"


class JudgedAnswer(BaseModel):
    """An answer, what led there, and how it was written.

    Attributes:
        messages: what the model was given.
        text: what it wrote.
        end: why it wrote no more.
        temperature: as in ``WritingSettings``, and so are the next three.
    """

    model_config = ConfigDict(frozen=True)

    messages: tuple[Message, ...]
    text: str
    end: WritingEnd
    temperature: float
    top_p: float
    most_tokens: int
    seed: int | None

    @classmethod
    def of(cls, messages: Sequence[Message], settings: WritingSettings, written: Written) -> Self:
        """Return what a model wrote to these messages with these settings."""
        return cls(
            messages=tuple(messages),
            text=written.text,
            end=written.end,
            temperature=settings.temperature,
            top_p=settings.top_p,
            most_tokens=settings.most_tokens,
            seed=settings.seed,
        )


class Judgement(BaseModel):
    """A verdict on two answers, as it is kept.

    Attributes:
        time: when it was given, in seconds since the epoch.
        verdict: which answer is better.
        before: of the model as it was.
        after: of the fine-tuned one.
    """

    model_config = ConfigDict(frozen=True)

    time: float = Field(default_factory=time.time)
    verdict: Verdict
    before: JudgedAnswer
    after: JudgedAnswer

    @cached_property
    def key(self) -> str:
        """What tells this pair of answers from others; see ``key_of``."""
        return key_of(self.before, self.after)


def key_of(before: JudgedAnswer, after: JudgedAnswer) -> str:
    """Return what tells two answers from any other two.

    The same words to the same messages are the same pair, however they were written: judged twice, they count once.
    """
    words = [[list(answer.messages), answer.text] for answer in (before, after)]
    return hashlib.sha256(json.dumps(words, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Tally:
    """How many pairs got which verdict."""

    before: int = 0
    alike: int = 0
    after: int = 0

    @property
    def total(self) -> int:
        """How many pairs were judged."""
        return self.before + self.alike + self.after

    @property
    def win_rate(self) -> float:
        """The share of pairs that the fine-tuned model wins, with half of the ties; NaN where nothing was judged."""
        return (self.after + self.alike / 2) / self.total if self.total else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Where the win rate of all such pairs lies with 95 % confidence; from 0 to 1 where nothing was judged.

        Wilson's interval (1927, J. Am. Stat. Assoc. 22), written out here because the one of scipy takes whole wins
        only. A tie varies less than a win and a loss would, so with ties it is rather too wide than too narrow.
        """
        if not self.total:
            return 0.0, 1.0
        count, rate, square = self.total, self.win_rate, _NORMAL_QUANTILE**2
        middle = rate + square / (2 * count)
        reach = _NORMAL_QUANTILE * math.sqrt(rate * (1 - rate) / count + square / (4 * count**2))
        scale = 1 + square / count
        return max(0.0, (middle - reach) / scale), min(1.0, (middle + reach) / scale)


def tally_verdicts(verdicts: Iterable[Verdict]) -> Tally:
    """Count verdicts."""
    counts = Counter(verdicts)
    return Tally(counts[Verdict.BEFORE], counts[Verdict.ALIKE], counts[Verdict.AFTER])


def load_verdicts(run: RunFolder) -> list[Judgement]:
    """Return what was judged of a run, oldest first; torn lines are passed over, and a pair's last verdict counts.

    Raises:
        ThawError: the file cannot be read.
    """
    try:
        judgements = map(_parse, _lines(run.verdicts_file))
        return list({judgement.key: judgement for judgement in judgements if judgement}.values())
    except OSError as cause:
        what = f"The verdicts on this run cannot be read: {cause.strerror}."
        raise ThawError(what, remedy=f"Mend {run.verdicts_file.name} in its folder, then try again.") from cause


def keep_verdicts(run: RunFolder, changes: Mapping[str, Judgement | None]) -> list[Judgement]:
    """Keep verdicts with a run, in one visible step; return all that are kept then.

    Lines that this version cannot read stay as they are.

    Args:
        run: whose model was judged.
        changes: by the key of a pair, its verdict, or None to take it back.

    Raises:
        ThawError: they cannot be written; what was kept before is as it was.
    """
    try:
        run.check_there()
        before = _lines(run.verdicts_file)
        lines = [line for line in before if (judgement := _parse(line)) is None or judgement.key not in changes]
        lines += [judgement.model_dump_json().encode() for judgement in changes.values() if judgement is not None]
        if lines != before:
            replace_file(run.verdicts_file, b"".join(line + b"\n" for line in lines))
    except OSError as cause:
        refusal = refusal_of(cause)
        what = "The verdicts cannot be kept with the run."
        raise ThawError(what, why=refusal.why, remedy=refusal.remedy) from cause
    return load_verdicts(run)


def _lines(file: Path) -> list[bytes]:
    # Not by splitlines(), which also breaks at signs that may stand within an answer.
    return [line for line in file.read_bytes().split(b"\n") if line.strip()] if file.exists() else []


def _parse(line: bytes) -> Judgement | None:
    try:
        return Judgement.model_validate_json(line)
    except ValidationError:
        return None
