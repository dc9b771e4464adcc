"""The frozen part of the network, computed once: which states are needed, the pass, where it is kept, the proof."""
