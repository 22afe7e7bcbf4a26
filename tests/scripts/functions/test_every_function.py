"""What must hold of the whole table: every function has its rows, and its line in the reference."""

from __future__ import annotations

import re
from typing import Any

import pytest

from scripts.functions import FUNCTIONS, MODULES
from scripts.language.errors import LoadErrors
from tests.scripts.functions import (
    test_comparison,
    test_lists,
    test_logic,
    test_moments,
    test_numbers,
    test_proofs,
    test_texts,
)
from tests.scripts.functions.holders import X
from tests.scripts.language.world import play, value_of
from tests.words import used

TABLES = (
    test_comparison,
    test_lists,
    test_logic,
    test_moments,
    test_numbers,
    test_proofs,
    test_texts,
)
REFUSED = {name for name, function in FUNCTIONS.items() if function.unsupported}


def called(expression: str) -> set[str]:
    """Return the functions that an expression calls, as its compiler sees them."""
    quoted = expression.replace("'", "''")
    source = f"'{{{quoted}}}'" if ": " in expression else expression
    return used(f"- RETURN: {source}")[1]


def test_every_function_has_a_row() -> None:
    rows = [row for table in TABLES for row in table.ROWS]
    assert set(FUNCTIONS) - REFUSED - {name for row in rows for name in called(row[0])} == set()


def test_mention_of_a_function_is_no_call_of_it() -> None:
    assert called("$t.Upper and $t.Trim") == set()
    assert called("'the .Length of it'") == set()
    assert called("$t.Length.Add(1)") == {"Length", "Add"}


def test_every_function_is_tried_with_nothing() -> None:
    """Those that take a subject say what they make of an empty one."""
    rows = [row for table in TABLES for row in (*table.ROWS, *table.REFUSALS)]
    tried = {name for row in rows for name in re.findall(r"\$(?:e|none)\.([A-Z]\w+)", row[0])}
    prefixed = {name for name, function in FUNCTIONS.items() if function.subjectless}
    same = {"Each", "Has", "Or", "Plus", "Minus", "Size", "Where", "IsBelow", "IsTime", "Schema"}
    same |= {"Locator"}
    assert set(FUNCTIONS) - REFUSED - prefixed - same - tried == set()


def test_no_name_is_in_two_tables() -> None:
    assert sum(len(module.FUNCTIONS) for module in MODULES) == len(FUNCTIONS)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_function_has_a_signature_and_one_sentence(name: str) -> None:
    function = FUNCTIONS[name]
    assert all(f".{name}" in line for line in function.signature.splitlines())
    assert function.signature
    assert function.about.endswith(".")


@pytest.mark.parametrize("name", sorted(REFUSED))
@pytest.mark.parametrize("form", ["$t.{}(5)", ".{}($t, 5)", "{{$t.{}(5)}} there"])
def test_function_of_files_is_refused_when_the_script_is_loaded(name: str, form: str) -> None:
    with pytest.raises(LoadErrors, match=rf"1:\d+: .*\.{name} is not supported in this release"):
        value_of(f"'{form.format(name)}'" if "there" in form else form.format(name))


GIVEN: dict[str, Any] = {
    **X,
    **test_proofs.GIVEN,
    "wanted": {"Lang": "pt"},
    "name": "Title",
    "flags": [{"A": True, "B": 3}, {"A": False, "B": True}],
    "pdf": test_texts.PDF,
    "pem": test_texts.PEM,
    "kept": "Book \u00b4Maps\u00b4 now",
}
del GIVEN["float"]  # no value of the language: only a peer's JSON has it, and it comes as a decimal


@pytest.mark.parametrize("row", [row for table in TABLES for row in table.ROWS], ids=str)
def test_result_of_every_row_survives_being_stored(row: tuple[str, Any]) -> None:
    quoted = row[0].replace("'", "''")
    script = f"- PUT >> $found: '{{{quoted}}}'\n- RETURN: $found"
    named = {name: held for name, held in GIVEN.items() if f"${name}" in row[0]}
    if ".Inputs" in row[0]:
        named = X
    assert play(script, inputs=named, always_park=True)[0] == row[1]
