"""What scripts do, form by form; each also when parked after every instruction."""

from __future__ import annotations

from dataclasses import replace
from decimal import InvalidOperation
from typing import Any

import pytest

from scripts.functions import FUNCTIONS
from scripts.language import machine
from scripts.language.continuation import Continuation, Finished, start
from scripts.language.errors import Declined, ScriptError
from scripts.language.machine import resume, run
from scripts.language.values import Item
from tests.scripts.language.world import UUID, World, compiled, play

# (script, inputs, answers, value, texts said)
CASES: dict[str, tuple[str, dict[str, Any], list[Any], Any, list[str]]] = {
    "inline text": ("- INFO Hello", {}, [], None, ["Hello"]),
    "body text": ("- INFO: Hello, you", {}, [], None, ["Hello, you"]),
    "pipe form": ("- INFO|Hello", {}, [], None, ["Hello"]),
    "interpolation": (
        "- INFO: Hi {$who}, {$n.Add(1)}.",
        {"who": "Ada", "n": 1},
        [],
        None,
        ["Hi Ada, 2."],
    ),
    "bare holder is literal": ("- INFO: Hi $who", {"who": "Ada"}, [], None, ["Hi $who"]),
    "whole expression in text": ("- INFO: $who", {"who": "Ada"}, [], None, ["Ada"]),
    "escaped brace": (r"- INFO: a \{$who\} b", {"who": "Ada"}, [], None, ["a {$who} b"]),
    "escaped arrow": (r"- INFO: a \>> $b", {}, [], None, ["a >> $b"]),
    "keep marks": ("- INFO: The \u00b4Guild\u00b4", {}, [], None, ["The Guild"]),
    "put and return": ("- PUT 7 >> $x\n- RETURN: $x", {}, [], "7", []),
    "put keeps type": ("- PUT: $n >> $x\n- RETURN $x", {"n": 7}, [], 7, []),
    "put list": ("- PUT >> $x: [a, b]\n- RETURN $x", {}, [], ["a", "b"], []),
    "put map": (
        "- PUT >> $x:\n    A: 1\n    $n:\n- RETURN $x",
        {"n": 7},
        [],
        {"A": "1", "n": 7},
        [],
    ),
    "append": ("- PUT a +> $x\n- PUT b +> $x\n- RETURN $x", {}, [], ["a", "b"], []),
    "property out": ("- PUT 1 >> $x.A.B\n- RETURN $x", {}, [], {"A": {"B": "1"}}, []),
    "merge": ("- RETURN: $m $n", {"m": {"A": 1}, "n": 7}, [], {"A": 1, "n": 7}, []),
    "merge lists": ("- RETURN: $a, $b", {"a": [1], "b": [2]}, [], [1, 2], []),
    "spread": ("- RETURN:\n    :$m:\n    C: 3", {"m": {"A": 1}}, [], {"A": 1, "C": "3"}, []),
    "computed key": ("- RETURN:\n    $k: 1", {"k": "A"}, [], {"A": "1"}, []),
    "set properties": (
        "- SET $m:\n    B: 2\n- RETURN $m",
        {"m": {"A": 1}},
        [],
        {"A": 1, "B": "2"},
        [],
    ),
    "set function": ("- SET $n.Add(1)\n- RETURN $n", {"n": 7}, [], 8, []),
    "projection": ("- RETURN: $s.A", {"s": [{"A": 1}, {"A": 2}]}, [], [1, 2], []),
    "projection of several": ("- RETURN: $m(A)", {"m": {"A": 1, "B": 2}}, [], {"A": 1}, []),
    "computed name": ("- RETURN: $m.{$k}", {"m": {"A": 1}, "k": "A"}, [], 1, []),
    "property before function": ("- RETURN: $m.Schema", {"m": {"Schema": "x"}}, [], "x", []),
    "unset is empty": ("- RETURN: $nothing.At.All", {}, [], None, []),
    "if": ("- IF $n: INFO yes", {"n": 1}, [], None, ["yes"]),
    "if false": ("- IF $n: INFO yes", {"n": False}, [], None, []),
    "if else": ("- IF $n: INFO yes\n- ELSE: INFO no", {"n": None}, [], None, ["no"]),
    "if map then else": (
        "- IF:\n    $n: 1\n    $t.IsEmpty:\n- THEN: INFO yes\n- ELSE: INFO no",
        {"n": 1},
        [],
        None,
        ["yes"],
    ),
    "ifnot": ("- IFNOT $n:\n    - INFO none\n- INFO end", {"n": None}, [], None, ["none", "end"]),
    "nested if": (
        "- IF $a:\n    - IF $b: INFO both\n    - ELSE: INFO one\n- ELSE: INFO none",
        {"a": 1, "b": None},
        [],
        None,
        ["one"],
    ),
    "return in a block leaves": ("- IF $a:\n    RETURN: $a\n- INFO never", {"a": 1}, [], 1, []),
    "confirm yes": ("- CONFIRM Sure? >> $y\n- RETURN $y", {}, [True], True, []),
    "confirm then": (
        "- CONFIRM Sure?\n- THEN: INFO yes\n- ELSE: INFO no",
        {},
        [False],
        None,
        ["no"],
    ),
    "confirm else": ("- CONFIRM Sure?\n- ELSE: INFO no\n- INFO end", {}, [True], None, ["end"]),
    "timed out": ("- CONFIRM Sure? >> $y\n- RETURN: $.Script.TimedOut", {}, [], True, []),
    "run named": (
        "A:\n- RUN B >> $r:\n    Name: Ada\n- RETURN $r\nB:\n- RETURN: Hi {$Name}",
        {},
        [],
        "Hi Ada",
        [],
    ),
    "run positional": (
        "A:\n- RUN B(Ada, 2) >> $r\n- RETURN $r\nB:\n- RETURN: '{$1}{$2}'",
        {},
        [],
        "Ada2",
        [],
    ),
    "run holder by name": (
        "A:\n- RUN B: $user.Name >> $r\n- RETURN $r\nB:\n- RETURN: $Name",
        {"user": {"Name": "Ada"}},
        [],
        "Ada",
        [],
    ),
    "run sees only its inputs": (
        "A:\n- PUT 1 >> $x\n- RUN B >> $r\n- RETURN: $r.IsEmpty\nB:\n- RETURN: $x",
        {},
        [],
        True,
        [],
    ),
    "run in if": ("A:\n- IF $n: B\n- RETURN end\nB:\n- INFO in b", {"n": 1}, [], "end", ["in b"]),
    "wait inside a call inside an if": (
        "A:\n- IF $n:\n    - RUN B >> $r\n- RETURN: $r\nB:\n- ECHO: $1 >> $x\n- RETURN $x",
        {"n": 1},
        [],
        None,
        [],
    ),
    "enter": ("A:\n- CALLED B >> $r\n- RETURN $r\nB:\n- RETURN: $Given", {}, [], 1, []),
    "assert holds": (
        "- ASSERT $.Msg:\n    AllOf: Book, Kind\n    UUIDs: Book\n"
        "    Kind.IsIn: MAP, ATLAS\n- RETURN ok",
        {},
        [],
        "ok",
        [],
    ),
    "assert to output": (
        "- ASSERT $.Msg >> $ok:\n    AllOf: Missing\n- RETURN $ok",
        {},
        [],
        False,
        [],
    ),
    "typed keywords skip empty": (
        "- ASSERT $.Msg:\n    UUIDs: Missing\n- RETURN ok",
        {},
        [],
        "ok",
        [],
    ),
    "message From is the header's": ("- RETURN: $.Msg.From", {}, [], "alice.test", []),
    "message Schema is the body's": ("- RETURN: $.Msg.Schema", {}, [], ".BOOK", []),
    "read with assert": (
        "- READ >> $b:\n    Set: Library.Books\n    Key: 1\n    Assert:\n"
        "        STATE: OPEN\n- RETURN: $b.title",
        {},
        [],
        "Maps",
        [],
    ),
    "repeat asks, and goes on behind it on no": (
        "- PUT x +> $n\n- REPEAT Again?\n- RETURN $n",
        {},
        [True, True, False],
        ["x", "x", "x"],
        [],
    ),
    "case without a value looks at the last answer": (
        "- CONFIRM Sure?\n- THEN: INFO yes\n- CASE:\n    'True': INFO said yes\n    $: INFO other",
        {},
        [True],
        None,
        ["yes", "said yes"],
    ),
    "text in quotes on the line": ('- INFO "Hi {$n}"', {"n": 7}, [], None, ["Hi 7"]),
    "older pipes": (
        "- READ Books|$id >> $b\n- ONE|Which\\|?|A,B\n- RETURN: $b.Title",
        {"id": 1},
        [],
        "Maps",
        [],
    ),
    "leading pipe is noise": ("- INFO:|Hello", {}, [], None, ["Hello"]),
    "positional list": (
        "- READ >> $b:\n    - Books\n    - $id\n- RETURN: $b.Title",
        {},
        [],
        "Maps",
        [],
    ),
    "parameter names ignore case": ("- INFO:\n    TEXT: hi", {}, [], None, ["hi"]),
    "indirect target": ("- PUT 1 >> {$k}\n- RETURN $x", {"k": "x"}, [], "1", []),
    "target without dollar": ("- PUT 1 >> x\n- RETURN $x", {}, [], "1", []),
    "set a property of another": (
        "- SET $a >> $b\n- RETURN $b",
        {"a": {"A": 1}, "b": {"B": 2}},
        [],
        {"A": 1, "B": 2},
        [],
    ),
    "set from the old": (
        "- SET $m:\n    Count: Count.Add(1)\n    Other: Count\n- RETURN $m",
        {"m": {"Count": 1}},
        [],
        {"Count": 2, "Other": "Count"},
        [],
    ),
    "set from the old, as a key": (
        "- SET $m:\n    Count.Add(1):\n- RETURN $m",
        {"m": {"Count": 1}},
        [],
        {"Count": 2},
        [],
    ),
    "set of every row": (
        "- SET $s:\n    B: 2\n- RETURN $s",
        {"s": [{"A": 1}, {"A": 2}]},
        [],
        [{"A": 1, "B": "2"}, {"A": 2, "B": "2"}],
        [],
    ),
    "set what the script sees as inputs": (
        "- SET $.Inputs:\n    A: 2\n- RETURN: '{$.Inputs.A}{$A}{$B}'",
        {"A": 1, "B": 3},
        [],
        "223",
        [],
    ),
    "set what the script sees of the message": (
        "- SET $.Msg:\n    Extra: 2\n- RETURN: '{$.Msg.Extra}'",
        {},
        [],
        "2",
        [],
    ),
    "put as a format": (
        "- PUT $s >> $x: Title\n- PUT $s >> $y:\n    N: Title.Length()\n- RETURN: '{$x}{$y}'",
        {"s": [{"Title": "Maps"}]},
        [],
        '["Maps"][{"N":4}]',
        [],
    ),
    "merge of scalars, maps and one a line": (
        "- PUT: $m.A $n >> $x\n- PUT >> $y:\n    - $m\n    - $n\n- RETURN:\n    X: $x\n    Y: $y",
        {"m": {"A": 1}, "n": 7},
        [],
        {"X": {"A": 1, "n": 7}, "Y": {"A": 1, "n": 7}},
        [],
    ),
    "short key merges a map": (
        "- RETURN:\n    $m:\n    $n:",
        {"m": {"A": 1}, "n": 7},
        [],
        {"A": 1, "n": 7},
        [],
    ),
    "merge of what a function gives": (
        "- RETURN:\n    :$m.First():\n    B: 2",
        {"m": [{"A": 1}]},
        [],
        {"A": 1, "B": "2"},
        [],
    ),
    "default property": (
        "- PUT >> $x:\n    $: it\n    A: 1\n- INFO: The {$x} {$x.$}",
        {},
        [],
        None,
        ["The it it"],
    ),
    "compact map": ("- RETURN: {A:1, B:2}", {}, [], {"A": "1", "B": "2"}, []),
    "list and map as arguments": (
        "- PUT: $s.Add([a, $n]) >> $x\n- RETURN: $x",
        {"s": ["z"], "n": 7},
        [],
        ["z", "a", 7],
        [],
    ),
    "property named by a holder, of the row": (
        "- ASSERT $s >> $ok:\n    $$k.Is: 1\n- RETURN $ok",
        {"s": [{"A": 1}], "k": "A"},
        [],
        True,
        [],
    ),
    "holder between acute accents": (
        "- INFO: The \u00b4$name of old\u00b4, $name",
        {"name": "Guild"},
        [],
        None,
        ["The Guild of old, $name"],
    ),
    "older braces": ("- INFO: Hi ${who} and ${$who}", {"who": "Ada"}, [], None, ["Hi Ada and Ada"]),
    "braces that are none stay": ("- INFO: 'a {b} {$x y} {}'", {}, [], None, ["a {b} {$x y} {}"]),
    "dollar at the start": ("- INFO: \\$5 each", {}, [], None, ["$5 each"]),
    "function as a key": ("- PUT >> $x:\n    .UUID:\n- RETURN: $x.IsUUID", {}, [], True, []),
    "flow map that is an expression": ("- RETURN: {$n}", {"n": 7}, [], 7, []),
    "yaml keeps texts": (
        "- RETURN:\n    A: No\n    B: 007\n    C: 1:30",
        {},
        [],
        {"A": "No", "B": "007", "C": "1:30"},
        [],
    ),
}


