"""Loading a pretrained body and its tokenizer: from safetensors only, without a network.

Code that the folder brings runs only where the user allowed it (``foreign_code``).
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn
from transformers import AutoConfig, AutoModel, AutoTokenizer, PretrainedConfig, PreTrainedTokenizerBase
from transformers.utils import logging as transformers_logging

from trainer_core.errors import InputError
from trainer_core.models.facts import Telling
from trainer_core.models.foreign_code import is_allowed, needs_code, refusal
from trainer_core.models.language import LanguageHead, language_class, take_apart, telling_of

# transformers leaves these without types.
_AUTO_MODEL: Any = AutoModel
_TRANSFORMERS_LOGGING: Any = transformers_logging

DYNAMIC = "transformers_modules."
"""Where classes stand that transformers loaded from a folder's own code."""
COUNTS_BEHIND_PADDING = frozenset(
    {"roberta", "xlm-roberta", "xlm-roberta-xl", "roberta-prelayernorm", "camembert", "data2vec-text", "longformer"}
)
"""RoBERTa's family: positions are counted from behind the padding token."""
MPNET_OFFSET = 2
"""MPNet does so too, from behind token 1, whatever its configuration says."""


def load_config(folder: Path) -> PretrainedConfig:
    """Read a model's configuration.

    Raises:
        ForeignCode: it needs code of its own, which was not allowed to run.
        InputError: transformers does not know this kind of model, or it is no encoder.
    """
    where = f"model.source ({folder})"
    try:
        config = cast(PretrainedConfig, AutoConfig.from_pretrained(folder, **_ways(folder)))
    except Exception as cause:
        _refuse_foreign(folder, cause)
        remedy = "Choose a model of an architecture that the installed transformers library knows."
        raise InputError.one(where, f"Its configuration cannot be used: {cause}.", remedy) from cause
    if config.is_encoder_decoder:
        what = f"This is an encoder-decoder model ({config.model_type}), of which only half could be used."
        raise InputError.one(where, what, "Choose an encoder, such as one of the BERT or RoBERTa family.")
    return config


def outline_body(config: PretrainedConfig) -> nn.Module:
    """Build a body without memory for its weights, to look at names and shapes."""
    code = {"trust_remote_code": True} if type(config).__module__.startswith(DYNAMIC) else {}
    with torch.device("meta"):
        return cast(nn.Module, _AUTO_MODEL.from_config(config, **_without_pooler(config), **code))


def outline_language_model(config: PretrainedConfig) -> tuple[nn.Module, LanguageHead]:
    """Build the body and the head of a language model without memory for their weights."""
    with torch.device("meta"):
        model = language_class(config).from_config(config)
        model.tie_weights()
    return take_apart(model, hidden_size(config))


def load_language_model(folder: Path, config: PretrainedConfig) -> tuple[nn.Module, LanguageHead]:
    """Load the body and the head of a language model with their pretrained weights, float32, on the CPU.

    Where an encoder comes without a head that tells hidden tokens, as many do, that head is new.

    Raises:
        InputError: the weights cannot be read, some are missing, or it is no language model.
    """
    loaded, missing = _load(folder, config, language_class(config))
    body = f"{loaded.base_model_prefix}."
    _refuse_missing(folder, {name for name in missing if name.startswith(body)})
    if telling_of(config) is Telling.NEXT and missing:
        what = f"It came without the head that tells the next token ({min(missing)} is missing)."
        raise InputError.one(f"model.source ({folder})", what, "Choose a model that writes, such as a chat model.")
    return take_apart(loaded, hidden_size(config), frozenset(missing))


def load_body(folder: Path, config: PretrainedConfig) -> nn.Module:
    """Load a body with its pretrained weights, float32, on the CPU.

    Raises:
        InputError: the weights cannot be read, or some of the body's are missing.
    """
    loaded, missing = _load(folder, config, _AUTO_MODEL, **_without_pooler(config))
    _refuse_missing(folder, missing)
    return cast(nn.Module, loaded)


def _load(folder: Path, config: PretrainedConfig, kind: Any, **more: Any) -> tuple[Any, set[str]]:
    """Return a model, and the names of the weights that it came without."""
    _TRANSFORMERS_LOGGING.set_verbosity_error()
    _TRANSFORMERS_LOGGING.disable_progress_bar()
    try:
        loaded, report = kind.from_pretrained(
            folder,
            config=config,
            use_safetensors=True,
            dtype=torch.float32,
            output_loading_info=True,
            **more,
            **_ways(folder),
        )
    except Exception as cause:
        _refuse_foreign(folder, cause)
        what = f"Its weights cannot be loaded: {type(cause).__name__}: {cause}."
        raise InputError.one(f"model.source ({folder})", what, "Copy or download the model again.") from cause
    return loaded, set(report["missing_keys"])


def _refuse_missing(folder: Path, missing: set[str]) -> None:
    if missing:
        what = f"{len(missing)} of its weights are missing, among them {min(missing)}."
        raise InputError.one(f"model.source ({folder})", what, "Copy or download the model again; it is not whole.")


def load_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """Load the tokenizer that belongs to a model.

    Raises:
        InputError: there is none, or it cannot be read.
    """
    where = f"model.source ({folder})"
    remedy = "Put the model's tokenizer files (tokenizer.json, ...) into its folder."
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, **_ways(folder))
    except Exception as cause:
        _refuse_foreign(folder, cause)
        raise InputError.one(where, f"Its tokenizer cannot be loaded: {cause}.", remedy) from cause
    # transformers makes an empty tokenizer where the files are missing.
    wanted = list(tokenizer.vocab_files_names.values())
    if wanted and not any((folder / name).is_file() for name in wanted):
        raise InputError.one(where, f"This folder has no tokenizer ({', '.join(wanted)}).", remedy)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return cast(PreTrainedTokenizerBase, tokenizer)


def hidden_size(config: PretrainedConfig) -> int:
    """Return the width of a token's state."""
    for name in ("hidden_size", "d_model", "dim"):
        if getattr(config, name, None):
            return int(getattr(config, name))
    raise InputError.one("model.source", f"The width of a {config.model_type} model is unknown.", "Choose another one.")


def max_positions(config: PretrainedConfig) -> int | None:
    """Return the longest input in tokens, or None where the model has no limit of its own."""
    positions = getattr(config, "max_position_embeddings", None)
    if not positions or positions < 1:
        return None
    if config.model_type == "mpnet":
        return int(positions) - MPNET_OFFSET
    return int(positions) - ((config.pad_token_id or 0) + 1 if config.model_type in COUNTS_BEHIND_PADDING else 0)


def _ways(folder: Path) -> dict[str, Any]:
    """Return how transformers may load: from this computer, and by the folder's own code where that was allowed."""
    return {"local_files_only": True, "trust_remote_code": is_allowed(folder)}


def _refuse_foreign(folder: Path, cause: Exception) -> None:
    """Where a model could not be loaded because its own code was not allowed to run, say that."""
    if needs_code(folder) and not is_allowed(folder):
        raise refusal(folder) from cause


def _without_pooler(config: PretrainedConfig) -> dict[str, Any]:
    """Leave out the pretraining pooler where there is one: pooling is Thaw's own, and it would stay idle."""
    found: Any = _AUTO_MODEL._model_mapping.get(type(config), None)
    kind = found[0] if isinstance(found, tuple | list) else found
    takes = kind is not None and "add_pooling_layer" in inspect.signature(kind).parameters
    return {"add_pooling_layer": False} if takes else {}
