"""The command line: exit statuses, JSON lines and nothing else, problems in words, nothing overwritten."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import Outcome, run_thaw, start_thaw, thaw
from tests.support.projects import ALL, HEAD, TOP, make_project, write_delimited
from tests.support.resumed import assert_alike
from tests.support.toy_texts import toy_rows
from trainer_core import __version__
from trainer_core.engines.local import LocalEngine
from trainer_core.runs.folder import RunFolder


def contents(folder: Path) -> dict[Path, bytes]:
    """Return every file below a folder with its content."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def assert_refused(outcome: Outcome, *parts: str) -> None:
    """Check that a command ended with the input at fault, in words, without a traceback."""
    assert outcome.status == 2, outcome
    assert "Traceback" not in outcome.err
    assert outcome.out == ""
    for part in parts:
        assert part in outcome.told


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, bert: Path) -> Path:
    """Return the folder of a finished run; never write there."""
    path = make_project(tmp_path_factory.mktemp("run"), bert, stages=[HEAD])
    outcome = thaw("train", path, "--json")
    assert outcome.status == 0, outcome
    return Path(outcome.events()[-1]["folder"])


# --- thaw train ----------------------------------------------------------------------------------------------------


def test_training_prints_json_lines_and_nothing_else(tmp_path: Path, bert: Path) -> None:
    outcome = run_thaw("train", make_project(tmp_path, bert, stages=[HEAD, ALL], pooling="auto"), "--json")
    assert outcome.status == 0, outcome.err
    events = outcome.events()
    assert all(isinstance(event["event"], str) and isinstance(event["time"], float) for event in events)
    assert [event["time"] for event in events] == sorted(event["time"] for event in events)
    assert events[0]["event"] == "run_started"
    last = events[-1]
    assert last["event"] == "run_finished"
    assert set(last["metrics"]) == {"loss", "accuracy", "macro_f1", "auc"}
    assert set(last["best"]) == {"metric", "value", "step", "stage"}
    assert last["best"]["value"] == last["metrics"][last["best"]["metric"]]
    assert last["seconds"] > 0
    journal = Path(last["folder"]) / "events.jsonl"
    assert [json.loads(line) for line in journal.read_text().splitlines()] == events
    assert "Warning" not in outcome.err


def test_training_shows_what_it_does(tmp_path: Path, bert: Path) -> None:
    texts = tmp_path / "try.txt"
    texts.write_text("my parcel is late\n\nmy invoice\n")
    path = make_project(tmp_path, bert, stages=[HEAD | {"name": "[/head] [bold]"}, TOP], pooling="auto")
    outcome = thaw("train", path, "--try", texts, "--out", tmp_path / "[old] runs")
    assert outcome.status == 0, outcome.err
    for part in ("36 rows to learn from", "Linear probe", 'Stage 1 "[/head] [bold]"', 'Stage 2 "top"', "epoch 1"):
        assert part in outcome.out
    assert str(tmp_path / "[old] runs") in outcome.out
    assert "my parcel is late" in outcome.out
    assert "Tried on 2 sentences" in outcome.out


def test_overrides_and_out_hold(tmp_path: Path, bert: Path) -> None:
    path = make_project(tmp_path, bert)
    outcome = thaw(
        "train", path, "--json", "--out", tmp_path / "a" / "b", "--set", "stage.0.epochs=3", "--set", "seed=1"
    )
    assert outcome.status == 0, outcome.err
    started, *_, finished = outcome.events()
    assert (started["seed"], started["stages"][0]["epochs"]) == (1, 3)
    assert Path(finished["folder"]).parent == tmp_path / "a" / "b"
    assert not (tmp_path / "runs").exists()


def test_training_overwrites_nothing(tmp_path: Path, bert: Path) -> None:
    path = make_project(tmp_path, bert)
    thaw("train", path, "--json")
    before = contents(tmp_path)
    assert thaw("train", path, "--json").status == 0
    after = contents(tmp_path)
    assert {name: after[name] for name in before} == before


def write_bytes(name: str, content: bytes) -> Any:
    """Return a function that writes a file of a project folder."""
    return lambda folder: (folder / name).write_bytes(content)


def write_rows(name: str, rows: list[tuple[str, str]]) -> Any:
    """Return a function that writes rows into a project folder."""
    return lambda folder: write_delimited(folder / name, rows)


def folder_instead(name: str) -> Any:
    """Return a function that puts a folder in place of a file."""

    def replace(folder: Path) -> None:
        (folder / name).unlink()
        (folder / name).mkdir()

    return replace


