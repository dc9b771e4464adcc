"""From a plan to events: the loop as a generator, the optimiser, precision, and control.

Imports neither ``runs`` nor ``engines`` nor ``cli``: whoever runs the loop saves and shows.
"""
