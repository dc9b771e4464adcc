"""The layer tree, the freeze rules over it, and the search for a model's repeated blocks."""
