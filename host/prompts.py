"""The prompt commands: what is said, what is asked, and what the person's answer means."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from host import selectors, services
from host.models import Prompt
from host.states import Format, Result
from messaging import clock
from messaging.signing import PublicKey
from scripts.errors import refused
from scripts.language.continuation import TIMED_OUT, Call
from scripts.language.errors import Declined
from scripts.language.values import as_time, to_text
from scripts.language.vocabulary import CommandSpec, Kind, Parameter
from scripts.registry import Command
from scripts.step import Step

STATUS_LIFE = timedelta(days=7)  # how long a line may still be fetched
INPUT_LIFE = timedelta(days=1)  # how long a question is asked when the script does not say


def tell(step: Step, call: Call) -> None:
    """INFO, DONE, FAIL: show a line; the script goes on at once."""
    _show(step, call.word, call.arguments, clock.now() + STATUS_LIFE)


def ask(step: Step, call: Call) -> Any:
    """CONFIRM, TEXT, ONE: show a question and park until the answer, `Expires`, or a day."""
    now = clock.now()
    expires = call.arguments.get("Expires")
    deadline = now + INPUT_LIFE if expires in (None, "") else as_time(expires, now)
    if deadline <= now:
        # The run was held up for longer than the question was to live: nobody is asked, and the
        # wait ends at once as one that nobody answered.
        return step.wait(f"unasked {step.new_uuid()}", deadline=deadline, memo=deadline)
    return _ask(step, call, deadline)


def _ask(step: Step, call: Call, deadline: datetime) -> Any:
    prompt = _show(step, call.word, call.arguments, deadline)
    # Only who holds the chat's key may answer; Reply@Host proves it before it races.
    fingerprint = PublicKey.from_text(prompt.chat.public_key).fingerprint
    return step.wait(str(prompt.pk), deadline=deadline, expects=f"key:{fingerprint}", memo=deadline)


def _show(step: Step, format: str, arguments: dict[str, Any], expires_at: datetime) -> Prompt:
    """Store the prompt and tell the broker that there is one, not what it says."""
    if step.chat is None:
        raise refused(f"{format} needs a chat")
    chat = selectors.chat_by_key(step.domain, step.chat.key)
    if chat is None:
        raise refused(f"{format} needs a chat")
    step.require_verified()
    prompt = services.create_prompt(
        chat,
        format=format,
        text=to_text(arguments.get("Text")),
        details=to_text(arguments.get("Details")),
        options=_options(arguments.get("Options")),
        default=to_text(arguments.get("Default")),
        expires_at=expires_at,
        run=str(step.run.pk),
    )
    body = {
        "Chat": str(chat.chat),
        "Prompt": str(prompt.pk),
        "Format": format,
        "Expires": expires_at,
    }
    if arguments.get("Emoji"):
        body["Emoji"] = to_text(arguments["Emoji"])
    step.send(to=chat.broker, subject="Prompt@Broker", body=body, expires_at=expires_at)
    return prompt


def _options(value: Any) -> list[dict[str, str]]:
    """Return options as [{ID, Title}], from texts (`Pay by /Card` has the id Card) or a map."""
    if not value:
        return []
    if isinstance(value, dict):
        return [{"ID": str(key), "Title": to_text(title)} for key, title in value.items()]
    return [_option(to_text(part)) for part in (value if isinstance(value, list) else [value])]


def _option(text: str) -> dict[str, str]:
    words = text.split()
    marked = next((word[1:] for word in words if word.startswith("/") and len(word) > 1), "")
    title = " ".join(word[1:] if word == f"/{marked}" else word for word in words)
    return {"ID": marked or text, "Title": title}


def confirmed(step: Step, call: Call, memo: Any, signal: Any) -> bool:
    """YES is true; no, cancel or silence is false, and ends the run if nothing else is said."""
    yes = signal is not TIMED_OUT and signal.get("Result") == Result.YES
    if not yes and not call.has_output and not call.paired:
        raise Declined
    return bool(yes)


def typed(step: Step, call: Call, memo: Any, signal: Any) -> Any:
    """Return the text, or empty when time is up; an empty answer is asked again."""
    answer = "" if signal is TIMED_OUT else to_text(signal.get("Answer")).strip()
    if signal is TIMED_OUT or _cancelled(signal) or answer or call.arguments.get("Nullable"):
        return answer or None
    return _ask_again(step, call, memo, "Please type something.")


def chosen(step: Step, call: Call, memo: Any, signal: Any) -> Any:
    """Return the id of the chosen option, or empty when time is up; another is asked again."""
    if signal is TIMED_OUT or _cancelled(signal):
        return None
    answer = to_text(signal.get("Answer"))
    if answer in [option["ID"] for option in _options(call.arguments.get("Options"))]:
        return answer
    return _ask_again(step, call, memo, "Please choose one of the options.")


def _cancelled(signal: Any) -> bool:
    return bool(signal.get("Result") in (Result.CANCEL, Result.NO))


def _ask_again(step: Step, call: Call, deadline: datetime, why: str) -> Any:
    _show(step, Format.FAIL, {"Text": why}, deadline)
    return _ask(step, call, deadline)


_WORDS = (
    Parameter("Text", Kind.TEMPLATE, required=True),
    Parameter("Details", Kind.TEMPLATE),
    Parameter("Emoji", Kind.TEMPLATE),
)
_ASKS = (*_WORDS, Parameter("Default", Kind.TEMPLATE), Parameter("Expires", Kind.VALUE))


def _status(word: str) -> Command:
    return Command(CommandSpec(word=word, main="Text", parameters=_WORDS), tell)


INFO, DONE, FAIL = _status("INFO"), _status("DONE"), _status("FAIL")
CONFIRM = Command(
    CommandSpec(word="CONFIRM", main="Text", parameters=_ASKS, suspends=True, pairs=True),
    ask,
    confirmed,
)
TEXT = Command(
    CommandSpec(
        word="TEXT",
        main="Text",
        parameters=(*_ASKS, Parameter("Nullable", Kind.VALUE)),
        suspends=True,
    ),
    ask,
    typed,
)
ONE = Command(
    CommandSpec(
        word="ONE",
        main="Text",
        parameters=(*_ASKS, Parameter("Options", Kind.LIST, required=True)),
        suspends=True,
    ),
    ask,
    chosen,
)
