"""LoRA on SmolLM2 with the seed tasks: Thaw beside transformers' Trainer with peft, on the same tokens.

    python -m tests.benchmarks.lora [--json] [--repeats N] [--epochs N]

The Trainer runs twice: at its defaults (padded batches, float32), and packed (rows of a batch in one sequence that do
not see each other, in the number format that Thaw found to be the quickest here). All sides read the same token
numbers, learn the same answers, in the same number of steps and with the same adapters, and measure the held-out rows
as often. Each side is a process of its own. Ratios are the Trainer's median seconds over Thaw's; ``fall`` is by how
much the held-out loss of answers fell, ``fall_by_row`` where every answer counts the same, however long it is, and
``fall_as_trainer_counts`` by how much the Trainer's own fell at its defaults, where every batch counts the same.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

from tests.benchmarks.work import ROOT

SIDES = ("thaw", "packed", "default")
BATCH, RANK, ALPHA, RATE, LONGEST = 8, 16, 32, 5e-4, 512
EVALUATIONS = 1
TARGETS = {"default": 1.5, "packed": 1.1, "fall": 0.15}
LINEAR = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
SEEDS = Path(os.environ.get("THAW_SHARED_DATA", ROOT.parent / "shared" / "data")) / "instructions" / "seed_tasks.jsonl"


def project_text(epochs: int) -> str:
    """Return the project as a user writes it."""
    return f"""
version = 1
task = "chat"

[model]
source = "starter:SmolLM2-135M-Instruct"
max_length = {LONGEST}

[data]
train = {json.dumps(str(SEEDS))}
validation_share = 0.2

[training]
batch_size = {BATCH}
evaluations_per_epoch = {EVALUATIONS}

[adapter]
rank = {RANK}
alpha = {ALPHA}

[[stage]]
name = "adapters"
train = ["adapter:blocks"]
learning_rate = {RATE}
epochs = {epochs}
"""


def run_thaw(path: Path) -> dict[str, Any]:
    """Train with Thaw's engine."""
    from trainer_core.engines.local import LocalEngine
    from trainer_core.engines.prepare import prepare_run
    from trainer_core.project.load import load_project
    from trainer_core.training.control import Control

    started = time.perf_counter()
    events = list(LocalEngine().run(load_project(path), path, path.parent / "runs", Control()))
    seconds = time.perf_counter() - started
    before = next(event.metrics["loss"] for event in events if event.event == "pretrained_measured")
    losses = [event.metrics["loss"] for event in events if event.event == "evaluation_finished"]
    precision = next(event.precision for event in events if event.event == "run_started")
    finished = Path(events[-1].folder) / "model"
    prepared = prepare_run(load_project(path), path)
    held = _rows(prepared.encoded[1])
    by_row = [mean_loss_of_rows(folder, held) for folder in (prepared.plan.model_folder, finished)]
    return {"seconds": seconds, "before": before, "losses": losses, "precision": precision, "by_row": by_row}


def mean_loss_of_rows(folder: Path, rows: list[dict[str, list[int]]]) -> float:
    """Return the loss of a model's answers; each row counts the same, however long its answer is."""
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    losses = []
    with torch.no_grad():
        for row in rows:
            labels = torch.tensor([row["labels"]])
            if (labels >= 0).any():
                losses.append(float(model(input_ids=torch.tensor([row["input_ids"]]), labels=labels).loss))
    return statistics.mean(losses)


def run_peer(path: Path, *, epochs: int, packed: bool, precision: str) -> dict[str, Any]:
    """Train with transformers' Trainer and peft."""
    import torch
    import transformers
    from peft import LoraConfig, get_peft_model
    from transformers import (
        AutoModelForCausalLM,
        DataCollatorForSeq2Seq,
        DataCollatorWithFlattening,
        Trainer,
        TrainingArguments,
    )

    from trainer_core.engines.prepare import prepare_run
    from trainer_core.project.load import load_project

    transformers.utils.logging.set_verbosity_error()
    prepared = prepare_run(load_project(path), path)
    train, validation = (_rows(encoded) for encoded in prepared.encoded)
    started = time.perf_counter()
    torch.manual_seed(7)
    base = AutoModelForCausalLM.from_pretrained(prepared.plan.model_folder, dtype=torch.float32)
    base.config.use_cache = False
    model = get_peft_model(base, LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=LINEAR, lora_dropout=0.0))
    padding = DataCollatorForSeq2Seq(prepared.tokenizer, padding=True)
    trainer = Trainer(
        model=model,
        args=TrainingArguments(
            output_dir=str(path.parent / "peer"),
            num_train_epochs=epochs,
            per_device_train_batch_size=BATCH,
            per_device_eval_batch_size=BATCH,
            learning_rate=RATE,
            warmup_steps=0.1,
            eval_strategy="epoch",
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
            use_cpu=not torch.cuda.is_available(),
            bf16=precision == "bfloat16",
            prediction_loss_only=True,
            seed=7,
        ),
        train_dataset=train,
        eval_dataset=validation,
        data_collator=DataCollatorWithFlattening() if packed else padding,
    )
    before = trainer.evaluate()["eval_loss"]
    trainer.train()
    seconds = time.perf_counter() - started
    losses = [entry["eval_loss"] for entry in trainer.state.log_history if "eval_loss" in entry and entry["epoch"]]
    return {"seconds": seconds, "before": before, "losses": losses, "precision": precision}


