"""The kinds of data files that are read, by their endings. Imports nothing."""

from __future__ import annotations

DELIMITED = {".csv": ",", ".tsv": "\t", ".txt": "\t", ".tab": "\t"}
"""The endings of delimited files, with their usual delimiters."""
JSON_LINES = (".jsonl", ".ndjson")
PLAIN = ".txt"
"""The ending of plain texts, a text a line; one may be a delimited file all the same."""
CONLL = (".conll", ".bio", ".iob", ".iob2")
"""The endings of files with a word and its tag a line."""
DATA_KINDS = (*DELIMITED, *JSON_LINES, ".json", ".parquet", *CONLL)
DATA_PATTERNS = " ".join(f"*{ending}" for ending in DATA_KINDS)
"""As file dialogs take them."""
