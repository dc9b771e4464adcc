"""``thaw trust``: a model's own code, shown and then allowed to run, or not."""

from __future__ import annotations

import sys
from pathlib import Path

import typer
from rich.console import Console
from rich.syntax import Syntax

from trainer_core.errors import InputError
from trainer_core.models.foreign_code import ModelCode, allow_code, forbid_code, needs_code, read_code

WARNING = "Allowed, this code runs with all your rights whenever the model is loaded."


def trust_code(folder: Path, sha256: str | None) -> int:
    """Show a model's code and allow it if the user says so; return the exit status.

    Args:
        folder: of the model.
        sha256: the hash of code that was read before, which then is not asked about again.

    Raises:
        InputError: there is no such code, it has another hash, or nobody is there to say so.
    """
    if not needs_code(folder):
        remedy = "There is nothing to allow; a model of a kind that transformers knows needs no code."
        raise InputError.one(folder, "This is no model folder with code of its own.", remedy)
    code = read_code(folder)
    console = Console(emoji=False, highlight=False, soft_wrap=True)
    if sha256 is None:
        _show(code, console)
        _ask(code, console)
    elif sha256.lower() != code.sha256:
        what = f"Its code has the hash {code.sha256}, another one than was given."
        raise InputError.one(folder, what, f'Read it as it is now: thaw trust "{folder}"')
    allow_code(code)
    console.print(f'Allowed. It is taken back with: thaw trust "{folder}" --revoke', markup=False)
    return 0


def revoke_code(folder: Path) -> int:
    """Take back that a model's code may run; return the exit status.

    Raises:
        InputError: this cannot be noted.
    """
    done = "Its code is not run any more." if forbid_code(folder) else "Its code was not allowed to run."
    Console(emoji=False, highlight=False).print(done)
    return 0


def _show(code: ModelCode, console: Console) -> None:
    for file in code.files:
        console.rule(file.name)
        console.print(Syntax(file.shown, "python", line_numbers=True, word_wrap=True))
    console.rule()
    files = "1 file" if len(code.files) == 1 else f"{len(code.files)} files"
    console.print(f"{files} of {code.folder}, together with the hash {code.sha256}.", markup=False)
    console.print(WARNING)


def _ask(code: ModelCode, console: Console) -> None:
    if not sys.stdin.isatty():
        remedy = f'After reading it: thaw trust "{code.folder}" --sha256 {code.sha256}'
        raise InputError.one(code.folder, "Nobody is at the keyboard to allow it.", remedy)
    if not typer.confirm("Allow it?", default=False):
        raise typer.Abort
