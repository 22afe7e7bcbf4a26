"""The last line of a chat whose run the engine ends: what a script can no longer say."""

from __future__ import annotations

from datetime import timedelta

from host import selectors, services
from host.prompts import readable
from host.states import TALKING, Format
from messaging import clock
from scripts.step import Step

LIFE = timedelta(days=7)  # how long the line may still be fetched


def say(step: Step, text: str) -> None:
    """Show a FAIL line in the chat of a run, and tell its broker; nothing when the chat has ended.

    A text that is too long for a line is cut. Part of the transaction that ends the run. Raises
    ScriptError when the chat is gone or the message cannot be sent.
    """
    item = step.chat
    chat = None if item is None else selectors.chat_by_key(step.domain, item.key)
    if chat is None or chat.state not in TALKING:
        return
    until = clock.now() + LIFE
    shown = readable(text)[: services.TEXT_LIMIT - 1]
    prompt = services.create_prompt(
        chat, format=Format.FAIL, text=shown, expires_at=until, run=str(step.run.pk)
    )
    body = {"Chat": str(chat.chat), "Prompt": str(prompt.pk), "Format": Format.FAIL.value}
    step.send(
        to=chat.broker,
        subject="Prompt@Broker",
        body={**body, "Expires": until},
        expires_at=until,
    )