SPOILT = {
    "missing data": (lambda folder: (folder / "train.csv").unlink(), ["train.csv", "no such file"]),
    "empty data": (write_bytes("train.csv", b""), ["train.csv", "empty"]),
    "folder for data": (folder_instead("train.csv"), ["train.csv", "folder"]),
    "binary data": (write_bytes("train.csv", bytes(range(256)) * 9), ["train.csv", "binary"]),
    "one class": (write_rows("train.csv", [(text, "same") for text, _ in toy_rows(9)]), ["same", "nothing to learn"]),
    "empty labels": (write_rows("train.csv", [*toy_rows(9), ("why", "")]), ["without a label", "row 11"]),
    "no text": (write_rows("train.csv", [*toy_rows(9), ("", "billing")]), ["without a text", "row 11"]),
    "ragged": (write_bytes("train.csv", b"text,label\na,b\nc,d,e\n"), ["Row 3", "3 columns"]),
    "bad validation": (write_bytes("dev.csv", bytes(range(256)) * 9), ["dev.csv", "binary"]),
    "missing project": (lambda folder: (folder / "small.thaw").unlink(), ["small.thaw", "no such file"]),
    "empty project": (write_bytes("small.thaw", b""), ["data", "missing"]),
    "folder for project": (folder_instead("small.thaw"), ["small.thaw", "folder"]),
    "binary project": (write_bytes("small.thaw", b"\xff\xfe\x00"), ["small.thaw", "UTF-8"]),
    "file for runs": (write_bytes("runs", b"precious"), ["runs", "cannot be written"]),
}


@pytest.mark.parametrize("case", SPOILT)
def test_bad_input_is_told_before_anything_is_written(tmp_path: Path, bert: Path, case: str) -> None:
    spoil, parts = SPOILT[case]
    path = make_project(tmp_path, bert)
    spoil(tmp_path)
    before = contents(tmp_path)
    assert_refused(thaw("train", path, "--json"), *parts)
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    ("wanted", "parts"),
    [
        ({"data": {"columns": {"text": "body"}}}, ["data.columns.text", "body", "text, label"]),
        ({"stages": [HEAD | {"train": ["hed"]}]}, ["stage[0].train", 'Did you mean "head"?']),
        ({"stages": [HEAD | {"lerning_rate": 3}]}, ["stage[0].lerning_rate", 'Did you mean "learning_rate"?']),
        ({"max_length": 10_000}, ["model.max_length", "64"]),
        ({"training": {"device": "cuda:9"}}, ["training.device"]),
    ],
)
def test_a_bad_project_is_told(tmp_path: Path, bert: Path, wanted: dict[str, Any], parts: list[str]) -> None:
    assert_refused(thaw("train", make_project(tmp_path, bert, **wanted), "--json"), *parts)


@pytest.mark.parametrize("missing", ["model.safetensors", "config.json", "tokenizer.json", "*"])
def test_a_bad_model_folder_is_told(tmp_path: Path, bert: Path, missing: str) -> None:
    model = Path(shutil.copytree(bert, tmp_path / "model"))
    for file in model.glob(missing):
        file.unlink()
    assert_refused(thaw("train", make_project(tmp_path / "p", model)), "model.source", str(model))


def test_an_out_folder_that_is_a_file_is_told(tmp_path: Path, bert: Path) -> None:
    (tmp_path / "taken").write_text("precious")
    path = make_project(tmp_path / "p", bert)
    for out in (tmp_path / "taken", tmp_path / "taken" / "below"):
        assert_refused(thaw("train", path, "--out", out, "--json"), "taken", "--out")
    assert (tmp_path / "taken").read_text() == "precious"


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["train"], "Try `thaw train --help`"),
        (["traim", "x.thaw"], "traim"),
        (["train", "x.thaw", "--jsn"], "--jsn"),
        (["train", "x.thaw", "--set", "nonsense"], "x.thaw"),
        (["predict"], "Try `thaw predict --help`"),
    ],
)
def test_a_wrong_command_is_told(words: list[str], part: str) -> None:
    assert_refused(thaw(*words), part)


def test_a_wrong_override_is_told(tmp_path: Path, bert: Path) -> None:
    assert_refused(thaw("train", make_project(tmp_path, bert), "--set", "seed"), "key=value")


def test_a_missing_file_of_texts_to_try_is_told_first(tmp_path: Path, bert: Path) -> None:
    path = make_project(tmp_path, bert)
    assert_refused(thaw("train", path, "--try", tmp_path / "none.txt"), "none.txt")
    assert not (tmp_path / "runs").exists()


