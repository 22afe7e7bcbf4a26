"""Every fault of a script file, at its file, line and column, with the nearest known word."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scripts.language.compiler import CompiledFile, compile_file
from scripts.language.errors import LoadErrors
from tests.scripts.language.world import VOCABULARY, compiled

FAULTS = yaml.safe_load((Path(__file__).parent / "faults.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("source", "faults"), [(each["script"], each["faults"]) for each in FAULTS]
)
def test_faults(source: str, faults: list[str]) -> None:
    with pytest.raises(LoadErrors) as refused:
        compiled(source)
    assert [str(each) for each in refused.value] == [f"test.yaml:{each}" for each in faults]


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
