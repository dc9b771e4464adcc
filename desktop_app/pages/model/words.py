"""What is known of a model, in the words of the window."""

from __future__ import annotations

from trainer_core.models.facts import ModelFacts
from trainer_core.project.schema import Pooling

WORDS_PER_TOKEN = 0.75
"""A rule of thumb for English."""

POOLING_WORDS = {
    Pooling.AUTO: ("Find out", "Thaw tries the ways that fit the model on your rows and keeps the best."),
    Pooling.CLS: ("First token", "The model's own summary token stands for the text; usual for BERT and its kin."),
    Pooling.MEAN: ("Average", "The average of all tokens stands for the text; usual for sentence models."),
    Pooling.LAST: ("Last token", "The last token stands for the text; right for models that read left to right."),
}


def source_words(source: str) -> str:
    """Return in words where a project takes its model from."""
    kind, colon, name = source.partition(":")
    if colon and kind == "starter":
        return f"{name} (starter model)"
    if colon and kind == "hub":
        return f"{name} (from the model hub)"
    return f"{source} (a folder)"


def fact_rows(facts: ModelFacts) -> list[tuple[str, str, str]]:
    """Return the facts of a model: what, the value, and what it means."""
    tree, longest = facts.tree, facts.max_positions
    return [
        ("Family", facts.family, "How the model is built"),
        (
            "Parameters",
            f"{tree.parameter_count:,}",
            "All numbers that can learn, the new head for your task included",
        ),
        ("Blocks", f"{tree.block_count:,}" if tree.block_count else "none found", "Alike layers, one after the other"),
        ("Hidden size", f"{facts.hidden_size:,}", "How many numbers describe one token inside the model"),
        ("Longest text", f"{longest:,} tokens" if longest else "no limit", "What lies beyond is never read"),
        ("Vocabulary", f"{facts.vocabulary:,} tokens", "The words and pieces of words it knows"),
        ("On disk", size_words(facts.bytes), "The size of its weights"),
        ("Licence", facts.licence or "not stated", "What its makers allow; the folder may hold more about it"),
        ("Folder", str(facts.folder), "Where its files lie"),
    ]


def length_words(max_length: int, longest: int | None) -> str:
    """Return what a maximum length means for texts."""
    if longest is not None and max_length > longest:
        return f"This model reads no more than {longest:,} tokens, so {max_length:,} is too long for it. Choose less."
    about = max(1, round(max_length * WORDS_PER_TOKEN, -1 if max_length > 40 else 0))
    return f"Longer texts are cut. {max_length:,} tokens are about {about:,.0f} English words."


def size_words(size: int) -> str:
    """Return a size in bytes in words, e.g. ``90.9 MB``."""
    value = float(size)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:.3g} TB"
