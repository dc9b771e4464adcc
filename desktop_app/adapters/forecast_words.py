"""How pages speak of a forecast: plain words for the whole plan and for one stage. Imports no Qt."""

from __future__ import annotations

from dataclasses import dataclass

from trainer_core.forecast.contract import Forecast
from trainer_core.forecast.words import size_words, time_words, trust_words


@dataclass(frozen=True)
class ForecastRow:
    """The amounts of the whole plan, or of one stage.

    Attributes:
        tight: whether the memory is more than the machine has free.
    """

    name: str
    time: str
    memory: str
    disk: str
    tight: bool = False


@dataclass(frozen=True)
class ForecastWords:
    """A forecast as a page shows it.

    Attributes:
        guessed: whether nothing of it was measured on this machine.
        trust: how far it can be trusted, and what to do where memory is short.
    """

    plan: ForecastRow
    stage: ForecastRow
    guessed: bool
    trust: str
    warning: str


def forecast_words(
    forecast: Forecast, place: int, free_bytes: int, *, measuring: bool = False, error: Exception | None = None
) -> ForecastWords:
    """Return a forecast in words.

    Args:
        forecast: of the whole plan.
        place: the stage that is shown beside it.
        free_bytes: the memory that a run could take.
        measuring: whether the machine is being measured just now.
        error: why the machine could not be measured.
    """
    stage = forecast.stages[place]
    guessed = not (forecast.measured or forecast.runs)
    trust = trust_words(forecast)
    if measuring and guessed:
        trust = "A guess for the moment: the model is being measured on this machine."
    elif error is not None and guessed:
        trust = f"{trust} {error}"
    if forecast.pretraining_seconds:
        trust = f"{trust} Reading texts first takes {time_words(forecast.pretraining_seconds)} of the time."
    tight = forecast.peak_bytes > free_bytes
    warning = (
        f"The plan needs more memory than is free ({size_words(free_bytes)}). A run then takes fewer rows at once, "
        "which is slower; smaller batches, shorter texts or fewer learning layers need less."
    )
    return ForecastWords(
        plan=ForecastRow(
            "Whole plan",
            time_words(forecast.seconds),
            size_words(forecast.peak_bytes),
            size_words(forecast.disk_bytes),
            tight,
        ),
        stage=ForecastRow(
            f"Stage {place + 1}, {stage.name}",
            time_words(stage.seconds),
            size_words(stage.peak_bytes),
            size_words(stage.disk_bytes),
            stage.peak_bytes > free_bytes,
        ),
        guessed=guessed,
        trust=trust,
        warning=warning if tight else "",
    )
