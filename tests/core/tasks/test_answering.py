"""Answering: windows and their targets, the loss of each window, the best answer of all, and a run to its end."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from tests.core.conftest import TinyModel
from tests.support.command_line import thaw
from tests.support.projects import ALL, HEAD, TOP, make_project
from tests.support.sessions import run_project
from tests.support.tiny_models import build_tokenizer
from tests.support.toy_tasks import toy_rows_of
from trainer_core.data.encoded import IGNORED, Encoded
from trainer_core.data.windows import NO_ANSWER
from trainer_core.errors import InputError
from trainer_core.inference.prediction import AnswerPrediction
from trainer_core.inference.predictor import Predictor
from trainer_core.project.schema import ColumnsSection
from trainer_core.tasks.answering import Answering, AnsweringOptions
from trainer_core.tasks.registry import load_task
from trainer_core.training.events import RunFinished

TASK = Answering(AnsweringOptions(stride=8, longest_answer=3))
CONTEXT = "the parcel is late and the card is broken"
LONG = " ".join([CONTEXT] * 8)


def encoded_of(contexts: list[str], answers: list[tuple[tuple[int, str], ...]]) -> Encoded:
    """Return one question about each context, with its answers, as a model takes them."""
    tokenizer = build_tokenizer()
    rows = [("what is late", context) for context in contexts]
    encoded = Encoded.join([TASK.encode(tokenizer, rows, 48)], tokenizer, by_token=True)
    targets = np.empty(len(contexts), dtype=object)
    targets[:] = answers
    return dataclasses.replace(encoded, targets=TASK.align(encoded, targets))


def test_a_window_points_at_the_answer_or_at_the_token_that_stands_for_none() -> None:
    answer = ((LONG.rindex("parcel is"), "parcel is"),)
    encoded = encoded_of([CONTEXT, LONG, CONTEXT], [((14, "late"),), answer, ()])
    assert encoded.owners is not None
    assert encoded.spans is not None
    assert encoded.owners.tolist() == [0, *[1] * (len(encoded) - 2), 2]
    pointed = []
    for window in range(len(encoded)):
        places = np.arange(*encoded.offsets[window : window + 2])
        starts, ends = (places[encoded.targets[places, column] == 1] for column in (1, 2))
        assert len(starts) == len(ends) == 1
        first, last = int(encoded.spans[starts[0], 0]), int(encoded.spans[ends[0], 1])
        pointed.append(None if first == NO_ANSWER else ([CONTEXT, LONG, CONTEXT][encoded.owners[window]][first:last]))
    assert pointed[0] == "late"
    assert pointed[-1] is None
    assert pointed[1] is None
    assert "parcel is" in pointed[2:-1]
    assert (encoded.learnt == 1).all()


def test_the_loss_is_the_cross_entropy_of_each_window() -> None:
    encoded = encoded_of([CONTEXT, LONG], [((14, "late"),), ()])
    scores = torch.randn(len(encoded.ids), 2, generator=torch.Generator().manual_seed(5), requires_grad=True)
    targets = torch.from_numpy(encoded.targets)
    expected = torch.zeros(())
    for window in range(len(encoded)):
        places = slice(*encoded.offsets[window : window + 2].tolist())
        counted = targets[places, 1] != IGNORED
        for side in (0, 1):
            right = targets[places, 1 + side][counted].argmax()
            expected = expected + functional.cross_entropy(scores[places, side][counted][None], right[None]) / 2
    loss = TASK.loss(scores, targets)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    (found,) = torch.autograd.grad(loss, scores)
    (right,) = torch.autograd.grad(expected, scores)
    torch.testing.assert_close(found, right)


def read(
    encoded: Encoded, scores: np.ndarray, contexts: list[str], *, none_allowed: bool = False
) -> list[AnswerPrediction]:
    """Return the answers that scores mean."""
    task = Answering(TASK.options, {"no_answer": [float(none_allowed)]})
    rows = [{"question": "q", "context": context} for context in contexts]
    answers = task.read(rows, encoded, scores, ())
    return [answer for answer in answers if isinstance(answer, AnswerPrediction)]


def test_the_best_answer_of_all_windows_is_given_and_none_is_too_long() -> None:
    encoded = encoded_of([CONTEXT, LONG], [((14, "late"),), ()])
    assert encoded.spans is not None
    scores = np.zeros((len(encoded.ids), 2), dtype=np.float32)
    of_long = np.flatnonzero(
        (encoded.spans[:, 0] == LONG.rindex("card")) & (np.repeat(encoded.owners, encoded.lengths) == 1)
    )
    scores[of_long[-1]] = 9.0, 9.0
    first = np.flatnonzero(encoded.spans[:, 0] >= 0)
    scores[first[0], 0] = 8.0  # to this end it would be eight words
    scores[first[7], 1] = 8.0
    one, other = read(encoded, scores, [CONTEXT, LONG])
    assert other.answer == "card"
    assert other.start == LONG.rindex("card")
    assert len(one.answer.split()) <= 3
    assert 0 < other.probability <= 1


def test_no_answer_is_given_only_where_it_was_learnt() -> None:
    encoded = encoded_of([CONTEXT], [()])
    assert encoded.spans is not None
    scores = np.zeros((len(encoded.ids), 2), dtype=np.float32)
    scores[encoded.spans[:, 0] == NO_ANSWER] = 9.0
    (some,) = read(encoded, scores, [CONTEXT])
    (none,) = read(encoded, scores, [CONTEXT], none_allowed=True)
    assert some.answer in CONTEXT
    assert (none.answer, none.values()["answer"]) == ("No answer", "")


@pytest.mark.parametrize("options", [{"stride": -1}, {"longest_answer": 0}, {"window": 3}])
def test_a_wrong_option_is_refused_by_its_name(options: dict[str, int]) -> None:
    with pytest.raises(InputError, match=f"options.{next(iter(options))}"):
        load_task("answering", options)


@pytest.mark.parametrize("family", ["bert", "roberta", "llama", "qwen2"])
def test_a_small_model_learns_to_answer(tmp_path: Path, tiny_model: TinyModel, family: str) -> None:
    options = {"stride": 4, "longest_answer": 3}
    project = make_project(
        tmp_path, tiny_model(family), task="answering", stages=[HEAD, TOP, ALL], options=options, max_length=48
    )
    events, run = run_project(project)
    end = events[-1]
    assert isinstance(end, RunFinished)
    assert set(end.metrics) == {"f1", "exact_match", "loss"}
    assert 0 <= end.metrics["exact_match"] <= end.metrics["f1"] <= 1
    evaluation = Predictor.load(run.path).evaluate(tmp_path / "dev.csv", ColumnsSection())
    assert evaluation.metrics == pytest.approx(end.metrics, abs=1e-5)
    question, context, _ = toy_rows_of("answering", 60)[-1]
    (record,) = thaw("predict", run.path, question, context, "--json").events()
    assert context[record["start"] : record["end"]] == record["answer"]
