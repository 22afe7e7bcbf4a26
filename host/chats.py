"""The commands of a chat: its talker and menu, its face, its end, and talkers for one occasion."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from host import selectors, services
from host.answers import BadAnswer, Question, read_answer
from host.models import Chat, Registered, Talker
from host.prompts import INPUT_LIFE, ask_as, chat_gone, readable, talking, tell_line
from host.states import ChatState, Format, Result
from messaging import clock
from messaging.syntax import Locator, format_locator, normalise_schema
from scripts import quotas, returns
from scripts.commands.messages import answered as call_answered
from scripts.commands.messages import call_deadline
from scripts.errors import missing, refused
from scripts.language.continuation import TIMED_OUT, Call, End, Enter
from scripts.language.values import Item, as_time, decode, to_text
from scripts.library import version
from scripts.step import LONGEST_WAIT, Step

REGISTERED_LIFE = timedelta(days=7)
MENU_TEXT = "What would you like to do?"


def chat(step: Step, call: Call) -> Any:
    """CHAT $chat: fix the chat of this run, by its row or by its id (and Broker, else our own)."""
    which = call.arguments.get("Chat")
    if isinstance(which, Item):
        return step.set_chat({"ID": which.key})
    if not which:
        raise refused("CHAT needs a chat")
    broker = call.arguments.get("Broker") or step.domain
    return step.set_chat({"Broker": str(broker), "Chat": str(which)})


# -- talkers ------------------------------------------------------------------------------------


def talk(step: Step, call: Call) -> Any:
    """TALK: hand over to the talker that the chat's locator key (or Name) opens.

    A file with several 💬 entries is a menu: the person is asked which (1.1).
    """
    if step.chat is None:
        raise refused("TALK needs a chat")
    talker, inputs = _opened(step, call)
    entries = version(talker.version).file.menu
    if isinstance(talker, Talker) and len(entries) > 1:
        options = [{"ID": identity, "Title": title} for identity, title, _ in entries]
        return _show_menu(step, talker, options, inputs)
    return Enter(version(talker.version).hash, talker.script, inputs)


def _opened(step: Step, call: Call) -> tuple[Talker | Registered, dict[str, Any]]:
    found: dict[str, Any] = step.chat or {}
    name = to_text(call.arguments.get("Name") or found.get("Key"))
    talker = selectors.talker_for(step.domain, name)
    if talker is None:
        raise missing("the talker")
    inputs = dict(call.arguments.get("Inputs") or found.get("Inputs") or {})
    if isinstance(talker, Registered):
        inputs = {**inputs, **decode(talker.inputs)}
    return talker, inputs


def _show_menu(step: Step, talker: Talker, options: list[dict[str, str]], inputs: Any) -> Any:
    shown = {"Text": talker.title or MENU_TEXT, "Options": options}
    deadline = clock.now() + INPUT_LIFE
    # The version is part of the memo: the person chooses among the entries that were shown.
    return ask_as(
        step, Format.ONE, shown, deadline, version=talker.version, inputs=inputs, options=options
    )


def chosen_entry(step: Step, call: Call, memo: Any, signal: Any) -> Any:
    """Enter the menu's entry that the person chose; nothing, when they chose none."""
    if gone := chat_gone(signal):
        return gone
    if signal is TIMED_OUT or signal.get("Result") in (Result.CANCEL, Result.NO):
        return None
    shown = version(memo["version"])
    try:
        identity = read_answer(Question(Format.ONE, options=memo["options"]), signal.get("Answer"))
    except BadAnswer:
        again = {"Text": MENU_TEXT, "Options": memo["options"]}
        deadline = memo["deadline"]
        kept = {name: part for name, part in memo.items() if name != "deadline"}
        return ask_as(step, Format.ONE, again, deadline, **kept)
    script = next(script for entry, _, script in shown.file.menu if entry == identity)
    return Enter(shown.hash, script, dict(memo["inputs"]))


def register(step: Step, call: Call) -> str:
    """REGISTER s >> $locator: keep a script of this file, with inputs, as a talker of its own.

    It is open for a week, or until `Expires`. Raises ScriptError for a script that is not there.
    """
    step.require_verified()
    name = to_text(call.arguments.get("Script")).strip()
    digest, _ = step.script(call.version, name)
    now = clock.now()
    expires = call.arguments.get("Expires")
    until = now + REGISTERED_LIFE if expires in (None, "") else as_time(expires, now)
    quotas.count("rows")
    talker = services.register_talker(
        domain=step.domain,
        script=name,
        version=digest,
        inputs=dict(call.arguments.get("Inputs") or {}),
        run=str(step.run.pk),
        expires_at=min(until, now + LONGEST_WAIT),
    )
    return format_locator(Locator(normalise_schema(".HOST"), step.domain, talker.key)).replace(
        "pollyweb.org/HOST:1.0", ".HOST"
    )


# -- the face, and the end ------------------------------------------------------------------------


def emoji(step: Step, call: Call) -> Any:
    """EMOJI e: the face of the questions that follow, kept here and told to the broker."""
    found = talking(step, call.word)
    if isinstance(found, End):
        return found
    face = to_text(call.arguments.get("Emoji")).strip()
    services.choose_face(found.pk, face)
    deadline = call_deadline(None)
    message = step.send(
        to=found.broker,
        subject="Emoji@Broker",
        body={"Chat": str(found.chat), "Emoji": face},
        expires_at=deadline[0],
        expects_response=True,
    )
    correlation = str(message.correlation)
    return step.wait(correlation, deadline=deadline[1], expects=f"response:{correlation}")


def emoji_told(step: Step, call: Call, memo: Any, signal: Any) -> None:
    """A broker that does not know the message leaves the face; prompts still say theirs."""
    if signal is not TIMED_OUT and "Error" not in signal:
        call_answered(step, call, memo, signal)


def freeze(step: Step, call: Call) -> Any:
    """FREEZE: lines with options that were shown before lead back no more; gives its map."""
    step.require_verified()
    returns.end_returns(step.domain, [step.run.pk])
    return call.arguments.get("Values")


def goodbye(step: Step, call: Call) -> Any:
    """GOODBYE [text]: say DONE if there is a text, then close the chat; the run goes on without.

    Other runs that wait in the chat are told, and end.
    """
    found = talking(step, call.word)
    if isinstance(found, End):
        return found
    if found.state == ChatState.WRAPPED:
        return None
    if readable(call.arguments.get("Text")):
        tell_line(step, found, Format.DONE, call.arguments)
    return _close(step, found)


def _close(step: Step, found: Chat) -> None:
    services.end_chat(str(found.pk), state=ChatState.WRAPPED)
    step.send(to=found.broker, subject="Goodbye@Broker", body={"Chat": str(found.chat)})
