"""The datasets that scripts read and save as the Host: `Host.Chats` and `Host.Prompts`."""

from __future__ import annotations

import base64
from typing import Any

from host import selectors, services
from host.models import Chat, Prompt
from host.states import ChatState, Format, PromptState, Result
from messaging import clock
from messaging.signing import PublicKey
from scripts.errors import refused
from scripts.registry import Dataset, Row, Write


def chat_row(chat: Chat) -> Row:
    return Row(
        key=str(chat.pk),
        fields={
            "ID": str(chat.pk),
            "Chat": str(chat.chat),
            "Broker": chat.broker,
            "STATE": str(chat.state),
            "PublicKey": chat.public_key,
            "Language": chat.language,
            "Timezone": chat.timezone,
            "Schema": chat.schema,
            "Key": chat.key,
            "Inputs": chat.inputs,
            "Tokens": chat.tokens,
            "Binds": chat.binds,
        },
    )


def read_chat(domain: str, key: Any) -> Row | None:
    chat = selectors.chat_by_key(domain, key)
    return None if chat is None else chat_row(chat)


def insert_chat(write: Write) -> Row:
    fields = write.fields
    try:
        public_key = PublicKey.from_text(str(fields["PublicKey"])).spki
    except (KeyError, ValueError):
        raise refused("the broker named no usable key for the chat") from None
    chat = services.open_chat(
        write.domain,
        broker=str(fields["Broker"]).lower(),
        chat=str(fields["Chat"]),
        state=str(fields.get("STATE") or ChatState.OPENED),
        public_key=public_key,
        language=str(fields.get("Language") or "en-us"),
        timezone=str(fields.get("Timezone") or ""),
        schema=str(fields.get("Schema") or ""),
        key=str(fields.get("Key") or ""),
        inputs=fields.get("Inputs") or {},
        tokens=fields.get("Tokens") or [],
        binds=fields.get("Binds") or [],
    )
    return chat_row(chat)


def update_chat(write: Write) -> Row:
    """A chat takes the state that it ends in."""
    return chat_row(services.end_chat(write.key, state=str(write.fields.get("STATE") or "")))


def prompt_row(prompt: Prompt) -> Row:
    """`STATE` reads EXPIRED once the time is over: nobody is asked any more."""
    return Row(
        key=str(prompt.pk),
        fields={
            "ID": str(prompt.pk),
            "Prompt": str(prompt.pk),
            "STATE": "EXPIRED" if _is_over(prompt) else str(prompt.state),
            "Format": prompt.format,
            "PublicKey": prompt.chat.public_key,
            "Content": content_of(prompt),
            "Expires": prompt.expires_at,
        },
    )


def _is_over(prompt: Prompt) -> bool:
    if prompt.state != PromptState.INSERTED:
        return False
    if prompt.format == Format.TEMP and selectors.is_superseded(prompt):
        return True
    return prompt.expires_at <= clock.now()


def content_of(prompt: Prompt) -> dict[str, Any]:
    """Return what the wallet is told (docs/prompts.md); fields without a value are left out."""
    rules = prompt.rules or {}
    content: dict[str, Any] = {
        "Text": prompt.text,
        "Details": prompt.details,
        "Options": prompt.options,
        "Default": prompt.default,
        **{name: value for name, value in rules.items() if name != "HasAppendix"},
    }
    if rules.get("HasAppendix"):
        file = prompt.appendix
        content["Appendix"] = {
            "Key": str(file.pk),
            "Name": file.name,
            "Type": file.type,
            "Pages": file.pages,
        }
    return {name: value for name, value in content.items() if value not in ("", [], None)}


def read_prompt(domain: str, key: Any) -> Row | None:
    prompt = selectors.prompt_by_id(domain, key)
    return None if prompt is None else prompt_row(prompt)


def update_prompt(write: Write) -> Row:
    result = str(write.fields.get("Result") or Result.OK)
    if result not in Result.values:
        raise refused("unknown Result")
    prompt = services.reply_prompt(write.key, result=result, answer=write.fields.get("Answer"))
    return prompt_row(prompt)


def read_appendix(domain: str, key: Any) -> Row | None:
    found = selectors.appendix_by_id(domain, key)
    if found is None:
        return None
    content = base64.b64encode(bytes(found.content)).decode()
    return Row(
        key=str(found.pk),
        fields={
            "Appendix": str(found.pk),
            "Name": found.name,
            "Type": found.type,
            "Pages": found.pages,
            "Content": content,
            "PublicKey": found.prompt.chat.public_key,
        },
    )


DATASETS = {
    "Host.Chats": Dataset(read=read_chat, insert=insert_chat, update=update_chat, model=Chat),
    "Host.Appendices": Dataset(read=read_appendix),
    "Host.Prompts": Dataset(read=read_prompt, update=update_prompt, model=Prompt),
}
