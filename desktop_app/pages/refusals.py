"""Changes that the project may refuse, and in words why it did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from pydantic import ValidationError

from desktop_app.pages.base import NoticeView
from desktop_app.workspace import Workspace
from trainer_core.errors import InputError, Problem

Section: TypeAlias = Literal["data", "model", "training"]


def change_from_page(view: NoticeView, workspace: Workspace, section: Section, values: Mapping[str, Any]) -> None:
    """Change some values of one section, if a project is open; show on the page why they were refused."""
    if workspace.project is None:
        return
    view.clear_notice()
    refused = change_section(workspace, section, values)
    if refused is not None:
        view.show_error(refused)


def change_section(workspace: Workspace, section: Section, values: Mapping[str, Any]) -> InputError | None:
    """Change some values of one section of the open project; return why they were refused, None where they were not."""
    return change_sections(workspace, **{section: getattr(workspace.project, section).model_dump() | values})


def change_sections(workspace: Workspace, **sections: Any) -> InputError | None:
    """Replace whole sections of the open project; return why that was refused, None where it was not."""
    try:
        workspace.update(**sections)
    except ValidationError as error:
        return refusal(error)
    return None


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
