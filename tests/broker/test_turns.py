"""Offers of one chat that several workers handle at once: the chat's lock decides between them.

On PostgreSQL the count before an insert would see none of the others (docs/reliability.md); on
SQLite there is one writer at a time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import uuid4

from django.db import connections

from broker import offers
from broker.models import Token
from broker.services import end_chat
from messaging import clock
from scripts.language.errors import ScriptError
from scripts.models import Run
from tests.flows.steps import TICKET
from tests.person import Person


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Do each in a thread of its own, all begun at one moment; return results and refusals."""
    barrier = Barrier(len(works))

    def begin(work: Callable[[], Any]) -> Any:
        try:
            barrier.wait()
            return work()
        except ScriptError as refusal:
            return refusal
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(works)) as threads:
        return list(threads.map(begin, works))


def offer(chat: str) -> Callable[[], Token]:
    made = offers.Offer(
        issuer="theatre.test",
        token=str(uuid4()),
        chat=chat,
        schema=".HOST/BOOKING",
        starts=clock.now(),
        expires=None,
        until=clock.now() + timedelta(days=1),
    )
    return lambda: offers.take_offer("broker.test", made, origin="domain:theatre.test")


def states() -> Counter[str]:
    return Counter(Token.objects.values_list("state", flat=True))


def detail(token: Token) -> Callable[[], Token]:
    return lambda: offers.detail_token(str(token.pk), titles={"Title": "A seat"}, origin="x")


def asked(token: Token) -> int:
    return Run.objects.filter(script="OnTokenDetailed", subject_id=str(token.pk)).count()


def test_of_eight_offers_at_once_five_are_taken(alice: Person) -> None:
    chat = alice.open(TICKET)
    results = at_once(*(offer(chat) for _ in range(8)))
    refused = [each for each in results if isinstance(each, ScriptError)]
    assert [each.code for each in refused] == ["TOO_MANY_OFFERS"] * 3
    assert states() == {"ISSUED": 5}


def test_same_offer_at_once_is_one(alice: Person) -> None:
    take = offer(alice.open(TICKET))
    results = at_once(*[take] * 4)
    assert len({each.pk for each in results}) == 1
    assert states() == {"ISSUED": 1}


def test_titles_of_five_found_at_once_ask_about_one(alice: Person) -> None:
    chat = alice.open(TICKET)
    tokens = [offer(chat)() for _ in range(5)]
    at_once(*map(detail, tokens))
    assert states() == {"DETAILED": 1, "QUEUED": 4}
    assert sum(map(asked, tokens)) == 1


def test_answer_lapse_and_withdrawal_at_once_give_the_turn_to_one(alice: Person) -> None:
    chat = alice.open(TICKET)
    first, second, third = (offer(chat)() for _ in range(3))
    for token in (first, second, third):
        detail(token)()
    key = str(first.pk)
    at_once(
        lambda: offers.offer_token(key, accepted=False, origin="person"),
        lambda: offers.lapse_token(key, origin="timer"),
        lambda: offers.revise_token(key, status="REVOKED", at=clock.now(), origin="issuer"),
        lambda: offers.lapse_token(str(third.pk), origin="timer"),
    )
    second.refresh_from_db()
    assert second.state == "DETAILED"
    assert (asked(second), asked(third)) == (1, 0)
    assert Token.objects.filter(state__in=("DETAILED", "QUEUED")).count() == 1


def test_chat_that_ends_while_it_is_offered_in_has_nothing_open(alice: Person) -> None:
    chat = alice.open(TICKET)
    tokens = [offer(chat)() for _ in range(2)]
    at_once(
        offer(chat),
        *map(detail, tokens),
        lambda: end_chat(chat, state="ABANDONED", at=clock.now()),
        offer(chat),
    )
    assert set(states()) == {"WITHDRAWN"}
