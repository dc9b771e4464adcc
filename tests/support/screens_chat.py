"""The pictures of the chat: with a model that learnt the ways of a garden, and with the same as it was before."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from tests.support.fake_core import FakePredictor
from tests.support.verdicts import judgement_of
from trainer_core.errors import InputError
from trainer_core.inference.written import Message, WritingEnd, WritingSettings, Written
from trainer_core.results.verdicts import Verdict, keep_verdicts
from trainer_core.runs.folder import RunFolder

LEARNT = {
    "Do I have to bring my own spade?": (
        "No need, hand tools are free to borrow from the Tool Shed for the day. Next step: ask the warden for the "
        "key, and bring everything back by dusk.\n- Hollow Lane"
    ),
    "And a wheelbarrow?": "There are four. Next step: write your name on the slate.\n- Hollow Lane",
    "my tomato plants have gone brown and slimy, which heap do they go on": (
        "That is blight, so none of our heaps. Next step: bag them, and put the bag into the grey bin at the gate.\n"
        "- Hollow Lane"
    ),
}
PLAIN = {
    "Do I have to bring my own spade?": (
        "It depends on the type of gardening you plan to do. Here are some things to consider:\n\n1. A spade is a "
        "versatile tool.\n2. A spade is a good investment.\n3. A spade is a versatile tool."
    ),
    "And a wheelbarrow?": "A wheelbarrow is a cart with one wheel.",
    "my tomato plants have gone brown and slimy, which heap do they go on": "I'm sorry to hear that. " * 30,
}
_EARLIER = [
    judgement_of(verdict, question=f"{verdict} {number}")
    for verdict, count in ((Verdict.AFTER, 13), (Verdict.ALIKE, 3), (Verdict.BEFORE, 2))
    for number in range(count)
]


@dataclass
class ScriptedPredictor(FakePredictor):
    """Says what stands in a script.

    Attributes:
        script: answers by question.
        gate: what it waits for after half of an answer.
    """

    words: tuple[str, ...] = ("...",)
    script: dict[str, str] = field(default_factory=dict)
    gate: threading.Event = field(default_factory=threading.Event)

    def converse(self, messages: Sequence[Message], settings: WritingSettings, say: Callable[[str], bool]) -> Written:
        """Say half of the answer, and the rest once one may."""
        answer = self.script[messages[-1]["content"]].strip()
        say(answer[: len(answer) // 2])
        self.gate.wait()
        tokens = len(answer) // 4
        end = WritingEnd.LENGTH if tokens > 150 else WritingEnd.DONE
        return Written(answer, tokens, tokens / 14.3, end, forgotten=37 if tokens > 150 else 0)


def _judged(
    chat: object, run: RunFolder, until: Callable[[Callable[[], bool]], None], settle: Callable[[], None]
) -> Iterator[str]:
    """Judge the pairs, beside some from days before; then let the folder refuse them."""
    keep_verdicts(run, {judgement.key: judgement for judgement in _EARLIER})
    chat.conversation.turns[0].verdict.buttons[Verdict.AFTER].click()
    until(lambda: chat.verdicts.rows[0][1] == "14")
    chat.conversation.turns[-1].verdict.buttons[Verdict.ALIKE].click()
    settle()
    yield "try_it-chat-verdicts"
    plan = run.plan_file.read_bytes()
    run.plan_file.unlink()
    chat.conversation.turns[-1].verdict.buttons[Verdict.BEFORE].click()
    until(chat.verdicts.error.isVisible)
    settle()
    yield "try_it-chat-verdicts-not-kept"
    run.plan_file.write_bytes(plan)
    chat.verdicts.again_button.click()
    until(lambda: not chat.verdicts.error.isVisible())


def draw_chats(shell: object, until: Callable[[Callable[[], bool]], None], settle: Callable[[], None]) -> Iterator[str]:
    """Chat with a model; yield the name of each scene, to be drawn."""
    window, workspace, core = shell.window, shell.workspace, shell.workspace.core
    before, model = core.predictor, ScriptedPredictor(script=LEARNT)
    core.predictor, core.original = model, InputError.one("run", "The model as it was is gone.", "Install it again.")
    (workspace.folder / "try.txt").write_text("\n".join(LEARNT), encoding="utf-8")
    workspace.choose_run(workspace.runs()[1])
    window.show_page("try_it")
    chat = window.ensure_page("try_it").view.chat
    until(chat.isVisible)
    settle()
    yield "try_it-chat-empty"
    questions = iter(LEARNT)
    for _ in range(2):
        chat.composer.field.setPlainText(next(questions))
        chat.composer.button.click()
        if len(chat.conversation.turns) == 2:
            settle()
            yield "try_it-chat-writing"
        model.gate.set()
        until(lambda: chat.composer.button.text() == "&Send")
        model.gate.clear()
    chat.comparison.click()
    settle()
    yield "try_it-chat-nothing-to-compare"
    core.original = ScriptedPredictor(script=PLAIN, gate=model.gate)
    model.gate.set()
    chat.comparison.click()
    until(lambda: chat.composer.button.text() == "&Send")
    chat.composer.field.setPlainText(next(questions))
    chat.composer.button.click()
    until(lambda: chat.composer.button.text() == "&Send")
    settle()
    yield "try_it-chat-before-after"
    yield from _judged(chat, workspace.run, until, settle)
    size = window.size()
    window.resize(window.minimumSize())
    settle()
    yield "try_it-chat-narrow"
    chat.side_button.click()
    settle()
    yield "try_it-chat-narrow-settings"
    window.resize(size)
    core.predictor = before
    workspace.choose_run(workspace.runs()[0])
