"""The logic of the chat: who is asked what, one after the other. Owns no widget."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QCoreApplication, QObject

from desktop_app.background.jobs import Jobs
from desktop_app.pages.try_it.chat.contract import ChatHost, ChatViewLike, Kind, Pen
from desktop_app.pages.try_it.chat.conversation import Conversation, Voice
from desktop_app.pages.try_it.chat.judging import Judging
from desktop_app.pages.try_it.chat.listening import Ear
from desktop_app.pages.try_it.chat.words import FAILED, NOT_ASKED, WAITING, WRITING, Reply, first_messages, reply_of
from desktop_app.pages.try_it.predicting import LANGUAGE_MODEL, LoadedRun, load_original
from desktop_app.workspace import Workspace
from trainer_core.inference.written import Message, WritingSettings, Written
from trainer_core.models.facts import Telling
from trainer_core.results.verdicts import JudgedAnswer

WRITE = "Writing an answer"
LOAD_ORIGINAL = "Loading the model as it was"
CHAT = "chat"
"""The task whose models answer messages."""


@dataclass(frozen=True)
class _Wish:
    """An answer that is wanted, and how it is to be written."""

    place: int
    voice: Voice
    settings: WritingSettings
    system: str


class ChatPresenter(QObject):
    """Keeps one conversation with the model of the chosen run, and beside it the same with the model as it was.

    Has a background thread of its own: a long answer must not keep the other pages waiting.
    """

    def __init__(
        self,
        view: ChatViewLike,
        host: ChatHost,
        workspace: Workspace,
        judging: Judging,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._view = view
        self._host = host
        self._workspace = workspace
        self._judging = judging
        self._kind = Kind.NONE
        self._conversation = Conversation()
        self._queue: deque[_Wish] = deque()
        self._writing: _Wish | None = None
        self._ear = Ear()
        self._original: LoadedRun | None = None
        self._comparing = False
        self._loading = False
        self._jobs = Jobs(self)
        self._connect()
        self._guess_kind()

    def _connect(self) -> None:
        view, host, workspace = self._view, self._host, self._workspace
        view.sent.connect(self._on_sent)
        view.stop_wished.connect(self._on_stop_wished)
        view.again_wished.connect(self._on_again_wished)
        view.new_wished.connect(self._on_new_wished)
        view.comparison_wished.connect(self._on_comparison_wished)
        host.run_changed.connect(self._on_run_changed)
        host.model_loaded.connect(self._on_model_loaded)
        host.model_missing.connect(self._on_model_missing)
        workspace.project_opened.connect(self._show_first_messages)
        workspace.report_changed.connect(self._show_first_messages)
        self.destroyed.connect(self._ear.stop)  # before its thread is waited for
        app = QCoreApplication.instance()
        if app is not None:
            app.aboutToQuit.connect(self._on_quit)

    # --- what kind of model ------------------------------------------------------------------------------------

    def _guess_kind(self) -> None:
        """Take the page's place before the model is there, where the project says that it will write."""
        project, facts = self._workspace.project, self._workspace.facts
        if project is not None and project.task == CHAT:
            self._show_kind(Kind.CHAT)
        elif project is not None and project.task == LANGUAGE_MODEL and facts and facts.telling is Telling.NEXT:
            self._show_kind(Kind.TEXT)
        else:
            self._show_kind(Kind.NONE)

    def _show_kind(self, kind: Kind) -> None:
        self._kind = kind
        self._view.show_kind(kind)
        self._judging.open(self._host.run if kind is not Kind.NONE else None)
        self._show_first_messages()

    def _show_first_messages(self) -> None:
        workspace = self._workspace
        known = workspace.project is not None and self._kind is not Kind.NONE
        self._view.show_first_messages(first_messages(workspace.folder, workspace.report) if known else [])

    def _on_model_loaded(self, loaded: LoadedRun) -> None:
        if loaded.writes:
            self._show_kind(Kind.TEXT if loaded.goes_on else Kind.CHAT)
            self._go_on()
        else:
            self._forget()
            self._show_kind(Kind.NONE)

    def _on_model_missing(self) -> None:
        self._drop_waiting(FAILED)
        self._show_pen()

    def _on_run_changed(self) -> None:
        self._forget()
        self._jobs.forget(LOAD_ORIGINAL)
        self._original, self._loading, self._comparing = None, False, False
        self._view.show_comparison_error(None)
        self._show_comparison()
        self._guess_kind()

    # --- a turn ------------------------------------------------------------------------------------------------

    @property
    def _pen(self) -> Pen:
        if self._writing is not None and self._ear.stopped:
            return Pen.STOPPING
        return Pen.WRITING if self._writing is not None or self._queue else Pen.RESTING

    def _on_sent(self, text: str) -> None:
        if self._pen is not Pen.RESTING or not text.strip():
            return
        question = text if self._kind is Kind.TEXT else text.strip()
        self._host.show_error(None)
        self._host.show_asked((question,))
        self._view.clear_draft(text)
        self._view.add_turn(question)
        place = self._conversation.add(question)
        self._ask(place, Voice.AFTER)
        if self._comparing:
            self._ask(place, Voice.BEFORE)
        self._go_on()

    def _on_again_wished(self, voice: Voice) -> None:
        if self._pen is not Pen.RESTING or not self._conversation.turns:
            return
        self._host.show_error(None)
        place = len(self._conversation.turns) - 1
        self._conversation.drop(place, voice)
        self._judging.drop(place, voice)
        self._ask(place, voice)
        self._go_on()

    def _ask(self, place: int, voice: Voice) -> None:
        self._queue.append(_Wish(place, voice, self._view.settings(), self._view.system_prompt()))
        self._view.show_reply(place, voice, WAITING)

    def _go_on(self) -> None:
        """Let the next one write whose model is there; a model that is not there yet calls again."""
        if self._writing is None and self._queue and not self._loading:
            model = self._original if self._queue[0].voice is Voice.BEFORE else self._host.model()
            if model is not None:
                self._write(self._queue.popleft(), model)
        self._show_pen()

    def _write(self, wish: _Wish, model: LoadedRun) -> None:
        messages = self._conversation.messages(wish.place, wish.voice, wish.system)
        self._writing, listener = wish, self._ear.listen()
        self._view.show_reply(wish.place, wish.voice, WRITING)
        self._jobs.start(
            WRITE,
            lambda tell: model.converse(messages, wish.settings, listener(tell)),
            partial(self._on_written, wish, messages),
            partial(self._on_not_written, wish),
            told=lambda piece: self._view.grow_reply(wish.place, wish.voice, piece),
        )

    def _on_written(self, wish: _Wish, messages: list[Message], written: Written) -> None:
        self._writing = None
        self._conversation.keep(wish.place, wish.voice, written)
        self._view.show_reply(wish.place, wish.voice, reply_of(written))
        self._judging.take(wish.place, wish.voice, JudgedAnswer.of(messages, wish.settings, written))
        self._go_on()

    def _on_not_written(self, wish: _Wish, error: Exception) -> None:
        self._writing = None
        self._view.show_reply(wish.place, wish.voice, FAILED)
        self._drop_waiting(NOT_ASKED)
        self._host.show_error(error)
        self._show_pen()

    # --- ending ------------------------------------------------------------------------------------------------

    def _on_stop_wished(self) -> None:
        self._drop_waiting(NOT_ASKED)
        if self._writing is not None:
            self._ear.stop()
        self._show_pen()

    def _on_new_wished(self) -> None:
        self._host.show_error(None)
        self._forget()

    def _forget(self) -> None:
        """Forget everything that was said, and is just being said."""
        self._queue.clear()
        self._break_off()
        self._conversation.clear()
        self._judging.clear()
        self._view.clear_turns()
        self._show_pen()

    def _break_off(self) -> None:
        """Want no answer any more from the one who writes."""
        self._ear.stop()
        self._jobs.forget(WRITE)
        self._writing = None

    def _drop_waiting(self, reply: Reply, *voices: Voice) -> None:
        """Ask these voices no more, or any; show that instead of their answers."""
        dropped = [wish for wish in self._queue if wish.voice in (voices or Voice)]
        self._queue = deque(wish for wish in self._queue if wish not in dropped)
        for wish in dropped:
            self._view.show_reply(wish.place, wish.voice, reply)

    def _on_quit(self) -> None:
        self._ear.stop()
        self._jobs.close()

    # --- before and after --------------------------------------------------------------------------------------

    def _on_comparison_wished(self, on: bool) -> None:
        self._comparing = on
        self._view.show_comparison_error(None)
        if on:
            self._load_original()
            self._ask_before()
        else:
            self._drop_before()
        self._show_comparison()
        self._go_on()

    def _load_original(self) -> None:
        run, core = self._host.run, self._workspace.core
        if run is not None and self._original is None and not self._loading:
            self._loading = True
            self._jobs.start(
                LOAD_ORIGINAL,
                lambda: load_original(core, run),
                self._on_original_loaded,
                self._on_original_missing,
            )

    def _on_original_loaded(self, original: LoadedRun) -> None:
        self._original, self._loading = original, False
        self._show_comparison()
        self._go_on()

    def _on_original_missing(self, error: Exception) -> None:
        self._loading = self._comparing = False
        self._drop_before()
        self._show_comparison()
        self._view.show_comparison_error(error)
        self._go_on()

    def _ask_before(self) -> None:
        """Let the model as it was answer whatever it was not asked yet, so that its column has no gaps."""
        waiting = {wish.place for wish in self._queue if wish.voice is Voice.BEFORE}
        for place, turn in enumerate(self._conversation.turns):
            if Voice.BEFORE not in turn.said and place not in waiting:
                self._ask(place, Voice.BEFORE)

    def _drop_before(self) -> None:
        self._drop_waiting(NOT_ASKED, Voice.BEFORE)
        if self._writing is not None and self._writing.voice is Voice.BEFORE:
            self._view.show_reply(self._writing.place, Voice.BEFORE, NOT_ASKED)
            self._break_off()

    # --- showing -----------------------------------------------------------------------------------------------

    def _show_comparison(self) -> None:
        self._view.show_comparison(on=self._comparing, loading=self._loading and self._comparing)
        self._judging.compare(on=self._comparing)

    def _show_pen(self) -> None:
        self._view.show_pen(self._pen)
        self._host.set_busy(self._pen is not Pen.RESTING)
