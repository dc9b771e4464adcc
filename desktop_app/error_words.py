"""What errors say, as sentences for people. Imports no Qt."""

from __future__ import annotations

from collections.abc import Callable

from trainer_core.errors import InputError, Problem


def sentence(problem: Problem) -> str:
    """Return what is wrong and what to do about it, without the key or file at fault."""
    return f"{problem.what} {problem.remedy}".strip()


def sentences(error: Exception, say: Callable[[Problem], str] = sentence) -> list[str]:
    """Return what an error says, a sentence or two a problem; ``say`` puts one problem into words."""
    return [say(problem) for problem in error.problems] if isinstance(error, InputError) else [str(error)]
