"""The head, the top two blocks, then everything: ``python -m tests.benchmarks.staged [--json] [--repeats N]``."""

from tests.benchmarks.compare import main

if __name__ == "__main__":
    main("staged")
