"""Reading a project file: TOML to the typed form, with every problem of the file at once."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import tomlkit
from pydantic import BaseModel, ValidationError
from tomlkit.exceptions import ParseError, TOMLKitError

from trainer_core.errors import InputError, Problem
from trainer_core.project.migrations import migrate_project
from trainer_core.project.schema import Project

MAX_BYTES = 1_000_000


def load_project(path: Path, overrides: Sequence[str] = ()) -> Project:
    """Read and check a project file.

    Args:
        path: the ``.thaw`` file.
        overrides: ``dotted.key=value`` texts that replace what the file says; values are TOML, or bare text.

    Raises:
        InputError: the file cannot be read, or says something it may not; holds every problem found.
    """
    return parse_project(read_text(path), str(path), overrides)


def read_text(path: Path) -> str:
    """Return the text of a project file.

    Raises:
        InputError: there is no such file, or it is no text.
    """
    remedy = "Name a .thaw project file; `thaw --help` shows how one is written."
    try:
        if path.is_dir():
            raise InputError.one(path, "This is a folder, not a project file.", remedy)
        if path.stat().st_size > MAX_BYTES:
            raise InputError.one(path, "This file is too large for a project file.", remedy)
        return path.read_bytes().decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError) as cause:
        raise InputError.one(path, "There is no such file.", remedy) from cause
    except UnicodeDecodeError as cause:
        raise InputError.one(path, "This file is not text in UTF-8.", remedy) from cause
    except OSError as cause:
        raise InputError.one(path, f"This file cannot be read: {cause.strerror}.", remedy) from cause


def parse_project(text: str, name: str, overrides: Sequence[str] = ()) -> Project:
    """Turn the text of a project file into its typed form.

    Args:
        text: TOML.
        name: what to call the file in problems.
        overrides: as in ``load_project``.

    Raises:
        InputError: with every problem of the text.
    """
    try:
        values = tomlkit.parse(text).unwrap()
    except (ParseError, TOMLKitError) as cause:
        raise InputError.one(name, f"This is not valid TOML: {cause}.", "Mend that line.") from cause
    for override in overrides:
        _override(values, override)
    values = migrate_project(values)
    try:
        return Project.model_validate(values)
    except ValidationError as cause:
        raise InputError(list(_problems(cause, values))) from cause


def _override(values: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    if not equals or not key.strip():
        raise InputError.one(override, "An override is written key=value.", "For example training.batch_size=16.")
    *parents, last = key.strip().split(".")
    place: Any = values
    for parent in parents:
        place = _step_into(place, parent, key)
    if isinstance(place, list):
        raise InputError.one(key, "A stage has no single value.", "Name one of its keys, as in stage.0.epochs.")
    place[last] = _parse_value(text.strip())


def _step_into(place: Any, part: str, key: str) -> Any:
    if isinstance(place, list):
        if not part.isdigit() or int(part) >= len(place):
            raise InputError.one(key, f'There is no entry "{part}".', f"Entries are numbered 0 to {len(place) - 1}.")
        return place[int(part)]
    if part == "stage" and part not in place:
        what = "The project file has no [[stage]], so the default stages hold."
        raise InputError.one(key, what, "Write the stages into the project file first.")
    inner = place.setdefault(part, {})
    if not isinstance(inner, dict | list):
        raise InputError.one(key, f'"{part}" is a value and has no keys of its own.')
    return inner


def _parse_value(text: str) -> Any:
    try:
        return tomlkit.parse(f"value = {text}").unwrap()["value"]
    except TOMLKitError:
        return text


def _problems(error: ValidationError, values: Mapping[str, Any]) -> Iterable[Problem]:
    seen: set[str] = set()
    for detail in error.errors(include_url=False):
        *above, last = detail["loc"]
        is_key = detail["type"] == "extra_forbidden"
        place = tuple(part for part in above if not _names_a_union_member(part))
        place += () if _names_a_union_member(last) and not is_key else (last,)
        where = _dotted(place)
        if where in seen:
            continue
        seen.add(where)
        yield _problem(where, place, detail)


def _problem(where: str, place: tuple[int | str, ...], detail: Any) -> Problem:
    kind = detail["type"]
    if kind == "extra_forbidden":
        known = _known_keys(place[:-1])
        near = difflib.get_close_matches(str(place[-1]), known, n=1)
        remedy = f'Did you mean "{near[0]}"?' if near else f"Known keys here: {', '.join(known)}."
        return Problem(where, f'The key "{place[-1]}" is unknown.', remedy)
    if kind == "missing":
        return Problem(where, "This key is missing.", _example(where))
    if where.startswith("data.columns."):
        return Problem(where, f"{detail['input']!r} names no column.", "Give its name, or its position from 0.")
    if kind == "enum" or kind == "literal_error":
        choices = str(detail.get("ctx", {}).get("expected", "")).replace("'", '"')
        near = difflib.get_close_matches(str(detail["input"]), re.findall(r'"([^"]*)"', choices), n=1)
        guess = f' Did you mean "{near[0]}"?' if near else ""
        return Problem(where, f"{detail['input']!r} is not a choice here.", f"Choose {choices}.{guess}")
    if place[0] == "options":
        return Problem(where, "An option is one text, number, true or false.", "Look at docs/tasks.md for its choices.")
    if where == "stage":
        return Problem(where, "Stages are a list of tables.", "Write [[stage]], with two brackets on each side.")
    message = str(detail["msg"]).removeprefix("Value error, ")
    given = "" if isinstance(detail["input"], dict | list | tuple) else f" (it is {detail['input']!r})"
    remedy = "Mend or remove one of these values." if kind == "value_error" and not given else _example(where)
    return Problem(where, f"{message[:1].upper()}{message[1:]}{given}.", remedy)


_EXAMPLES = {
    "data": 'Add a table [data] with train = "train.tsv".',
    "data.train": 'For example train = "train.tsv".',
    "data.validation_share": "For example validation_share = 0.1.",
    "learning_rate": "For example learning_rate = 1e-3 for a head, 5e-5 for a whole model.",
    "epochs": "For example epochs = 3.",
    "train": 'For example train = ["head", "top:2"].',
    "name": 'For example name = "head".',
}


def _example(where: str) -> str:
    return _EXAMPLES.get(where) or _EXAMPLES.get(where.rsplit(".", 1)[-1], "Mend or remove this value.")


UNION_MEMBERS = {"bool", "int", "float", "str"}


def _names_a_union_member(part: int | str) -> bool:
    return isinstance(part, str) and ("[" in part or part.startswith("constrained-") or part in UNION_MEMBERS)


def _dotted(place: tuple[int | str, ...]) -> str:
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _known_keys(place: tuple[int | str, ...]) -> list[str]:
    section: type[BaseModel] = Project
    for part in place:
        if isinstance(part, str):
            section = _section_of(section.model_fields[part].annotation)
    return list(section.model_fields)


def _section_of(annotation: Any) -> type[BaseModel]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(_section_of(inner) for inner in get_args(annotation) if inner is not type(None) and inner is not ...)
