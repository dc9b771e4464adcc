"""Whether Qt can work here: its system libraries, a font, and a display that really opens.

Everything is found out by really trying, in the environment's Python, in a process of its own: Qt aborts where
it cannot go on.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from .command import Runner
from .debian import FONTS, QT_LIBRARIES, Apt
from .layout import Layout
from .machine import Machine

PROBE = """
import sys
try:
    import resource
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
except ImportError:
    pass
from PySide6.QtWidgets import QApplication
from PySide6.QtGui import QFontDatabase
app = QApplication(["thaw"])
print("platform", app.platformName())
print("fonts", len(QFontDatabase.families()))
"""

XCB_PROBE = """
import ctypes, pathlib, PySide6, PySide6.QtGui
folder = pathlib.Path(PySide6.__file__).parent / "Qt" / "plugins" / "platforms"
ctypes.CDLL(str(folder / "libqxcb.so"))
print("xcb loads")
"""


class Trouble(enum.Enum):
    """What keeps Qt from working."""

    NONE = "none"
    LIBRARIES = "system libraries are missing"
    FONTS = "there are no fonts"
    DISPLAY = "the display does not open"
    DAMAGED = "PySide6 does not start"


@dataclass(frozen=True)
class Verdict:
    """What the probe found; ``detail`` is the line that says it best."""

    trouble: Trouble
    detail: str = ""


def probe_offscreen(layout: Layout, run: Runner) -> Verdict:
    """Try Qt without a display: shows missing libraries and missing fonts."""
    outcome = run([str(layout.python), "-c", PROBE], environment={"QT_QPA_PLATFORM": "offscreen"}, timeout=60)
    return judge_probe(outcome.code, outcome.text)


def probe_display(layout: Layout, run: Runner) -> Verdict:
    """Try to open the display with the platform that Qt would take by itself."""
    outcome = run([str(layout.python), "-c", PROBE], timeout=30)
    verdict = judge_probe(outcome.code, outcome.text)
    if verdict.trouble is Trouble.DAMAGED:
        return Verdict(Trouble.DISPLAY, verdict.detail)
    return verdict


def probe_xcb(layout: Layout, run: Runner) -> Verdict:
    """Try to load what Qt needs for X; a missing libxcb-cursor0 shows only here."""
    outcome = run([str(layout.python), "-c", XCB_PROBE], timeout=30)
    return Verdict(Trouble.NONE) if outcome.ok else Verdict(Trouble.LIBRARIES, missing_library(outcome.text))


def judge_probe(code: int, text: str) -> Verdict:
    """Read the answer of the probe."""
    if "cannot open shared object file" in text:
        return Verdict(Trouble.LIBRARIES, missing_library(text))
    if code != 0:
        return Verdict(Trouble.DAMAGED, telling_line(text) or f"exit code {code}")
    return Verdict(Trouble.FONTS) if "fonts 0" in text.splitlines() else Verdict(Trouble.NONE)


def telling_line(text: str) -> str:
    """Find the line that says best what went wrong: the first that says what could not be done, or the last."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return next((line for line in lines if "could not" in line.lower()), lines[-1] if lines else "")


def missing_library(text: str) -> str:
    """Find the name of the library that the loader did not find."""
    for line in reversed(text.splitlines()):
        before, found, _ = line.partition(": cannot open shared object file")
        if found:
            return before.rpartition(" ")[2]
    return ""


def mend_screen(layout: Layout, machine: Machine, run: Runner, apt: Apt) -> Verdict:
    """Probe Qt, install what is missing where that is allowed, and tell how things stand then."""
    verdict = probe_offscreen(layout, run)
    if verdict.trouble is Trouble.NONE and machine.system == "Linux" and machine.display:
        verdict = probe_xcb(layout, run)
    packages = FONTS if verdict.trouble is Trouble.FONTS else QT_LIBRARIES
    if verdict.trouble in (Trouble.LIBRARIES, Trouble.FONTS) and apt.install(packages):
        return probe_offscreen(layout, run)
    return verdict


def mend_display(layout: Layout, machine: Machine, run: Runner, apt: Apt) -> Verdict:
    """Try to open the display; where X lacks libraries, install them if that is allowed, and try again."""
    verdict = probe_display(layout, run)
    if verdict.trouble is not Trouble.DISPLAY or machine.system != "Linux":
        return verdict
    libraries = probe_xcb(layout, run)
    if libraries.trouble is Trouble.NONE:
        return verdict
    return probe_display(layout, run) if apt.install(QT_LIBRARIES) else libraries


def advise(verdict: Verdict, machine: Machine, apt: Apt) -> str:
    """Say what the reader can do about missing libraries or fonts."""
    if machine.debian:
        return apt.advice(FONTS if verdict.trouble is Trouble.FONTS else QT_LIBRARIES)
    named = f" (the first one missing is {verdict.detail})" if verdict.detail else ""
    return (
        f"Install with your system's package manager the libraries Qt 6 needs{named}: EGL, OpenGL, xkbcommon, "
        "xcb-cursor and the other xcb utilities, D-Bus, fontconfig, and a font such as DejaVu."
    )
