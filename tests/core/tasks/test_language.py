"""Tasks whose answer is text: which tokens count, whether rows keep to themselves, and what a run leaves behind."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoModelForCausalLM, AutoModelForMaskedLM, AutoTokenizer

from tests.core.conftest import TinyModel
from tests.support.command_line import thaw
from tests.support.projects import ALL, HEAD, TOP, make_project
from tests.support.sessions import make_session, run_project, train_all
from trainer_core.engines.prepare import notice_rows, prepare_run
from trainer_core.errors import InputError
from trainer_core.inference.predictor import Predictor
from trainer_core.inference.written import WritingEnd, WritingSettings
from trainer_core.models.body import load_tokenizer
from trainer_core.models.build import build_network
from trainer_core.models.language import LanguageHead
from trainer_core.project.load import load_project
from trainer_core.project.schema import Pooling
from trainer_core.tasks.registry import load_task
from trainer_core.training.events import EvaluationFinished, PretrainedMeasured, RunFinished, RunWarning
from trainer_core.training.inputs import TokenInputs
from trainer_core.training.packing import TOGETHER
from trainer_core.training.scoring import loss_of, part_size

WRITERS = ("gpt2-lm", "llama-lm", "qwen2-lm", "gemma2-lm")
READERS = ("bert-lm", "roberta-lm", "distilbert-lm", "modernbert-lm", "deberta-lm", "albert-lm", "electra-lm")
BLOCKS = {"name": "blocks", "train": ["blocks"], "learning_rate": 0.003, "epochs": 2}
MARKED = (
    "{% for m in messages %}<{{ m.role[0] }}>{{ m.content }}<end>{% endfor %}"
    "{% if add_generation_prompt %}<a>{% endif %}"
)


def conversations(folder: Path, model: Path, rows: list[list[tuple[str, str]]], **project: Any) -> Path:
    """Write a chat project on messages; return its file."""
    data = {"train": "rows.jsonl", "validation": None, "validation_share": 0.3}
    path = make_project(folder, model, task="chat", data=data, **{"max_length": 64} | project)
    lines = [{"messages": [{"role": role, "content": text} for role, text in row]} for row in rows]
    (folder / "rows.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return path


# --- the head --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", [*WRITERS, *READERS])
def test_the_head_gives_what_the_whole_model_gives(tmp_path: Path, tiny_model: TinyModel, family: str) -> None:
    session = make_session(make_project(tmp_path, tiny_model(family), task="language_model", stages=[ALL]))
    kind = AutoModelForCausalLM if family in WRITERS else AutoModelForMaskedLM
    whole = kind.from_pretrained(tiny_model(family)).eval()
    session.network.eval()
    rows = replace(session.validation, packed=0)
    tokens = rows.tokens(np.arange(4))
    assert tokens.scored is not None
    with torch.no_grad():
        expected = whole(input_ids=tokens.ids, attention_mask=tokens.mask).logits[tokens.scored]
        torch.testing.assert_close(session.network(tokens), expected, rtol=1e-4, atol=1e-5)


def test_an_encoder_without_a_head_gets_a_new_one_and_a_writer_is_refused(
    tmp_path: Path, tiny_model: TinyModel
) -> None:
    session = make_session(make_project(tmp_path / "a", tiny_model("bert"), task="language_model", stages=[ALL]))
    new = session.network.new_layers()
    assert new
    assert all(name.startswith("head.model.cls.") for name in new)
    path = make_project(tmp_path / "b", tiny_model("qwen2"), task="language_model", stages=[ALL])
    with pytest.raises(InputError, match="without the head that tells the next token"):
        make_session(path)


def test_chat_needs_a_model_that_writes(tmp_path: Path, tiny_model: TinyModel) -> None:
    with pytest.raises(InputError, match="reads texts; it cannot write any"):
        prepare_run(load_project(path := make_project(tmp_path, tiny_model("bert-lm"), task="chat")), path)


@pytest.mark.parametrize("family", ["llama-lm", "gemma2-lm", "bert-lm"])
def test_a_loss_in_parts_is_the_loss_of_the_whole(
    tmp_path: Path, tiny_model: TinyModel, family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = make_session(make_project(tmp_path, tiny_model(family), task="language_model", stages=[ALL]))
    session.network.eval()
    inputs = TokenInputs(session.train, session.device)
    batch = inputs.batch(np.arange(len(session.train)))
    learning = list(session.network.parameters())

    def answer() -> tuple[float, list[torch.Tensor]]:
        features = inputs.features(session.network, batch)
        loss = loss_of(session.network, session.task, features, batch.targets)
        found = torch.autograd.grad(loss * 0.5, learning, allow_unused=True)
        return float(loss.detach()), [torch.zeros(()) if g is None else g.to_dense() for g in found]

    whole, expected = answer()
    monkeypatch.setattr("trainer_core.training.scoring.LEAST_UNITS", 7)
    monkeypatch.setattr("trainer_core.training.scoring.PART_SCORES", 1)
    assert part_size(session.network) == 7
    assert len(batch.targets) > 14
    parts, found = answer()
    assert parts == pytest.approx(whole, rel=1e-5)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


# --- which tokens count ----------------------------------------------------------------------------------------------


def pieces(path: Path, row: int) -> list[tuple[str, bool]]:
    """Return a row as the model reads it, in stretches, and whether each counts."""
    prepared = prepare_run(load_project(path), path)
    reading = prepared.read_row(row)
    assert reading.learnt < reading.tokens
    assert not reading.cut
    return [(stretch.text, stretch.learnt) for stretch in reading.stretches]


def with_template(folder: Path, model: Path, template: str | None) -> Path:
    """Return a copy of a model whose tokenizer has a chat template."""
    tokenizer, body = AutoTokenizer.from_pretrained(model), AutoModelForCausalLM.from_pretrained(model)
    tokenizer.chat_template = template
    tokenizer.save_pretrained(folder)
    body.save_pretrained(folder)
    return folder


TALK = [("system", "be kind"), ("user", "my parcel"), ("assistant", "is late"), ("user", "please"), ("assistant", "ok")]


def test_answers_count_with_the_mark_that_ends_them(tmp_path: Path, tiny_model: TinyModel) -> None:
    model = with_template(tmp_path / "model", tiny_model("qwen2-lm"), MARKED)
    path = conversations(tmp_path, model, [TALK] * 10)
    assert pieces(path, 0) == [
        ("<s>be kind<end><u>my parcel<end><a>", False),
        ("is late<end>", True),
        ("<u>please<end><a>", False),
        ("ok<end>", True),
    ]
    everything = conversations(tmp_path / "all", model, [TALK] * 10, options={"learn": "everything"})
    ((_, first), (rest, counts)) = pieces(everything, 0)
    assert (first, counts) == (False, True)  # nothing comes before the first token that could tell it
    assert rest.endswith("ok<end>")


def test_a_template_that_rewrites_earlier_answers_still_finds_them(tmp_path: Path, tiny_model: TinyModel) -> None:
    template = (
        "{% for m in messages %}{{ m.role }}: {{ 'thinking ' if loop.last and m.role == 'assistant' else '' }}"
        "{{ m.content }};{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}"
    )
    model = with_template(tmp_path / "model", tiny_model("qwen2-lm"), template)
    found = pieces(conversations(tmp_path, model, [TALK] * 10), 0)
    assert [text.strip() for text, counts in found if counts] == ["is late", "thinking ok;"]


def test_a_template_that_refuses_is_told_in_words(tmp_path: Path, tiny_model: TinyModel) -> None:
    refusing = "{{ raise_exception('no system here') }}"
    model = with_template(tmp_path / "model", tiny_model("qwen2-lm"), refusing)
    with pytest.raises(InputError, match=r"refuses it \(no system here\)"):
        pieces(conversations(tmp_path, model, [TALK] * 10), 0)


def test_a_model_without_a_template_gets_a_plain_one(tmp_path: Path, tiny_model: TinyModel) -> None:
    model = with_template(tmp_path / "model", tiny_model("qwen2-lm"), None)
    found = pieces(conversations(tmp_path, model, [TALK] * 10), 0)
    assert [text for text, counts in found if counts] == [" is late<|endoftext|>", " ok<|endoftext|>"]


def test_an_answer_that_is_cut_away_is_named_by_row(tmp_path: Path, tiny_model: TinyModel) -> None:
    rows = [TALK[1:3] for _ in range(20)]
    rows[4] = [("user", "my parcel " * 40), ("assistant", "is late")]
    model = with_template(tmp_path / "model", tiny_model("qwen2-lm"), MARKED)
    path = conversations(tmp_path, model, rows, stages=[BLOCKS], max_length=32)
    outcome = thaw("check", path)
    assert outcome.status == 0, outcome.err
    assert "1 row whose answer is cut away entirely at 32 tokens: row 5." in outcome.out
    (finding,) = notice_rows(load_project(path), path.parent)
    assert finding.rows == (5,)
    events, _ = run_project(path)
    assert any("cut away entirely" in event.message for event in events if isinstance(event, RunWarning))


def test_rows_whose_answers_are_all_cut_away_are_refused(tmp_path: Path, tiny_model: TinyModel) -> None:
    model = with_template(tmp_path / "model", tiny_model("qwen2-lm"), MARKED)
    path = conversations(tmp_path, model, [TALK[:3]] * 10, max_length=8)
    with pytest.raises(InputError, match="Within 8 tokens there is nothing to be learnt"):
        prepare_run(load_project(path), path)


def test_long_texts_are_read_in_pieces_and_nothing_is_cut(tmp_path: Path, tiny_model: TinyModel) -> None:
    rows = [(" ".join(["parcel", "late"] * 50),), *[("my parcel is late",)] * 11]
    path = make_project(
        tmp_path, tiny_model("llama-lm"), task="language_model", rows=rows, validation=rows[:3], stages=[BLOCKS]
    )
    train, _ = prepare_run(load_project(path), path).encoded
    assert len(train) == 11 + math.ceil(101 / 32)
    assert not train.cut.any()
    assert train.owners is not None
    assert np.bincount(train.owners)[0] == 4


def test_hidden_tokens_are_told_and_the_same_every_time(tmp_path: Path, bert: Path) -> None:
    task, tokenizer = load_task("language_model"), load_tokenizer(bert)
    texts = [("my parcel is late please",)] * 2 + [("refund please my parcel " * 20,)]
    one, other = (task.encode(tokenizer, texts, 32) for _ in range(2))
    assert np.array_equal(one.ids, other.ids)
    assert one.scored is not None
    assert one.goals is not None
    assert one.scored.sum() == len(one.goals)
    plain = tokenizer([text for (text,) in texts], truncation=True, max_length=32, return_overflowing_tokens=True)
    read = np.concatenate(plain["input_ids"])
    assert np.array_equal(read[one.scored], one.goals)
    assert np.array_equal(read[~one.scored], one.ids[~one.scored])
    assert not np.isin(one.goals, [tokenizer.cls_token_id, tokenizer.sep_token_id]).any()
    assert 0.1 < one.scored.mean() < 0.25


def test_a_text_with_hidden_tokens_is_shown_with_its_spaces(tmp_path: Path, bert: Path) -> None:
    text = "my parcel is late please refund my invoice"
    path = make_project(tmp_path, bert, task="language_model", rows=[(text,)] * 12, validation=[("my parcel",)] * 3)
    shown = "".join(text for text, _ in pieces(path, 0))
    tokenizer = load_tokenizer(bert)
    assert shown == tokenizer.decode(tokenizer(text)["input_ids"])
    assert "parcel is late" in shown


# --- packing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", WRITERS)
def test_packed_rows_do_not_see_each_other(tmp_path: Path, tiny_model: TinyModel, family: str) -> None:
    session = make_session(make_project(tmp_path, tiny_model(family), task="language_model", stages=[BLOCKS]))
    session.network.eval()
    packed, alone = replace(session.train, packed=40), replace(session.train, packed=0)
    rows = np.arange(12)
    tokens = packed.tokens(rows)
    assert len(tokens) < len(rows)
    assert int(tokens.mask.sum()) == alone.lengths[rows].sum()
    with torch.no_grad():
        found, expected = (session.network.features(some.tokens(rows)) for some in (packed, alone))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    assert np.array_equal(packed.targets[packed.units(rows)], alone.targets[alone.units(rows)])


def test_a_model_whose_packed_rows_would_see_each_other_reads_them_alone(tmp_path: Path, tiny_model: TinyModel) -> None:
    session = make_session(make_project(tmp_path, tiny_model("bert-lm"), task="language_model", stages=[ALL]))
    session.train = replace(session.train, packed=32)
    warnings = [event.message for event in train_all(session) if isinstance(event, RunWarning)]
    assert TOGETHER in warnings
    assert session.train.packed == session.validation.packed == 0


@pytest.mark.parametrize("task", ["chat", "language_model"])
@pytest.mark.parametrize("packing", [True, False])
def test_frozen_blocks_are_entered_with_packed_rows_too(
    tmp_path: Path, tiny_model: TinyModel, task: str, packing: bool
) -> None:
    top = {"name": "top", "train": ["layers.2"], "learning_rate": 0.01, "epochs": 2}
    path = make_project(tmp_path, tiny_model("llama-lm"), task=task, options={"packing": packing}, stages=[top])
    cached = make_session(path)
    events = train_all(cached)
    assert any(event.event == "work_progress" for event in events)
    assert not [event for event in events if isinstance(event, RunWarning)]
    plain = make_session(path)
    plain.tree = replace(plain.tree, blocks="")  # where no blocks are known, every row goes through all of them
    expected = [event.metrics["loss"] for event in train_all(plain) if isinstance(event, EvaluationFinished)]
    found = [event.metrics["loss"] for event in events if isinstance(event, EvaluationFinished)]
    assert found == pytest.approx(expected, rel=1e-3)


# --- runs ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["llama-lm", "gpt2-lm", "gemma2-lm", "bert-lm"])
def test_a_language_model_learns_and_is_one_that_transformers_opens(
    tmp_path: Path, tiny_model: TinyModel, family: str
) -> None:
    events, run = run_project(make_project(tmp_path, tiny_model(family), task="language_model", stages=[ALL, ALL]))
    (before,) = [event for event in events if isinstance(event, PretrainedMeasured)]
    finished = events[-1]
    assert isinstance(finished, RunFinished)
    assert finished.metrics["perplexity"] < before.metrics["perplexity"]
    assert finished.metrics["perplexity"] == pytest.approx(math.exp(finished.metrics["loss"]))
    kind = AutoModelForMaskedLM if family == "bert-lm" else AutoModelForCausalLM
    _, report = kind.from_pretrained(run.model, output_loading_info=True)
    assert not report["missing_keys"]
    report = Predictor.load(run.path).evaluate(tmp_path / "dev.csv")
    assert report.metrics["loss"] == pytest.approx(finished.metrics["loss"], rel=1e-4)


def test_what_never_gets_better_stays_as_it_came(tmp_path: Path, tiny_model: TinyModel) -> None:
    ruinous = ALL | {"learning_rate": 5.0}
    events, run = run_project(make_project(tmp_path, tiny_model("llama-lm"), task="chat", stages=[ruinous]))
    assert isinstance(events[-1], RunFinished)
    assert events[-1].best.stage == "pretrained"
    kept = AutoModelForCausalLM.from_pretrained(run.model).state_dict()
    original = AutoModelForCausalLM.from_pretrained(tiny_model("llama-lm")).state_dict()
    assert all(torch.equal(kept[name], original[name]) for name in original)


def test_another_task_goes_on_from_an_adapted_model(tmp_path: Path, tiny_model: TinyModel) -> None:
    _, adapted = run_project(make_project(tmp_path / "a", tiny_model("bert-lm"), task="language_model", stages=[ALL]))
    events, run = run_project(make_project(tmp_path / "b", adapted.model, stages=[HEAD, TOP]))
    assert isinstance(events[-1], RunFinished)
    same, other = (AutoModel.from_pretrained(place).state_dict() for place in (adapted.model, run.model))
    assert torch.equal(same["encoder.layer.0.output.dense.weight"], other["encoder.layer.0.output.dense.weight"])


def test_memory_that_ends_changes_nothing_but_the_time(tmp_path: Path, tiny_model: TinyModel) -> None:
    path = make_project(tmp_path, tiny_model("llama-lm"), task="chat", stages=[BLOCKS])
    plain, halved = make_session(path), make_session(path)
    halved.row_limit.most = 3
    expected, found = (
        [event.metrics["loss"] for event in train_all(session) if isinstance(event, EvaluationFinished)]
        for session in (plain, halved)
    )
    assert found == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("rules", [["blocks"], ["adapter:blocks"]])
def test_inner_values_that_are_computed_again_change_nothing(
    tmp_path: Path, tiny_model: TinyModel, rules: list[str]
) -> None:
    found = []
    for again in (False, True):
        path = make_project(
            tmp_path / str(again),
            tiny_model("llama-lm"),
            task="chat",
            stages=[BLOCKS | {"train": rules}],
            training={"checkpoint_activations": again},
        )
        events = train_all(make_session(path))
        assert not [event for event in events if isinstance(event, RunWarning)]
        found.append([event.metrics["loss"] for event in events if isinstance(event, EvaluationFinished)])
    assert found[0] == pytest.approx(found[1], rel=1e-4)


# --- writing ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def writer(tmp_path: Path, tiny_model: TinyModel) -> Predictor:
    _, run = run_project(make_project(tmp_path, tiny_model("qwen2-lm"), task="chat", stages=[BLOCKS]))
    return Predictor.load(run.path)


def test_a_model_writes_what_transformers_writes(writer: Predictor) -> None:
    asked = [{"role": "user", "content": "my parcel"}]
    heard: list[str] = []

    def say(text: str) -> bool:
        heard.append(text)
        return True

    written = writer.converse(asked, WritingSettings(most_tokens=12), say)
    model = AutoModelForCausalLM.from_pretrained(writer_folder(writer))
    tokenizer = AutoTokenizer.from_pretrained(writer_folder(writer))
    ids = tokenizer("User: my parcel\nAssistant:", return_tensors="pt")
    found = model.generate(**ids, max_new_tokens=12, do_sample=False)
    assert written.text == tokenizer.decode(found[0, ids["input_ids"].shape[1] :], skip_special_tokens=True).strip()
    assert "".join(heard).strip() == written.text
    assert 0 < written.tokens <= 12
    assert written.speed > 0


def writer_folder(writer: Predictor) -> Path:
    return Path(str(writer._network.head.model.config._name_or_path))


def test_writing_ends_when_nobody_listens(writer: Predictor) -> None:
    heard: list[str] = []
    settings = WritingSettings(temperature=1.0, most_tokens=200, seed=3)
    written = writer.converse([{"role": "user", "content": "my"}], settings, lambda text: bool(heard.append(text)))
    assert written.end is WritingEnd.STOPPED
    assert len(heard) == 1
    assert written.tokens < 200


def test_chance_is_repeated_by_its_seed_and_leaves_no_trace(writer: Predictor) -> None:
    asked = [{"role": "user", "content": "my parcel"}]
    torch.manual_seed(1)
    before = torch.get_rng_state()
    one, same, other = (
        writer.converse(asked, WritingSettings(temperature=1.5, most_tokens=20, seed=seed)).text for seed in (5, 5, 6)
    )
    assert one == same != other
    assert torch.equal(torch.get_rng_state(), before)


def test_what_there_is_no_room_for_is_forgotten_and_said(writer: Predictor) -> None:
    asked = [{"role": "user", "content": "parcel " * 100}]
    written = writer.converse(asked, WritingSettings(most_tokens=16))
    assert written.forgotten > 0
    assert writer.predict(["parcel " * 100])[0].truncated


def test_the_model_as_it_came_answers_too(tmp_path: Path, tiny_model: TinyModel) -> None:
    _, run = run_project(make_project(tmp_path, tiny_model("qwen2-lm"), task="chat", stages=[BLOCKS]))
    before, after = Predictor.load_original(run.path), Predictor.load(run.path)
    asked = [{"role": "user", "content": "my parcel"}]
    assert before.converse(asked, WritingSettings(most_tokens=8)).text != ""
    assert isinstance(before._network.head, LanguageHead)
    original = build_network(tiny_model("qwen2-lm"), load_task("chat"), 0, Pooling.MEAN)
    same, learnt = (dict(predictor._network.named_layers()) for predictor in (before, after))
    for name, parameter in original.named_layers():
        assert torch.equal(parameter, same[name])
    assert any(not torch.equal(learnt[name], same[name]) for name in same)


def test_a_model_that_reads_writes_nothing(tmp_path: Path, tiny_model: TinyModel) -> None:
    _, run = run_project(make_project(tmp_path, tiny_model("bert-lm"), task="language_model", stages=[ALL]))
    predictor = Predictor.load(run.path)
    assert not predictor.writes
    with pytest.raises(InputError, match="it writes nothing"):
        predictor.predict(["my parcel"])


def test_a_model_is_asked_on_the_command_line(tmp_path: Path, tiny_model: TinyModel) -> None:
    _, run = run_project(make_project(tmp_path, tiny_model("qwen2-lm"), task="chat", stages=[BLOCKS]))
    outcome = thaw("predict", run.path, "my parcel", "--json")
    assert outcome.status == 0, outcome.err
    answer = json.loads(outcome.out)
    assert answer["question"] == "my parcel"
    assert answer["end"] in {"done", "length"}
    outcome = thaw("evaluate", run.path, tmp_path / "dev.csv")
    assert "perplexity" in outcome.out
