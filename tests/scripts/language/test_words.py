"""What a command's line in the vocabulary can say, each tried with a command made for it."""

from __future__ import annotations

from typing import Any

import pytest

from scripts.language.code import Script
from scripts.language.compiler import compile_file
from scripts.language.continuation import Act, Call, Finished, start
from scripts.language.errors import LoadErrors
from scripts.language.evaluation import Format
from scripts.language.machine import run
from scripts.language.vocabulary import CommandSpec, Kind, Parameter, Vocabulary
from tests.scripts.language.world import VOCABULARY, World

ROWS = [{"Id": 1, "Title": "Maps", "Page": {"At": 7}}, {"Id": 2, "Title": "Bees", "Page": None}]
SPECS = [
    CommandSpec(
        "SHAPE",
        main="Set",
        body="As",
        parameters=(
            Parameter("Set", Kind.VALUE, required=True),
            Parameter("As", Kind.FORMAT, aliases=("Format",)),
        ),
    ),
    CommandSpec(
        "KEEP",
        main="Set",
        parameters=(
            Parameter("Set", Kind.VALUE),
            Parameter("Where", Kind.ASSERTION, aliases=("Wheres",)),
        ),
        rest="Where",
    ),
    CommandSpec(
        "FIND",
        main="Id",
        parameters=(Parameter("Id", Kind.VALUE), Parameter("OnMissing", Kind.ACTION)),
    ),
    CommandSpec(
        "GROW",
        main="Holder",
        parameters=(Parameter("Holder", Kind.VALUE), Parameter("By", Kind.VALUE)),
        changes="Holder",
    ),
]
WORDS = Vocabulary(
    {**VOCABULARY.commands, **{spec.word: spec for spec in SPECS}},
    VOCABULARY.functions,
    VOCABULARY.system_holders,
)


class Words(World):
    def execute(self, call: Call) -> Any:
        if call.word == "SHAPE":
            shape = call.arguments["As"]
            assert isinstance(shape, Format)
            return [shape.of(row) for row in call.arguments["Set"]]
        if call.word == "KEEP":
            where = call.arguments["Where"]
            return [row for row in call.arguments["Set"] if where.holds(row)]
        if call.word == "FIND":
            found = [row for row in ROWS if row["Id"] == call.arguments["Id"]]
            return found[0] if found else Act("OnMissing")
        if call.word == "GROW":
            return f"{call.arguments['Holder']}{call.arguments['By']}"
        return super().execute(call)

    def script(self, version: str, name: str) -> tuple[str, Script]:
        return super().script(version, name)


def value(source: str, **inputs: Any) -> Any:
    file = compile_file(source, file="test.yaml", vocabulary=WORDS, default_name="main")
    outcome = run(start("v1", "main", inputs), Words(file), budget_steps=99)
    assert isinstance(outcome, Finished)
    return outcome.value


@pytest.mark.parametrize(
    ("written", "made"),
    [
        (": Title", ["Maps", "Bees"]),
        (": Title, Page.At", [{"Title": "Maps", "At": 7}, {"Title": "Bees", "At": None}]),
        (
            ":\n    - Id\n    - Title.Length()",
            [{"Id": 1, "Title": 4}, {"Id": 2, "Title": 4}],
        ),
        (
            ":\n    Name: Title\n    Of: '{$of}!'",
            [{"Name": "Maps", "Of": "x!"}, {"Name": "Bees", "Of": "x!"}],
        ),
    ],
)
def test_format_takes_bare_words_from_the_row(written: str, made: list[Any]) -> None:
    assert value(f"- SHAPE $rows >> $x{written}\n- RETURN $x", rows=ROWS, of="x") == made


def test_keys_that_are_no_parameters_may_be_an_assertion() -> None:
    script = "- KEEP $rows >> $x:\n    Title.Is: Bees\n    Id.IsAbove: 1\n- RETURN $x"
    assert value(script, rows=ROWS) == [ROWS[1]]


def test_parameter_goes_by_its_other_names_in_any_case() -> None:
    script = "- KEEP $rows >> $x:\n    wheres:\n        Id.IsAbove: 1\n- RETURN $x"
    assert value(script, rows=ROWS) == [ROWS[1]]


def test_action_is_carried_out_only_when_the_command_says_so() -> None:
    script = (
        "- FIND $id >> $x:\n    OnMissing:\n        - INFO none\n        - RETURN gone\n- RETURN $x"
    )
    assert value(script, id=2) == ROWS[1]
    assert value(script, id=3) == "gone"


def test_script_goes_on_behind_the_action() -> None:
    assert value("- FIND 9:\n    OnMissing: PUT 1 >> $y\n- RETURN: '{$y}!'") == "1!"


def test_command_changes_its_holder_unless_it_has_an_output() -> None:
    assert value("- GROW $a.b:\n    By: 1\n- RETURN: $a.b", a={"b": "x"}) == "x1"
    assert value("- GROW $a >> $c:\n    By: 1\n- RETURN: '{$a} {$c}'", a="x") == "x x1"


def test_word_of_a_later_release_is_refused_by_name() -> None:
    with pytest.raises(LoadErrors, match="CHARGE is not supported in this release"):
        value("- CHARGE 5 EUR")
