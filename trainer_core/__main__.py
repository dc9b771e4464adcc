"""``python -m trainer_core``: the same as the command ``thaw``."""

from trainer_core.cli import main

if __name__ == "__main__":
    main()