@pytest.mark.parametrize("always_park", [False, True], ids=["straight", "parked"])
@pytest.mark.parametrize("name", CASES)
def test_script(name: str, always_park: bool) -> None:
    source, inputs, answers, value, texts = CASES[name]
    found, world = play(source, inputs=inputs, answers=answers, always_park=always_park)
    assert (found, world.said()) == (value, texts)


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ("- ERROR Not today", "main:1:3: Not today"),
        ("- ERROR:\n    Message: No {$n}", "main:1:3: No 7"),
        ("- INFO a\n- ASSERT $nothing", "main:2:3: does not hold: it is empty"),
        ("- ASSERT $.Msg:\n    AllOf: Nope", "main:1:3: does not hold: AllOf: Nope"),
        ("- ASSERT $.Msg:\n    Error: Bad {$n}\n    Book: other", "main:1:3: Bad 7"),
        ("- ASSERT $.Msg:\n    Missing.IsDomain:", "main:1:3: does not hold: Missing.IsDomain"),
        ("- RETURN: $n.Require.Add($nothing.Require)", "main:1:3: $nothing is empty"),
        ("- RUN: $name", "main:1:3: no script named "),
        ("A:\n- RUN B\nB:\n- ERROR inside", "B:4:3: inside"),
        ("A:\n- RUN A", "A:2:3: more than 20 scripts deep"),
        ("- PUT 1 >> $n.A", "main:1:3: $n has no properties"),
        (
            "- READ:\n    Set: X\n    Key: 1\n    Assert:\n        STATE: SHUT",
            "main:1:3: not found",
        ),
    ],
)
def test_error_names_its_place(source: str, place: str) -> None:
    with pytest.raises(ScriptError) as raised:
        play(source, inputs={"n": 7})
    assert str(raised.value) == place


