"""Instructions with their inputs and answers in a list, as self-instruct writes them, as rows.

Wang et al. 2023, arXiv:2212.10560.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

INSTANCES = "instances"


def instance_rows(record: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a row for each instance of an instruction; any other record as it is."""
    instances = record.get(INSTANCES)
    listed = isinstance(instances, list) and all(
        isinstance(one, dict) and {"input", "output"} <= one.keys() for one in instances
    )
    if not listed or not instances:
        yield dict(record)
        return
    rest = {key: value for key, value in record.items() if key != INSTANCES}
    for one in instances:
        yield rest | one
