"""The commands of the Host role: prompts, the chat and its talkers, and what the helpers know."""

from __future__ import annotations

from host import chats, graph_words, prompt_words
from host.verifying import VERIFY
from scripts.language.vocabulary import CommandSpec, Kind, Parameter
from scripts.registry import Command

CHAT = Command(
    CommandSpec(
        word="CHAT",
        main="Chat",
        parameters=(
            Parameter("Chat", Kind.VALUE, required=True, about="its row, or its id"),
            Parameter("Broker", Kind.VALUE, about="whose id it is"),
        ),
        about="Fix the chat of this run.",
    ),
    chats.chat,
)
TALK = Command(
    CommandSpec(
        word="TALK",
        main="Name",
        parameters=(
            Parameter("Name", Kind.VALUE, about="a locator key; the chat's if not given"),
            Parameter("Inputs", Kind.FIELDS, about="instead of the locator's"),
        ),
        suspends=True,
        about="Hand over to the talker of a locator key, or let the person choose an entry.",
    ),
    chats.talk,
    chats.chosen_entry,
)
REGISTER = Command(
    CommandSpec(
        word="REGISTER",
        main="Script",
        rest="Inputs",
        parameters=(
            Parameter("Script", Kind.NAME, required=True, about="a script of this file"),
            Parameter("Inputs", Kind.FIELDS, about="what it is run with"),
            Parameter("Expires", Kind.VALUE, about="how long it can be opened; a week"),
        ),
        about="Make a talker for one occasion, and give its locator.",
    ),
    chats.register,
)
EMOJI = Command(
    CommandSpec(
        word="EMOJI",
        main="Emoji",
        parameters=(Parameter("Emoji", Kind.TEMPLATE, required=True, about="one of the list"),),
        suspends=True,
        about="Choose the face of the questions that follow.",
    ),
    chats.emoji,
    chats.emoji_told,
)
FREEZE = Command(
    CommandSpec(
        word="FREEZE",
        main="Values",
        rest="Values",
        parameters=(Parameter("Values", Kind.VALUE, about="given back"),),
        about="Let what was answered stay as it is.",
    ),
    chats.freeze,
)
GOODBYE = Command(
    CommandSpec(
        word="GOODBYE",
        main="Text",
        parameters=(
            Parameter("Text", Kind.TEMPLATE, about="a last DONE"),
            Parameter("Details", Kind.TEMPLATE, about="Markdown, shown folded"),
        ),
        about="Close the chat, with a last word if there is one.",
    ),
    chats.goodbye,
)

COMMANDS: dict[str, Command] = {
    **prompt_words.WORDS,
    **graph_words.WORDS,
    "CHAT": CHAT,
    "TALK": TALK,
    "REGISTER": REGISTER,
    "EMOJI": EMOJI,
    "FREEZE": FREEZE,
    "GOODBYE": GOODBYE,
    "VERIFY": VERIFY,
}