def _rows(encoded: Any) -> list[dict[str, list[int]]]:
    """Return encoded rows as the Trainer takes them: ids, and as labels those that Thaw learns."""
    rows = []
    for start, end in zip(encoded.offsets, encoded.offsets[1:], strict=False):
        ids, told = encoded.ids[start:end], encoded.scored[start:end]
        learnt = [False, *told[:-1].tolist()]
        labels = [number if counts else -100 for number, counts in zip(ids.tolist(), learnt, strict=True)]
        rows.append({"input_ids": ids.tolist(), "labels": labels})
    return rows


def compare(repeats: int, epochs: int, *, quiet: bool) -> dict[str, Any]:
    """Run all sides alternately and return the figures."""
    runs: dict[str, list[dict[str, Any]]] = {side: [] for side in SIDES}
    for repeat in range(repeats):
        for side in SIDES:
            precision = runs["thaw"][-1]["precision"] if side == "packed" else "float32"
            options = ["--side", side, "--precision", precision, "--epochs", str(epochs)]
            done = subprocess.run(
                [sys.executable, "-m", "tests.benchmarks.lora", *options],
                cwd=ROOT,
                capture_output=True,
                text=True,
            )
            if done.returncode:
                raise SystemExit(done.stderr[-2_000:])
            runs[side].append(json.loads(done.stdout.splitlines()[-1]))
            if not quiet:
                print(f"lora {repeat + 1}/{repeats} {side}: {runs[side][-1]}", flush=True)
    seconds = {side: statistics.median(run["seconds"] for run in some) for side, some in runs.items()}
    ratios = {side: seconds[side] / seconds["thaw"] for side in ("default", "packed")}
    own, peer = runs["thaw"][0], runs["default"][0]
    fall = 1 - min(own["losses"]) / own["before"]
    return {
        "name": "lora",
        "epochs": epochs,
        **{f"seconds_{side}": round(seconds[side], 1) for side in SIDES},
        **{f"ratio_{side}": round(ratio, 2) for side, ratio in ratios.items()},
        "fall": round(fall, 3),
        "fall_as_trainer_counts": round(1 - min(peer["losses"]) / peer["before"], 3),
        "fall_by_row": round(1 - own["by_row"][1] / own["by_row"][0], 3),
        **{f"loss_{side}": round(min(runs[side][0]["losses"]), 3) for side in SIDES},
        "loss_before": round(own["before"], 3),
        "targets": TARGETS,
        "reached": fall >= TARGETS["fall"] and all(ratios[side] >= TARGETS[side] for side in ratios),
    }


def main() -> None:
    """Compare, and print the figures as the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print the JSON object only")
    parser.add_argument("--repeats", type=int, default=3, help="how often each side runs; medians are reported")
    parser.add_argument("--epochs", type=int, default=3, help="how often the rows are learnt; the target is of three")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--precision", default="float32", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not SEEDS.is_file():
        raise SystemExit(f"The seed tasks are not in {SEEDS.parent}; set THAW_SHARED_DATA.")
    if options.side is None:
        print(json.dumps(compare(options.repeats, options.epochs, quiet=options.json)))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "seeds.thaw"
        path.write_text(project_text(options.epochs), encoding="utf-8")
        side = options.side
        peer = partial(run_peer, epochs=options.epochs, packed=side == "packed", precision=options.precision)
        print(json.dumps((run_thaw if side == "thaw" else peer)(path)))


if __name__ == "__main__":
    main()
