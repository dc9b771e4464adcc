"""Where everything lies in a checkout of Thaw and in its environment."""

from __future__ import annotations

import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path("resources/starters/support_tickets/support_tickets.thaw")
SENTENCES = Path("resources/starters/support_tickets/try.txt")


@dataclass(frozen=True)
class Layout:
    """The paths of one checkout; nothing here touches the disk."""

    checkout: Path
    windows: bool = sys.platform == "win32"

    @property
    def venv(self) -> Path:
        """The environment."""
        return self.checkout / ".venv"

    @property
    def scripts(self) -> Path:
        """The folder of the environment's commands."""
        return self.venv / ("Scripts" if self.windows else "bin")

    @property
    def python(self) -> Path:
        """The environment's Python."""
        return self.scripts / ("python.exe" if self.windows else "python")

    @property
    def window_python(self) -> Path:
        """The environment's Python for programs with a window: on Windows the one without a console."""
        return self.scripts / "pythonw.exe" if self.windows else self.python

    @property
    def thaw(self) -> Path:
        """The command ``thaw``."""
        return self.scripts / ("thaw.exe" if self.windows else "thaw")

    @property
    def site_packages(self) -> Path:
        """Where pip puts packages: known from the rules of the running Python, which is the environment's too."""
        scheme = "nt" if self.windows else "posix_prefix"
        base = str(self.venv)
        return Path(sysconfig.get_path("purelib", scheme, vars={"base": base, "platbase": base}))

    @property
    def stamp(self) -> Path:
        """What the last finished setup was made from."""
        return self.venv / "thaw-stamp.json"

    @property
    def torch_record(self) -> Path:
        """Which PyTorch was asked for and which one came."""
        return self.venv / "thaw-torch.json"

    @property
    def constraints(self) -> Path:
        """The file that holds torch at the installed version in every later call of pip."""
        return self.venv / "thaw-constraints.txt"

    @property
    def work(self) -> Path:
        """The folder of the log and the lock."""
        return self.checkout / ".thaw-setup"

    @property
    def starters_file(self) -> Path:
        """The list of starter models."""
        return self.checkout / "resources" / "starters.toml"

    @property
    def project(self) -> Path:
        """The starter project that the first start opens."""
        return self.checkout / PROJECT

    @property
    def sentences(self) -> Path:
        """Sentences to try the trained starter project on."""
        return self.checkout / SENTENCES

    @property
    def icons(self) -> Path:
        """The folder of Thaw's icon."""
        return self.checkout / "resources" / "icons"


def this_checkout() -> Layout:
    """Find the checkout that this file belongs to."""
    return Layout(Path(__file__).resolve().parents[2])