def test_an_error_that_is_nobodys_fault_ends_with_one(
    tmp_path: Path, bert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any) -> Any:
        raise RuntimeError("a fault")
        yield

    monkeypatch.setattr(LocalEngine, "run", broken)
    outcome = thaw("train", make_project(tmp_path, bert), "--json")
    assert outcome.status == 1
    assert "a fault" in outcome.err
    assert outcome.out == ""


def test_an_interrupt_ends_the_run_with_the_best_kept(tmp_path: Path, bert: Path) -> None:
    path = make_project(tmp_path, bert, stages=[ALL | {"epochs": 5000}])
    process = start_thaw("train", path, "--json")
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if json.loads(line)["event"] == "step_finished":
            process.send_signal(signal.SIGINT)
            break
    rest, err = process.communicate(timeout=500)
    assert process.returncode == 3, err
    last = json.loads(rest.splitlines()[-1])
    assert last["event"] == "run_finished"
    assert last["stopped"] is True
    assert "the best so far is kept" in err
    assert "Traceback" not in err
    answer = thaw("predict", last["folder"], "my parcel is late", "--json")
    assert answer.status == 0
    assert answer.events()[0]["label"] in {"billing", "delivery", "returns"}


@pytest.mark.skipif(os.name != "posix", reason="interrupts are sent to a process on POSIX only")
def test_two_interrupts_break_a_run_off_and_it_goes_on_exactly(tmp_path: Path, bert: Path) -> None:
    path = make_project(tmp_path, bert, stages=[HEAD | {"epochs": 12}, ALL | {"epochs": 8}])
    unbroken = thaw("train", path, "--json", "--out", tmp_path / "unbroken")
    process = start_thaw("train", path, "--json", "--out", tmp_path / "broken")
    assert process.stdout is not None
    assert process.stderr is not None
    for line in process.stdout:
        if '"step_finished"' in line and '"step":30,' in line:
            process.send_signal(signal.SIGINT)
            break
    for line in process.stderr:
        if "Ctrl-C again" in line:
            process.send_signal(signal.SIGINT)
            break
    process.communicate(timeout=500)
    (run,) = (tmp_path / "broken").iterdir()
    assert thaw("resume", run).status == 0
    assert_alike(RunFolder(run), RunFolder(Path(unbroken.events()[-1]["folder"])))


# --- thaw predict --------------------------------------------------------------------------------------------------


def test_texts_are_predicted(run: Path) -> None:
    outcome = thaw("predict", run, "my invoice", "the [bold] parcel", "--json")
    assert outcome.status == 0, outcome.err
    first, second = outcome.events()
    assert set(first) == {"text", "label", "probabilities", "truncated"}
    assert second["text"] == "the [bold] parcel"
    shown = thaw("predict", run, "the [bold] parcel")
    assert (shown.status, "the [bold] parcel" in shown.out) == (0, True)


def test_lines_of_standard_input_are_predicted(run: Path) -> None:
    outcome = thaw("predict", run, "--json", typed="my invoice\n\nmy parcel\n")
    assert [answer["text"] for answer in outcome.events()] == ["my invoice", "my parcel"]


def test_the_model_folder_answers_like_the_run(run: Path) -> None:
    assert thaw("predict", run / "model", "hello", "--json").out == thaw("predict", run, "hello", "--json").out


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".jsonl"])
def test_a_file_is_predicted_into_another(run: Path, tmp_path: Path, ending: str) -> None:
    rows = [*toy_rows(7), ("=1+1", "billing")]
    source = write_delimited(tmp_path / "texts.csv", rows)
    target = tmp_path / f"answers{ending}"
    outcome = thaw("predict", run, "--file", source, "--out", target)
    assert outcome.status == 0, outcome.err
    assert "8 predictions" in outcome.out
    if ending == ".jsonl":
        texts = [json.loads(line)["text"] for line in target.read_text().splitlines()]
        assert texts == [text for text, _ in rows]
    else:
        with target.open(newline="") as file:
            lines = list(csv.reader(file, delimiter="," if ending == ".csv" else "\t"))
        assert [line[0] for line in lines] == ["text", *(text for text, _ in rows[:-1]), "'=1+1"]


def test_predictions_never_replace_a_file(run: Path, tmp_path: Path) -> None:
    source = write_delimited(tmp_path / "texts.csv", toy_rows(3))
    before = contents(tmp_path)
    assert_refused(thaw("predict", run, "--file", source, "--out", source), "texts.csv", "there already")
    assert contents(tmp_path) == before


