"""In words: why the project refused a value that a page gave it."""

from __future__ import annotations

from pydantic import ValidationError

from trainer_core.errors import InputError, Problem


def refusal(error: ValidationError) -> InputError:
    """Return a refusal of the project as an error for people, one problem a value."""
    return InputError([_problem(detail) for detail in error.errors(include_url=False)])


def _problem(detail: object) -> Problem:
    assert isinstance(detail, dict)
    name = next((str(part) for part in reversed(detail["loc"]) if isinstance(part, str)), "")
    message = str(detail["msg"]).removeprefix("Value error, ")
    given = "" if isinstance(detail["input"], dict | list | tuple) else f" (it is {detail['input']!r})"
    what = f"{message[:1].upper()}{message[1:]}{given}."
    return Problem(name.replace("_", " ").capitalize(), what, "The project keeps the value it had.")
