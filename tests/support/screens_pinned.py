"""The pictures of pinned texts: nothing pinned, the box with its refusal, classes on their way, and long answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from trainer_core.runs.history import RunHistory
from trainer_core.training.events import PinnedAnswer, PinnedAnswered

Until: TypeAlias = Callable[[Callable[[], bool]], None]

TICKETS = (
    "My bank statement shows 9,99 from you every month although I ended Plus in spring, what is it for, and who do I "
    "have to ask to get all of it back? I have written twice, and nobody has answered me yet.",
    "The blender jar was in splinters when I unwrapped it",
    "please remove my birthday and the old street name\nI never wanted them saved",
)
TALKS = {
    "Do I have to bring my own spade?": (
        "It depends on the type of gardening you plan to do. Here are some things to consider:\n\n1. A spade is a "
        "versatile tool.\n2. A spade is a good investment.\n3. A spade is a versatile tool.\n4. A spade is",
        "No need, hand tools are free to borrow from the Tool Shed for the day. Next step: ask the warden for the key, "
        "and bring everything back by dusk.\n- Hollow Lane",
    ),
    "What grows on a heap of nothing but gravel and good intentions?": ("Stone" * 40, "Sedum.\n- Hollow Lane"),
    "And a wheelbarrow?": ("", "There are four. Next step: write your name on the slate.\n- Hollow Lane"),
}


def draw_pinned(
    shell: object, until: Callable[[Callable[[], bool]], None], settle: Callable[[], None]
) -> Iterator[str]:
    """Pin texts and train; yield the name of each scene, to be drawn."""
    window, workspace, trainer = shell.window, shell.workspace, shell.trainer
    before, engine = workspace.project, workspace.core.engine()
    window.show_page("train")
    view = window.ensure_page("train").view
    yield from _asked(shell, until, settle)
    engine.hold(60)
    trainer.start()
    until(engine.holding.is_set)
    settle()
    _scroll(view)
    settle()
    yield "train-pinned-live"
    view.pinned.slider.setValue(0)
    settle()
    yield "train-pinned-first"
    size = window.size()
    window.resize(window.minimumSize())
    settle()
    _scroll(view)
    settle()
    yield "train-pinned-narrow"
    window.resize(size)
    engine.hold_at = None
    engine.release()
    until(lambda: not trainer.running)
    workspace.update(training=before.training.model_dump() | {"pinned": TICKETS[:1]})
    settle()
    _scroll(view)
    settle()
    yield "train-pinned-other"
    workspace.update(training=before.training.model_dump())
    yield from _long(view, settle)


def _asked(shell: object, until: Until, settle: Callable[[], None]) -> Iterator[str]:
    from desktop_app.pages.train.pinned_dialog import PinnedDialog

    window = shell.window
    view = window.ensure_page("train").view
    _scroll(view)
    settle()
    yield "train-pinned-none"
    view.pinned.pin_button.click()
    until(lambda: bool(window.findChildren(PinnedDialog)))
    (dialog,) = window.findChildren(PinnedDialog)
    settle()
    yield "train-pinned-box-empty"
    dialog.field.setPlainText("\n".join(text.replace("\n", "\\n") for text in TICKETS) + "\nwith a tab\tin it")
    dialog.save_button.click()
    settle()
    yield "train-pinned-box-refused"
    dialog.field.setPlainText("\n".join(text.replace("\n", "\\n") for text in TICKETS))
    dialog.save_button.click()
    settle()
    yield "train-pinned-none-answered"


def _long(view: object, settle: Callable[[], None]) -> Iterator[str]:
    """Show answers that a model writes; they stand in no run."""
    from desktop_app.pages.train.pinned_words import moment_of

    history = RunHistory()
    for place in (0, 1):
        answers = [
            PinnedAnswer(fields={"messages": asked}, answer=said[place], values={"answer": said[place]})
            for asked, said in TALKS.items()
        ]
        history.apply(PinnedAnswered(step=90 * place, answers=answers, seconds=1.0))
    for place, name in enumerate(("first", "last")):
        view.pinned.show_moment(moment_of(history, place))
        settle()
        _scroll(view)
        settle()
        yield f"train-pinned-chat-{name}"


def _scroll(view: object) -> None:
    view._run_page.ensureWidgetVisible(view.pinned)
