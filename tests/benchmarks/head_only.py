"""The head alone, five epochs: ``python -m tests.benchmarks.head_only [--json] [--repeats N]``; see ``compare``."""

from tests.benchmarks.compare import main

if __name__ == "__main__":
    main("head_only")
