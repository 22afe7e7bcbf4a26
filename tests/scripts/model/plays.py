"""Small scripts, and beside each its twin in Python for the reference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tests.scripts.model.reference import OWN, Ended, Message, Play, Reference

CHAT = "0b0c7d1e-3c55-4a8e-9a55-6a7d4ee1f001"
HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)


@dataclass
class Me:
    """What a twin may do at once: the rest it waits for."""

    name: str
    world: Reference

    def race(self, box: str, value: Any) -> None:
        if self.world.signal(box, f"run:{self.name}", OWN, value) == "REFUSED":
            raise Ended("FAILED")

    def send(self, life: timedelta = DAY, *, call: bool = False) -> str:
        """Queue a message and return its key."""
        run = self.world.runs[self.name]
        run.sent += 1
        key = f"{self.name}:{run.rev}:{run.sent}"
        self.world.outbox[key] = Message(self.name, self.world.now + life, call)
        return key

    def show(self, life: timedelta) -> str:
        """Show a prompt and return its mailbox."""
        self.send(life)
        self.world.runs[self.name].prompts += 1
        return f"{self.name}:prompt:{self.world.runs[self.name].prompts}"


def door(me: Me) -> Play:
    answer = yield "door", me.world.now + HOUR, OWN
    return {"Answer": answer, "TimedOut": answer is None}


def twice(me: Me) -> Play:
    first = yield "door", me.world.now + timedelta(seconds=30), OWN
    second = yield "door", me.world.now + timedelta(days=40), OWN
    return [first, second]


def knock(me: Me) -> Play:
    me.race("door", "knock")
    me.race("window", "knock")
    yield from ()


def nested(me: Me) -> Play:
    seen = yield "window", me.world.now + 2 * DAY, OWN
    if seen:
        me.race("door", seen)
        seen = yield "window", me.world.now + MINUTE, OWN
    return seen


def broken(me: Me) -> Play:
    me.race("window", "never seen")
    me.send()
    yield from ()
    raise Ended("FAILED")


def long(me: Me) -> Play:
    me.race("window", "long")
    yield None
    answer = yield "door", me.world.now + HOUR, OWN
    return answer


def call(me: Me) -> Play:
    key = me.send(HOUR, call=True)
    answer = yield key, me.world.now + HOUR + MINUTE, f"response:{key}"
    if answer is None or answer[0] is None:
        raise Ended("FAILED")
    me.send()
    return answer[0]["Status"]


def notes(me: Me) -> Play:
    me.send()
    me.send(MINUTE)
    yield "window", me.world.now + HOUR, OWN
    me.send()
    return None


def confirm(me: Me) -> Play:
    box = me.show(DAY)
    answer = yield box, me.world.now + DAY, "person"
    if answer is None or answer["Result"] != "YES":
        raise Ended("DECLINED")
    return "agreed"


def text(me: Me) -> Play:
    end, answer = me.world.now + DAY, {"Result": "OK", "Answer": ""}
    box = me.show(DAY)
    while answer is not None and answer["Result"] == "OK" and not answer["Answer"]:
        answer = yield box, end, "person"
        if answer is not None and answer["Result"] in ("OK", "YES") and not answer["Answer"]:
            me.show(end - me.world.now)
            box = me.show(end - me.world.now)
            answer = {"Result": "OK", "Answer": ""}
    return None if answer is None else answer["Answer"] or None


TALK = f"- CHAT:\n    Chat: {CHAT}\n    Broker: broker.test\n"
PEER = "To: peer.test\n    Subject: {0}@Peer"
PLAYS: dict[str, tuple[Callable[[Me], Play], str]] = {
    "door": (
        door,
        "- WAIT >> $a:\n    Hook: door\n    Timeout: 1 hour\n"
        "- RETURN:\n    Answer: $a\n    TimedOut: $.Script.TimedOut",
    ),
    "twice": (
        twice,
        "- WAIT >> $a:\n    Hook: door\n    Timeout: 30 seconds\n"
        "- WAIT >> $b:\n    Hook: door\n    Timeout: 40 days\n- RETURN: [$a, $b]",
    ),
    "knock": (knock, "- RACE door: knock\n- RACE window: knock"),
    "nested": (
        nested,
        "- RUN Look >> $seen\n- IF $seen:\n    - RACE door: $seen\n"
        "    - WAIT >> $seen:\n        Hook: window\n        Timeout: 1 minute\n"
        "- RETURN: $seen\nLook:\n- WAIT >> $x:\n    Hook: window\n    Timeout: 2 days\n"
        "- RETURN: $x",
    ),
    "broken": (
        broken,
        f"- RACE window: never seen\n- SEND:\n    {PEER.format('Lost')}\n- ERROR Not today",
    ),
    "long": (
        long,
        "- RACE window: long\n- PUT 0 >> $n\n" + "- SET $n.Add(1)\n" * 60 + "- WAIT >> $a:\n"
        "    Hook: door\n    Timeout: 1 hour\n- RETURN: $a",
    ),
    "call": (
        call,
        f"- SEND >> $r:\n    {PEER.format('Greet')}\n- SEND:\n    {PEER.format('Thanks')}\n"
        "- RETURN: $r.Status",
    ),
    "notes": (
        notes,
        f"- SEND:\n    {PEER.format('One')}\n"
        "- SEND:\n    Header:\n        To: peer.test\n        Subject: Two@Peer\n"
        "    Expires: 1 minute\n- WAIT:\n    Hook: window\n    Timeout: 1 hour\n"
        f"- SEND:\n    {PEER.format('Three')}",
    ),
    "confirm": (confirm, TALK + "- CONFIRM Sure?\n- RETURN: agreed"),
    "text": (text, TALK + "- TEXT Your name? >> $name\n- RETURN: $name"),
}


def source(name: str) -> str:
    """Return the play's script file; each script has a name of its own."""
    return f"{name.title()}:\n{PLAYS[name][1]}\n"
