"""Python code that a model folder brings: read, shown, and run only where the user allowed exactly these files.

What is allowed is kept by folder, with one hash over all its code; code that changes is no longer allowed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import platformdirs
from pydantic import RootModel, ValidationError

from trainer_core.disk import refused_in_words
from trainer_core.errors import ForeignCode, InputError
from trainer_core.files import replace_file

CONFIGURATIONS = ("config.json", "tokenizer_config.json")
ELSEWHERE = "--"
"""Between a repository and a class, where a configuration takes its code from another repository."""
PLAIN_CONTROLS = "\n\t"
UNSEEN = ("Cc", "Cf", "Co", "Cs", "Zl", "Zp")
"""The Unicode categories of what a screen does not show, or what changes how the rest is shown."""


@dataclass(frozen=True)
class CodeFile:
    """One file of Python code: its name within the folder, and its text."""

    name: str
    text: str

    @property
    def shown(self) -> str:
        """The text with everything that would hide or reorder parts of it on a screen written out as its number."""
        return "".join(_visible(letter) for letter in self.text.replace("\r\n", "\n"))


@dataclass(frozen=True)
class ModelCode:
    """All Python code of a model folder, and one hash over names and contents."""

    folder: Path
    files: tuple[CodeFile, ...]
    sha256: str


class _Allowed(RootModel[dict[str, str]]):
    """Hashes of allowed code by folder."""


def read_code(folder: Path) -> ModelCode:
    """Read the code of a model folder; nothing of it is run.

    Raises:
        InputError: there is none, a file of it is no text, or it lies in another repository.
    """
    where = f"model.source ({folder})"
    elsewhere = _elsewhere(folder)
    if elsewhere:
        what = f'Its code lies in another repository ("{elsewhere}"), where nobody could have seen it.'
        remedy = f'Copy that code into the folder, and take the part up to "{ELSEWHERE}" out of its config.json.'
        raise InputError.one(where, what, remedy)
    digest = hashlib.sha256()
    files = []
    for path in sorted(folder.rglob("*.py")):
        name = path.relative_to(folder).as_posix()
        try:
            content = path.read_bytes()
            files.append(CodeFile(name, content.decode("utf-8")))
        except (OSError, UnicodeDecodeError) as cause:
            what = f"Its code cannot be read: {name} ({cause})."
            raise InputError.one(where, what, "Copy or download the model again.") from cause
        digest.update(f"{len(name)} {name} {len(content)} ".encode() + content)
    if not files:
        raise InputError.one(where, "This folder has no Python code.", "There is nothing to allow.")
    return ModelCode(folder.resolve(), tuple(files), digest.hexdigest())


def needs_code(folder: Path) -> bool:
    """Whether a configuration of the folder names classes of its own."""
    return bool(_classes(folder))


def is_allowed(folder: Path) -> bool:
    """Whether the folder's code, as it is now, was allowed to run."""
    if not needs_code(folder):
        return False
    allowed = _load().get(str(folder.resolve()))
    try:
        return allowed is not None and read_code(folder).sha256 == allowed
    except InputError:
        return False


def refusal(folder: Path) -> ForeignCode:
    """Return the error for code that was not allowed.

    Raises:
        InputError: it cannot even be shown; see ``read_code``.
    """
    count = len(read_code(folder).files)
    some = "1 file" if count == 1 else f"{count} files"
    what = f"This model needs Python code of its own ({some}), which was not allowed to run, or has changed since."
    remedy = f'Read the code, and allow it if you trust it: thaw trust "{folder}"'
    error = ForeignCode.one(f"model.source ({folder})", what, remedy)
    error.folder = folder
    return error


def allow_code(code: ModelCode) -> None:
    """Allow code to run from now on, as it was read.

    Raises:
        InputError: it has changed since, or this cannot be noted.
    """
    if read_code(code.folder).sha256 != code.sha256:
        remedy = "Read it again before you allow it."
        raise InputError.one(code.folder, "The code has changed since it was shown.", remedy)
    _save(_load() | {str(code.folder): code.sha256})


def forbid_code(folder: Path) -> bool:
    """Take back that a folder's code may run; return whether it was allowed.

    Raises:
        InputError: this cannot be noted.
    """
    known = _load()
    allowed = known.pop(str(folder.resolve()), None) is not None
    if allowed:
        _save(known)
    return allowed


def carry_over(source: Path, target: Path) -> None:
    """Allow the code of a folder that was written from an allowed one, if it is the same code.

    Where this cannot be noted, the user is asked for that folder too.
    """
    if not is_allowed(source) or not needs_code(target):
        return
    with contextlib.suppress(InputError):
        seen, written = read_code(source), read_code(target)
        if {_bare(file) for file in written.files} <= {_bare(file) for file in seen.files}:
            allow_code(written)


def _bare(file: CodeFile) -> tuple[str, str]:
    """Return a file by its last name and text: a saved model lays its code flat."""
    return Path(file.name).name, file.text


def _visible(letter: str) -> str:
    if letter in PLAIN_CONTROLS or unicodedata.category(letter) not in UNSEEN:
        return letter
    return f"<U+{ord(letter):04X}>"


def _classes(folder: Path) -> list[str]:
    """Return the classes that the folder's configurations want from code."""
    found: list[str] = []
    for name in CONFIGURATIONS:
        try:
            wanted = json.loads((folder / name).read_text(encoding="utf-8")).get("auto_map")
        except (OSError, ValueError, AttributeError):
            continue
        values = wanted.values() if isinstance(wanted, dict) else [wanted]
        for value in values:
            found += [str(part) for part in (value if isinstance(value, list | tuple) else [value]) if part]
    return found


def _elsewhere(folder: Path) -> str:
    return next((name for name in _classes(folder) if ELSEWHERE in name), "")


def _place() -> Path:
    return Path(platformdirs.user_config_dir("thaw", appauthor=False)) / "allowed-code.json"


def _load() -> dict[str, str]:
    """Return what is noted; where it cannot be read, nothing is allowed."""
    try:
        return _Allowed.model_validate_json(_place().read_bytes()).root
    except (OSError, ValidationError):
        return {}


def _save(allowed: dict[str, str]) -> None:
    with refused_in_words(_place(), "What code may run cannot be noted."):
        replace_file(_place(), _Allowed(allowed).model_dump_json(indent=2).encode())
