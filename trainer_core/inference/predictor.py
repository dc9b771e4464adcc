"""Predictions with a fine-tuned model: the same preprocessing as in training."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from transformers import PreTrainedTokenizerBase

from trainer_core.data.batch_size import EVALUATION_TOKENS
from trainer_core.data.batches import sorted_batches
from trainer_core.data.encoded import Encoded, encode_texts
from trainer_core.data.rows import IntArray
from trainer_core.errors import InputError
from trainer_core.export.model_folder import FACTS, ModelFolderFacts, load_model_folder
from trainer_core.inference.prediction import Prediction
from trainer_core.models.body import load_tokenizer
from trainer_core.models.build import build_network, load_tensors
from trainer_core.models.network import Network
from trainer_core.project.schema import Pooling
from trainer_core.runs.checkpoints import load_checkpoint
from trainer_core.runs.folder import RunFolder, is_run_folder
from trainer_core.tasks.base import FloatArray
from trainer_core.tasks.registry import load_task
from trainer_core.training.memory import RowLimit, each_part
from trainer_core.training.precision import resolve_device

TEXTS_AT_ONCE = 2_000


class Predictor:
    """A loaded model that answers. Not to be called from two threads at once."""

    def __init__(
        self, network: Network, tokenizer: PreTrainedTokenizerBase, facts: ModelFolderFacts, device: torch.device
    ) -> None:
        self._network = network.to(device).eval()
        self._tokenizer = tokenizer
        self._task = load_task(facts.task)
        self._device = device
        self._row_limit = RowLimit()
        self.facts = facts

    @classmethod
    def load(cls, place: Path, device: str = "auto") -> Predictor:
        """Load the best checkpoint of a run, or a complete model folder.

        Raises:
            InputError: there is nothing to load, or the run's base model is gone.
        """
        chosen = resolve_device(device)
        if is_run_folder(place):
            run = RunFolder(place)
            loaded = load_model_folder(run.model) if run.model.is_dir() else _load_checkpoint(run)
        elif (place / FACTS).is_file():
            loaded = load_model_folder(place)
        else:
            remedy = "Name a run folder, or the folder model/ inside one."
            what = "This is neither a run nor a model of Thaw." if place.exists() else "There is no such folder."
            raise InputError.one(place, what, remedy)
        return cls(*loaded, chosen)

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Return one prediction a text, in their order."""
        return list(self.predict_stream(texts))

    def predict_stream(self, texts: Iterable[str]) -> Iterator[Prediction]:
        """Yield one prediction a text, in their order, holding only some texts at a time."""
        iterator = iter(texts)
        while some := list(islice(iterator, TEXTS_AT_ONCE)):
            yield from self._predict_some(some)

    def _predict_some(self, texts: list[str]) -> list[Prediction]:
        encodings, cut = encode_texts(self._tokenizer, texts, self.facts.max_length)
        rows = Encoded.from_lists(encodings, np.zeros(len(texts), dtype=np.int64), sum(cut), self._tokenizer)
        scores = np.empty((len(texts), len(self.facts.labels)), dtype=np.float32)
        for batch in sorted_batches(rows.lengths, EVALUATION_TOKENS[self._device.type]):
            for places, some in each_part(self._row_limit, batch, lambda chosen: self._scores(rows, chosen)):
                scores[places] = some
        answers = self._task.read(texts, scores, self.facts.labels)
        return [replace(answer, truncated=was_cut) for answer, was_cut in zip(answers, cut, strict=True)]

    def _scores(self, rows: Encoded, chosen: IntArray) -> FloatArray:
        ids, mask = (tensor.to(self._device) for tensor in rows.tokens(chosen))
        with torch.inference_mode():
            scores: FloatArray = self._network(ids, mask).float().cpu().numpy()
        return scores


def _load_checkpoint(run: RunFolder) -> tuple[Network, PreTrainedTokenizerBase, ModelFolderFacts]:
    plan = run.load_plan()
    tensors, kept = load_checkpoint(run.best_checkpoint())
    pooling = Pooling(kept["pooling"])
    base = Path(plan.model_folder)
    network = build_network(base, load_task(plan.task), len(plan.data.labels), pooling)
    load_tensors(network, tensors)
    return network, load_tokenizer(base), ModelFolderFacts.from_plan(plan, pooling)
