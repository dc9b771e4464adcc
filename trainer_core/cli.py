"""``thaw``: the training core on the command line.

Without an argument, or with a project or a run alone, it opens the window.
Heavy libraries are imported inside the commands, so that ``thaw --help`` answers at once.
"""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from trainer_core import __version__
from trainer_core.errors import InputError, ThawError

EXIT_DONE, EXIT_OTHER, EXIT_INPUT, EXIT_STOPPED = 0, 1, 2, 3

app = typer.Typer(
    name="thaw",
    help="Fine-tune pretrained language models on your own machine. Without a command, the window opens.",
    add_completion=False,
    no_args_is_help=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

ProjectArgument = Annotated[Path, typer.Argument(help="A .thaw project file.", show_default=False)]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", help="key=value over the project file, e.g. training.batch_size=16 or stage.0.epochs=2."),
]


def main() -> None:
    """Run the command line; the entry point ``thaw``."""
    arguments = sys.argv[1:]
    if not arguments or _is_for_the_window(arguments):
        sys.exit(_open_window(arguments))
    try:
        status = app(standalone_mode=False, prog_name="thaw")
    except ThawError as error:
        _show(error)
        status = error.exit_code
    except typer.Exit as leaving:
        status = leaving.exit_code
    except (typer.Abort, KeyboardInterrupt):
        Console(stderr=True, emoji=False).print("Stopped.")
        status = EXIT_STOPPED
    except BrokenPipeError:
        sys.stderr.close()
        status = EXIT_OTHER
    except Exception as error:
        status = _show_other(error)
    sys.exit(status if isinstance(status, int) else EXIT_DONE)


def _is_for_the_window(arguments: list[str]) -> bool:
    """Whether there is a single argument and it is a project or a run folder."""
    from trainer_core.runs.folder import is_run_folder

    if len(arguments) != 1:
        return False
    return arguments[0].lower().endswith(".thaw") or is_run_folder(Path(arguments[0]))


def _open_window(arguments: list[str]) -> int:
    from desktop_app.__main__ import main as open_window

    return open_window(arguments)


def _show_other(error: Exception) -> int:
    """Show an error that is none of Thaw's own: a usage error of the command line, or a fault."""
    show = getattr(error, "format_message", None)
    if show is not None:
        usage = getattr(error, "ctx", None)
        Console(stderr=True, emoji=False).print(
            f"{show()}\nTry `{usage.command_path if usage else 'thaw'} --help`.", markup=False
        )
        return EXIT_INPUT
    traceback.print_exception(error)
    return EXIT_OTHER


def _show(error: ThawError) -> None:
    """Print an error on standard error, every problem of it with its place and remedy."""
    console = Console(stderr=True, emoji=False, soft_wrap=True, highlight=False)
    if not isinstance(error, InputError):
        console.print(str(error), markup=False)
        return
    for problem in error.problems:
        if problem.where:
            console.print(problem.where, style="bold", markup=False)
        console.print(f"  {problem.what}", markup=False)
        if problem.remedy:
            console.print(f"  {problem.remedy}", style="dim", markup=False)


def _version(wished: bool) -> None:
    if wished:
        typer.echo(f"thaw {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show it.")] = False,
) -> None:
    """Hold what comes before a command."""


@app.command()
def train(
    project: ProjectArgument,
    out: Annotated[Path | None, typer.Option(help="Where run folders are made; runs/ beside the project.")] = None,
    set_: SetOption = None,
    json: Annotated[bool, typer.Option("--json", help="Print the journal's events as JSON lines only.")] = False,
    try_file: Annotated[
        Path | None, typer.Option("--try", help="A file with a sentence a line; shows predictions afterwards.")
    ] = None,
) -> int:
    """Train a project: check it, run its stages, keep the best."""
    from trainer_core.commands.train import train_project

    return train_project(project, out=out, overrides=set_ or [], as_json=json, try_file=try_file)


