"""Every fault of a script file, at its file, line and column, with the nearest known word."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scripts.language.compiler import CompiledFile, compile_file
from scripts.language.errors import LoadErrors
from tests.scripts.language.world import VOCABULARY, compiled

FAULTS = [
    ("- INFOO hi", "1:3: unknown command INFOO (did you mean INFO?)"),
    ("- info hi", "1:3: a command was expected, not 'info hi' (command words are in capitals)"),
    ("- THEN: INFO x", "1:3: THEN follows no IF"),
    ("- IF $x: INFO a\n- INFO b\n- ELSE: INFO c", "3:3: ELSE follows no IF"),
    ("- IF:\n    $x: 1\n- INFO b", "1:3: THEN or ELSE must follow"),
    ("- IF hello: INFO x", "1:3: 'hello' is not an assertion (begin with a holder such as $x)"),
    (
        "- READ A:\n    Key: 1\n    Assrt: 1",
        "3:5: READ has no parameter Assrt (did you mean Assert?)",
    ),
    ("- READ >> $x:\n    Set: A", "1:3: READ needs Key"),
    ("- READ A:\n    Set: B\n    Key: 1", "2:5: Set is given twice"),
    ("- INFO a: b", "1:11: INFO takes no value here"),
    ("- PUT 1", "1:3: PUT needs >> $name"),
    ("- ECHO 1 >> a-b!", "1:3: a-b! cannot take a result (write >> $name)"),
    ("- RETURN: $x.Lenght()", "1:11: unknown function Lenght (did you mean Length?)"),
    ("- INFO: $.Mgs.From", "1:9: there is no system holder $.Mgs (did you mean Msg?)"),
    ("- ASSERT $x:\n    A.IsDomian:", "2:5: unknown function IsDomian (did you mean IsDomain?)"),
    ("- ASSERT:\n    AllOf: A", "2:12: A has no context here (write $A)"),
    ("- SET 5", "1:3: SET needs a holder, such as $x"),
    ("- {A: 1, B: 2}", "1:3: one list item holds one command (begin each with a dash)"),
    ("A: 1\nA: 2", "2:1: the key A is given twice"),
    ("A: &x\n- INFO a", "1:4: anchors and aliases are not allowed"),
    ("A: !!python/object:os\n- INFO a", "1:4: tags are not allowed"),
    ("- IF $x: INFO a\n- ELSE $y.Or.IsText", "2:3: ELSE: Or must follow a function of a value"),
    ("just text", "1:1: a script file is a map of scripts, or a list of commands"),
    ("", "1:1: the file is empty"),
    ("A!:\n- INFO a", "1:1: 'A!' is not a script name (letters, digits, space and _ . @ - only)"),
    ("A: INFO x", "1:4: A must be a list of commands"),
]


@pytest.mark.parametrize(("source", "fault"), FAULTS)
def test_fault(source: str, fault: str) -> None:
    with pytest.raises(LoadErrors) as refused:
        compiled(source)
    assert [str(each) for each in refused.value] == [f"test.yaml:{fault}"]


def test_text_that_yaml_would_cut_is_told_to_be_quoted() -> None:
    with pytest.raises(LoadErrors, match=r"test.yaml:1:14: not YAML: .*quote"):
        compiled("- INFO: Price: 3")


def test_all_faults_are_told_at_once_in_order() -> None:
    with pytest.raises(LoadErrors) as refused:
        compiled("A:\n- INFOO x\n- PUT 1\nB:\n- READ x")
    assert [fault.line for fault in refused.value] == [2, 3, 5]


def test_headers_menu_and_calls() -> None:
    file = compiled(
        "📃 .Lend:\n- RUN Other\n💬 [Return] a book:\n- RUN .Lend\n💬 /Pay now:\n- INFO x"
    )
    assert list(file.scripts) == [".Lend", "Return a book", "Pay now"]
    assert [entry[0] for entry in file.menu] == ["Return", "Pay"]
    assert file.calls == {"Other"}


def test_compiled_file_survives_storage() -> None:
    file = compiled("📃 A:\n- IF $x: INFO a\n- ELSE: B\n📃 B:\n- RETURN: {A: $x}")
    assert CompiledFile.from_json(file.to_json()) == file


WORDS = st.sampled_from(
    [
        "- ",
        "INFO",
        "IF",
        "ELSE",
        "THEN",
        "READ",
        "SAVE",
        "RUN",
        " $x",
        ".Is(",
        ")",
        "{",
        "}",
        "[",
        "]",
        ": ",
        ":\n    ",
        "\n",
        "\n- ",
        ">> $y",
        "|",
        '"',
        "'",
        ",",
        "&a",
        "*a",
        "!t",
        "# ",
        "%",
        "$.Msg",
        ".Or.",
        "A",
        "0",
        "\t",
        "📃",
        "\u00b4",
        "\\",
        "---",
        "? ",
    ]
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(st.lists(WORDS, max_size=40).map("".join), st.text(max_size=80)))
def test_any_text_compiles_or_is_refused_by_name(source: str) -> None:
    try:
        compile_file(source, file="any.yaml", vocabulary=VOCABULARY, default_name="main")
    except LoadErrors as refused:
        assert all(fault.line >= 1 and fault.column >= 1 for fault in refused)
