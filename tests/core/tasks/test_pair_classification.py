"""Pairs of texts: joined as the model's tokenizer joins them, in training as in prediction."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import AutoModel, AutoTokenizer

from tests.core.conftest import TinyModel
from tests.support.command_line import thaw
from tests.support.projects import ALL, HEAD, TOP, make_project, write_delimited
from tests.support.sessions import make_session, run_project, train_all
from tests.support.toy_tasks import toy_rows_of
from trainer_core.data.encoded import Tokens
from trainer_core.data.prepare import PreparedData, examine_data, prepare_data
from trainer_core.data.roles import Role
from trainer_core.errors import InputError
from trainer_core.inference.prediction import ClassPrediction
from trainer_core.inference.predictor import Predictor
from trainer_core.project.load import load_project
from trainer_core.runs.folder import RunFolder
from trainer_core.tasks.pair_classification import PairClassification
from trainer_core.training.evaluate import evaluate
from trainer_core.training.events import EvaluationFinished, RunWarning
from trainer_core.training.inputs import TokenInputs

TASK, NAME = PairClassification(), "pair_classification"
TOGETHER = {"pairs": "together"}
PAIRS = [(one, two) for one, two, _ in toy_rows_of(NAME, 12, seed=5)] + [("", "my parcel"), ("my " * 9, "late " * 40)]


def read(path: Path) -> PreparedData:
    return prepare_data(load_project(path), path.parent, TASK)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, bert: Path) -> RunFolder:
    """Return a finished run; never write there."""
    return run_project(make_project(tmp_path_factory.mktemp("run"), bert, task=NAME, stages=[HEAD, ALL]))[1]


# --- rows ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        (("premise", "hypothesis", "label"), ("premise", "hypothesis", "label")),
        (("label", "Sentence2", "Sentence1"), ("Sentence1", "Sentence2", "label")),
        (("question2", "is_duplicate", "question1"), ("question1", "question2", "is_duplicate")),
        (("text_b", "text_a", "class"), ("text_a", "text_b", "class")),
        (("question", "answer", "label"), ("question", "answer", "label")),
        (("text", "text2", "target"), ("text", "text2", "target")),
        (("left", "right", "verdict"), ("left", "right", "verdict")),
        (("verdict", "right", "left"), ("right", "left", "verdict")),
    ],
)
def test_columns_are_guessed_by_usual_names_or_stand_in_the_order_of_the_file(
    tmp_path: Path, header: tuple[str, ...], columns: tuple[str, ...]
) -> None:
    cells = dict(zip(columns, zip(*toy_rows_of(NAME, 24), strict=True), strict=True))
    rows = list(zip(*(cells[name] for name in header), strict=True))
    data = read(make_project(tmp_path, "none", task=NAME, rows=rows, validation=rows[:6], header=header))
    assert data.train.columns == dict(zip((Role.TEXT, Role.SECOND_TEXT, Role.LABEL), columns, strict=True))
    assert data.train[0] == toy_rows_of(NAME, 24)[0]
    assert data.labels == ("other", "same")


def test_a_row_without_its_second_text_is_named(tmp_path: Path) -> None:
    rows = [*toy_rows_of(NAME, 20), ("my parcel", " ", "same")]
    with pytest.raises(InputError, match="1 row without a second text: row 22") as refused:
        read(make_project(tmp_path, "none", task=NAME, rows=rows))
    assert "data.columns.second_text" in refused.value.remedy


def test_a_file_with_one_text_is_no_file_of_pairs(tmp_path: Path) -> None:
    rows = [(text, label) for text, _, label in toy_rows_of(NAME, 20)]
    with pytest.raises(InputError, match="no column left that could hold the"):
        read(make_project(tmp_path, "none", task=NAME, rows=rows, header=("text", "label")))


def test_only_a_pair_that_stands_there_whole_is_a_leak(tmp_path: Path) -> None:
    rows = toy_rows_of(NAME, 40)
    turned = [(two, one, label) for one, two, label in rows[:9] if one != two]
    path = make_project(
        tmp_path, "none", task=NAME, rows=rows, validation=[*turned, rows[3], *toy_rows_of(NAME, 9, seed=1)]
    )
    found = [finding for finding in examine_data(load_project(path), tmp_path, TASK).findings if "also" in finding.what]
    assert [finding.what for finding in found] == ["1 row of the validation rows also stand in the training rows."]
    assert found[0].example == f"{rows[3][0]}\n{rows[3][1]}"


# --- training --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["bert", "distilbert", "roberta"])
def test_pairs_reach_the_model_as_transformers_gives_them(tmp_path: Path, tiny_model: TinyModel, family: str) -> None:
    _, folder = run_project(
        make_project(tmp_path, tiny_model(family), task=NAME, options=TOGETHER, stages=[ALL], pooling="cls")
    )
    tokenizer, body = AutoTokenizer.from_pretrained(folder.model), AutoModel.from_pretrained(folder.model)
    predictor = Predictor.load(folder.path)
    answers = predictor.predict(PAIRS)
    for (one, two), answer in zip(PAIRS, answers, strict=True):
        batch = tokenizer(one, two, truncation=True, max_length=32, return_tensors="pt")
        assert ("token_type_ids" in batch) == (family == "bert")
        with torch.no_grad():
            scores = predictor._network.head(body(**batch).last_hidden_state[:, 0])
        assert isinstance(answer, ClassPrediction)
        expected = dict(zip(predictor.facts.labels, torch.softmax(scores, dim=1)[0].tolist(), strict=True))
        assert answer.probabilities == pytest.approx(expected, abs=1e-5)


def test_token_types_make_a_difference_to_a_model_that_knows_them(tmp_path: Path, bert: Path) -> None:
    _, run = run_project(make_project(tmp_path, bert, task=NAME, options=TOGETHER))
    predictor = Predictor.load(run.path)
    batch = AutoTokenizer.from_pretrained(run.model)("my parcel", "is late", return_tensors="pt")
    types, tokens = batch["token_type_ids"], Tokens(batch["input_ids"], batch["attention_mask"])
    with torch.no_grad():
        told, untold = predictor._network(replace(tokens, types=types)), predictor._network(tokens)
        all_first = predictor._network(replace(tokens, types=torch.zeros_like(types)))
    assert types.sum() == 3
    assert not torch.allclose(told, untold, atol=1e-4)
    torch.testing.assert_close(untold, all_first)


@pytest.mark.parametrize("pairs", ["apart", "together"])
@pytest.mark.parametrize("family", ["bert", "distilbert"])
def test_frozen_layers_are_entered_with_pairs_as_with_texts(
    tmp_path: Path, tiny_model: TinyModel, family: str, pairs: str
) -> None:
    path = make_project(tmp_path, tiny_model(family), task=NAME, options={"pairs": pairs}, stages=[HEAD, TOP])
    session = make_session(path)
    events = train_all(session)
    assert not any(isinstance(event, RunWarning) for event in events)
    last = [event for event in events if isinstance(event, EvaluationFinished)][-1]
    through = evaluate(session, TokenInputs(session.validation, session.device))
    assert through.metrics["loss"] == pytest.approx(last.metrics["loss"], abs=1e-5)
    assert (session.train.types is not None) == (family == "bert" and pairs == "together")


def test_a_pair_that_is_cut_is_counted_and_marked(tmp_path: Path, bert: Path) -> None:
    rows = [*toy_rows_of(NAME, 36), ("my " * 20, "late " * 20, "same"), ("my", "late " * 40, "other")]
    events, folder = run_project(make_project(tmp_path, bert, task=NAME, options=TOGETHER, rows=rows))
    (told,) = (event.message for event in events if isinstance(event, RunWarning))
    assert told.startswith("2 of 53 texts are longer than 32 tokens")
    fits, cut = Predictor.load(folder.path).predict([("my " * 10, "late " * 19), ("my " * 10, "late " * 20)])
    assert (fits.truncated, cut.truncated) == (False, True)


def test_texts_that_are_read_apart_are_joined_by_the_head(tmp_path: Path, bert: Path) -> None:
    """Both vectors, how they differ, and their product, as transformers' own model gives the vectors."""
    _, folder = run_project(make_project(tmp_path, bert, task=NAME, stages=[ALL], pooling="cls"))
    tokenizer, body = AutoTokenizer.from_pretrained(folder.model), AutoModel.from_pretrained(folder.model)
    predictor = Predictor.load(folder.path)
    for (one, two), answer in zip(PAIRS, predictor.predict(PAIRS), strict=True):
        with torch.no_grad():
            u, v = (
                body(**tokenizer(text, truncation=True, max_length=32, return_tensors="pt")).last_hidden_state[:, 0]
                for text in (one, two)
            )
            scores = predictor._network.head(torch.cat([u, v, (u - v).abs(), u * v], dim=1))
        assert isinstance(answer, ClassPrediction)
        expected = dict(zip(predictor.facts.labels, torch.softmax(scores, dim=1)[0].tolist(), strict=True))
        assert answer.probabilities == pytest.approx(expected, abs=1e-5)


