"""What the user wants: the ``.thaw`` file, its typed form, and all of its problems at once."""
