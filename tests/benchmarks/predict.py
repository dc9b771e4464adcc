"""Predictions: ``python -m tests.benchmarks.predict [--json] [--repeats N]``.

One sentence with everything warm, beside tokenizer and network called by hand; and 10,000 rows of a file into a file,
beside transformers' pipeline with the same model in batches of the same size.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

from tests.benchmarks.work import WORKS, project_text, read_rows

MANY = 10_000
ONE_TARGET, MANY_TARGET = 1.15, 2.0
WARM = 200
PEER_BATCH = 64


def main() -> None:
    """Train a head, then time both ways of predicting alternately."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print the JSON object only, which is all there is")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = folder
        figures = measure(Path(folder), options.repeats)
    print(json.dumps(figures))


def measure(folder: Path, repeats: int) -> dict[str, object]:
    """Return the figures of both ways."""
    from trainer_core.inference.predictor import Predictor
    from trainer_core.results.predictions import write_predictions

    predictor = Predictor.load(_train(folder))
    texts, _ = read_rows("train")
    texts = (texts * (MANY // len(texts) + 1))[:MANY]
    sentence = texts[0]
    one, bare = _alternately(lambda: predictor.predict([sentence]), _bare(predictor, sentence), WARM)
    pipeline = _pipeline(folder)
    target = folder / "out.csv"

    def thaw_file() -> None:
        write_predictions(predictor.predict_stream(texts), target, overwrite=True)

    many, peer = _alternately(thaw_file, lambda: pipeline(texts), repeats)
    return {
        "name": "predict",
        "seconds": round(many, 2),
        "seconds_pipeline": round(peer, 2),
        "ratio_many": round(peer / many, 2),
        "milliseconds_one": round(one * 1000, 2),
        "milliseconds_bare": round(bare * 1000, 2),
        "ratio_one": round(one / bare, 3),
        "reached": one / bare <= ONE_TARGET and peer / many >= MANY_TARGET,
    }


def _train(folder: Path) -> Path:
    from trainer_core.engines.local import LocalEngine
    from trainer_core.project.load import load_project
    from trainer_core.training.control import Control

    path = folder / "work.thaw"
    path.write_text(project_text(WORKS["head_only"]), encoding="utf-8")
    *_, finished = LocalEngine().run(load_project(path), path, folder / "runs", Control())
    return Path(finished.folder)


def _bare(predictor: object, sentence: str) -> Callable[[], object]:
    network, tokenizer = predictor._network, predictor._tokenizer  # type: ignore[attr-defined]

    def call() -> object:
        encoded = tokenizer([sentence], truncation=True, max_length=128, return_tensors="pt")
        with torch.inference_mode():
            return network(encoded["input_ids"], encoded["attention_mask"]).softmax(-1).tolist()

    return call


def _pipeline(folder: Path) -> Callable[[list[str]], object]:
    """Return transformers' pipeline with the untrained starter model: what it answers does not matter here."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

    from trainer_core.models.starters import find_starter

    place = find_starter("all-MiniLM-L6-v2")[1]
    model = AutoModelForSequenceClassification.from_pretrained(place, num_labels=2)
    made = pipeline("text-classification", model=model, tokenizer=AutoTokenizer.from_pretrained(place))
    return lambda texts: made(texts, batch_size=PEER_BATCH)


def _alternately(one: Callable[[], object], other: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Return the median seconds of both, called in turn after a first call that does not count."""
    times: tuple[list[float], list[float]] = ([], [])
    for repeat in range(repeats + 1):
        for call, seconds in zip((one, other), times, strict=True):
            started = time.perf_counter()
            call()
            if repeat:
                seconds.append(time.perf_counter() - started)
    return statistics.median(times[0]), statistics.median(times[1])


if __name__ == "__main__":
    main()
