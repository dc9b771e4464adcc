"""Thaw beside transformers' Trainer on a GPU: ``python -m tests.benchmarks.gpu [--json] [--repeats N]``.

Everything learns for one epoch. Tokens a second are those of real tokens in training steps; ``peak_share`` is the
arithmetic of these tokens as a share of what large matrix products reach on this device. Without a CUDA device the
script says so and measures nothing.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time

from tests.benchmarks.compare import BLOCK_PARAMETERS, compare, run_side

MATRIX = 8_192


def main() -> None:
    """Compare both sides on the GPU and print the figures as the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print the JSON object only")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    import torch

    if not torch.cuda.is_available():
        raise SystemExit("There is no CUDA device here, so nothing was measured.")
    figures = compare("gpu", options.repeats, quiet=options.json)
    tokens = statistics.median(run_side("thaw", "gpu")["tokens_per_second"] for _ in range(options.repeats))
    peak = device_peak()
    print(
        json.dumps(
            figures
            | {
                "device": torch.cuda.get_device_name(),
                "tokens_per_second": round(tokens),
                "matmul_tflops": round(peak / 1e12, 1),
                "peak_share": round(6 * BLOCK_PARAMETERS * tokens / peak, 4),
            }
        )
    )


def device_peak() -> float:
    """Return the most operations a second that a large bfloat16 matrix product reaches on the device."""
    import torch

    a, b = (torch.randn(MATRIX, MATRIX, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    best = 0.0
    for _ in range(10):
        torch.cuda.synchronize()
        started = time.perf_counter()
        a @ b
        torch.cuda.synchronize()
        best = max(best, 2 * MATRIX**3 / (time.perf_counter() - started))
    return best


if __name__ == "__main__":
    main()
