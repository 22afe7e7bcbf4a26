"""Showing prompts, and what becomes of the person's answers; the words are in `prompt_words`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from host import answers, selectors, services
from host.answers import BadAnswer, Question, Rounds
from host.appendices import read_appendix
from host.models import Chat, Prompt
from host.options import KEEP, read_options
from host.rules import read_rules
from host.states import ChatState, Format, Result
from messaging import clock
from messaging.signing import PublicKey
from scripts import returns
from scripts.errors import refused
from scripts.language.continuation import TIMED_OUT, Call, End
from scripts.language.errors import Declined
from scripts.language.values import Item, as_time, to_text
from scripts.step import Step

STATUS_LIFE = timedelta(days=7)  # how long a line may still be fetched, and its options chosen
INPUT_LIFE = timedelta(days=1)  # how long a question is asked when the script does not say


def tell(step: Step, call: Call) -> Any:
    """INFO, TEMP, DONE, FAIL: show a line; the script goes on at once.

    Of a line with options, choosing one takes the script back to here, whenever that is.
    """
    chat = talking(step, call.word)
    if isinstance(chat, End):
        return chat
    prompt = tell_line(step, chat, call.word, call.arguments)
    if any("Locator" not in option for option in prompt.options):
        returns.set_return(step, call, str(prompt.pk), expects=_answerer(chat))
    return None


def tell_line(step: Step, chat: Chat, format: str, arguments: Mapping[str, Any]) -> Prompt:
    """Show a line that nothing waits for."""
    return _show(step, chat, format, arguments, clock.now() + STATUS_LIFE)


def picked(step: Step, call: Call, memo: Any, signal: Any) -> Any:
    """Return the id of the option chosen at a line (Reply@Host has checked that it is one)."""
    return signal.get("Answer")


def ask(step: Step, call: Call) -> Any:
    """Show a question and park until the answer, `Expires`, or a day."""
    now = clock.now()
    expires = call.arguments.get("Expires")
    deadline = now + INPUT_LIFE if expires in (None, "") else as_time(expires, now)
    if deadline <= now:
        # The run was held up for longer than the question was to live: nobody is asked, and the
        # wait ends at once as one that nobody answered.
        return step.wait(f"unasked {step.new_uuid()}", deadline=deadline, memo=deadline)
    return ask_as(step, call.word, call.arguments, deadline)


def ask_as(
    step: Step, format: str, arguments: Mapping[str, Any], deadline: datetime, **memo: Any
) -> Any:
    """Show a question of this format and park; what is in `memo` is given back with the answer."""
    chat = talking(step, format)
    if isinstance(chat, End):
        return chat
    prompt = _show(step, chat, format, arguments, deadline)
    kept = {"deadline": deadline, **memo} if memo else deadline
    return step.wait(str(prompt.pk), deadline=deadline, expects=_answerer(chat), memo=kept)


def talking(step: Step, word: str) -> Chat | End:
    """Return the chat of this run; End when the person has left it.

    Raises ScriptError without a chat.
    """
    if step.chat is None:
        raise refused(f"{word} needs a chat")
    chat = selectors.chat_by_key(step.domain, step.chat.key)
    if chat is None:
        raise refused(f"{word} needs a chat")
    step.require_verified()
    if chat.state == ChatState.ABANDONED:
        return End("the person has left the chat")
    return chat


def _answerer(chat: Chat) -> str:
    """Only who holds the chat's key may answer; Reply@Host proves it before it races."""
    return f"key:{PublicKey.from_text(chat.public_key).fingerprint}"


def _show(
    step: Step, chat: Chat, format: str, arguments: Mapping[str, Any], expires_at: datetime
) -> Prompt:
    """Store the prompt and tell the broker that there is one, not what it says."""
    default = arguments.get("Default")
    rules = read_rules(format, arguments, clock.now())
    prompt = services.create_prompt(
        chat,
        format=format,
        text=readable(arguments.get("Text")),
        details=readable(arguments.get("Details")),
        options=read_options(arguments.get("Options")),
        default="" if "Default" in rules else to_text(default),
        rules=rules,
        appendix=read_appendix(arguments.get("Appendix")),
        expires_at=expires_at,
        run=str(step.run.pk),
    )
    body = {
        "Chat": str(chat.chat),
        "Prompt": str(prompt.pk),
        "Format": format,
        "Expires": expires_at,
        "Emoji": to_text(arguments.get("Emoji")) or chat.emoji or None,
    }
    step.send(to=chat.broker, subject="Prompt@Broker", body=body, expires_at=expires_at)
    return prompt


