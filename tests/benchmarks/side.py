"""One side of a comparison in a process of its own: ``python -m tests.benchmarks.side thaw|default|tuned WORK``.

Prints one JSON object: the seconds from the first row read to the last evaluation (imports are not counted), the best
accuracy on the validation rows, and the peak of resident memory in MiB.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psutil

from tests.benchmarks.work import BATCH, LABELS, MAX_LENGTH, WORKS, Work, project_text, read_rows
from trainer_core.models.starters import find_starter

MODEL = "all-MiniLM-L6-v2"


class PeakMemory:
    """Watches the resident memory of this process while something runs, as MiB above where it began."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._over = threading.Event()
        self._begin = self.peak = 0.0

    def __enter__(self) -> PeakMemory:
        self._begin = self.peak = self._now()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.01):
            self.peak = max(self.peak, self._now())

    def _now(self) -> float:
        # Pages of mapped files belong to the system, which takes them back at will.
        memory = self._process.memory_info()
        return (memory.rss - getattr(memory, "shared", 0)) / 2**20


def run_thaw(work: Work, folder: Path) -> dict[str, Any]:
    """Train with Thaw's engine, on a project as a user writes it."""
    from trainer_core.engines.local import LocalEngine
    from trainer_core.project.load import load_project
    from trainer_core.tasks.registry import load_task
    from trainer_core.training.control import Control

    load_task("classification")  # imports scikit-learn

    path = folder / "work.thaw"
    path.write_text(project_text(work), encoding="utf-8")
    with PeakMemory() as memory:
        started = time.perf_counter()
        events = list(LocalEngine().run(load_project(path), path, folder / "runs", Control()))
        seconds = time.perf_counter() - started
    finished = events[-1]
    started_event = next(event for event in events if event.event == "run_started")
    speeds = [event.tokens / event.seconds for event in events if event.event == "step_finished"]
    return {
        "seconds": seconds,
        "accuracy": finished.metrics["accuracy"],
        "memory": memory.peak,
        "precision": started_event.precision,
        "tokens_per_second": statistics.median(speeds),
    }


def run_peer(work: Work, folder: Path, *, tuned: bool) -> dict[str, Any]:
    """Train with transformers' Trainer: at its defaults, or grouped by length, in bfloat16, with Thaw's rates."""
    import datasets
    import torch
    import transformers
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, Trainer, TrainingArguments

    transformers.utils.logging.set_verbosity_error()
    datasets.disable_progress_bars()
    place = str(find_starter(MODEL)[1])
    with PeakMemory() as memory:
        started = time.perf_counter()
        tokenizer = AutoTokenizer.from_pretrained(place)
        parts = {}
        for name, limit in (("train", work.rows), ("dev", None)):
            texts, labels = read_rows(name, limit)
            rows = datasets.Dataset.from_dict({"text": texts, "label": labels})
            encode = lambda some: tokenizer(some["text"], truncation=True, max_length=MAX_LENGTH)  # noqa: E731
            parts[name] = rows.map(encode, batched=True, remove_columns=["text"])
        torch.manual_seed(work.seed)
        model = AutoModelForSequenceClassification.from_pretrained(place, num_labels=len(LABELS))
        best = 0.0
        for stage in work.stages:
            freeze(model, stage.top)
            extra = {"bf16": True, "train_sampling_strategy": "group_by_length"} if tuned else {}
            arguments = TrainingArguments(
                output_dir=str(folder / "peer"),
                num_train_epochs=stage.epochs,
                per_device_train_batch_size=BATCH,
                learning_rate=stage.learning_rate if tuned else 5e-5,
                eval_strategy="epoch",
                save_strategy="no",
                report_to=[],
                disable_tqdm=True,
                use_cpu=not torch.cuda.is_available(),
                seed=work.seed,
                **extra,
            )
            trainer = Trainer(
                model=model,
                args=arguments,
                train_dataset=parts["train"],
                eval_dataset=parts["dev"],
                processing_class=tokenizer,
                compute_metrics=lambda answer: {"right": (answer[0].argmax(-1) == answer[1]).mean()},
            )
            trainer.train()
            best = max(best, *(entry["eval_right"] for entry in trainer.state.log_history if "eval_right" in entry))
        seconds = time.perf_counter() - started
    return {"seconds": seconds, "accuracy": float(best), "memory": memory.peak}


def freeze(model: Any, top: int) -> None:
    """Let a classification model of BERT's family learn the head alone, some top blocks too, or everything."""
    body = model.base_model
    for parameter in body.parameters():
        parameter.requires_grad_(top < 0)
    for block in list(body.encoder.layer)[len(body.encoder.layer) - max(0, top) :] if top > 0 else []:
        for parameter in block.parameters():
            parameter.requires_grad_(True)


def main() -> None:
    """Run one side and print what it took."""
    side, name = sys.argv[1:3]
    work = WORKS[name]
    # Imports are not part of what is measured, on either side.
    import transformers.models.bert.modeling_bert  # noqa: F401

    import trainer_core.engines.local  # noqa: F401
    from trainer_core.tasks.registry import load_task

    load_task("classification")

    with tempfile.TemporaryDirectory() as folder:
        # Nothing of an earlier run: neither outputs of frozen layers nor a data set's cache.
        os.environ["XDG_CACHE_HOME"] = folder
        result = run_thaw(work, Path(folder)) if side == "thaw" else run_peer(work, Path(folder), tuned=side == "tuned")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
