"""The setup, step by step. Every step can be repeated, so an interrupted setup is finished by the next one."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from .command import Runner
from .console import Console
from .debian import Apt
from .failure import SetupFailure
from .layout import Layout
from .lock import hold_lock
from .machine import Machine, ask_nvidia, unsuitable_python
from .pip import Pip, installed_version
from .screen import Trouble, Verdict, advise, mend_screen
from .stamp import Stamp, load_stamp, make_stamp, save_stamp, why_set_up
from .starters import install_starter, load_starters
from .torch_build import (
    AUTOMATIC,
    Build,
    choose_build,
    install_torch,
    load_record,
    make_record,
    satisfies,
    save_record,
)
from .venv import create_venv, find_venv_problem, mend_packages, require_place, require_venv_modules

TORCH_PROBE = """
import torch
names = []
if torch.cuda.is_available():
    names.append(torch.cuda.get_device_name(0))
elif torch.backends.mps.is_available():
    names.append("the Apple GPU (MPS)")
print("works on " + (names[0] if names else "the processor"))
"""


@dataclass(frozen=True)
class Wish:
    """What one start needs: extras of the project, the ``--torch`` choice, and whether a window must work."""

    extras: tuple[str, ...] = ()
    torch: str | None = None
    window: bool = False


class Setup:
    """Makes the environment of one checkout fit a wish."""

    def __init__(self, layout: Layout, machine: Machine, console: Console, run: Runner) -> None:
        self.layout = layout
        self.machine = machine
        self.console = console
        self.run = run
        self.apt = Apt(machine, self.run, console.hint)
        self._pip = Pip(layout.python, layout.checkout, self.run, self._note)
        self._notes: list[str] = []

    def prepare(self, wish: Wish) -> Verdict:
        """Set up what is missing; calls nothing where the stamp says that all is there.

        Returns:
            How Qt stands: without trouble, or with the trouble that the reader was told about.

        Raises:
            SetupFailure: something else is missing and cannot be had.
        """
        if self._why(wish) is not None:
            with hold_lock(self.layout.work / "lock", self.console.say) as self.run.shared_file:
                reason = self._why(wish)  # another start may have done it meanwhile
                if reason is not None:
                    return self._set_up(wish, reason)
        stamp = load_stamp(self.layout.stamp)
        if stamp is None or stamp.screen or not wish.window:
            return Verdict(Trouble.NONE)
        self.console.begin(1)
        return self._prepare_screen(stamp)

    def _why(self, wish: Wish) -> str | None:
        problem = find_venv_problem(self.layout) if self.layout.venv.exists() else "there is no environment yet"
        record = load_record(self.layout.torch_record)
        stamp = load_stamp(self.layout.stamp)
        return problem or why_set_up(self.layout, stamp, wish.extras, record, self._asked(wish), self.machine)

    def _asked(self, wish: Wish) -> str:
        record = load_record(self.layout.torch_record)
        return wish.torch or (record.asked if record else AUTOMATIC)

    def _set_up(self, wish: Wish, reason: str) -> Verdict:
        self._refuse_unsuitable(wish)
        require_place(self.layout, room=0)
        asked, stamp = self._asked(wish), load_stamp(self.layout.stamp)
        extras = sorted({*wish.extras, *(stamp.extras if stamp else ())})
        self.console.log.write(f"setting up, because {reason}; {self.machine}")
        self.console.say(f"Setting Thaw up in {self.layout.venv} (the log is {self.console.log.path})")
        self.console.begin(6)
        self._prepare_environment()
        self._prepare_torch(asked)
        self._prepare_project(extras)
        self._prepare_starters()
        self._try_torch()
        stamp = make_stamp(self.layout, extras, screen=False)
        save_stamp(self.layout.stamp, stamp)
        verdict = self._prepare_screen(stamp)
        for note in self._notes:
            self.console.say(note)
        return verdict

    def _refuse_unsuitable(self, wish: Wish) -> None:
        reason = unsuitable_python(self.machine)
        if reason and not wish.torch:
            raise SetupFailure(f"{reason}.", "Start again with a 64-bit Python 3.11 or newer made for this machine.")

    def _prepare_environment(self) -> None:
        with self.console.step("Python environment"):
            require_venv_modules(self.machine, self.apt)
            problem = find_venv_problem(self.layout) if self.layout.venv.exists() else "there is none"
            if problem is None and not self.run([str(self.layout.python), "-m", "pip", "--version"]).ok:
                problem = "its pip does not start"
            if problem is not None:
                self._note(f"making the environment anew: {problem}")
                create_venv(self.layout, self.run)
            self.layout.stamp.unlink(missing_ok=True)
            for name in mend_packages(self.layout.site_packages):
                self._note(f"{name} was not whole: it is installed again")

    def _prepare_torch(self, asked: str) -> None:
        build = self._choose_build(asked)
        with self.console.step(f"PyTorch ({build.spec or build.label or build.name})"):
            version = installed_version(self.layout.site_packages, "torch")
            if not satisfies(version, build, asked, load_record(self.layout.torch_record)):
                install_torch(self._pip, build, self.machine, replace=version is not None)
            record = make_record(asked, build, self.machine, self.layout.site_packages)
            save_record(self.layout.torch_record, record)
            self.layout.constraints.write_text(f"torch=={record.version}\n", encoding="utf-8")
            self._pip.constraints = self.layout.constraints

    def _choose_build(self, asked: str) -> Build:
        ask_card = self.machine.nvidia and asked in (AUTOMATIC, "cuda")
        build = choose_build(self.machine, asked, ask_nvidia() if ask_card else None)
        if build.note:
            self._notes.append(build.note)
        return build

    def _prepare_project(self, extras: list[str]) -> None:
        with self.console.step("Thaw and its libraries"):
            before = installed_version(self.layout.site_packages, "torch")
            wanted = f".[{','.join(extras)}]" if extras else "."
            self._pip.require("Thaw with its libraries", "--editable", wanted)
            after = installed_version(self.layout.site_packages, "torch")
            if before != after:
                raise SetupFailure(
                    f"pip replaced PyTorch {before} by {after}, which must not happen.",
                    "Delete the folder .venv and start again.",
                )

    def _prepare_starters(self) -> None:
        with self.console.step("Starter models"):
            for starter in load_starters(self.layout.starters_file):
                install_starter(self._pip, starter, self.layout.site_packages)

    def _try_torch(self) -> None:
        with self.console.step("Trying PyTorch"):
            outcome = self.run([str(self.layout.python), "-c", TORCH_PROBE], timeout=300)
        lines = [line for line in outcome.text.splitlines() if line.strip()]
        if not outcome.ok:
            detail = f": {lines[-1]}" if lines else ""
            raise SetupFailure(
                f"PyTorch was installed but does not start here{detail}",
                "Try another build, for example: python3 packaging/start.py --torch cpu. The log says more.",
            )
        version = installed_version(self.layout.site_packages, "torch")
        self._notes.append(f"PyTorch {version} {lines[-1]}.")

    def _prepare_screen(self, stamp: Stamp) -> Verdict:
        with self.console.step("What the window needs"):
            verdict = mend_screen(self.layout, self.machine, self.run, self.apt)
        if verdict.trouble is Trouble.NONE:
            save_stamp(self.layout.stamp, dataclasses.replace(stamp, screen=True))
        else:
            self.tell(verdict)
        return verdict

    def tell(self, verdict: Verdict) -> None:
        """Tell the reader what keeps the window from opening and what to do."""
        if verdict.trouble is Trouble.DAMAGED:
            self.console.say(f"The window will not open: {verdict.trouble.value} ({verdict.detail}).")
            return
        detail = f" ({verdict.detail})" if verdict.detail else ""
        wrong = "The window would show no text" if verdict.trouble is Trouble.FONTS else "The window cannot open"
        self.console.say(f"{wrong}: {verdict.trouble.value}{detail}.")
        self.console.say(advise(verdict, self.machine, self.apt))

    def _note(self, text: str) -> None:
        self.console.log.write(text)
        self.console.hint(text)
