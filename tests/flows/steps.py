"""The common beginnings of flow tests."""

from __future__ import annotations

from issuer.models import Token
from tests.person import Person

TICKET = ".HOST,theatre.test,ticket"


def offered_ticket(person: Person) -> tuple[str, str]:
    """Open the theatre's talker and get to the broker's question; return chat and token."""
    chat = person.open(TICKET)
    person.answer_last(chat, Answer="Alice")
    return chat, str(Token.objects.get(chat=chat).pk)


def agreed_ticket(person: Person) -> tuple[str, str]:
    """Get to where the wallet is to download; return chat and token."""
    chat, token = offered_ticket(person)
    person.answer_last(chat, Result="YES")
    return chat, token
