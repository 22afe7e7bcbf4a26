"""A look at the engine's rows in the reference's terms: runs and mailboxes by their names."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Count

from host.models import Prompt
from messaging.models import OutboxMessage
from scripts.language.values import decode
from scripts.models import Hook, Ready, Run, Signal, Timer
from tests.scripts.model.reference import FINAL, Reference

RUN = (
    "pk", "state", "rev", "logged", "ready__gen", "ready__attempts", "timer__due_at", "result"
)  # fmt: skip
MESSAGE = ("pk", "key", "correlation", "state", "attempts", "expects_response")


def same(engine: dict[Any, Any], reference: dict[Any, Any]) -> None:
    """Fail with what differs, each as (in the tables, in the reference)."""
    differs = {
        key: (engine.get(key), reference.get(key))
        for key in engine.keys() | reference.keys()
        if engine.get(key) != reference.get(key)
    }
    if differs:
        raise AssertionError(differs)


class Look:
    """What the tables say now; `names` maps a run's id to its name."""

    def __init__(self) -> None:
        self.names: dict[UUID, str] = {}
        self.messages: dict[str, tuple[UUID, str, int]] = {}  # key -> id, state, attempts
        self.hooks: dict[str, str] = {}  # mailbox -> the hook's name
        self.correlations: set[str] = set()

    def id_of(self, name: str) -> UUID:
        return next(key for key, value in self.names.items() if value == name)

    def boxes(self) -> list[str]:
        """Return the mailboxes that have names of their own: prompts and calls."""
        return list(self.hooks)

    def hook_of(self, box: str) -> str:
        return self.hooks.get(box, box)

    def refresh(self) -> None:
        """Learn which messages and prompts there are, and what they are to the reference."""
        self.messages, self.hooks, self.correlations = {}, {}, set()
        rows = OutboxMessage.objects.order_by("pk").values_list(*MESSAGE)
        for pk, key, correlation, state, attempts, expects in rows:
            run, _, rest = key.partition(":")
            name = f"{self.names[UUID(run)]}:{rest}"
            self.messages[name] = (pk, state, attempts)
            self.correlations.add(str(correlation))
            if expects:
                self.hooks[name] = str(correlation)
        numbers: dict[str, int] = {}
        for run, pk in Prompt.objects.order_by("pk").values_list("run", "pk"):
            name = self.names[run]
            numbers[name] = numbers.get(name, 0) + 1
            self.hooks[f"{name}:prompt:{numbers[name]}"] = str(pk)

    def assert_agrees(self, world: Reference) -> None:
        """The tables hold what the reference says, and nothing else."""
        self.refresh()
        self._assert_runs(world)
        self._assert_boxes(world)
        expected = {key: (each.state, each.attempts) for key, each in world.outbox.items()}
        same({key: row[1:] for key, row in self.messages.items()}, expected)

    def _assert_runs(self, world: Reference) -> None:
        rows = Run.objects.annotate(logged=Count("events")).values_list(*RUN)
        seen: dict[str, Any] = {}
        for pk, state, rev, events, gen, attempts, due_at, result in rows:
            assert rev == events, "a segment has no line in the log, or one too many"
            owed = None if gen is None else [gen, attempts]
            value = decode(result) if state == "DONE" else None
            seen[self.names[pk]] = (state, rev, owed, due_at, value)
            assert state not in FINAL or due_at is None, "a finished run has a timer"
        expected = {
            name: (run.state, run.rev, world.owed.get(name), world.timers.get(name), run.result)
            for name, run in world.runs.items()
        }
        same(seen, expected)

    def _assert_boxes(self, world: Reference) -> None:
        known = {hook: box for box, hook in self.hooks.items()}
        hooks = Hook.objects.values_list("name", "state", "run")
        seen = {
            known.get(name, name): (state, None if run is None else self.names[run])
            for name, state, run in hooks
        }
        same(seen, {name: (box.state, box.run) for name, box in world.boxes.items()})
        for _, state, run in hooks:
            assert (state in ("OPEN", "FILLED")) <= (run is not None), "a mailbox without a reader"
        told = Signal.objects.values_list("hook__name", "source", "state")
        expected = {
            (name, source): mail[2]
            for name, box in world.boxes.items()
            for source, mail in box.mail.items()
        }
        same({(known.get(n, n), self._source(s)): state for n, s, state in told}, expected)

    def _source(self, source: str) -> str:
        """A play races a mailbox once, so which of a run's races it was does not matter here."""
        kind, _, which = source.partition(":")
        return f"run:{self.names[UUID(which.split(':')[0])]}" if kind == "run" else source

    def assert_all_ended(self, world: Reference) -> None:
        """Nothing is left to do: no run, no open mailbox, no message."""
        assert {run.state for run in world.runs.values()} <= set(FINAL)
        assert not Ready.objects.exists() and not Timer.objects.exists()
        assert not Hook.objects.filter(state__in=("OPEN", "FILLED")).exists()
        assert not any(state == "DUE" for _, state, _ in self.messages.values())
