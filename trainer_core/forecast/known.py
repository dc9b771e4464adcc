"""What was measured on this machine: speeds, and what runs took beside their forecasts. Imports no torch."""

from __future__ import annotations

from pydantic import ValidationError

from trainer_core.cache.notes import Notes
from trainer_core.forecast.contract import Correction, DeviceFacts


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
        self._notes.put(self._correction_key(key, measured=True), Correction().model_dump(mode="json"))

    def correction(self, key: str, *, measured: bool) -> Correction:
        """Return what runs of a model taught, beside forecasts from measured or from guessed speeds."""
        try:
            return Correction.model_validate(self._notes.get(self._correction_key(key, measured=measured)) or {})
        except ValidationError:
            return Correction()

    def remember_correction(self, key: str, correction: Correction, *, measured: bool) -> None:
        """Keep what runs taught."""
        self._notes.put(self._correction_key(key, measured=measured), correction.model_dump(mode="json"))

    @staticmethod
    def _correction_key(key: str, *, measured: bool) -> str:
        return f"{'measured' if measured else 'guessed'} runs {key}"