def test_the_column_of_texts_is_found_or_named(run: Path, tmp_path: Path) -> None:
    other = write_delimited(tmp_path / "other.csv", [("1", "my invoice")], header=("id", "body"))
    target = tmp_path / "answers.csv"
    assert_refused(thaw("predict", run, "--file", other, "--out", target), 'no column "text"', "id, body")
    assert_refused(thaw("predict", run, "--file", other, "--out", target, "--column", "bdy"), "bdy")
    assert not target.exists()
    assert thaw("predict", run, "--file", other, "--out", target, "--column", "1").status == 0
    assert "my invoice" in target.read_text()
    single = write_delimited(tmp_path / "single.csv", [("my parcel is late, again and again",)] * 3, header=("x",))
    assert thaw("predict", run, "--file", single, "--out", tmp_path / "s.csv").status == 0


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["none", "a text"], "no such folder"),
        ([".", "a text"], "neither a run nor a model"),
        (["RUN", "--file", "FILE"], "--out"),
        (["RUN", "a text", "--file", "FILE", "--out", "x.csv"], "both"),
        (["RUN", "--file", "FILE", "--out", "x.xlsx"], "x.xlsx"),
        (["RUN", "--file", "none.csv", "--out", "x.csv"], "none.csv"),
    ],
)
def test_a_wrong_prediction_is_told(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], part: str
) -> None:
    monkeypatch.chdir(tmp_path)
    source = write_delimited(tmp_path / "texts.csv", toy_rows(3))
    places = {"RUN": str(run), "FILE": str(source)}
    assert_refused(thaw("predict", *(places.get(word, word) for word in words)), part)
    assert sorted(tmp_path.iterdir()) == [source]


# --- thaw inspect, thaw check --------------------------------------------------------------------------------------


def test_a_model_is_shown_by_the_names_of_its_layers(bert: Path, tmp_path: Path) -> None:
    outcome = thaw("inspect", bert)
    assert outcome.status == 0, outcome.err
    for part in ("3 blocks (encoder.layer)", "encoder.layer.0.attention", "head.linear.weight [2, 16]", "block 3"):
        assert part in outcome.out
    project = thaw("inspect", make_project(tmp_path, bert, stages=[HEAD, TOP]))
    assert 'Stage "top" trains head, top:1' in project.out
    assert_refused(thaw("inspect", tmp_path / "none"), "none")
    assert_refused(thaw("inspect", "starter:none"), "all-MiniLM-L6-v2")


def test_a_project_is_checked_without_training(bert: Path, tmp_path: Path) -> None:
    path = make_project(tmp_path, bert, stages=[HEAD | {"name": "[/x] first"}])
    outcome = thaw("check", path)
    assert outcome.status == 0, outcome.err
    assert "36 rows" in outcome.out
    assert 'stage "[/x] first"' in outcome.out
    assert not (tmp_path / "runs").exists()
    assert_refused(
        thaw("check", path, "--set", "stage.0.train=['hed']", "--set", "training.metric=bleu"), "hed", "bleu"
    )


def test_a_check_forecasts_each_stage_and_the_whole(bert: Path, tmp_path: Path) -> None:
    path = make_project(tmp_path, bert, stages=[HEAD, TOP])
    outcome = thaw("check", path)
    assert outcome.status == 0, outcome.err
    lines = outcome.out.splitlines()
    assert [line.split(":")[0] for line in lines if line.startswith("forecast")] == [
        'forecast "head"',
        'forecast "top"',
        "forecast in all",
    ]
    whole = next(line for line in lines if line.startswith("forecast in all"))
    for part in ("about", "of memory", "of disk", "measured on this machine"):
        assert part in whole
    assert lines[-1] == "Nothing is wrong with this project."
    assert thaw("train", path, "--out", tmp_path / "runs").status == 0
    assert "an earlier run of this model" in thaw("check", path).out


def test_a_check_forecasts_what_is_read_first(bert: Path, tmp_path: Path) -> None:
    path = make_project(tmp_path, bert, stages=[HEAD])
    path.write_text(f"{path.read_text()}\n[pretraining]\n", encoding="utf-8")
    lines = thaw("check", path).out.splitlines()
    assert any(line.startswith("forecast before the stages: ") for line in lines)


def test_the_version_and_help_are_shown() -> None:
    assert thaw("--version").out.strip() == f"thaw {__version__}"
    assert thaw("--help").status == 0
    assert "train" in thaw("--help").out
