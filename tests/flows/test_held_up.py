"""A run that was held up past a deadline of its own: nobody is asked, and nothing fails."""

from __future__ import annotations

from broker.models import Token as BrokerToken
from host.services import save_talker
from issuer.models import Token as IssuerToken
from scripts.models import Run
from tests.person import Person

PAST = "2026-01-01T00:00:00.000Z"
DOMAIN = "theatre.test"


def test_offer_whose_timeout_has_passed_lapses_and_is_not_offered(alice: Person) -> None:
    source = f"""
💬 Late:
- ISSUE {DOMAIN}/HOST/TICKET:1.0 >> $token:
    Timeout: {PAST}
- IF $token: DONE You have it.
- ELSE: FAIL It is too late.
"""
    save_talker(domain=DOMAIN, key="late", title="Late", source=source)
    chat = alice.open(f".HOST,{DOMAIN},late")
    assert IssuerToken.objects.get(chat=chat).state == "EXPIRED"
    assert not BrokerToken.objects.exists()  # nobody is bothered with what nobody could take
    assert alice.lines(chat) == ["FAIL It is too late."]
    assert not Run.objects.filter(state__in=("FAILED", "QUARANTINED")).exists()


def test_question_whose_deadline_has_passed_is_not_asked_and_times_out(alice: Person) -> None:
    source = f"""
💬 Late:
- TEXT >> $name:
    Text: Your name?
    Expires: {PAST}
- IF $.Script.TimedOut: DONE Never mind.
"""
    save_talker(domain=DOMAIN, key="late", title="Late", source=source)
    chat = alice.open(f".HOST,{DOMAIN},late")
    assert alice.lines(chat) == ["DONE Never mind."]
