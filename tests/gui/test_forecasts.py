"""Forecasts in the window: what is looked up when, and what the Stages and Layers pages show of it at every edit."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
from pytestqt.qtbot import QtBot

from desktop_app.adapters.forecast_words import forecast_words
from desktop_app.app import Shell
from desktop_app.pages import layers, stages
from desktop_app.pages.layers.view import LayersPage
from desktop_app.pages.stages.view import StagesPage
from desktop_app.theme import Theme
from desktop_app.workspace import Workspace
from tests.support.fake_core import FakeCore
from tests.support.small import small_facts, small_machine
from tests.support.small_data import pairs_report
from trainer_core.data.roles import Role
from trainer_core.errors import InputError
from trainer_core.forecast.contract import Correction, FirstFacts
from trainer_core.forecast.words import time_words

SMALL = 100_000_000


def asked(core: FakeCore) -> int:
    return core.calls.count("measure_speed")


def training(workspace: Workspace, **values: object) -> None:
    assert workspace.project is not None
    workspace.update(training=workspace.project.training.model_dump() | values)


# --- what is looked up when -----------------------------------------------------------------------------------------


def test_nothing_is_measured_before_somebody_looks(ready: Workspace, core: FakeCore, idle: Callable[[], None]) -> None:
    assert asked(core) == 0
    guess = ready.forecaster.forecast()
    assert guess is not None
    assert not guess.measured
    ready.forecaster.want()
    words = ready.forecaster.words(0)
    assert words is not None
    assert "being measured" in words.trust
    idle()
    assert asked(core) == 1
    found = ready.forecaster.forecast()
    assert found is not None
    assert found.measured


def test_it_is_measured_anew_only_where_that_can_change_it(
    ready: Workspace, core: FakeCore, idle: Callable[[], None]
) -> None:
    ready.forecaster.want()
    idle()
    training(ready, batch_size=8)
    ready.replace_stage(0, epochs=9)
    idle()
    assert asked(core) == 1
    training(ready, precision="bfloat16")
    assert ready.forecaster.machine is None
    idle()
    assert asked(core) == 2
    assert ready.forecaster.machine is not None


def test_nothing_is_measured_while_a_run_is_under_way_and_its_lesson_is_taken(
    ready: Workspace, core: FakeCore, idle: Callable[[], None]
) -> None:
    ready.forecaster.set_training(True)
    ready.forecaster.want()
    idle()
    assert asked(core) == 0
    ready.forecaster.set_training(False)
    idle()
    assert asked(core) == 1
    ready.forecaster.set_training(True)
    ready.forecaster.set_training(False)
    idle()
    assert asked(core) == 2


def test_a_machine_that_cannot_be_measured_leaves_a_guess_that_says_so(
    ready: Workspace, core: FakeCore, idle: Callable[[], None]
) -> None:
    core.machine = InputError.one("training.device", 'There is no device "cuda".', 'Write "auto".')
    ready.forecaster.want()
    idle()
    words = ready.forecaster.words(0)
    assert words is not None
    assert words.guessed
    assert "guess" in words.trust
    assert "no device" in words.trust


def test_the_window_tells_when_a_run_begins_and_ends(opened: Shell, core: FakeCore, qtbot: QtBot) -> None:
    opened.workspace.forecaster.want()
    qtbot.waitUntil(lambda: not opened.jobs.is_busy)
    opened.trainer.start()
    qtbot.waitUntil(lambda: not opened.trainer.running)
    qtbot.waitUntil(lambda: asked(core) == 2)


def test_a_guess_counts_all_texts_of_a_row(filled: Workspace) -> None:
    assert filled.report is not None
    filled.report = pairs_report()
    both = filled.forecaster.train_tokens
    needs = (filled.report.needs[0], filled.report.needs[2])
    columns = tuple(c for c in filled.report.columns if c.role != Role.SECOND_TEXT)
    rows = tuple((first, number) for first, _, number in filled.report.sample)
    filled.report = dataclasses.replace(filled.report, needs=needs, columns=columns, sample=rows)
    one = filled.forecaster.train_tokens
    assert both is not None
    assert one is not None
    assert both > 1.5 * one


def test_reading_texts_first_is_part_of_the_plan(ready: Workspace, core: FakeCore, idle: Callable[[], None]) -> None:
    ready.forecaster.want()
    idle()
    without = ready.forecaster.forecast()
    machine = small_machine()
    core.machine = dataclasses.replace(machine, first=FirstFacts("text", small_facts(), machine))
    ready.update(pretraining={})
    idle()
    assert asked(core) == 2
    once = ready.forecaster.forecast()
    ready.update(pretraining={"epochs": 9})
    often = ready.forecaster.forecast()
    assert without is not None
    assert once is not None
    assert often is not None
    assert without.seconds < once.seconds < often.seconds
    assert asked(core) == 2  # the speed is known, whatever is edited
    words = ready.forecaster.words(0)
    assert words is not None
    assert f"Reading texts first takes {time_words(often.pretraining_seconds)} of the time." in words.trust
    ready.update(pretraining={"train": ["hed"]})
    assert ready.forecaster.words(0) is None
    ready.update(pretraining=None)
    idle()
    assert ready.forecaster.forecast() == without


def test_there_is_no_forecast_of_a_plan_that_cannot_be(filled: Workspace) -> None:
    assert filled.forecaster.words(0) is not None
    filled.replace_stage(0, train=("hed",))
    assert filled.forecaster.words(0) is None
    filled.project = None
    assert filled.forecaster.words(0) is None


# --- words ----------------------------------------------------------------------------------------------------------


def test_memory_that_is_not_there_is_warned_of(filled: Workspace) -> None:
    found = filled.forecaster.forecast()
    assert found is not None
    plenty, little = forecast_words(found, 0, 10**13), forecast_words(found, 0, 10**6)
    assert (plenty.plan.tight, plenty.stage.tight, plenty.warning) == (False, False, "")
    assert (little.plan.tight, little.stage.tight) == (True, True)
    assert "about 1 MB" in little.warning
    assert "about" in plenty.plan.time


# --- the Stages page ------------------------------------------------------------------------------------------------


@pytest.fixture
def stages_page(qtbot: QtBot, ready: Workspace) -> StagesPage:
    page = stages.build_page(ready, Theme())
    qtbot.addWidget(page.view)
    assert isinstance(page.view, StagesPage)
    page.view.show()
    return page.view


def test_the_plan_and_the_chosen_stage_are_forecast_at_every_edit(stages_page: StagesPage, ready: Workspace) -> None:
    card = stages_page.forecast
    assert card.isVisible()
    assert "guess" in card.trust.text()
    before = (card.plan.time.text(), card.stage.time.text())
    ready.choose_stage(2)
    assert card.stage.name.whole_text == "Stage 3, all"
    assert card.stage.time.text() != before[1]
    stages_page.stage_edited.emit("epochs", 50)
    assert card.plan.time.text() != before[0]
    memory = card.plan.memory.text()
    stages_page.training_edited.emit("batch_size", 512)
    assert card.plan.memory.text() != memory
    disk = card.plan.disk.text()
    assert ready.project is not None
    ready.update(model=ready.project.model.model_dump() | {"max_length": 8})
    assert card.plan.disk.text() != disk
    assert "Whole plan" in card.accessibleName()


def test_a_page_in_front_lets_the_machine_be_measured(
    qtbot: QtBot, ready: Workspace, core: FakeCore, idle: Callable[[], None]
) -> None:
    for module, times in ((layers, 1), (stages, 1)):
        page = module.build_page(ready, Theme())
        qtbot.addWidget(page.view)
        page.shown()
        idle()
        assert asked(core) == times


def test_too_little_memory_is_shown_in_words_and_colour(
    stages_page: StagesPage, ready: Workspace, core: FakeCore, idle: Callable[[], None]
) -> None:
    machine = small_machine(free_bytes=SMALL)
    device = machine.device.model_copy(update={"device": "cuda"})
    core.machine = type(machine)(device, machine.rows, SMALL, Correction(steps=(1.0,)))
    ready.forecaster.want()
    idle()
    card = stages_page.forecast
    assert card.warning.isVisible()
    assert "more memory than is free" in card.warning.text()
    assert card.plan.memory.property("kind") == "text-warning"
    assert "an earlier run" in card.trust.text()


def test_a_plan_with_wrong_rules_has_no_forecast(stages_page: StagesPage, ready: Workspace) -> None:
    ready.replace_stage(0, train=("hed",))
    assert not stages_page.forecast.isVisible()
    ready.replace_stage(0, train=("head",))
    assert stages_page.forecast.isVisible()


# --- the Layers page ------------------------------------------------------------------------------------------------


def test_a_tick_moves_the_forecast_of_the_stage_at_once(qtbot: QtBot, ready: Workspace) -> None:
    page = layers.build_page(ready, Theme())
    qtbot.addWidget(page.view)
    view = page.view
    assert isinstance(view, LayersPage)
    view.show()
    summary = view.summary
    assert "guess" in summary.trust.text()
    time, memory = summary.time.text, summary.memory.text
    view.preset_wished.emit("everything")
    assert (summary.time.text, summary.memory.text) != (time, memory)
    assert summary.memory.text != memory
    view.preset_wished.emit("head only")
    assert (summary.time.text, summary.memory.text) == (time, memory)
