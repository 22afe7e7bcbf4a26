"""The three ends of a flow, from the locator to the talker's last line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from broker.models import Token as BrokerToken
from config.authoring.virtual_time import virtual_time
from issuer.models import Token as IssuerToken
from scripts.language.limits import lent
from scripts.models import Run
from tests.flows.steps import offered_ticket
from tests.person import Person, response
from tests.pump import pump


@pytest.fixture(params=[50, 1], ids=["straight", "parked after every step"], autouse=True)
def steps(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every flow ends the same when each of its scripts is parked after each of its steps."""
    with lent(segment_steps=request.param):
        yield


def test_accepted_offer_ends_in_the_accepting_branch(alice: Person) -> None:
    chat, token = offered_ticket(alice)
    assert alice.lines(chat)[-1] == "CONFIRM Keep this in your wallet?"
    assert alice.prompts(chat)[-1]["Details"] == "Seat ticket, by The Guild theatre"
    alice.answer_last(chat, Result="YES")
    [save] = alice.waiting("Save@Notifier")
    document = response(alice.download(chat, "theatre.test", token))
    assert document["Context"]["For"] == "Alice, one seat"
    assert save["Token"] == token
    assert alice.saved("theatre.test", token).status == 200
    pump()
    assert IssuerToken.objects.get(pk=token).state == "ACCEPTED"
    assert BrokerToken.objects.get(token=token).state == "SAVED"
    assert alice.lines(chat)[-1] == "DONE Your ticket is in your wallet. See you tonight, Alice."


def test_declined_offer_ends_in_the_other_branch(alice: Person) -> None:
    chat, token = offered_ticket(alice)
    alice.answer_last(chat, Result="NO")
    assert IssuerToken.objects.get(pk=token).state == "DECLINED"
    assert BrokerToken.objects.get(token=token).state == "DECLINED"
    assert alice.lines(chat)[-1] == "FAIL No ticket then. Seat B10 is free again."


def test_unanswered_offer_expires_on_both_sides(alice: Person) -> None:
    with virtual_time() as time:  # the offer lives for four seconds, and machines may be slow
        chat = alice.open(".HOST,library.test,card")
        token = IssuerToken.objects.get(chat=chat)
        time.jump(time.moment + timedelta(seconds=5))
        pump()

    token = IssuerToken.objects.get(pk=token.pk)
    assert (token.state, token.reason) == ("EXPIRED", "EXPIRED")
    assert BrokerToken.objects.get(token=token.pk).state == "EXPIRED"
    assert alice.lines(chat)[-1].startswith("FAIL Nobody took the card in time")
    broken = Run.objects.filter(state__in=("FAILED", "QUARANTINED"))
    assert not broken.exclude(script="Prompted@Host").exists()
