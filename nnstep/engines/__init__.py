"""The same arithmetic as the layers', fast: engines run many samples through a stack."""