def test_body_cannot_pose_as_the_header() -> None:
    value, _ = play("- ASSERT $.Msg >> $ok:\n    From: charlie.test\n- RETURN $ok")
    assert value is False


def test_right_side_word_is_a_literal_whatever_the_message_holds() -> None:
    """A sender that adds a property called MAP does not change what `Kind: MAP` means."""
    value, _ = play(
        "- ASSERT $x >> $ok:\n    Kind: MAP\n- RETURN $ok",
        inputs={"x": {"Kind": "FORGED", "MAP": "FORGED"}},
    )
    assert value is False


def test_budget_ends_a_turn_and_the_next_goes_on() -> None:
    world = World(compiled("- PUT 0 >> $n\n" + "- SET $n.Add(1)\n" * 9 + "- RETURN: $n"))
    state = start("v1", "main", {})
    turns = 1
    while not isinstance(outcome := run(state, world, budget_steps=4), Finished):
        turns += 1
    assert (outcome.value, turns, state.steps) == (9, 3, 11)


def test_continuation_survives_storage_with_every_kind_of_value() -> None:
    item = Item({"STATE": "OPEN", "$": "x"}, set="S", key="k", state="OPEN")
    file = compiled("- CONFIRM Sure? >> $y\n- RETURN: $item")
    world = World(file)
    state = start("v1", "main", {"item": item, "odd": {"$time": "no"}, "list": [1, None, True]})
    run(state, world)
    again = Continuation.from_json(state.to_json())
    assert again == state
    kept = again.frames[0].holders["item"]
    assert (kept.set, kept.key, kept.state) == ("S", "k", "OPEN")
    resume(again, world, True)
    assert run(again, world) == Finished(item)


