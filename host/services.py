"""What the host does to its rows: chats open, prompts are made and answered, talkers kept."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from host.appendices import File
from host.errors import bad_prompt
from host.models import Appendix, Chat, Prompt, Registered, Talker
from host.states import STATUS_FORMATS, TALKING, ChatState, Format, PromptState, Result
from messaging import clock, keys, rows
from messaging.ids import uuid4
from messaging.signing import PublicKey
from messaging.syntax import is_uuid
from scripts import hooks, library, returns
from scripts.errors import refused
from scripts.language.values import encode, to_text

# A chat is locked before its prompts, and those before their mailboxes. A run that speaks may hold
# a mailbox already, so it never waits for a chat that is being ended: its segment begins again.
SPEAKING = rows.Select(Chat, "pk", lock=rows.FOR_SHARE + rows.NOWAIT)
ANSWERING = rows.Select(Chat, "pk", lock=rows.FOR_SHARE)
ENDING = rows.Select(Chat, "pk", lock=rows.FOR_NO_KEY_UPDATE + rows.NOWAIT)
TEXT_LIMIT = 250
DETAILS_LIMIT = 2500
ANSWER_LIMIT = 5000
FACE_LIMIT = 20
FILES_IN_CHAT = 50
DETAILS_OF_CHAT = 16_384  # bytes of what a broker says of one: inputs, tokens, binds
CHOICES = (Format.ONE, Format.MANY)


def open_chat(domain: str, *, broker: str, chat: str, state: str, **details: Any) -> Chat:
    """Keep a chat that `broker` opened with `domain`; the same one again changes nothing.

    `state` is OPENED, or ACTIVE when the talker may speak. Raises ScriptError on another state.
    """
    if state not in TALKING:
        raise refused(f"a chat cannot begin in state {state}")
    said = [details.get(name) for name in ("inputs", "tokens", "binds")]
    if len(json.dumps(encode(said))) > DETAILS_OF_CHAT:
        raise refused("the broker says too much of the chat")
    with transaction.atomic(savepoint=False):
        fresh = Chat(domain=domain, broker=broker, chat=chat, created_at=clock.now(), **details)
        Chat.objects.bulk_create([fresh], ignore_conflicts=True)
        row = Chat.objects.select_for_update(no_key=True).get(
            domain=domain, broker=broker, chat=chat
        )
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
    rules: dict[str, Any] | None = None,
    appendix: File | None = None,
    run: str | None = None,
) -> Prompt:
    """Store what a person is to be told or asked until `expires_at` (UTC).

    Raises ScriptError when the chat has ended or a limit of protocol 5.5 is passed. Until the
    caller's transaction commits the chat cannot end: else nobody would withdraw the question.
    """
    if SPEAKING.get(chat.pk).state not in TALKING:
        raise bad_prompt("the chat has ended")
    if not text or len(text) >= TEXT_LIMIT:
        raise bad_prompt(f"a prompt's text has 1 to {TEXT_LIMIT - 1} characters")
    if len(details) >= DETAILS_LIMIT:
        raise bad_prompt(f"a prompt's details have fewer than {DETAILS_LIMIT} characters")
    if format in CHOICES and not options:
        raise bad_prompt(f"{format} needs Options")
    _check_room(chat, has_file=appendix is not None)
    kept = {**(rules or {}), **({"HasAppendix": True} if appendix is not None else {})}
    prompt = Prompt.objects.create(
        chat=chat,
        format=format,
        text=text,
        details=details,
        options=options or [],
        default=default,
        rules=kept or None,
        expires_at=expires_at,
        run=run,
        created_at=clock.now(),
    )
    if appendix is not None:
        Appendix.objects.create(
            prompt=prompt,
            name=appendix.name,
            type=appendix.type,
            pages=appendix.pages,
            content=appendix.content,
        )
    return prompt


def _check_room(chat: Chat, *, has_file: bool) -> None:
    """Refuse a line too many of a chat. Raises ScriptError."""
    most = settings.PROMPTS_KEPT_IN_CHAT
    lines = Prompt.objects.filter(chat=chat).order_by().values_list("pk", flat=True)
    if lines[most - 1 : most].exists():
        raise bad_prompt(
            f"a chat has at most {most} lines in {settings.KEEP_DAYS['PROMPT']:g} days"
        )
    if has_file and lines.exclude(appendix=None)[FILES_IN_CHAT - 1 : FILES_IN_CHAT].exists():
        raise bad_prompt(f"a chat has at most {FILES_IN_CHAT} files")


def reply_prompt(prompt_id: str, *, result: str, answer: Any) -> Prompt:
    """Record the person's answer: one to a question, any number to a line with options.

    Raises ScriptError when the prompt asks nothing, is answered or expired, or its chat ended.
    """
    with transaction.atomic(savepoint=False):
        ANSWERING.get(Prompt.objects.values_list("chat", flat=True).get(pk=prompt_id))
        locked = Prompt.objects.select_for_update(of=("self",), no_key=True)
        prompt = locked.select_related("chat").get(pk=prompt_id)
        _check_reply(prompt, to_text(answer))
        if prompt.format in STATUS_FORMATS:
            if answer not in [each["ID"] for each in prompt.options if "Locator" not in each]:
                raise refused("this is none of the options")
            prompt.result, prompt.answer = Result(result).value, to_text(answer)
        else:
            prompt.reply(result=Result(result).value, answer=to_text(answer))
        prompt.replied_at = clock.now()
        prompt.save(update_fields=["state", "result", "answer", "replied_at"])
        return prompt


def _check_reply(prompt: Prompt, answer: str) -> None:
    if prompt.format in STATUS_FORMATS and not prompt.options:
        raise refused("this prompt asks nothing")
    if prompt.state == PromptState.REPLIED:
        raise refused("this prompt has been answered")
    if prompt.state != PromptState.INSERTED or prompt.expires_at <= clock.now():
        raise refused("this prompt has expired")
    if prompt.chat.state not in TALKING:
        raise refused("the chat has ended")
    if len(answer) >= ANSWER_LIMIT:
        raise refused("the answer is too long")


def end_chat(chat_id: str, *, state: str) -> Chat:
    """End a chat: WRAPPED by the host, ABANDONED by the person; the first of them stays.

    Questions that are open in it are withdrawn, and the runs that wait for their answers are told
    in the same mailbox, so that an answer that came before still counts; lines with options lead
    back no more.
    """
    with transaction.atomic(savepoint=False):
        chat = ENDING.get(chat_id)
        if chat.state not in TALKING:
            return chat
        if state == ChatState.WRAPPED:
            chat.wrap()
        elif state == ChatState.ABANDONED:
            chat.abandon()
        else:
            raise refused(f"a chat cannot end as {state}")
        chat.save(update_fields=["state"])
        expects = f"key:{PublicKey.from_text(chat.public_key).fingerprint}"
        returns.end_returns(chat.domain, _runs(chat))
        for prompt in open_questions(chat.prompts.all()):
            prompt.withdraw()
            prompt.save(update_fields=["state"])
            hooks.send_signal(
                domain=chat.domain,
                name=str(prompt.pk),
                source="chat",
                origin=expects,
                value={"Closed": str(chat.state)},
            )
        return chat


def _runs(chat: Chat) -> list[UUID]:
    found = chat.prompts.exclude(options=[]).exclude(run=None)
    runs = found.values_list("run", flat=True).distinct()
    return [run for run in runs if run is not None]


def open_questions(prompts: QuerySet[Prompt], *, skip_locked: bool = False) -> QuerySet[Prompt]:
    """Return those of these prompts that wait for an answer, locked in the order of their ids."""
    questions = prompts.exclude(format__in=STATUS_FORMATS).filter(state=PromptState.INSERTED)
    waiting = questions.filter(expires_at__gt=clock.now()).order_by("pk")
    return waiting.select_for_update(no_key=True, skip_locked=skip_locked)


def withdraw_questions(run: UUID, hooks: list[str] | None) -> None:
    """Withdraw what a run still asks: in these mailboxes, or all of it. Nobody waits for it."""
    asked = Prompt.objects.filter(run=run)
    if hooks is not None:
        asked = asked.filter(pk__in=filter(is_uuid, hooks))
    # Who holds one of them is ending it in another way, and may wait for a mailbox that we hold.
    for prompt in open_questions(asked, skip_locked=True):
        prompt.withdraw()
        prompt.save(update_fields=["state"])


def choose_face(chat_id: Any, emoji: str) -> None:
    """Keep the face that questions of this chat have from now on."""
    if len(emoji) > FACE_LIMIT:
        raise refused("an emoji is one character")
    Chat.objects.filter(pk=chat_id).update(emoji=emoji)


def register_talker(
    *,
    domain: str,
    script: str,
    version: str,
    inputs: dict[str, Any],
    run: str,
    expires_at: datetime,
) -> Registered:
    """Keep a script of a running file as a talker under a random key, until `expires_at` (UTC).

    Raises ScriptError when the domain has REGISTERED_MOST of them open.
    """
    most = settings.REGISTERED_MOST
    open_ones = Registered.objects.filter(domain=domain, expires_at__gt=clock.now())
    if open_ones.order_by().values_list("pk", flat=True)[most - 1 : most].exists():
        raise refused(f"{domain} has {most} registered talkers open")
    return Registered.objects.create(
        domain=domain,
        key=str(uuid4()),
        script=script,
        version=version,
        inputs=encode(inputs),
        run=run,
        created_at=clock.now(),
        expires_at=expires_at,
    )


def save_talker(*, domain: str, key: str, title: str, source: str) -> Talker:
    """Keep an operator's script under a locator key; what runs already keeps its old version.

    Without a title it has that of its first menu entry, or its first script's name. Raises
    LoadErrors with every fault of the script, at its lines, and UnknownDomain for a
    domain that is not hosted here.
    """
    keys.require_hosted(domain)
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
