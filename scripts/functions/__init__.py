"""The built-in functions: one line a name. They are pure; what they do not know they ask of a
context that tests can fix."""

from scripts.functions import (
    comparison,
    files,
    lists,
    logic,
    moments,
    numbers,
    proofs,
    rows,
    syntax,
    texts,
)
from scripts.functions.function import Context, Function, Reads

__all__ = ["FUNCTIONS", "MODULES", "Context", "Function", "Reads"]

MODULES = (comparison, files, lists, logic, moments, numbers, proofs, rows, syntax, texts)
FUNCTIONS: dict[str, Function] = dict(
    sorted(pair for module in MODULES for pair in module.FUNCTIONS.items())
)
