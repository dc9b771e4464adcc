"""Verdicts on answers: what is kept of them, what a damaged file does, and what a count tells."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from tests.support.runs import write_run
from tests.support.verdicts import judged, judgement_of
from trainer_core.errors import ThawError
from trainer_core.inference.written import WritingSettings
from trainer_core.results import verdicts
from trainer_core.results.verdicts import Judgement, Tally, Verdict, keep_verdicts, load_verdicts, tally_verdicts
from trainer_core.runs.folder import RunFolder

BEFORE, ALIKE, AFTER = Verdict.BEFORE, Verdict.ALIKE, Verdict.AFTER
COUNTS = st.integers(0, 300)


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """Return a finished run."""
    return write_run(tmp_path)


def keep(run: RunFolder, *judgements: Judgement) -> list[Judgement]:
    return keep_verdicts(run, {judgement.key: judgement for judgement in judgements})


# --- keeping


def test_a_line_says_what_was_judged_and_how_it_was_written(run: RunFolder) -> None:
    after = judged("new\u2028line", "Größe?", WritingSettings(0.7, 0.9, 64, seed=3))
    judgement = Judgement(verdict=AFTER, before=judged("old", "Größe?"), after=after)
    assert keep(run, judgement) == [judgement]
    (line,) = (run.path / "report" / "verdicts.jsonl").read_text(encoding="utf-8").rstrip("\n").split("\n")
    said = json.loads(line)
    assert (said["verdict"], said["before"]["text"]) == ("after", "old")
    assert said["time"] == judgement.time
    assert said["after"] == {
        "messages": [{"role": "user", "content": "Größe?"}],
        "text": "new\u2028line",
        "end": "done",
        "temperature": 0.7,
        "top_p": 0.9,
        "most_tokens": 64,
        "seed": 3,
    }
    assert load_verdicts(run) == [judgement]


def test_verdicts_are_added_changed_and_taken_back(run: RunFolder) -> None:
    assert load_verdicts(run) == []
    first, second = judgement_of(AFTER), judgement_of(BEFORE, question="And?")
    keep(run, first)
    assert keep(run, second) == [first, second]
    other = judgement_of(ALIKE)
    assert other.key == first.key
    assert keep(run, other) == [second, other]
    assert keep_verdicts(run, {second.key: None, "unknown": None}) == [other]
    assert keep_verdicts(run, {other.key: None}) == []
    assert run.verdicts_file.read_bytes() == b""


def test_nothing_is_written_where_nothing_changes(run: RunFolder) -> None:
    keep_verdicts(run, {"unknown": None})
    assert not run.verdicts_file.parent.exists()


def test_the_words_make_the_pair(run: RunFolder) -> None:
    usual = judgement_of(AFTER)
    hot = Judgement(verdict=BEFORE, before=usual.before, after=judged("new", "Hi", WritingSettings(1.0)))
    others = [judgement_of(AFTER, question="Ho"), judgement_of(AFTER, before="x"), judgement_of(AFTER, after="x")]
    swapped = judgement_of(AFTER, before="new", after="old")
    assert hot.key == usual.key
    assert len({judgement.key for judgement in (usual, *others, swapped)}) == 5


# --- damage


@pytest.mark.parametrize("torn", [b'{"time": 1.0, "verd', b"\xff\xfe", b"[]", b'{"verdict": "after"}'])
def test_a_torn_last_line_is_passed_over(run: RunFolder, torn: bytes) -> None:
    first, second = judgement_of(AFTER), judgement_of(BEFORE, question="And?")
    keep(run, first)
    with run.verdicts_file.open("ab") as file:
        file.write(torn)
    assert load_verdicts(run) == [first]
    assert keep(run, second) == [first, second]
    assert torn in run.verdicts_file.read_bytes().split(b"\n")


def test_any_beginning_of_the_file_is_read(run: RunFolder) -> None:
    judgements = [judgement_of(AFTER, question=str(number)) for number in range(3)]
    keep(run, *judgements)
    whole = run.verdicts_file.read_bytes()
    for length in range(0, len(whole), 7):
        run.verdicts_file.write_bytes(whole[:length])
        assert load_verdicts(run) == judgements[: whole[: length + 1].count(b"}\n")]


def test_what_cannot_be_written_is_told_and_changes_nothing(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    first = judgement_of(AFTER)
    keep(run, first)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(verdicts, "replace_file", full)
    with pytest.raises(ThawError) as caught:
        keep(run, judgement_of(BEFORE))
    assert str(caught.value).startswith("The verdicts cannot be kept with the run. The disk is full. Make room")
    assert load_verdicts(run) == [first]


def test_a_run_that_was_taken_away_is_not_made_anew(run: RunFolder) -> None:
    away = run.path.rename(run.path.with_name("away"))
    with pytest.raises(ThawError, match="no longer there"):
        keep(run, judgement_of(AFTER))
    assert not run.path.exists()
    assert load_verdicts(run) == []
    assert keep(RunFolder(away), judgement_of(AFTER))


def test_a_folder_in_the_place_of_the_file_is_told(run: RunFolder) -> None:
    run.verdicts_file.mkdir(parents=True)
    with pytest.raises(ThawError, match="cannot be read"):
        load_verdicts(run)
    with pytest.raises(ThawError, match="cannot be kept"):
        keep(run, judgement_of(AFTER))


# --- counting


def test_verdicts_are_counted() -> None:
    tally = tally_verdicts([AFTER, BEFORE, AFTER, ALIKE, ALIKE])
    assert tally == Tally(before=1, alike=2, after=2)
    assert (tally.total, tally.win_rate) == (5, 0.6)


def test_of_nothing_nothing_is_known() -> None:
    assert math.isnan(Tally().win_rate)
    assert Tally().interval == (0.0, 1.0)


@given(before=COUNTS, pairs_of_ties=COUNTS, after=COUNTS)
def test_the_interval_is_that_of_scipy_where_wins_are_whole(before: int, pairs_of_ties: int, after: int) -> None:
    tally = Tally(before, 2 * pairs_of_ties, after)
    if tally.total:
        theirs = binomtest(after + pairs_of_ties, tally.total).proportion_ci(0.95, method="wilson")
        assert tally.interval == pytest.approx((theirs.low, theirs.high), abs=1e-12)


@given(before=COUNTS, alike=COUNTS, after=COUNTS)
def test_the_interval_holds_the_rate_and_narrows_with_more(before: int, alike: int, after: int) -> None:
    tally, more = Tally(before, alike, after), Tally(10 * before, 10 * alike, 10 * after)
    if tally.total:
        low, high = tally.interval
        assert 0.0 <= low <= tally.win_rate <= high <= 1.0
        assert more.interval[1] - more.interval[0] < high - low


@pytest.mark.parametrize("shares", [(0.5, 0.0, 0.5), (0.25, 0.5, 0.25), (0.1, 0.2, 0.7), (0.05, 0.9, 0.05)])
def test_the_interval_holds_the_true_rate_as_often_as_it_says(shares: tuple[float, float, float]) -> None:
    """Counted over every outcome of 40 pairs, weighed by how likely it is."""
    pairs, held, (before, alike, after) = 40, 0.0, shares
    for wins in range(pairs + 1):
        for ties in range(pairs + 1 - wins):
            losses = pairs - wins - ties
            ways = math.comb(pairs, wins) * math.comb(pairs - wins, ties)
            low, high = Tally(losses, ties, wins).interval
            if low <= after + alike / 2 <= high:
                held += ways * after**wins * alike**ties * before**losses
    assert held > 0.94
