"""Reads of the host: chats, prompts, talkers and titles of one domain."""

from __future__ import annotations

from typing import Any

from host.models import (
    Appendix,
    Chat,
    Form,
    Manifest,
    Prompt,
    Registered,
    Schema,
    Talker,
    Title,
    Trust,
)
from host.states import TrustRole
from host.trusting import Entry, Question, Verdict, evaluate
from messaging import clock, rows
from messaging.syntax import is_uuid, normalise_schema

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


def appendix_by_id(domain: str, key: Any) -> Appendix | None:
    """Return a file of a prompt of `domain`; None when unknown."""
    if not is_uuid(str(key)):
        return None
    found = Appendix.objects.filter(pk=str(key), prompt__chat__domain=domain)
    return found.select_related("prompt__chat").first()


def is_superseded(prompt: Prompt) -> bool:
    """Say whether a later prompt has come in the chat of this one."""
    later = Prompt.objects.filter(chat_id=prompt.chat_id, pk__gt=prompt.pk)
    return later.exists()


def talker_for(domain: str, key: str) -> Talker | Registered | None:
    """Return the talker that the locator key opens; `$` is the domain's default one."""
    talkers = Talker.objects.filter(domain=domain)
    found: Talker | Registered | None = talkers.filter(key=key).first()
    if found is None:
        registered = Registered.objects.filter(domain=domain, key=key)
        found = registered.filter(expires_at__gt=clock.now()).first()
    return found or talkers.filter(key="$").first()


def title_of(code: str, language: str) -> str:
    """Return what a domain or schema is called in a language, else its own name."""
    titles = dict(Title.objects.filter(code=code).values_list("language", "title"))
    short = language.split("-")[0]
    for name in (language, short, "en-us", "en"):
        if name in titles:
            return titles[name]
    return code


def manifest_of(domain: str) -> Manifest | None:
    """Return what a domain hosted here says of itself; None when it has no manifest."""
    return Manifest.objects.filter(domain=domain.lower()).first()


def schema_by_code(code: str) -> Schema | None:
    """Return a schema by `authority/CODE[:version]`, or `.CODE`; None when it is not ours.

    The version asked for, or a later one that is compatible (the same major number).
    """
    try:
        authority_code, _, version = normalise_schema(code).rpartition(":")
    except ValueError:
        return None
    major, minor = _version(version)
    found = [(_version(each.version), each) for each in Schema.objects.filter(code=authority_code)]
    fitting = [(known, each) for known, each in found if known[0] == major and known[1] >= minor]
    return max(fitting, key=lambda pair: pair[0])[1] if fitting else None


def _version(text: str) -> tuple[int, int]:
    major, _, minor = text.partition(".")
    return int(major or 0), int(minor or 0)


def form_of(domain: str, key: str, language: str) -> Form | None:
    """Return a form of a domain's manifest, in a language if there is one; None when unknown."""
    forms = {form.language: form for form in Form.objects.filter(domain=domain.lower(), key=key)}
    for name in (language, language.split("-")[0], "en-us", "en"):
        if name in forms:
            return forms[name]
    return next(iter(forms.values()), None)


def trust_entries(domain: str) -> list[Entry]:
    """Return the trust list of a domain, as evaluation takes it."""
    return [
        Entry(
            action=row.action,
            roles=tuple(map(str, row.roles)),
            queries=tuple(map(str, row.queries)),
            domains=tuple(str(name).lower() for name in row.domains),
            expires_at=row.expires_at,
        )
        for row in Trust.objects.filter(domain=domain)
    ]


def trusts(truster: str, trusted: str, schema: str, role: str = TrustRole.ANY) -> Verdict:
    """Say whether one domain trusts another for a schema, by the trust lists kept here."""
    known: dict[str, list[Entry]] = {}

    def lists(domain: str) -> list[Entry]:
        if domain not in known:
            known[domain] = trust_entries(domain)
        return known[domain]

    question = Question(truster.lower(), trusted.lower(), schema, role, clock.now())
    return evaluate(question, lists)
