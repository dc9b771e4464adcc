"""Predictions with a fine-tuned model: the same preprocessing as in training."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from transformers import PreTrainedTokenizerBase

from trainer_core.data.batch_size import EVALUATION_TOKENS
from trainer_core.data.batches import sorted_batches
from trainer_core.data.encoded import Encoded
from trainer_core.data.messages import Unreadable
from trainer_core.data.prepare import read_labelled
from trainer_core.data.roles import Fields, Role
from trainer_core.data.rows import IntArray
from trainer_core.data.sources import load_table
from trainer_core.errors import InputError
from trainer_core.export.model_folder import FACTS, ModelFolderFacts, load_model_folder
from trainer_core.inference.prediction import EvaluationReport, Prediction
from trainer_core.inference.writer import Say, Writer
from trainer_core.inference.written import Message, WritingSettings, Written, WrittenPrediction
from trainer_core.models.body import load_tokenizer
from trainer_core.models.build import build_network, build_planned, load_tensors
from trainer_core.models.facts import Telling
from trainer_core.models.language import LanguageHead
from trainer_core.models.network import Network
from trainer_core.project.schema import ColumnsSection, Pooling
from trainer_core.runs.checkpoints import load_calibration, load_checkpoint
from trainer_core.runs.folder import RunFolder, is_run_folder
from trainer_core.tasks.base import FloatArray
from trainer_core.tasks.encoding import encode_rows
from trainer_core.training.memory import RowLimit, each_part
from trainer_core.training.precision import resolve_device
from trainer_core.training.scoring import tallies_of

ROWS_AT_ONCE = 2_000
PLAIN_WRITING = WritingSettings()


class Predictor:
    """A loaded model that answers. Not to be called from two threads at once."""

    def __init__(
        self, network: Network, tokenizer: PreTrainedTokenizerBase, facts: ModelFolderFacts, device: torch.device
    ) -> None:
        self._network = network.to(device).eval()
        self._tokenizer = tokenizer
        self._task = facts.build_task()
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
            loaded = load_model_folder(run.model) if run.model.is_dir() else _load_checkpoint(run, chosen)
        elif (place / FACTS).is_file():
            loaded = load_model_folder(place)
        else:
            remedy = "Name a run folder, or the folder model/ inside one."
            what = "This is neither a run nor a model of Thaw." if place.exists() else "There is no such folder."
            raise InputError.one(place, what, remedy)
        return cls(*loaded, chosen)

    @classmethod
    def load_original(cls, place: Path, device: str = "auto") -> Predictor:
        """Load the model of a run as it was before it learnt; only one whose head came with it can answer then.

        Raises:
            InputError: this is no run, its base model is gone, or its head is new.
        """
        run = RunFolder(place)
        plan = run.load_plan()
        facts = ModelFolderFacts.from_plan(plan, plan.model.pooling, {})
        task, base = facts.build_task(), Path(plan.model_folder)
        if not task.language:
            what = "Before it learnt, this model had no head for its task, so it had no answers."
            raise InputError.one(place, what, "Compare two runs instead.")
        network = build_network(base, task, facts.outputs, facts.pooling)
        return cls(network, load_tokenizer(base), facts, resolve_device(device))

    @property
    def columns(self) -> dict[Role, str]:
        """The columns of the texts that a row has, as the model learnt from them, in their order."""
        return self._task.asked(self.facts.columns)

    @property
    def given(self) -> tuple[Role, ...]:
        """The roles of the texts that a row has, in their order."""
        return tuple(self.columns)

    def predict(
        self, rows: Sequence[str | Fields], settings: WritingSettings = PLAIN_WRITING, say: Say | None = None
    ) -> list[Prediction]:
        """Return one prediction a row, in their order; see ``predict_stream``."""
        return list(self.predict_stream(rows, settings, say))

    def predict_stream(
        self, rows: Iterable[str | Fields], settings: WritingSettings = PLAIN_WRITING, say: Say | None = None
    ) -> Iterator[Prediction]:
        """Yield one prediction a row, in their order, holding only some rows at a time.

        Args:
            rows: a text, or as many texts as the model was taught with, in the order of ``given``.
            settings: how a model that writes does it.
            say: takes what it writes while it does, and returns whether to go on.

        Raises:
            InputError: a row has more texts or fewer.
        """
        iterator = iter(rows)
        if self._task.language:
            yield from (self._write(self._fields(row), settings, say) for row in iterator)
            return
        while some := list(islice(iterator, ROWS_AT_ONCE)):
            yield from self._predict_some([self._fields(row) for row in some])

    @property
    def writes(self) -> bool:
        """Whether the model's answers are texts that it writes."""
        return isinstance(self._network.head, LanguageHead) and self._network.head.telling is Telling.NEXT

    def converse(self, messages: Sequence[Message], settings: WritingSettings, say: Say | None = None) -> Written:
        """Write the next message of a conversation, or go on with a text.

        Args:
            messages: ending with the user's; the last one is the text where the model was not taught to chat.
            settings: how it writes.
            say: takes what is written while it is, and returns whether to go on.

        Raises:
            InputError: the model does not write, or its template takes no such conversation.
        """
        if len(self.given) == 1 and not self._task.writes:
            return self._written((messages[-1]["content"],), settings, say)
        return self._written((json.dumps(list(messages)),), settings, say)

    def _write(self, fields: Fields, settings: WritingSettings, say: Say | None) -> Prediction:
        written = self._written(fields, settings, say)
        return WrittenPrediction(dict(zip(map(str, self.given), fields, strict=True)), written.forgotten > 0, written)

    def _written(self, fields: Fields, settings: WritingSettings, say: Say | None = None) -> Written:
        if not self.writes:
            what = "This model tells hidden words of a text; it writes nothing."
            raise InputError.one("prediction", what, "Name its folder as model.source of a task, to go on from it.")
        try:
            prompt = self._task.prompt(self._tokenizer, fields)
        except Unreadable as cause:
            raise InputError.one("prediction", f"This cannot be answered, since {cause}.", "Say it anew.") from cause
        return Writer(self._network, self._tokenizer, self._device).write(prompt, settings, say)

    def _fields(self, row: str | Fields) -> Fields:
        fields = (row,) if isinstance(row, str) else tuple(row)
        if self._task.writes:  # an instruction alone is enough
            fields += ("",) * (len(self.given) - len(fields))
        if len(fields) != len(self.given):
            what = f"This model reads {count_texts(len(self.given))} at a time, not {len(fields)}."
            raise InputError.one("prediction", what, f"Give: {', '.join(self.given)}.")
        return fields

    def _predict_some(self, some: list[Fields]) -> list[Prediction]:
        encodings = self._task.encode(self._tokenizer, some, self.facts.max_length)
        rows = Encoded.join([encodings], self._tokenizer, by_token=self._task.by_token)
        scores = self._scores_of(rows)
        named = [dict(zip(map(str, self.given), fields, strict=True)) for fields in some]
        return self._task.read(named, rows, scores, self.facts.labels)

    def evaluate(self, file: Path, columns: ColumnsSection | None = None) -> EvaluationReport:
        """Measure the model on rows whose answers are known.

        Args:
            file: of any kind that training reads.
            columns: which plays which role; one not given has the name it had in training, or is guessed.

        Raises:
            InputError: as ``read_labelled`` raises it.
        """
        rows = read_labelled(file, self._columns_in(file, columns or ColumnsSection()), self._task, self.facts.labels)
        encoded = replace(encode_rows(self._task, self._tokenizer, rows, self.facts.max_length), packed=0)
        scores = self._scores_of(encoded)
        metrics = self._task.judge(rows, encoded)(scores)
        return EvaluationReport(len(rows), metrics, self._task.measure_each(rows, encoded, scores))

    def _columns_in(self, file: Path, columns: ColumnsSection) -> ColumnsSection:
        """Return the columns that were named, and of the others those that are called as in training."""
        there = set(load_table(file).columns)
        trained = {role.value: name for role, name in self.facts.columns.items() if name in there}
        return ColumnsSection.model_validate(trained | columns.model_dump(exclude_none=True))

    def _scores_of(self, rows: Encoded) -> FloatArray:
        """Return the scores of rows, float32 [units, outputs], or what the task keeps of them."""
        scores: FloatArray | None = None
        for batch in sorted_batches(rows.lengths, EVALUATION_TOKENS[self._device.type]):
            for places, found in each_part(self._row_limit, batch, lambda chosen: self._scores(rows, chosen)):
                if scores is None:
                    scores = np.empty((rows.unit_count, found.shape[1]), dtype=np.float32)
                scores[rows.units(places)] = found
        assert scores is not None
        return scores

    def _scores(self, rows: Encoded, chosen: IntArray) -> FloatArray:
        with torch.inference_mode():
            features = self._network.features(rows.tokens(chosen).to(self._device))
            if self._task.language:
                targets = torch.from_numpy(rows.targets[rows.units(chosen)]).to(self._device)
                kept = tallies_of(self._network, self._task, features, targets)
            else:
                kept = self._network.head(features)
        scores: FloatArray = kept.float().cpu().numpy()
        return scores


def _load_checkpoint(run: RunFolder, device: torch.device) -> tuple[Network, PreTrainedTokenizerBase, ModelFolderFacts]:
    plan = run.load_plan()
    place = run.best_checkpoint()
    tensors, kept = load_checkpoint(place)
    pooling = Pooling(kept["pooling"])
    facts = ModelFolderFacts.from_plan(plan, pooling, load_calibration(place))
    network = build_planned(plan, facts.build_task(), pooling, device)
    load_tensors(network, tensors)
    return network, load_tokenizer(Path(plan.model_folder)), facts


def count_texts(count: int) -> str:
    """Return a number of texts in words."""
    return "one text" if count == 1 else f"{count} texts"
