"""From wishes and facts to one frozen plan: presets, exit rules, learning-rate groups."""
