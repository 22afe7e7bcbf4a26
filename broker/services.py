"""What the broker does to its rows; every change of state locks the row and leaves an event.

A handler may come late or twice: a change that the row's state no longer allows is left out, and
the row is returned as it is.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from broker import locks, offers, room
from broker.emoji import ALLOWED, prompt_emoji
from broker.models import Chat, Intent, Notifier, Wallet
from broker.states import ChatState, NotifierState
from messaging import clock, rows
from messaging.signing import PublicKey
from messaging.syntax import parse_locator
from scripts.errors import refused


def onboard_wallet(domain: str, *, notifier: str, public_key: str, language: str) -> Wallet:
    """Take a new wallet (protocol 5.1); the same key again gets the same wallet.

    Raises ScriptError for a notifier we do not serve, or a key that is none.
    """
    known = Notifier.objects.filter(domain=domain, name=notifier, state=NotifierState.ACTIVE)
    if not known.exists():
        raise refused("this notifier's wallets are not taken here")
    try:
        spki = PublicKey.from_text(public_key).spki
    except ValueError:
        raise refused("the wallet's key is not an Ed25519 public key") from None
    wallet = Wallet(
        domain=domain,
        notifier=notifier,
        public_key=spki,
        language=language.lower(),
        created_at=clock.now(),
    )
    if rows.insert_new(wallet):
        return wallet
    return Wallet.objects.get(domain=domain, public_key=spki)


def ask_chat(domain: str, *, wallet: str, hook: str, locator: str, inputs: dict[str, Any]) -> Chat:
    """Open a chat on a locator (protocol 5.2); the same hook again gets the same chat.

    Raises ScriptError when the text is no locator, or carries too much.
    """
    try:
        where = parse_locator(locator)
    except ValueError:
        raise refused("this is not a locator") from None
    given = {**where.inputs, **inputs}
    room.check_inputs(given)
    with transaction.atomic(savepoint=False):
        row = Wallet.objects.select_for_update(no_key=True).get(pk=wallet, domain=domain)
        known = Chat.objects.filter(wallet=row, hook=hook).first()
        if known is not None:
            return known
        room.make_room(row)
        return Chat.objects.create(
            domain=domain,
            wallet=row,
            hook=hook,
            locator=locator,
            host=where.domain,
            schema=where.schema,
            key=where.key,
            inputs=given,
            language=row.language,
            created_at=clock.now(),
        )


def detail_chat(chat_id: str, *, host_title: str) -> Chat:
    """Keep what the host is called."""
    with transaction.atomic(savepoint=False):
        chat = locks.locked_chat(chat_id)
        if chat.state == ChatState.ASKED:
            chat.host_title = host_title
            chat.detail()
            chat.save(update_fields=["state", "host_title"])
        return chat


def open_chat(chat_id: str, *, public_key: str) -> Chat:
    """Keep the chat key that the wallet made; another key later is refused."""
    try:
        spki = PublicKey.from_text(public_key).spki
    except ValueError:
        raise refused("the chat's key is not an Ed25519 public key") from None
    with transaction.atomic(savepoint=False):
        chat = locks.locked_chat(chat_id)
        if chat.state == ChatState.DETAILED:
            chat.public_key = spki
            chat.open()
            chat.save(update_fields=["state", "public_key"])
        elif chat.public_key != spki:
            raise refused("this chat has another key")
        return chat


def activate_chat(chat_id: str) -> Chat:
    """Let the host speak."""
    with transaction.atomic(savepoint=False):
        chat = locks.locked_chat(chat_id)
        if chat.state == ChatState.OPENED:
            chat.activate()
            chat.save(update_fields=["state"])
        return chat


def end_chat(chat_id: str, *, state: str, at: datetime) -> Chat:
    """End a chat: WRAPPED by its host, ABANDONED by its person; the first of them stays.

    `at` (UTC) is when that was said: prompts that were sent before still reach the wallet.
    """
    with transaction.atomic(savepoint=False):
        chat = locks.locked_chat(chat_id)
        if chat.state == ChatState.ACTIVE:
            chat.wrap() if state == ChatState.WRAPPED else chat.abandon()
            chat.ended_at = at
            chat.save(update_fields=["state", "ended_at"])
            offers.withdraw_offers(chat)
        return chat


def choose_face(chat_id: str, *, emoji: str) -> Chat:
    """Keep the face of the host's questions; one that is not on the list changes nothing."""
    with transaction.atomic(savepoint=False):
        chat = locks.locked_chat(chat_id)
        if emoji in ALLOWED:
            chat.emoji = emoji
            chat.save(update_fields=["emoji"])
        return chat


def keep_intent(
    chat: Chat,
    *,
    sender: str,
    prompt: str,
    format: str,
    emoji: str,
    expires: datetime,
    sent_at: datetime,
) -> Intent:
    """Keep that `sender` wants a prompt shown; the same prompt again changes nothing.

    Raises ScriptError when it was sent (`sent_at`, UTC) after the chat had ended: the run of an
    earlier message may come later than that of the goodbye.
    """
    if chat.ended_at is not None and sent_at > chat.ended_at and sender != chat.domain:
        raise refused("the chat has ended")
    intent = Intent(
        chat=chat,
        sender=sender,
        prompt=prompt,
        format=format,
        emoji=prompt_emoji(format, emoji or chat.emoji, faded=sender == chat.domain),
        expires=expires,
        created_at=clock.now(),
    )
    if rows.insert_new(intent):
        return intent
    return Intent.objects.select_related("chat__wallet").get(sender=sender, prompt=prompt)
