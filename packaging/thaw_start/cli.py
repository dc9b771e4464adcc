"""The command line of start.py: which verb, which options, and every failure in plain words."""

from __future__ import annotations

import argparse
import signal
import textwrap
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from .command import Runner
from .console import Console
from .failure import SetupFailure, Stopped, explain_os_error
from .launch import INTERRUPTED, offer_test_tools, run_main_job, run_tests
from .layout import Layout, this_checkout
from .log import Log
from .machine import look_at_machine
from .prepare import Setup, Wish
from .screen import Trouble
from .shortcut import change_shortcuts

VERBS = {
    "run": "set up what is missing and start Thaw (this is what happens without a verb)",
    "test": "set up what is missing, then run ruff, mypy, lint-imports and pytest; words after it go to pytest alone",
    "prepare": "only set up what is missing",
    "shortcut": "put Thaw into the menu and on the desktop and let it open .thaw files",
}
WRONG_USAGE = 2
FAILED = 1


@dataclass(frozen=True)
class Request:
    """What was typed."""

    verb: str = "run"
    torch: str | None = None
    headless: bool = False
    remove: bool = False
    rest: tuple[str, ...] = ()


class WrongUsage(Exception):
    """The command line cannot be understood."""


class _Parser(argparse.ArgumentParser):
    """Raises instead of printing its usage: one sentence is enough."""

    def error(self, message: str) -> NoReturn:
        raise WrongUsage(f"{message[:1].upper()}{message[1:]}; -h explains everything.")


def build_parser(description: str) -> argparse.ArgumentParser:
    """Build the parser; ``description`` is the docstring of start.py."""
    verbs = "\n".join(
        textwrap.fill(text, width=100, initial_indent=f"  {verb:<9}", subsequent_indent=" " * 11)
        for verb, text in VERBS.items()
    )
    parser = _Parser(
        prog="python3 packaging/start.py",
        usage="%(prog)s [verb] [options]",
        description=description.strip(),
        epilog=f"verbs:\n{verbs}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--torch", metavar="BUILD", help="cpu, cuda, mps, plain, auto, or anything pip understands")
    parser.add_argument("--headless", action="store_true", help="run: train in the terminal even with a screen")
    parser.add_argument("--remove", action="store_true", help="shortcut: take away what it put there")
    return parser


def parse_request(arguments: Sequence[str], description: str = "") -> Request:
    """Read the command line.

    Raises:
        WrongUsage: with the sentence to print.
    """
    parser = build_parser(description)
    if "test" in arguments:
        # Everything unknown after ``test`` belongs to pytest, in its order, whatever it looks like.
        at = list(arguments).index("test")
        before, extra = parser.parse_known_args(list(arguments[:at]))
        if not extra:
            after, rest = _parse_test_arguments(arguments[at + 1 :], description)
            return Request("test", after or before.torch, rest=tuple(rest))
    options, words = parser.parse_known_args(list(arguments))
    verb = words.pop(0) if words else "run"
    if verb.startswith("-"):
        raise WrongUsage(f"There is no option '{verb}'; -h explains the ones there are.")
    if verb not in VERBS:
        raise WrongUsage(f"There is no '{verb}' here: the verbs are {', '.join(VERBS)}; -h explains them.")
    if words:
        raise WrongUsage(f"I do not know what to do with '{words[0]}' after '{verb}'; -h explains everything.")
    if options.remove and verb != "shortcut":
        raise WrongUsage("--remove belongs to 'shortcut'; -h explains everything.")
    return Request(verb, options.torch, options.headless, options.remove)


def _parse_test_arguments(arguments: Sequence[str], description: str) -> tuple[str | None, list[str]]:
    if list(arguments[:1]) in (["-h"], ["--help"]):
        build_parser(description).parse_args(["-h"])
    torch, rest = None, []
    words = iter(arguments)
    for word in words:
        if word == "--torch":
            torch = next(words, None)
            if torch is None:
                raise WrongUsage("--torch wants to know which build; -h explains them.")
        elif word.startswith("--torch="):
            torch = word.partition("=")[2]
        else:
            rest.append(word)
    return torch, rest


def main(arguments: Sequence[str], description: str = "") -> int:
    """Do what the command line asks; returns the exit code and never shows a traceback."""
    layout = this_checkout()
    log = Log(layout.work / "setup.log")
    console = Console(log)
    try:
        return _obey(parse_request(arguments, description), layout, console)
    except WrongUsage as wrong:
        console.say(str(wrong))
        return WRONG_USAGE
    except SetupFailure as failure:
        _explain(console, failure)
        return FAILED
    except KeyboardInterrupt:
        console.say("Stopped, as you asked; the next start goes on from here.")
        return INTERRUPTED
    except Stopped as stop:
        return 128 + stop.signal_number
    except OSError as error:
        log.write(traceback.format_exc())
        _explain(console, explain_os_error(error, layout.checkout))
        return FAILED
    except Exception as error:
        log.write(traceback.format_exc())
        remedy = "Delete the folder .venv and start again; if it stays, report it together with the log."
        _explain(console, SetupFailure(f"something that was not foreseen: {error!r}.", remedy))
        return FAILED
    finally:
        log.close()


def _obey(request: Request, layout: Layout, console: Console) -> int:
    signal.signal(signal.SIGTERM, _stop)
    setup = Setup(layout, look_at_machine(), console, Runner(console, layout.checkout))
    extras = ("test",) if request.verb == "test" else ()
    window = request.verb != "run" or (setup.machine.display and not request.headless)
    if request.verb == "shortcut" and request.remove:
        return change_shortcuts(setup, remove=True)
    verdict = setup.prepare(Wish(extras, request.torch, window))
    if request.verb == "run":
        return run_main_job(setup, verdict, headless=request.headless)
    if request.verb == "shortcut":
        return change_shortcuts(setup, remove=False)
    if verdict.trouble in (Trouble.LIBRARIES, Trouble.DAMAGED):
        console.say("Everything else is ready.")
        return FAILED
    if request.verb == "test":
        offer_test_tools(setup)
        return run_tests(setup, request.rest)
    console.say(f"Thaw is ready: {layout.thaw}")
    return 0


def _explain(console: Console, failure: SetupFailure) -> None:
    console.say(f"\nThaw could not be set up: {failure.what}\n{failure.remedy}")
    if console.log.used:
        console.say(f"The log: {console.log.path}")


def _stop(number: int, _frame: object) -> None:
    raise Stopped(number)