@app.command()
def resume(
    run: Annotated[Path, typer.Argument(help="The folder of the run.", show_default=False)],
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Go on even if the project, its data or its model has changed.")
    ] = False,
    epochs: Annotated[int, typer.Option(min=0, help="So many epochs more; for a run that came to its end.")] = 0,
    rate_factor: Annotated[
        float, typer.Option(min=1e-6, max=1e6, help="Multiplies the learning rates of what is left.")
    ] = 1.0,
    json: Annotated[bool, typer.Option("--json", help="Print the journal's events as JSON lines only.")] = False,
) -> int:
    """Go on with a run that was stopped or broken off, as if nothing had happened; or for longer than planned."""
    from trainer_core.commands.train import resume_run
    from trainer_core.engines.base import GoOn

    return resume_run(run, GoOn(anyway=anyway, epochs=epochs, rate_factor=rate_factor), as_json=json)


@app.command()
def predict(
    run: Annotated[Path, typer.Argument(help="A run folder, or a model folder of Thaw.", show_default=False)],
    texts: Annotated[
        list[str] | None, typer.Argument(help="Texts to predict; for pairs, one after the other.", show_default=False)
    ] = None,
    file: Annotated[Path | None, typer.Option(help="A data file with texts.")] = None,
    out: Annotated[Path | None, typer.Option(help="Where predictions of --file go: .csv, .tsv or .jsonl.")] = None,
    column: Annotated[
        list[str] | None, typer.Option(help="The column of --file with the texts; for pairs, twice.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print predictions as JSON lines.")] = False,
) -> int:
    """Predict texts, or the rows of a file, with a run's best checkpoint."""
    from trainer_core.commands.predict import predict_file, predict_texts

    if file is not None:
        if texts:
            raise InputError.one("thaw predict", "Texts and --file are both given.", "Give one of them.")
        return predict_file(run, file, out, column or [])
    if out is not None:
        raise InputError.one(
            "thaw predict", "--out is for the rows of a file.", "Add --file FILE, or leave --out away."
        )
    return predict_texts(run, texts or [], as_json=json)


@app.command()
def evaluate(
    run: Annotated[Path, typer.Argument(help="A run folder, or a model folder of Thaw.", show_default=False)],
    file: Annotated[Path, typer.Argument(help="A data file with the right answers.", show_default=False)],
    column: Annotated[
        list[str] | None, typer.Option(help="ROLE=NAME of a column that is called otherwise than in training.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the figures as one JSON object.")] = False,
) -> int:
    """Measure a run's best checkpoint on rows whose answers are known, such as a test set."""
    from trainer_core.commands.evaluate import evaluate_run

    return evaluate_run(run, file, column or [], as_json=json)


@app.command()
def convert(
    model: Annotated[Path, typer.Argument(help="A model folder whose weights are a pickle.", show_default=False)],
    target: Annotated[Path, typer.Argument(help="The folder to make.", show_default=False)],
) -> int:
    """Write a model's pickled weights again in safetensors, opened in a closed process that takes tensors only."""
    from trainer_core.commands.convert import convert_model

    return convert_model(model, target)


@app.command()
def trust(
    model: Annotated[Path, typer.Argument(help="A model folder with Python code of its own.", show_default=False)],
    sha256: Annotated[
        str | None, typer.Option(help="Allow without being asked, if the code has this hash.", show_default=False)
    ] = None,
    revoke: Annotated[bool, typer.Option("--revoke", help="Take back that its code may run.")] = False,
) -> int:
    """Show the Python code that a model brings, and allow it to run if you say so."""
    from trainer_core.commands.trust import revoke_code, trust_code

    return revoke_code(model) if revoke else trust_code(model, sha256)


@app.command()
def inspect(
    what: Annotated[str, typer.Argument(help="A project, a model folder, or starter:NAME.", show_default=False)],
) -> int:
    """Show a model's layers, under the names that freeze rules use."""
    from trainer_core.commands.inspect import inspect_layers

    return inspect_layers(what)


@app.command()
def check(project: ProjectArgument, set_: SetOption = None) -> int:
    """Check a project, its data and its model, without training."""
    from trainer_core.commands.check import check_project

    return check_project(project, set_ or [])
