"""The commands of the Host role: the chat, its talker, its prompts, and titles."""

from __future__ import annotations

from typing import Any

from host import selectors
from host.prompts import CONFIRM, DONE, FAIL, INFO, ONE, TEXT
from messaging.syntax import normalise_schema
from scripts.errors import missing, refused
from scripts.language.continuation import Call, Enter
from scripts.language.values import Item
from scripts.language.vocabulary import CommandSpec, Kind, Parameter
from scripts.library import version
from scripts.registry import Command
from scripts.step import Step


def chat(step: Step, call: Call) -> Any:
    """CHAT $chat: fix the chat of this run, by its row or by its id (and Broker, else our own)."""
    which = call.arguments.get("Chat")
    if isinstance(which, Item):
        return step.set_chat({"ID": which.key})
    if not which:
        raise refused("CHAT needs a chat")
    broker = call.arguments.get("Broker") or step.domain
    return step.set_chat({"Broker": str(broker), "Chat": str(which)})


def talk(step: Step, call: Call) -> Any:
    """TALK: hand over to the talker that the chat's locator key (or Name) opens."""
    if step.chat is None:
        raise refused("TALK needs a chat")
    name = call.arguments.get("Name") or step.chat["Key"]
    talker = selectors.talker_for(step.domain, str(name))
    if talker is None:
        raise missing("the talker")
    inputs = call.arguments.get("Inputs") or step.chat["Inputs"] or {}
    return Enter(version(talker.version).hash, talker.script, dict(inputs))


def translate(step: Step, call: Call) -> dict[str, str]:
    """TRANSLATE: what a domain and a schema are called in a language; their names if unknown."""
    language = str(call.arguments.get("To") or (step.chat and step.chat["Language"]) or "en-us")
    titles = {}
    if domain := call.arguments.get("Domain"):
        titles["Domain"] = selectors.title_of(str(domain).lower(), language)
    if schema := call.arguments.get("Schema"):
        titles["Schema"] = selectors.title_of(normalise_schema(str(schema)), language)
    if text := call.arguments.get("Text"):
        titles["Text"] = str(text)
    return titles


CHAT = Command(
    CommandSpec(
        word="CHAT",
        main="Chat",
        parameters=(Parameter("Chat", Kind.VALUE, required=True), Parameter("Broker", Kind.VALUE)),
    ),
    chat,
)
TALK = Command(
    CommandSpec(
        word="TALK",
        main="Name",
        parameters=(Parameter("Name", Kind.VALUE), Parameter("Inputs", Kind.FIELDS)),
        suspends=True,
    ),
    talk,
)
TRANSLATE = Command(
    CommandSpec(
        word="TRANSLATE",
        main="Text",
        parameters=(
            Parameter("Text", Kind.TEMPLATE),
            Parameter("Domain", Kind.VALUE),
            Parameter("Schema", Kind.VALUE),
            Parameter("To", Kind.VALUE),
        ),
    ),
    translate,
)

COMMANDS = {
    "CHAT": CHAT,
    "TALK": TALK,
    "TRANSLATE": TRANSLATE,
    "INFO": INFO,
    "DONE": DONE,
    "FAIL": FAIL,
    "CONFIRM": CONFIRM,
    "TEXT": TEXT,
    "ONE": ONE,
}
