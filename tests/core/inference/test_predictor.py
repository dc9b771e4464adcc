"""Predictions: the same from a checkpoint and from the model folder, alone and in company."""

from __future__ import annotations

import itertools
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoTokenizer

from tests.core.conftest import TinyModel
from tests.support.projects import ALL, HEAD, TOP, make_project
from tests.support.sessions import run_project
from tests.support.tiny_models import CONFIGS, build_tokenizer
from tests.support.toy_texts import toy_rows
from trainer_core.data.encoded import Encoded, Tokens
from trainer_core.errors import InputError
from trainer_core.inference.prediction import ClassPrediction, Prediction
from trainer_core.inference.predictor import ROWS_AT_ONCE, Predictor
from trainer_core.runs.folder import RunFolder

TEXTS = [text for text, _ in toy_rows(20, seed=9)] + ["", "zzz", "my " * 60, " \n parcel", "ÄÖÜ 漢字 🙂"]


def probabilities_of(answer: Prediction) -> dict[str, float]:
    """Return the probabilities of all classes, the most probable first."""
    assert isinstance(answer, ClassPrediction)
    return answer.probabilities


def close(one: list[Prediction], other: list[Prediction]) -> None:
    """Check that two lists of predictions are alike, probabilities up to rounding."""
    assert [answer.text for answer in one] == [answer.text for answer in other]
    assert [answer.truncated for answer in one] == [answer.truncated for answer in other]
    for left, right in zip(one, other, strict=True):
        of_left, of_right = probabilities_of(left), probabilities_of(right)
        for label, probability in of_left.items():
            assert of_right[label] == pytest.approx(probability, abs=1e-5)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, bert: Path) -> RunFolder:
    """Return a finished run; never write there."""
    folder = tmp_path_factory.mktemp("run")
    return run_project(make_project(folder, bert, stages=[HEAD, TOP], pooling="auto"))[1]


@pytest.mark.parametrize("family", CONFIGS)
def test_every_architecture_answers_alike_from_checkpoint_and_model_folder(
    tmp_path: Path, tiny_model: TinyModel, family: str
) -> None:
    model = tiny_model(family)
    path = make_project(tmp_path / "project", model, stages=[ALL], pooling="last" if family == "gpt2" else "mean")
    _, folder = run_project(path)
    from_run = Predictor.load(folder.path).predict(TEXTS)
    from_model = Predictor.load(folder.model).predict(TEXTS)
    shutil.move(folder.model, tmp_path / "elsewhere")
    from_checkpoint = Predictor.load(folder.path).predict(TEXTS)
    assert from_run == from_model
    close(from_model, from_checkpoint)
    assert Predictor.load(tmp_path / "elsewhere").predict(TEXTS) == from_model


def test_a_head_that_no_stage_trained_is_in_the_checkpoint(tmp_path: Path, bert: Path) -> None:
    body = {"name": "body", "train": ["top:1"], "learning_rate": 1e-3, "epochs": 1}
    _, folder = run_project(make_project(tmp_path, bert, stages=[body], training={"probe": False}))
    from_model = Predictor.load(folder.path).predict(TEXTS)
    shutil.rmtree(folder.model)
    close(from_model, Predictor.load(folder.path).predict(TEXTS))


def test_transformers_opens_the_model_folder(run: RunFolder) -> None:
    body, report = AutoModel.from_pretrained(run.model, output_loading_info=True, add_pooling_layer=False)
    assert not report["missing_keys"]
    assert not report["unexpected_keys"]
    tokenizer = AutoTokenizer.from_pretrained(run.model)
    predictor = Predictor.load(run.path)
    batch = tokenizer(["my invoice please"], return_tensors="pt")
    with torch.no_grad():
        states = body(**batch).last_hidden_state
        own = predictor._network.token_states(Tokens(batch["input_ids"], batch["attention_mask"]))
    torch.testing.assert_close(states, own)


def test_company_does_not_change_an_answer(run: RunFolder) -> None:
    predictor = Predictor.load(run.path)
    together = predictor.predict(TEXTS * 8)
    alone = [predictor.predict([text])[0] for text in TEXTS]
    close(together[: len(TEXTS)], alone)
    close(together[-len(TEXTS) :], alone)
    close(list(predictor.predict_stream(iter(TEXTS))), alone)


