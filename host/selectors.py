"""Reads of the host: chats, prompts, talkers and titles of one domain."""

from __future__ import annotations

from typing import Any

from host.models import Chat, Prompt, Talker, Title
from messaging import rows
from messaging.syntax import is_uuid

CHAT = rows.Select(Chat, "pk", "domain")
PROMPT = rows.Select(Prompt, "pk", follow="chat")


def chat_by_key(domain: str, key: Any) -> Chat | None:
    """Return a chat of `domain` by {ID}, by {Broker, Chat} or by its row id; None when unknown."""
    chats = Chat.objects.filter(domain=domain)
    if isinstance(key, dict):
        if "ID" in key:
            return chat_by_key(domain, key["ID"])
        broker, chat = str(key.get("Broker", "")).lower(), str(key.get("Chat", ""))
        return chats.filter(broker=broker, chat=chat).first() if is_uuid(chat) else None
    return CHAT.first(key, domain) if is_uuid(str(key)) else None


def prompt_by_id(domain: str, key: Any) -> Prompt | None:
    """Return a prompt of `domain`; None when unknown."""
    if not is_uuid(str(key)):
        return None
    prompt = PROMPT.first(str(key))
    return prompt if prompt is not None and prompt.chat.domain == domain else None


def talker_for(domain: str, key: str) -> Talker | None:
    """Return the talker that the locator key opens; `$` is the domain's default one."""
    talkers = Talker.objects.filter(domain=domain)
    return talkers.filter(key=key).first() or talkers.filter(key="$").first()


def title_of(code: str, language: str) -> str:
    """Return what a domain or schema is called in a language, else its own name."""
    titles = dict(Title.objects.filter(code=code).values_list("language", "title"))
    short = language.split("-")[0]
    for name in (language, short, "en-us", "en"):
        if name in titles:
            return titles[name]
    return code
