"""A small world for scripts: a few commands, no database, and a journal of what was done."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from scripts.functions import FUNCTIONS
from scripts.language.compiler import CompiledFile, Script, compile_file
from scripts.language.continuation import (
    TIMED_OUT,
    Call,
    Continuation,
    Enter,
    Finished,
    Parked,
    Wait,
    start,
)
from scripts.language.errors import ScriptError
from scripts.language.machine import resume, run
from scripts.language.values import Item, MessageView
from scripts.language.vocabulary import CommandSpec, Kind, Parameter, Vocabulary

NOW = datetime(2026, 5, 1, 9, 30, tzinfo=UTC)
UUID = "5f2b8c52-6a0a-4c0f-8a0e-4e2f6f0a1002"
TEXT = (Parameter("Text", Kind.TEMPLATE, required=True),)
SPECS = [
    CommandSpec("INFO", main="Text", parameters=TEXT),
    CommandSpec("DONE", main="Text", parameters=TEXT),
    CommandSpec("CONFIRM", main="Text", parameters=TEXT, suspends=True, pairs=True),
    CommandSpec("ECHO", main="Value", parameters=(Parameter("Value", Kind.VALUE),), suspends=True),
    CommandSpec(
        "READ",
        main="Set",
        parameters=(
            Parameter("Set", Kind.NAME, required=True),
            Parameter("Key", Kind.VALUE, required=True),
            Parameter("Assert", Kind.ASSERTION),
        ),
    ),
    CommandSpec(
        "SAVE",
        main="Item",
        body="Fields",
        parameters=(
            Parameter("Item", Kind.NAME, required=True),
            Parameter("Fields", Kind.FIELDS),
        ),
    ),
    CommandSpec(
        "SEND",
        parameters=(Parameter("Header", Kind.FIELDS), Parameter("Body", Kind.FIELDS)),
        rest="Fields",
    ),
    CommandSpec(
        "ONE",
        main="Text",
        parameters=(*TEXT, Parameter("Options", Kind.LIST, required=True)),
    ),
    CommandSpec(
        "RACE",
        main="Hook",
        body="Value",
        parameters=(Parameter("Hook", Kind.VALUE, required=True), Parameter("Value", Kind.VALUE)),
    ),
    CommandSpec(
        "WAIT",
        main="Hook",
        parameters=(Parameter("Hook", Kind.VALUE, required=True), Parameter("Timeout", Kind.VALUE)),
        suspends=True,
    ),
    CommandSpec("CALLED", main="Name", parameters=(Parameter("Name", Kind.VALUE),)),
]
VOCABULARY = Vocabulary(
    commands={spec.word: spec for spec in SPECS},
    functions=FUNCTIONS,
    system_holders=frozenset({"Msg", "Chat", "Hosted", "Inputs", "Script", "Holders"}),
)
MESSAGE = MessageView(
    {
        "Header": {"From": "alice.test", "Subject": "Ask@Host", "Selector": "pw1"},
        "Body": {"From": "charlie.test", "Book": UUID, "Kind": "MAP", "Schema": ".BOOK"},
        "Hash": "aa",
        "Signature": "bb",
    }
)
ROW = Item({"ID": UUID, "STATE": "OPEN", "Title": "Maps"}, set="Library.Books", key=UUID)


def compiled(source: str, *, file: str = "test.yaml") -> CompiledFile:
    return compile_file(source, file=file, vocabulary=VOCABULARY, default_name="main")


class World:
    """The environment of one run. CONFIRM and ECHO always park; `answers` resume CONFIRM."""

    def __init__(self, file: CompiledFile, answers: list[Any] | None = None) -> None:
        self.file = file
        self.answers = list(answers or [])
        self.journal: list[Any] = []

    def script(self, version: str, name: str) -> tuple[str, Script]:
        if name not in self.file.scripts:
            raise ScriptError(f"no script named {name}", kind="missing")
        return version, self.file.scripts[name]

    def execute(self, call: Call) -> Any:
        if call.word in ("CONFIRM", "ECHO"):
            return Wait({"of": call.word})
        if call.word == "WAIT":
            return Wait({"of": call.word}, str(call.arguments["Hook"]))
        if call.word == "READ":
            assertion = call.arguments.get("Assert")
            if assertion is not None and not assertion.holds(ROW):
                raise ScriptError("not found", kind="missing")
            return ROW
        if call.word == "CALLED":
            return Enter(call.version, str(call.arguments["Name"]), {"Given": 1})
        self.journal.append((call.word, call.arguments))
        return None

    def resume(self, call: Call, memo: Any, signal: Any) -> Any:
        assert memo == {"of": call.word}
        if call.word == "ECHO":
            return call.arguments.get("Value")
        return None if signal is TIMED_OUT else signal

    def abandon(self, hook: str) -> None:
        self.journal.append(("ABANDON", hook))

    def asks(self, word: str) -> bool:
        return word == "CONFIRM"

    def system(self, name: str) -> Any:
        return {"Msg": MESSAGE, "Hosted": {"Domain": "library.test"}}.get(name)

    def now(self) -> datetime:
        return NOW

    def new_uuid(self) -> str:
        return UUID

    def log(self, value: Any) -> None:
        self.journal.append(("LOG", value))

    def said(self) -> list[str]:
        """Return the texts of INFO and DONE, in order."""
        return [arguments["Text"] for word, arguments in self.journal if word in ("INFO", "DONE")]


def play(
    source: str,
    *,
    inputs: dict[str, Any] | None = None,
    answers: list[Any] | None = None,
    script: str | None = None,
    always_park: bool = False,
) -> tuple[Any, World]:
    """Run a script to its end; return its value and the world.

    `always_park` stops after every instruction and goes on from what was stored.
    """
    file = compiled(source)
    world = World(file, answers)
    state = start("v1", script or next(iter(file.scripts)), inputs or {})
    while True:
        outcome = run(state, world, budget_steps=1 if always_park else 500)
        if always_park:
            state = Continuation.from_json(state.to_json())
        if isinstance(outcome, Finished):
            return outcome.value, world
        if isinstance(outcome, Parked):
            signal = world.answers.pop(0) if world.answers else TIMED_OUT
            resume(state, world, signal)


def play_signals(
    source: str,
    *,
    inputs: dict[str, Any] | None = None,
    signals: list[dict[str, Any]] | None = None,
    timeouts: list[str] | None = None,
    always_park: bool = False,
) -> tuple[Any, list[Any]]:
    """Run a script whose WAITs get `signals` in their order; return its value and what it logged.

    A signal comes when the run is parked, and is kept when nobody waits for it.
    """
    file = compiled(source)
    world = World(file)
    state = start("v1", next(iter(file.scripts)), inputs or {})
    coming, kept = list(signals or []), dict[str, list[Any]]()
    while True:
        outcome = run(state, world, budget_steps=1 if always_park else 500)
        if always_park:
            state = Continuation.from_json(state.to_json())
        if isinstance(outcome, Finished):
            return outcome.value, [said for word, said in world.journal if word == "LOG"]
        if not isinstance(outcome, Parked):
            continue
        hooks = [leaf.waiting["hook"] for leaf in state.leaves() if leaf.waiting is not None]
        ready = next((hook for hook in hooks if kept.get(hook)), None)
        if ready is None:
            assert coming, f"nothing comes for {hooks}"
            [(name, value)] = coming.pop(0).items()
            kept.setdefault(name, []).append(TIMED_OUT if name in (timeouts or []) else value)
        else:
            resume(state, world, kept[ready].pop(0), hook=ready)


def value_of(expression: str, **inputs: Any) -> Any:
    """Return what an expression is worth."""
    return play(f"- RETURN: {expression}", inputs=inputs)[0]
