"""The real starter that writes: converted, asked, and taught on real instructions."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from tests.benchmarks.lora import SEEDS
from tests.support.sessions import run_project
from trainer_core.inference.predictor import Predictor
from trainer_core.inference.written import WritingEnd, WritingSettings
from trainer_core.models.gguf import PARTS
from trainer_core.models.starters import find_starter
from trainer_core.training.events import EvaluationFinished, PretrainedMeasured

NAME = "SmolLM2-135M-Instruct"


@pytest.fixture(scope="module")
def writer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the starter, converted anew."""
    told: list[tuple[str, int, int]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        starter, folder = find_starter(NAME, lambda *what: told.append(what))
        assert [done for _, done, _ in told] == list(range(len(PARTS) + 1))
        assert find_starter(NAME, lambda *what: told.append(what)) == (starter, folder)
        assert len(told) == len(PARTS) + 1
    return folder


@pytest.mark.slow
def test_it_knows_paris_and_how_many_values_it_has(writer: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(writer)
    model = AutoModelForCausalLM.from_pretrained(writer, dtype=torch.float32)
    assert sum(parameter.numel() for parameter in model.parameters()) == 134_515_008
    asked = tokenizer.apply_chat_template(
        [{"role": "user", "content": "What is the capital of France?"}],
        add_generation_prompt=True,
        return_tensors="pt",
        return_dict=True,
    )
    found = model.generate(**asked, max_new_tokens=12, do_sample=False)[0, asked["input_ids"].shape[1] :]
    assert tokenizer.decode(found, skip_special_tokens=True) == "The capital of France is Paris."


@pytest.mark.slow
@pytest.mark.skipif(not SEEDS.is_file(), reason=f"the seed tasks are not in {SEEDS.parent}")
def test_adapters_learn_from_real_instructions(writer: Path, tmp_path: Path) -> None:
    path = tmp_path / "seeds.thaw"
    path.write_text(f"""
version = 1
task = "chat"

[model]
source = "{writer.as_posix()}"
max_length = 160

[data]
train = "{SEEDS.as_posix()}"
limit = 16

[training]
batch_size = 4
precision = "float32"
evaluations_per_epoch = 1

[[stage]]
name = "adapters"
train = ["adapter:top:2"]
learning_rate = 1e-3
epochs = 1
""")
    events, run = run_project(path)
    (before,) = [event for event in events if isinstance(event, PretrainedMeasured)]
    (after,) = [event for event in events if isinstance(event, EvaluationFinished)]
    assert after.metrics["loss"] < before.metrics["loss"]
    predictor = Predictor.load(run.path)
    written = predictor.converse(
        [{"role": "user", "content": "What is the capital of France?"}], WritingSettings(most_tokens=24)
    )
    assert "Paris" in written.text
    assert written.end is WritingEnd.DONE