def test_values_are_not_shared_between_holders() -> None:
    source = "- PUT $m >> $a\n- SET $a:\n    X: 2\n- RETURN: $m"
    assert play(source, inputs={"m": {"X": 1}})[0] == {"X": 1}


def test_declined_is_not_an_error() -> None:
    assert not issubclass(Declined, ScriptError)


def test_save_and_send_get_their_fields() -> None:
    source = (
        "- SAVE Library.Loans:\n    Book: $.Msg.Book\n    STATE: OPEN\n"
        "- SEND:\n    Header:\n        To: a.test\n    Body:\n        Book: $.Msg.Book\n"
        "- SEND:\n    To: a.test\n    Book: 1\n- RACE $.Msg.Book:\n    Result: YES"
    )
    _, world = play(source)
    assert world.journal == [
        ("SAVE", {"Item": "Library.Loans", "Fields": {"Book": UUID, "STATE": "OPEN"}}),
        ("SEND", {"Header": {"To": "a.test"}, "Body": {"Book": UUID}}),
        ("SEND", {"Fields": {"To": "a.test", "Book": "1"}}),
        ("RACE", {"Hook": UUID, "Value": {"Result": "YES"}}),
    ]


def test_value_that_nobody_thought_of_is_an_error_at_its_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of a function, of an assertion and of the machine itself: never a fault of the engine."""

    def odd(*arguments: Any) -> Any:
        raise InvalidOperation

    monkeypatch.setitem(FUNCTIONS, "Lower", replace(FUNCTIONS["Lower"], call=odd))
    monkeypatch.setitem(machine._OPS, "return", odd)
    for source in ("- PUT $n.Lower >> $x", "- ASSERT $n.Lower", "- RETURN: $n"):
        with pytest.raises(ScriptError, match=r"1:3: .*InvalidOperation"):
            play(source, inputs={"n": "x"})
    caught = "- TRY >> $fault:\n    - PUT $n.Lower >> $x\n- INFO: It goes on"
    assert play(caught, inputs={"n": "x"})[1].said() == ["It goes on"]
