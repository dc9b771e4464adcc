"""Where pretrained models come from, and how a body and a head become one network."""
