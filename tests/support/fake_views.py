"""What the fake views of several pages have in common: they keep what they were last told."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from desktop_app.pages.train.pinned_words import Moment, PinForm


class FakeNoticeView(QObject):
    """The fake of a page that tells what came of the user's last doing."""

    def __init__(self) -> None:
        super().__init__()
        self.mode = ""
        self.errors: list[Exception] = []
        self.warning = ""

    def show_empty(self) -> None:
        self.mode = "empty"

    def show_error(self, error: Exception) -> None:
        self.errors.append(error)

    def show_warning(self, text: str) -> None:
        self.warning = text

    def clear_notice(self) -> None:
        self.errors, self.warning = [], ""


class FakeWaitingView(QObject):
    """The fake of a page that waits for the model."""

    look_again_wished = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.shown = ""
        self.problem = ""

    def show_waiting(self, title: str, text: str) -> None:
        self.shown = title

    def show_error(self, error: Exception) -> None:
        self.shown = f"error: {error}"

    def show_content(self) -> None:
        self.shown = "content"

    def set_problem(self, text: str) -> None:
        self.problem = text


class FakePinnedView(QObject):
    """The fake of the pinned texts on the Train page: keeps what it was told, and every moment in order."""

    moment_chosen = Signal(int)
    pins_wished = Signal()
    pins_given = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.moments: list[Moment | None] = []
        self.note = ""
        self.form: PinForm | None = None
        self.refused: Exception | None = None

    @property
    def moment(self) -> Moment | None:
        """What is shown."""
        return self.moments[-1]

    def show_moment(self, moment: Moment | None) -> None:
        self.moments.append(moment)

    def show_note(self, text: str) -> None:
        self.note = text

    def ask_pins(self, form: PinForm) -> None:
        self.form, self.refused = form, None

    def refuse_pins(self, error: Exception) -> None:
        self.refused = error

    def close_pins(self) -> None:
        self.form, self.refused = None, None


class Chooser:
    """Stands for a file or folder dialog: answers with what was put in."""

    def __init__(self) -> None:
        self.answer: Path | None = None
        self.asked: list[tuple[str, Path]] = []

    def __call__(self, title: str, folder: Path) -> Path | None:
        self.asked.append((title, folder))
        return self.answer


class FileAnswers:
    """Stands for the questions for files of the Try it page: answers with what was put in."""

    def __init__(self, folder: Path) -> None:
        self.source: Path | None = folder / "texts.txt"
        self.target: Path | None = folder / "out.csv"
        self.replace = False
        self.forget = False
        self.asked: list[Path] = []
        self.counts: list[int] = []
        self.suggested: Path | None = None

    def choose_texts(self, folder: Path) -> Path | None:
        return self.source

    def choose_answers(self, folder: Path) -> Path | None:
        return self.source

    def choose_target(self, suggestion: Path) -> Path | None:
        self.suggested = suggestion
        return self.target

    def may_replace(self, path: Path) -> bool:
        self.asked.append(path)
        return self.replace

    def may_forget_verdicts(self, count: int) -> bool:
        self.counts.append(count)
        return self.forget
