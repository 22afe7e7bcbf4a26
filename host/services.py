"""What the host does to its rows: chats open, prompts are made and answered, talkers kept."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from host.errors import bad_prompt
from host.models import Chat, Prompt, Talker
from host.states import STATUS_FORMATS, TALKING, ChatState, Format, PromptState, Result
from messaging import clock
from scripts import library
from scripts.errors import refused

TEXT_LIMIT = 250
DETAILS_LIMIT = 2500
ANSWER_LIMIT = 5000
OPTIONS_LIMIT = 250


def open_chat(domain: str, *, broker: str, chat: str, state: str, **details: Any) -> Chat:
    """Keep a chat that `broker` opened with `domain`; the same one again changes nothing.

    `state` is OPENED, or ACTIVE when the talker may speak. Raises ScriptError on another state.
    """
    if state not in TALKING:
        raise refused(f"a chat cannot begin in state {state}")
    with transaction.atomic(savepoint=False):
        fresh = Chat(domain=domain, broker=broker, chat=chat, created_at=clock.now(), **details)
        Chat.objects.bulk_create([fresh], ignore_conflicts=True)
        row = Chat.objects.select_for_update().get(domain=domain, broker=broker, chat=chat)
        if state == ChatState.ACTIVE and row.state == ChatState.OPENED:
            row.activate()
            row.save(update_fields=["state"])
        return row


def create_prompt(
    chat: Chat,
    *,
    format: str,
    text: str,
    expires_at: datetime,
    details: str = "",
    options: list[dict[str, str]] | None = None,
    default: str = "",
    run: str | None = None,
) -> Prompt:
    """Store what a person is to be told or asked until `expires_at` (UTC).

    Raises ScriptError when the chat has ended or a limit of protocol 5.5 is passed.
    """
    if chat.state not in TALKING:
        raise bad_prompt("the chat has ended")
    if not text or len(text) >= TEXT_LIMIT:
        raise bad_prompt(f"a prompt's text has 1 to {TEXT_LIMIT - 1} characters")
    if len(details) >= DETAILS_LIMIT:
        raise bad_prompt(f"a prompt's details have fewer than {DETAILS_LIMIT} characters")
    options = options or []
    if len(options) > OPTIONS_LIMIT:
        raise bad_prompt(f"a prompt has at most {OPTIONS_LIMIT} options")
    if format == Format.ONE and not options:
        raise bad_prompt("ONE needs Options")
    return Prompt.objects.create(
        chat=chat,
        format=format,
        text=text,
        details=details,
        options=options,
        default=default,
        expires_at=expires_at,
        run=run,
        created_at=clock.now(),
    )


def reply_prompt(prompt_id: str, *, result: str, answer: str) -> Prompt:
    """Record the person's one answer to an input prompt.

    Raises ScriptError when the prompt asks nothing, has been answered or has expired.
    """
    with transaction.atomic(savepoint=False):
        prompt = Prompt.objects.select_for_update().select_related("chat").get(pk=prompt_id)
        if prompt.format in STATUS_FORMATS:
            raise refused("this prompt asks nothing")
        if prompt.state == PromptState.REPLIED:
            raise refused("this prompt has been answered")
        if prompt.expires_at <= clock.now():
            raise refused("this prompt has expired")
        if len(answer) >= ANSWER_LIMIT:
            raise refused("the answer is too long")
        prompt.reply(result=Result(result).value, answer=answer)
        prompt.replied_at = clock.now()
        prompt.save(update_fields=["state", "result", "answer", "replied_at"])
        return prompt


def save_talker(*, domain: str, key: str, title: str, source: str) -> Talker:
    """Keep an operator's script under a locator key; what runs already keeps its old version.

    Without a title it has that of its first menu entry, or its first script's name. Raises
    LoadErrors with every fault of the script, at its lines.
    """
    version = library.compile_source(source, file=f"{key}.yaml", name=f"{domain}/{key}")
    named = [entry[1] for entry in version.file.menu] or list(version.file.scripts)
    title = title or named[0][:200]
    library.store(version)
    talker, _ = Talker.objects.update_or_create(
        domain=domain,
        key=key,
        defaults={
            "title": title,
            "source": source,
            "script": next(iter(version.file.scripts)),
            "version": version.hash,
            "updated_at": clock.now(),
        },
    )
    return talker
