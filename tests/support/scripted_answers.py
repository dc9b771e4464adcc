"""What scripted runs answer to pinned texts: at first the wrong class, then more and more surely the right one."""

from __future__ import annotations

from tests.support.small_data import LABELS
from trainer_core.data.roles import Fields, Role
from trainer_core.training.events import PinnedAnswer, PinnedAnswered

ROLES = (Role.TEXT, Role.SECOND_TEXT)


def answered(pinned: tuple[str | Fields, ...], step: int, total: int, time: float) -> PinnedAnswered:
    """Return what is answered after some of the steps."""
    answers = [_answer((pin,) if isinstance(pin, str) else pin, step / total) for pin in pinned]
    return PinnedAnswered(step=step, answers=answers, seconds=0.1, time=time)


def _answer(fields: Fields, done: float) -> PinnedAnswer:
    right = LABELS[len(fields[0]) % len(LABELS)]
    wrong = LABELS[(len(fields[0]) + 1) % len(LABELS)]
    share = 0.31 + 0.68 * done
    shares = {right: share, wrong: 1 - share} if share > 0.5 else {wrong: 1 - share - 0.2, right: share}
    label = next(iter(shares))
    texts = dict(zip(map(str, ROLES), fields, strict=False))
    return PinnedAnswer(fields=texts, answer=label, values={"label": label, "probabilities": shares})
