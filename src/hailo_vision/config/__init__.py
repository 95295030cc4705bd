"""The operator's YAML becomes Settings, or a list of everything that is wrong with it."""
