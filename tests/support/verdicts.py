"""Verdicts on answers that nobody wrote."""

from __future__ import annotations

from trainer_core.inference.written import Message, WritingEnd, WritingSettings, Written
from trainer_core.results.verdicts import JudgedAnswer, Judgement, Verdict


def judged(text: str, question: str = "Hi", settings: WritingSettings | None = None) -> JudgedAnswer:
    """Return an answer to a question."""
    messages: list[Message] = [{"role": "user", "content": question}]
    return JudgedAnswer.of(messages, settings or WritingSettings(), Written(text, 1, 0.5, WritingEnd.DONE))


def judgement_of(verdict: Verdict, *, question: str = "Hi", before: str = "old", after: str = "new") -> Judgement:
    """Return a verdict on two answers to a question."""
    return Judgement(verdict=verdict, before=judged(before, question), after=judged(after, question))
