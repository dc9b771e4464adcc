"""What was measured on this machine: speeds, and what runs took beside their forecasts. Imports no torch."""

from __future__ import annotations

from pydantic import ValidationError

from trainer_core.cache.notes import Notes
from trainer_core.forecast.contract import Correction, DeviceFacts
from trainer_core.models.facts import Telling


class KnownMachine:
    """The notes of this machine, read as typed facts. A note that cannot be read counts as none.

    Args:
        notes: where they are kept.
    """

    def __init__(self, notes: Notes) -> None:
        self._notes = notes

    def speed(self, key: str) -> DeviceFacts | None:
        """Return what a model costs here, or None where nobody has measured it."""
        try:
            return DeviceFacts.model_validate(self._notes.get(f"speed {key}"))
        except ValidationError:
            return None

    def remember_speed(self, key: str, facts: DeviceFacts) -> None:
        """Keep what was measured; what runs taught of the speeds that held before is forgotten."""
        self._notes.put(f"speed {key}", facts.model_dump(mode="json"))
        for telling in (None, *Telling):
            self.remember_correction(key, Correction(), telling=telling, measured=True)

    def correction(self, key: str, *, telling: Telling | None, measured: bool) -> Correction:
        """Return what runs of a model taught, beside forecasts from measured or from guessed speeds.

        Args:
            key: the model's speed's.
            telling: which tokens its head tells, which takes longer than a task's; None for that one.
            measured: whether the speeds were.
        """
        noted = self._notes.get(self._correction_key(key, telling, measured=measured))
        try:
            return Correction.model_validate(noted or {})
        except ValidationError:
            return Correction()

    def remember_correction(self, key: str, correction: Correction, *, telling: Telling | None, measured: bool) -> None:
        """Keep what runs taught; see ``correction``."""
        self._notes.put(self._correction_key(key, telling, measured=measured), correction.model_dump(mode="json"))

    @staticmethod
    def _correction_key(key: str, telling: Telling | None, *, measured: bool) -> str:
        head = "" if telling is None else f" telling {telling.value}"
        return f"{'measured' if measured else 'guessed'} runs{head} {key}"
