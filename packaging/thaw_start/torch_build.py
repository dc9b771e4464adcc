"""Which PyTorch to install and where to look for it. The rules stand in packaging/start.py."""

from __future__ import annotations

import json
import shlex
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from .command import Outcome
from .failure import SetupFailure
from .machine import Machine, NvidiaCard
from .pip import Pip, explain_pip_failure, installed_version, out_of_space

VERSION = "2.13.0"
WHEELS = "https://download.pytorch.org/whl"
ANSWER_SECONDS = 3.0
AUTOMATIC = "auto"
NEWEST_CUDA = "cu130"
OLDER_CUDA = "cu126"


@dataclass(frozen=True)
class Build:
    """One build of PyTorch.

    ``label`` is what follows the plus in its version ("cpu", "cu130"); empty for the plain wheel. ``spec`` is what
    the user typed instead of a name. ``note`` is a sentence for the reader about why this one.
    """

    name: str
    label: str = ""
    spec: str = ""
    note: str = ""

    @property
    def index(self) -> str:
        """The wheel index of this build; empty for the plain wheel."""
        return f"{WHEELS}/{self.label}" if self.label else ""


@dataclass(frozen=True)
class Attempt:
    """One way to get a build: the arguments for pip, the address that has to answer first, words for the log."""

    arguments: tuple[str, ...]
    place: str
    address: str = ""


@dataclass(frozen=True)
class TorchRecord:
    """Which torch was wished for and which one came; kept in the environment."""

    asked: str
    build: str
    version: str
    nvidia: bool


def choose_build(machine: Machine, asked: str, card: NvidiaCard | None = None) -> Build:
    """Decide on a build from the machine's facts and what ``--torch`` said ("auto" where it said nothing)."""
    named = {
        "plain": Build("plain"),
        "mps": Build("plain"),
        "cpu": _cpu_build(machine),
        "cuda": Build("cuda", NEWEST_CUDA),
    }
    if asked == "cuda" and machine.nvidia and card:
        automatic = _cuda_build(machine, card)
        return automatic if automatic.name == "cuda" else named["cuda"]
    if asked in named:
        return named[asked]
    if asked != AUTOMATIC:
        return Build("custom", spec=asked)
    if machine.system == "Darwin":
        return Build("plain")
    return _cuda_build(machine, card or NvidiaCard()) if machine.nvidia else _cpu_build(machine)


def _cpu_build(machine: Machine, note: str = "") -> Build:
    return Build("plain") if machine.system == "Darwin" else Build("cpu", "cpu", note=note)


def _cuda_build(machine: Machine, card: NvidiaCard) -> Build:
    driver = card.driver or 0
    capability = card.capability if card.capability is not None else 8.0
    if driver >= 580 and capability >= 7.5:
        return Build("cuda", NEWEST_CUDA)
    if driver >= (528 if machine.system == "Windows" else 525) and 5.0 <= capability < 10.0:
        return Build("cuda", OLDER_CUDA)
    return _cpu_build(
        machine,
        "The NVIDIA card or its driver is too old for this PyTorch, so training will use the processor. "
        "With driver 580 or newer, start again with --torch cuda.",
    )


def list_attempts(build: Build, machine: Machine) -> list[Attempt]:
    """List the ways to get ``build``, in the order they are tried. Torch always comes without its dependencies."""
    if build.spec:
        words = shlex.split(build.spec) if " " in build.spec and machine.system != "Windows" else build.spec.split()
        return [Attempt(tuple(words), f"as asked: {build.spec}")]
    attempts = []
    if build.name == "cpu":
        attempts.append(Attempt(("--no-index", f"torch=={VERSION}"), "the folders pip searches on this machine"))
    if build.label:
        exact = f"torch=={VERSION}+{build.label}" if build.name == "cuda" else f"torch=={VERSION}"
        attempts.append(Attempt((exact, "--index-url", build.index), build.index, address=f"{build.index}/torch/"))
    if build.name == "cuda" and machine.system == "Linux":
        # Three equal signs: the plain wheel, which on Linux carries CUDA, and not a CPU wheel lying nearer.
        attempts.append(Attempt((f"torch==={VERSION}",), "the plain version"))
    attempts.append(Attempt((f"torch=={VERSION}",), "any wheel of the version"))
    return attempts


