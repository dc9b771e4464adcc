"""What was judged of one run: what its folder holds, and what is still to be written there. No Qt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trainer_core.results.verdicts import Judgement, Tally, Verdict, tally_verdicts
from trainer_core.runs.folder import RunFolder


class Ledger:
    """The verdicts on a run as the user gave them, also where they could not be written yet.

    Attributes:
        run: whose model was judged.
        error: why they could not be read or written the last time; None when they could.
    """

    def __init__(self, run: RunFolder) -> None:
        self.run = run
        self.error: Exception | None = None
        self._kept: dict[str, Judgement] = {}
        self._changes: dict[str, Judgement | None] = {}

    @property
    def changes(self) -> dict[str, Judgement | None]:
        """What is still to be written: by the key of a pair, its verdict, or None to take it back."""
        return dict(self._changes)

    @property
    def tally(self) -> Tally:
        """The count of all verdicts."""
        return tally_verdicts(judgement.verdict for judgement in self._standing().values())

    def verdict_of(self, key: str) -> Verdict | None:
        """Return the verdict on a pair, if there is one."""
        judgement = self._standing().get(key)
        return judgement.verdict if judgement is not None else None

    def judge(self, judgement: Judgement) -> None:
        """Take a verdict, in the place of an earlier one on this pair."""
        self._changes[judgement.key] = judgement

    def take_back(self, key: str) -> None:
        """Take back the verdict on a pair."""
        self._changes[key] = None

    def take_all_back(self) -> None:
        """Take back every verdict."""
        self._changes = dict.fromkeys({**self._kept, **self._changes})

    def hold(self, judgements: Sequence[Judgement], written: Mapping[str, Judgement | None]) -> None:
        """Know what the folder holds now, and which changes are in it; what was changed since stays to be written."""
        self.error = None
        self._kept = {judgement.key: judgement for judgement in judgements}
        self._changes = {
            key: change for key, change in self._changes.items() if key not in written or written[key] is not change
        }

    def _standing(self) -> dict[str, Judgement]:
        return {key: judgement for key, judgement in (self._kept | self._changes).items() if judgement is not None}