def test_a_stream_of_texts_is_never_held_whole(run: RunFolder) -> None:
    taken = itertools.count()
    texts = (f"my parcel {next(taken)}" for _ in range(3 * ROWS_AT_ONCE))
    answers = Predictor.load(run.path).predict_stream(texts)
    for expected in range(ROWS_AT_ONCE + 1):
        assert next(answers).text == f"my parcel {expected}"
    assert next(taken) == 2 * ROWS_AT_ONCE


def test_probabilities_sum_to_one_the_most_probable_first(run: RunFolder) -> None:
    for answer in Predictor.load(run.path).predict(TEXTS):
        probabilities = probabilities_of(answer)
        values = list(probabilities.values())
        assert sum(values) == pytest.approx(1.0)
        assert values == sorted(values, reverse=True)
        assert next(iter(probabilities)) == answer.answer
        assert set(probabilities) == {"billing", "delivery", "returns"}
        assert not any(map(math.isnan, values))


def test_a_text_that_is_too_long_is_marked(run: RunFolder) -> None:
    short, exact, long = Predictor.load(run.path).predict(["my invoice", "my " * 30, "my " * 31])
    assert (short.truncated, exact.truncated, long.truncated) == (False, False, True)
    assert long.text == "my " * 31


def test_no_text_gives_no_answer(run: RunFolder) -> None:
    assert Predictor.load(run.path).predict([]) == []


def test_a_model_that_gets_nothing_but_empty_texts_answers(tmp_path: Path, tiny_model: TinyModel) -> None:
    _, folder = run_project(make_project(tmp_path, tiny_model("gpt2"), pooling="last"))
    for answer in Predictor.load(folder.path).predict(["", " "]):
        assert sum(probabilities_of(answer).values()) == pytest.approx(1.0)


# --- refused -------------------------------------------------------------------------------------------------------


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        Predictor.load(tmp_path / "none")
    with pytest.raises(InputError, match="neither a run nor a model"):
        Predictor.load(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(InputError):
        Predictor.load(tmp_path / "file")


@pytest.mark.parametrize("name", ["thaw.json", "head.safetensors", "model.safetensors", "config.json"])
def test_a_damaged_model_folder_is_refused(run: RunFolder, tmp_path: Path, name: str) -> None:
    copy = Path(shutil.copytree(run.model, tmp_path / "model"))
    (copy / name).write_bytes(b"{rubbish")
    with pytest.raises(InputError):
        Predictor.load(copy)


def test_a_run_whose_base_model_is_gone_says_so(tmp_path: Path, bert: Path) -> None:
    base = Path(shutil.copytree(bert, tmp_path / "base"))
    _, folder = run_project(make_project(tmp_path / "p", base))
    shutil.rmtree(base)
    assert Predictor.load(folder.path).predict(["my invoice"])
    shutil.rmtree(folder.model)
    with pytest.raises(InputError, match="base"):
        Predictor.load(folder.path)


def test_a_run_without_checkpoint_says_so(run: RunFolder, tmp_path: Path) -> None:
    shutil.copy(run.plan_file, tmp_path)
    with pytest.raises(InputError, match="no checkpoint yet"):
        Predictor.load(tmp_path)


def test_scores_are_read_as_softmax() -> None:
    from trainer_core.tasks.classification import Classification

    scores = np.array([[1000.0, 1000.0 + math.log(3.0)], [0.0, -1e30]], dtype=np.float32)
    task, tokenizer = Classification(), build_tokenizer()
    encoded = Encoded.join([task.encode(tokenizer, [("a",), ("b",)], 8)], tokenizer)
    first, second = task.read([{"text": "a"}, {"text": "b"}], encoded, scores, ["x", "y"])
    assert first.answer == "y"
    assert probabilities_of(first)["x"] == pytest.approx(0.25, abs=1e-2)
    assert probabilities_of(second) == {"x": 1.0, "y": 0.0}
