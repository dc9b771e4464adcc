"""Time, memory and disk of a plan before it starts: plain arithmetic over facts. Nothing here imports torch.

``contract.py`` has the facts and the figures, ``shapes.py`` the batches, ``arithmetic.py`` the seconds, ``memory.py``
the bytes, ``guess.py`` what stands in for facts that nobody has measured yet, ``known.py`` what was measured here and
what earlier runs taught. The measuring itself is in ``engines/measure.py`` and ``engines/metering.py``.
"""
