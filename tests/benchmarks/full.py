"""Everything, one epoch: ``python -m tests.benchmarks.full [--json] [--repeats N]``; see ``compare``."""

from tests.benchmarks.compare import main

if __name__ == "__main__":
    main("full")
