"""The door to the window: ``python -m desktop_app [PROJECT]``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path


def main(argv: Sequence[str] | None = None) -> int:
    """Show the window; return the exit code.

    Args:
        argv: the arguments after the program's name: a project, run folder or data file to open, or nothing.
    """
    parser = argparse.ArgumentParser(prog="thaw window", description="Open the window of Thaw.")
    parser.add_argument(
        "project", nargs="?", type=Path, help="a .thaw project, a run folder, or a data file to begin one on"
    )
    arguments = parser.parse_args(argv)
    from desktop_app.app import run_window

    return run_window(arguments.project)


if __name__ == "__main__":
    sys.exit(main())
