"""Faults on purpose: killing, holding up and confusing the real code, and judging what is left."""