def readable(value: Any) -> str:
    """Return a value as people read it: lists and maps as Markdown bullets, no keep marks (4.3)."""
    if isinstance(value, Item) or (isinstance(value, dict) and "$" in value):
        return to_text(value).replace(KEEP, "")
    if isinstance(value, dict):
        return "\n".join(f"- {key}: {readable(part)}" for key, part in value.items())
    if isinstance(value, list):
        return "\n".join(f"- {readable(part)}" for part in value)
    return to_text(value).replace(KEEP, "")


# -- answers ------------------------------------------------------------------------------------


def confirmed(step: Step, call: Call, memo: Any, signal: Any) -> Any:
    """YES is true; no, cancel or silence is false, and ends the run if nothing else is said."""
    if gone := chat_gone(signal):
        return gone
    yes = signal is not TIMED_OUT and signal.get("Result") == Result.YES
    if not yes and not call.has_output and not call.paired:
        raise Declined
    return bool(yes)


def answered(step: Step, call: Call, memo: Any, signal: Any) -> Any:
    """Return what the person answered, or empty; what does not fit is asked again.

    The script does not see that: a FAIL says what is wrong, and the same question follows.
    """
    if gone := chat_gone(signal):
        return gone
    known = memo if isinstance(memo, dict) else {"deadline": memo}
    if signal is TIMED_OUT:
        return None
    question = _question(step, call)
    if "number" in known:
        return _rounded(step, call, question, known, signal)
    if signal.get("Result") in (Result.CANCEL, Result.NO):
        return None
    try:
        return _given(call, answers.read_answer(question, signal.get("Answer")))
    except BadAnswer as bad:
        return _ask_again(step, call, known["deadline"], str(bad))
    except Rounds as rounds:
        text = to_text(signal.get("Answer")).strip()
        question_text = {"Text": f"{rounds.shown}, is that right?", "Details": f"For {text[:100]}"}
        return ask_as(
            step, Format.CONFIRM, question_text, known["deadline"], number=rounds.number, text=text
        )


def chat_gone(signal: Any) -> End | None:
    """Return the end of the run when its question, or the chat, was closed while it waited."""
    if signal is TIMED_OUT or not isinstance(signal, dict) or "Closed" not in signal:
        return None
    if "Why" in signal:  # the question alone was taken back, and the chat goes on
        return End(to_text(signal["Why"]))
    if signal["Closed"] == ChatState.ABANDONED:
        return End("the person has left the chat")
    return End("the chat was closed while it waited there")


def _question(step: Step, call: Call) -> Question:
    language = (step.chat and step.chat["Language"]) or "en-us"
    rules = read_rules(call.word, call.arguments, clock.now())
    return Question(call.word, rules, read_options(call.arguments.get("Options")), str(language))


def _rounded(step: Step, call: Call, question: Question, known: Any, signal: Any) -> Any:
    """The person was asked whether a rounded number will do."""
    if signal.get("Result") != Result.YES:
        return ask_as(step, call.word, call.arguments, known["deadline"])
    return answers.rounded_answer(question, known["number"], known["text"])


def _given(call: Call, value: Any) -> Any:
    output = to_text(call.arguments.get("Output"))
    if not output or value is None:
        return value
    return answers.shaped(str(value), to_text(call.arguments.get("Pattern")), output)


def _ask_again(step: Step, call: Call, deadline: datetime, why: str) -> Any:
    chat = talking(step, call.word)
    if isinstance(chat, End):
        return chat
    _show(step, chat, Format.FAIL, {"Text": why[: services.TEXT_LIMIT - 1]}, deadline)
    return ask_as(step, call.word, call.arguments, deadline)
