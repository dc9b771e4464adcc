"""The verb ``shortcut``: Thaw in the menu and on the desktop of the system this runs on."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from . import shortcut_linux, shortcut_macos, shortcut_windows
from .prepare import Setup


def change_shortcuts(setup: Setup, *, remove: bool) -> int:
    """Put the shortcuts there, or take them away; says which files it touched. Returns the exit code."""
    layout, run, say = setup.layout, setup.run, setup.console.say
    if sys.platform == "win32":
        touched = shortcut_windows.remove(run) if remove else shortcut_windows.install(layout, run)
    elif sys.platform == "darwin":
        places = shortcut_macos.Places(Path.home())
        touched = shortcut_macos.remove(places) if remove else shortcut_macos.install(layout, places, run)
    else:
        folders = shortcut_linux.find_places(dict(os.environ))
        touched = shortcut_linux.remove(folders, run) if remove else shortcut_linux.install(layout, folders, run, say)
    for place in touched:
        say(f"{'removed' if remove else 'written'}: {place}")
    if remove:
        say("Thaw's shortcuts are gone." if touched else "There were no shortcuts of Thaw.")
    else:
        say("Thaw is in the menu; a double-click on a .thaw file opens it.")
    return 0
