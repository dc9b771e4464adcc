"""Tagging: tokens and words, the linear start, spans counted as seqeval counts them, and a run from file to answer."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from tests.core.conftest import TinyModel
from tests.support.command_line import thaw
from tests.support.projects import ALL, HEAD, TOP, make_project
from tests.support.sessions import make_session, run_project, train_all
from tests.support.tiny_models import build_byte_level_tokenizer, build_tokenizer
from tests.support.toy_tasks import toy_rows_of
from trainer_core.data.encoded import IGNORED, Encoded
from trainer_core.data.words import words_of
from trainer_core.inference.prediction import SpansPrediction
from trainer_core.inference.predictor import Predictor
from trainer_core.project.schema import ColumnsSection
from trainer_core.tasks.tagging import Tagging
from trainer_core.training.events import ProbeFinished, RunFinished

TASK = Tagging()
TEXT = "my parcel, was late!"


def encoded_of(texts: list[str], spans: list[list[tuple[int, int, int]]], *, bytewise: bool = False) -> Encoded:
    """Return texts with spans, start, end and label, as a model takes them."""
    tokenizer = build_byte_level_tokenizer() if bytewise else build_tokenizer()
    encoded = Encoded.join([TASK.encode(tokenizer, [(text,) for text in texts], 32)], tokenizer, by_token=True)
    targets = np.empty(len(texts), dtype=object)
    for place, row in enumerate(spans):
        targets[place] = np.array(row, dtype=np.int32).reshape(-1, 3)
    aligned = TASK.align(encoded, targets)
    return Encoded(**{**vars(encoded), "targets": aligned})


@pytest.mark.parametrize("bytewise", [False, True])
def test_the_first_token_of_each_word_is_tagged_and_no_other(bytewise: bool) -> None:
    encoded = encoded_of([TEXT, ""], [[(3, 9, 0), (15, 19, 1)], []], bytewise=bytewise)
    assert encoded.spans is not None
    tagged = np.flatnonzero(encoded.spans[:, 0] >= 0)
    assert [tuple(span) for span in encoded.spans[tagged].tolist()] == words_of(TEXT)
    assert encoded.targets[tagged].tolist() == [0, 1, 0, 0, 3, 0]
    assert (np.delete(encoded.targets, tagged) == IGNORED).all()
    assert encoded.learnt.tolist() == [6, 0]


def test_a_span_of_several_words_begins_once() -> None:
    encoded = encoded_of([TEXT], [[(0, 10, 1)]])
    assert encoded.targets[encoded.targets != IGNORED].tolist() == [3, 4, 4, 0, 0, 0]


def test_the_loss_is_that_of_the_words() -> None:
    generator = torch.Generator().manual_seed(3)
    scores, targets = torch.randn(6, 5, generator=generator), torch.tensor([0, IGNORED, 4, 1, IGNORED, 2])
    counted = targets != IGNORED
    expected = functional.cross_entropy(scores[counted], targets[counted], reduction="sum")
    assert TASK.loss(scores, targets).item() == pytest.approx(expected.item())


def test_spans_are_right_where_start_end_and_label_are() -> None:
    """Of four spans two are found rightly; one has another label, one another end, and one is made up."""
    texts = ["my parcel was late", "card and invoice"]
    encoded = encoded_of(texts, [[(3, 9, 0), (14, 18, 1)], [(0, 4, 0), (9, 16, 1)]])
    found = encoded_of(texts, [[(3, 9, 0), (14, 18, 0)], [(0, 8, 0), (9, 16, 1)]])
    scores = np.eye(5, dtype=np.float32)[np.maximum(found.targets, 0)]
    targets = np.empty(2, dtype=object)
    targets[:] = [np.array([[3, 9, 0], [14, 18, 1]]), np.array([[0, 4, 0], [9, 16, 1]])]

    class _Gold:
        labels = ("a", "b")

    gold = _Gold()
    gold.targets = targets  # type: ignore[attr-defined]
    metrics = TASK.judge(gold, encoded)(scores)  # type: ignore[arg-type]
    assert metrics["entity_precision"] == pytest.approx(2 / 4)
    assert metrics["entity_recall"] == pytest.approx(2 / 4)
    assert metrics["entity_f1"] == pytest.approx(0.5)
    each = TASK.measure_each(gold, encoded, scores)  # type: ignore[arg-type]
    assert each["a"]["count"] == 2
    assert each["b"] == pytest.approx({"entity_precision": 1.0, "entity_recall": 0.5, "entity_f1": 2 / 3, "count": 2})


@pytest.mark.parametrize("family", ["bert", "roberta", "gpt2", "qwen2", "deberta"])
def test_a_small_model_learns_to_tag(tmp_path: Path, tiny_model: TinyModel, family: str) -> None:
    stages = [HEAD, TOP, {**ALL, "learning_rate": 0.01, "epochs": 12}]
    project = make_project(tmp_path, tiny_model(family), task="tagging", stages=stages)
    events, run = run_project(project)
    assert sum(isinstance(event, ProbeFinished) for event in events) == 1
    end = events[-1]
    assert isinstance(end, RunFinished)
    assert end.metrics["entity_f1"] > 0.6
    assert {"entity_f1", "entity_precision", "entity_recall", "token_accuracy", "loss"} == set(end.metrics)
    assert end.best.metric == "entity_f1"
    predictor = Predictor.load(run.path)
    evaluation = predictor.evaluate(tmp_path / "dev.csv", ColumnsSection())
    assert evaluation.metrics == pytest.approx(end.metrics, abs=1e-5)
    assert set(evaluation.by_label) == {"billing", "delivery", "returns"}


def test_a_head_that_learns_takes_the_states_above_the_last_block(tmp_path: Path, tiny_model: TinyModel) -> None:
    """With the cache and without, the same; with it, no block computes in a stage of the head."""
    weights = []
    for limit in (None, 0.0):
        path = make_project(
            tmp_path / str(limit),
            tiny_model("bert"),
            task="tagging",
            stages=[HEAD, TOP],
            training={"cache_gib": limit} if limit is not None else {},
        )
        session = make_session(path)
        train_all(session)
        weights.append({name: parameter.detach().clone() for name, parameter in session.network.named_layers()})
    for name, tensor in weights[0].items():
        torch.testing.assert_close(tensor, weights[1][name], rtol=1e-4, atol=1e-5)


def test_the_command_line_gives_spans(tmp_path: Path, tiny_model: TinyModel) -> None:
    project = make_project(tmp_path, tiny_model("bert"), task="tagging", stages=[HEAD])
    _, run = run_project(project)
    text = toy_rows_of("tagging", 60)[-1][0]
    (prediction,) = Predictor.load(run.path).predict([text])
    assert isinstance(prediction, SpansPrediction)
    record = json.loads(thaw("predict", run.path, text, "--json").out)
    assert record["text"] == text
    assert [(span["start"], span["end"], span["label"]) for span in record["spans"]] == [
        (span.start, span.end, span.label) for span in prediction.spans
    ]
    assert all(span["text"] == text[span["start"] : span["end"]] for span in record["spans"])
    out = tmp_path / "out.csv"
    thaw("predict", run.path, "--file", tmp_path / "dev.csv", "--out", out)
    assert out.read_text(encoding="utf-8").startswith("text,spans")
    shown = thaw("evaluate", run.path, tmp_path / "dev.csv").out
    assert "entity_f1" in shown
    assert "delivery" in shown