def test_each_of_two_texts_may_be_as_long_as_the_model_reads(tmp_path: Path, bert: Path) -> None:
    _, folder = run_project(make_project(tmp_path, bert, task=NAME))
    fits, cut = Predictor.load(folder.path).predict([("my " * 30, "late " * 30), ("my", "late " * 31)])
    assert (fits.truncated, cut.truncated) == (False, True)


# --- prediction ------------------------------------------------------------------------------------------------------


def test_pairs_are_predicted_from_words_lines_and_files(run: RunFolder, tmp_path: Path) -> None:
    first, second = PAIRS[:2]
    by_words = thaw("predict", run.path, *first, *second, "--json")
    by_lines = thaw("predict", run.path, "--json", typed=f"{first[0]}\t{first[1]}\n\n{second[0]}\t{second[1]}\n")
    assert by_words.status == by_lines.status == 0
    assert by_words.events() == by_lines.events()
    assert [answer["second_text"] for answer in by_words.events()] == [first[1], second[1]]
    source = write_delimited(
        tmp_path / "pairs.csv", [(two, one) for one, two in PAIRS], header=("hypothesis", "premise")
    )
    assert thaw("predict", run.path, "--file", source, "--out", tmp_path / "answers.jsonl").status == 0
    named = ("--column", "premise", "--column", "0")
    assert thaw("predict", run.path, "--file", source, "--out", tmp_path / "named.jsonl", *named).status == 0
    assert (tmp_path / "answers.jsonl").read_text() == (tmp_path / "named.jsonl").read_text()
    assert len((tmp_path / "answers.jsonl").read_text().splitlines()) == len(PAIRS)
    shown = thaw("predict", run.path, *first).out
    assert f"{first[0]} / {first[1]}" in " ".join(shown.split())


@pytest.mark.parametrize(
    ("words", "typed", "part"),
    [
        (["one", "two", "three"], "", "reads 2 texts at a time; 3 are given"),
        ([], "one\ttwo\nthree\n", "Line 2 has 1 texts; this model reads 2"),
        (["--file", "FILE", "--out", "OUT", "--column", "premise"], "", "reads 2 columns (text, second_text); 1 are"),
        (["--file", "FILE", "--out", "OUT"], "", 'no column "hypothesis"'),
    ],
)
def test_half_a_pair_is_refused(run: RunFolder, tmp_path: Path, words: list[str], typed: str, part: str) -> None:
    source = write_delimited(tmp_path / "texts.csv", [("a", "b")], header=("premise", "other words"))
    places = {"FILE": str(source), "OUT": str(tmp_path / "out.csv")}
    outcome = thaw("predict", run.path, *(places.get(word, word) for word in words), typed=typed)
    assert outcome.status == 2
    assert part in outcome.told
    assert not (tmp_path / "out.csv").exists()
