"""The broker's datasets, as scripts see them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from broker import offers, selectors, services
from broker.models import Chat, Intent, Token, Wallet
from broker.states import ChatState, TokenState, TokenStatus
from messaging import clock, keys
from messaging.syntax import is_uuid
from scripts.errors import missing, refused
from scripts.language.values import as_time
from scripts.registry import Dataset, Row, Write


def wallet_row(wallet: Wallet) -> Row:
    return Row(
        key=str(wallet.pk),
        fields={
            "ID": str(wallet.pk),
            "Wallet": str(wallet.pk),
            "PublicKey": wallet.public_key,
            "Notifier": wallet.notifier,
            "Language": wallet.language,
        },
    )


def read_wallet(domain: str, key: Any) -> Row | None:
    wallet = selectors.wallet_by_id(domain, key)
    return None if wallet is None else wallet_row(wallet)


def insert_wallet(write: Write) -> Row:
    fields = write.fields
    return wallet_row(
        services.onboard_wallet(
            write.domain,
            notifier=str(fields["Notifier"]).lower(),
            public_key=str(fields["PublicKey"]),
            language=str(fields["Language"]),
        )
    )


def chat_row(chat: Chat) -> Row:
    return Row(
        key=str(chat.pk),
        fields={
            "ID": str(chat.pk),
            "Chat": str(chat.pk),
            "STATE": str(chat.state),
            "Wallet": str(chat.wallet_id),
            "Notifier": chat.wallet.notifier,
            "Hook": str(chat.hook),
            "Host": chat.host,
            "HostTitle": chat.host_title,
            "Schema": chat.schema,
            "Key": chat.key,
            "Inputs": chat.inputs,
            "PublicKey": chat.public_key,
            "Language": chat.language,
        },
    )


def read_chat(domain: str, key: Any) -> Row | None:
    """The SELF tokens that the host may know of are part of the row (protocol 3.6)."""
    chat = selectors.chat_by_id(domain, key)
    if chat is None:
        return None
    row = chat_row(chat)
    row.fields["Tokens"] = selectors.self_tokens(chat)
    return row


def insert_chat(write: Write) -> Row:
    fields = write.fields
    hook = str(fields["Hook"])
    if not is_uuid(hook):
        raise refused("the Hook must be a UUID")
    return chat_row(
        services.ask_chat(
            write.domain,
            wallet=str(fields["Wallet"]),
            hook=hook,
            locator=str(fields["Locator"]),
            inputs=fields.get("Inputs") or {},
        )
    )


def update_chat(write: Write) -> Row:
    state = write.fields.get("STATE")
    if state is None and write.fields.get("Emoji"):
        return chat_row(services.choose_face(write.key, emoji=str(write.fields["Emoji"])))
    if state in (ChatState.WRAPPED, ChatState.ABANDONED):
        at = as_time(write.fields.get("EndedAt") or clock.now(), clock.now())
        return chat_row(services.end_chat(write.key, state=str(state), at=at))
    if state == ChatState.DETAILED:
        chat = services.detail_chat(write.key, host_title=str(write.fields["HostTitle"]))
    elif state == ChatState.OPENED:
        chat = services.open_chat(write.key, public_key=str(write.fields["PublicKey"]))
    elif state == ChatState.ACTIVE:
        chat = services.activate_chat(write.key)
    else:
        raise refused(f"a chat cannot be saved as {state}")
    return chat_row(chat)


def intent_row(intent: Intent) -> Row:
    chat = intent.chat
    return Row(
        key=str(intent.pk),
        fields={
            "Prompt": str(intent.prompt),
            "Wallet": str(chat.wallet_id),
            "Notifier": chat.wallet.notifier,
            "Chat": str(chat.pk),
            "Sender": intent.sender,
            "Format": intent.format,
            "Emoji": intent.emoji,
            "Expires": intent.expires,
        },
    )


def insert_intent(write: Write) -> Row:
    fields = write.fields
    chat = selectors.chat_by_id(write.domain, fields["Chat"])
    if chat is None:
        raise missing("the chat")
    intent = services.keep_intent(
        chat,
        sender=str(fields["Sender"]).lower(),
        prompt=str(fields["Prompt"]),
        format=str(fields["Format"])[:20],
        emoji=str(fields.get("Emoji") or ""),
        expires=as_time(fields["Expires"], clock.now()),
        sent_at=as_time(fields.get("SentAt") or clock.now(), clock.now()),
    )
    return intent_row(intent)


def token_row(token: Token) -> Row:
    return Row(
        key=str(token.pk),
        fields={
            "ID": str(token.pk),
            "Token": str(token.token),
            "Issuer": token.issuer,
            "STATE": str(token.state),
            "Status": token.status,
            "Accepted": token.accepted,
            "Code": token.code,
            "Wallet": str(token.wallet_id),
            "Notifier": token.wallet.notifier,
            "Chat": str(token.chat_id),
            "Schema": token.schema,
            "Starts": token.starts,
            "Expires": token.expires,
            "Until": token.until,
            "Language": token.language,
            "Title": token.title,
            "IssuerTitle": token.issuer_title,
            "SchemaTitle": token.schema_title,
            "Path": token.path,
        },
    )


def read_token(domain: str, key: Any) -> Row | None:
    token = selectors.token_by_key(domain, key)
    return None if token is None else token_row(token)


def insert_token(write: Write) -> Row:
    fields = write.fields
    now = clock.now()
    offer = offers.Offer(
        issuer=str(fields["Issuer"]).lower(),
        token=str(fields["Token"]),
        chat=str(fields["Chat"]),
        schema=str(fields["Schema"]),
        starts=as_time(fields["Starts"], now),
        expires=_optional_time(fields.get("Expires"), now),
        until=_optional_time(fields.get("Until"), now),
    )
    return token_row(offers.take_offer(write.domain, offer, origin=write.origin))


def _optional_time(value: Any, now: datetime) -> datetime | None:
    return None if value in (None, "") else as_time(value, now)


def update_token(write: Write) -> Row:
    fields = write.fields
    if fields.get("Status") in TokenStatus.values:
        at = as_time(fields.get("RevisedAt") or clock.now(), clock.now())
        token = offers.revise_token(
            write.key, status=str(fields["Status"]), at=at, origin=write.origin
        )
        return token_row(token)
    return token_row(_move_token(write, str(fields.get("STATE") or "")))


def _move_token(write: Write, state: str) -> Token:
    """Ask the service of the state that a script wants; the service decides."""
    fields, key, origin = write.fields, write.key, write.origin
    if state == TokenState.DETAILED and "Title" not in fields:
        return offers.ask_token(key)
    if state == TokenState.DETAILED:
        titles = {name: str(fields.get(name) or "") for name in _TITLES}
        return offers.detail_token(key, titles=titles, origin=origin)
    if state == TokenState.OFFERED:
        return offers.offer_token(key, accepted=fields.get("Accepted") is True, origin=origin)
    if state == TokenState.DECLINED:
        return offers.decline_token(key, origin=origin)
    if state == TokenState.SAVED:
        return offers.keep_token(key, path=str(fields.get("Path") or ""), origin=origin)
    if state == TokenState.EXPIRED:
        return offers.lapse_token(key, origin=origin)
    if state == TokenState.WITHDRAWN:
        return offers.close_question(key)
    raise refused(f"a token cannot be saved as {state or 'nothing'}")


_TITLES = ("Title", "IssuerTitle", "SchemaTitle")


def read_frontend(domain: str, key: Any) -> Row | None:
    """Read {Wallet, Sets, Cursor}: what a wallet shows. Raises ScriptError for unknown sets."""
    wallet = selectors.wallet_by_id(domain, key["Wallet"])
    if wallet is None:
        return None
    sets = key.get("Sets") or []
    sets = [sets] if isinstance(sets, str) else sets
    if not isinstance(sets, list) or set(map(str, sets)) - {*selectors.SETS, "Binds"}:
        raise refused("unknown Sets")
    cursor = key.get("Cursor") or {}
    if not isinstance(cursor, dict) or set(cursor) - set(selectors.SETS):
        raise refused("unknown Cursor")
    if not all(is_uuid(before) for before in cursor.values()):
        raise refused("unknown Cursor")
    fields = selectors.frontend(wallet, [str(name) for name in sets], cursor)
    return Row(key=str(wallet.pk), fields=fields)


def read_key(domain: str, key: Any) -> Row | None:
    """Read {Domain, DKIM}: a key that was ever seen here, without asking DNS."""
    selector = str(key.get("DKIM") or "")
    public = keys.document_key(str(key.get("Domain") or ""), selector)
    if public is None:
        return None
    return Row(key=selector, fields={"Algorithm": public.algorithm, "PublicKey": public.spki})


DATASETS = {
    "Broker.Wallets": Dataset(read=read_wallet, insert=insert_wallet, model=Wallet),
    "Broker.Chats": Dataset(read=read_chat, insert=insert_chat, update=update_chat, model=Chat),
    "Broker.Prompts": Dataset(read=lambda domain, key: None, insert=insert_intent),
    "Broker.Tokens": Dataset(
        read=read_token, insert=insert_token, update=update_token, model=Token
    ),
    "Broker.Frontend": Dataset(read=read_frontend),
    "Graph.Keys": Dataset(read=read_key),
}
