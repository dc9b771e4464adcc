"""What the logic of the Stages page needs of its widgets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from PySide6.QtCore import SignalInstance

from desktop_app.adapters.forecast_words import ForecastWords
from desktop_app.pages.base import WaitingPageView
from desktop_app.pages.stages.adapter_words import AdapterForm
from desktop_app.pages.stages.words import CardWords, MetricChoices, RateCurve, StageForm
from trainer_core.project.schema import TrainingSection


class StagesView(WaitingPageView, Protocol):
    """What the presenter needs of the page's widgets."""

    stage_picked: SignalInstance
    add_wished: SignalInstance
    duplicate_wished: SignalInstance
    remove_wished: SignalInstance
    move_wished: SignalInstance
    preset_wished: SignalInstance
    default_wished: SignalInstance
    layers_wished: SignalInstance
    stage_edited: SignalInstance
    rate_step_wished: SignalInstance
    training_edited: SignalInstance
    adapter_edited: SignalInstance

    def set_presets(self, names: Sequence[str]) -> None:
        """Offer these ready-made plans."""
        ...

    def set_cards(self, cards: Sequence[CardWords], chosen: int) -> None:
        """Show these stages."""
        ...

    def set_plan_words(self, text: str, *, is_default: bool, knows_layers: bool) -> None:
        """Tell how long the plan is, whether it is the default one, and whether ready-made plans can be made."""
        ...

    def set_metrics(self, choices: MetricChoices) -> None:
        """Offer these metrics."""
        ...

    def set_form(self, form: StageForm) -> None:
        """Show the values of the chosen stage and forget what was refused."""
        ...

    def set_training(self, training: TrainingSection) -> None:
        """Show the values that all stages share and forget what was refused."""
        ...

    def set_stage_refusal(self, field: str, text: str) -> None:
        """Show at a field of the stage why its value was not taken."""
        ...

    def set_training_refusal(self, field: str, text: str) -> None:
        """Show at a field that all stages share why its value was not taken."""
        ...

    def set_adapters(self, form: AdapterForm | None) -> None:
        """Show the values that all adapters share and forget what was refused; None where the plan has none."""
        ...

    def set_adapter_refusal(self, field: str, text: str) -> None:
        """Show at a field of the adapters why its value was not taken."""
        ...

    def set_curve(self, curve: RateCurve | None) -> None:
        """Show the learning rate over the steps; None while they are unknown."""
        ...

    def set_forecast(self, words: ForecastWords | None) -> None:
        """Show what the plan will take; None while that is unknown."""
        ...
