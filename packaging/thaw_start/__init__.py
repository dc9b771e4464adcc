"""What packaging/start.py does, one file a job: standard library only, imports nothing of Thaw itself.

The way through: ``cli`` reads the command, ``prepare`` makes the environment step by step (``venv``, ``torch_build``,
``pip``, ``starters``, ``screen``) and leaves a ``stamp``, ``launch`` runs the window, the training or the tests,
and ``shortcut_*`` puts Thaw into the menus of the three systems.
"""
