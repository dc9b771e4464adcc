"""The logic of verdicts: which pairs of answers can be judged, how they were, and that this is kept. Owns no widget."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QObject

from desktop_app.background.jobs import Jobs
from desktop_app.pages.try_it.chat.contract import JudgingQuestions, JudgingViewLike
from desktop_app.pages.try_it.chat.conversation import Voice
from desktop_app.pages.try_it.chat.ledger import Ledger
from desktop_app.pages.try_it.chat.verdict_words import standing_of
from desktop_app.workspace import Workspace
from trainer_core.results.verdicts import JudgedAnswer, Judgement, Verdict, key_of
from trainer_core.runs.folder import RunFolder

LOAD = "Reading the verdicts"
KEEP = "Keeping the verdicts"


class Judging(QObject):
    """Takes verdicts on the pairs of a conversation, counts them, and keeps them with the run.

    What the user said stands on screen at once, and is written in a thread of its own: neither a long answer nor a file
    with many texts keeps it waiting. What could not be written stays as it is on screen, and is written with the next
    verdict, or when the user says so.
    """

    def __init__(
        self, view: JudgingViewLike, workspace: Workspace, questions: JudgingQuestions, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._view = view
        self._workspace = workspace
        self._questions = questions
        self._answers: dict[int, dict[Voice, JudgedAnswer]] = {}
        self._keys: dict[int, str] = {}
        self._comparing = False
        self._ledger: Ledger | None = None
        self._ledgers: dict[Path, Ledger] = {}
        self._jobs = Jobs(self)
        view.verdict_clicked.connect(self._on_verdict_clicked)
        view.all_back_wished.connect(self._on_all_back_wished)
        view.keeping_wished.connect(self._on_keeping_wished)
        app = QCoreApplication.instance()
        if app is not None:
            app.aboutToQuit.connect(self._jobs.finish)
        self._show()

    # --- what the chat tells -----------------------------------------------------------------------------------

    def open(self, run: RunFolder | None) -> None:
        """Judge the model of this run from now on, or of none."""
        if run == (self._ledger.run if self._ledger is not None else None):
            return
        self._ledger = self._ledgers.setdefault(run.path, Ledger(run)) if run is not None else None
        if self._ledger is not None:
            self._keep(self._ledger)
        self._show()

    def compare(self, *, on: bool) -> None:
        """Offer to judge, or not: two answers have to be seen side by side."""
        self._comparing = on
        self._show()

    def take(self, place: int, voice: Voice, answer: JudgedAnswer) -> None:
        """Take a finished answer of a turn."""
        answers = self._answers.setdefault(place, {})
        answers[voice] = answer
        if len(answers) == len(Voice):
            self._keys[place] = key_of(answers[Voice.BEFORE], answers[Voice.AFTER])
        self._show_turn(place)

    def drop(self, place: int, voice: Voice) -> None:
        """Forget an answer, where there is one; a verdict that is kept was of this one, and stays."""
        self._answers.get(place, {}).pop(voice, None)
        self._keys.pop(place, None)
        self._show_turn(place)

    def clear(self) -> None:
        """Forget the conversation."""
        self._answers.clear()
        self._keys.clear()

    # --- judging -----------------------------------------------------------------------------------------------

    def _on_verdict_clicked(self, place: int, verdict: Verdict) -> None:
        """Take a verdict, or take it back where it is the one that stands."""
        ledger, key = self._ledger, self._keys.get(place)
        if ledger is None or key is None:
            return
        if ledger.verdict_of(key) is verdict:
            ledger.take_back(key)
        else:
            before, after = self._answers[place][Voice.BEFORE], self._answers[place][Voice.AFTER]
            ledger.judge(Judgement(verdict=verdict, before=before, after=after))
        self._keep(ledger)
        self._show()

    def _on_all_back_wished(self) -> None:
        ledger = self._ledger
        if ledger is not None and self._questions.may_forget_verdicts(ledger.tally.total):
            ledger.take_all_back()
            self._keep(ledger)
            self._show()

    # --- keeping -----------------------------------------------------------------------------------------------

    def _on_keeping_wished(self) -> None:
        if self._ledger is not None:
            self._keep(self._ledger)

    def _keep(self, ledger: Ledger) -> None:
        """Write what is still to be written of a run's verdicts, and read what its folder holds then.

        The name of the job is the run's own: it must not be overtaken by one of another run.
        """
        core, run, changes = self._workspace.core, ledger.run.path, ledger.changes
        self._jobs.start(
            f"{KEEP if changes else LOAD} on {run}",
            lambda: core.keep_verdicts(run, changes) if changes else core.load_verdicts(run),
            partial(self._on_kept, ledger, changes),
            partial(self._on_not_kept, ledger),
        )

    def _on_kept(self, ledger: Ledger, changes: dict[str, Judgement | None], judgements: list[Judgement]) -> None:
        ledger.hold(judgements, changes)
        self._show()

    def _on_not_kept(self, ledger: Ledger, error: Exception) -> None:
        ledger.error = error
        self._show()

    # --- showing -----------------------------------------------------------------------------------------------

    def _show(self) -> None:
        for place in self._answers:
            self._show_turn(place)
        ledger = self._ledger
        if ledger is None:
            self._view.show_standing(None)
            self._view.show_keeping_error(None)
            return
        tally = ledger.tally
        wanted = self._comparing or tally.total or ledger.error is not None
        self._view.show_standing(standing_of(tally) if wanted else None)
        self._view.show_keeping_error(ledger.error)

    def _show_turn(self, place: int) -> None:
        ledger, key = self._ledger, self._keys.get(place)
        offered = self._comparing and ledger is not None and key is not None
        verdict = ledger.verdict_of(key) if ledger is not None and key is not None else None
        self._view.show_verdict(place, offered=offered, verdict=verdict)