def index_answers(address: str, seconds: float = ANSWER_SECONDS) -> bool:
    """Whether a wheel index answers in time. Name look-ups have no time limit of their own, hence the thread."""
    verdict: list[bool] = []

    def ask() -> None:
        try:
            with urllib.request.urlopen(address, timeout=seconds):
                verdict.append(True)
        except urllib.error.URLError as error:
            # A certificate that this Python rejects may be one that pip knows: let pip have a look.
            verdict.append("CERTIFICATE_VERIFY_FAILED" in str(error))
        except (OSError, ValueError):
            verdict.append(False)

    asker = threading.Thread(target=ask, daemon=True)
    asker.start()
    asker.join(seconds)
    return bool(verdict) and verdict[0]


def install_torch(
    pip: Pip,
    build: Build,
    machine: Machine,
    *,
    replace: bool,
    answers: Callable[[str], bool] = index_answers,
) -> None:
    """Install ``build`` in the first way that works.

    Raises:
        SetupFailure: no way worked, or the disk is full.
    """
    outcomes: list[Outcome] = []
    for attempt in list_attempts(build, machine):
        if attempt.address and not answers(attempt.address):
            pip.note(f"{attempt.address} does not answer within {ANSWER_SECONDS:.0f} s: skipped")
            continue
        pip.note(f"looking for PyTorch: {attempt.place}")
        outcome = pip.install("--no-deps", *(["--force-reinstall"] if replace else []), *attempt.arguments)
        if outcome.ok:
            return
        if out_of_space(outcome.text):
            raise explain_pip_failure(outcome.text, "PyTorch", pip.folder)
        outcomes.append(outcome)
    raise _no_torch(outcomes, build, pip.folder)


def _no_torch(outcomes: Sequence[Outcome], build: Build, folder: Path) -> SetupFailure:
    failure = explain_pip_failure(outcomes[-1].text if outcomes else "", "PyTorch", folder)
    if failure.kind == "nothing fits" and not build.spec:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        return SetupFailure(
            f"no PyTorch {VERSION} was found for Python {version} on this machine.",
            "Use a Python between 3.11 and 3.14, or name another PyTorch: "
            'python3 packaging/start.py --torch "torch==2.12.0".',
        )
    return failure


def satisfies(version: str | None, build: Build, asked: str, record: TorchRecord | None) -> bool:
    """Whether the torch that is installed is the wished one, or the one that an earlier setup settled for."""
    if version is None:
        return False
    if record and record.version == version and (record.asked, record.build) == (asked, _tag(build)):
        return True
    return not build.spec and version == VERSION + (f"+{build.label}" if build.label else "")


def make_record(asked: str, build: Build, machine: Machine, site_packages: Path) -> TorchRecord:
    """Gather what to remember about the torch that is now installed."""
    version = installed_version(site_packages, "torch")
    if version is None:
        raise SetupFailure(
            "pip installed something, but it was not PyTorch.", "Name a torch with --torch, or leave --torch away."
        )
    return TorchRecord(asked, _tag(build), version, machine.nvidia)


def _tag(build: Build) -> str:
    return build.spec or build.label or build.name


def load_record(path: Path) -> TorchRecord | None:
    """Read the record; None where there is none or it cannot be read."""
    try:
        return TorchRecord(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def save_record(path: Path, record: TorchRecord) -> None:
    """Write the record."""
    path.write_text(json.dumps(asdict(record), indent=2) + "\n", encoding="utf-8")
