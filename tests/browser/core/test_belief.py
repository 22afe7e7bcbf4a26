"""What the page does not believe it refuses, says so, and never reports as saved."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Route

from tests.browser.core.conftest import House, Tab

pytestmark = pytest.mark.browser

# What an issuer that means ill would serve instead of the document that it offered.
SERVE = """
from issuer.models import Token
from messaging.documents import sign_document
from messaging.keys import signing_key
from messaging.signing import PrivateKey
token = Token.objects.get(pk="{token}")
selector, key = signing_key("theatre.test")
document = dict(token.document)
document.pop("Signature")
{change}
Token.objects.filter(pk=token.pk).update(document=document)
"""
TAMPERED = """
document["Context"] = {**document["Context"], "Seat": "A1"}
document["Signature"] = token.document["Signature"]
"""
WRONG_KEY = """
document = sign_document(document, PrivateKey.generate(), selector)
"""
OTHER_CONTENT = """
document["Context"] = {**document["Context"], "Seat": "Z99"}
document = sign_document(document, key, selector)
"""
OTHER_DATES = """
document["Expires"] = "2099-01-01T00:00:00.000Z"
document = sign_document(document, key, selector)
"""
OTHER_TOKEN = """
document["Token"] = "5f2b8c52-6a0a-4c0f-8a0e-4e2f6f0a1002"
document = sign_document(document, key, selector)
"""


def offered(tab: Tab) -> dict[str, Any]:
    """Go to the broker's question and return it."""
    tab.create()
    tab.locate()
    tab.answer(tab.question("What name"), answer="Alice")
    return tab.question("Keep this")


def reports(house: House, token: str) -> list[str]:
    """Return where the token is at the broker, and which reports of it came in."""
    return house.shell(
        "from broker.models import Token; from messaging.models import InboxMessage as M;"
        f"print(Token.objects.get(token='{token}').state);"
        "[print('reported') for m in M.objects.filter(subject='Saved@Broker')"
        f" if m.envelope['Body'].get('Token') == '{token}']"
    ).split()


def refusals(tab: Tab) -> list[dict[str, Any]]:
    """Wait for what the wallet says it refused."""

    def said() -> list[dict[str, Any]]:
        return [each for event, each in tab.run("happened") if event == "refused"]

    return list(tab.until(said, "the refusal"))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (TAMPERED, "signature"),
        (WRONG_KEY, "signature"),
        (OTHER_CONTENT, "other-offer"),
        (OTHER_DATES, "other-offer"),
        (OTHER_TOKEN, "other-token"),
    ],
    ids=["tampered", "wrong-key", "other-content", "other-dates", "other-token"],
)
def test_document_that_is_not_what_was_offered_is_refused(
    house: House, tab: Tab, change: str, problem: str
) -> None:
    question = offered(tab)
    token = question["offer"]["token"]
    house.shell(SERVE.format(token=token, change=change))
    tab.answer(question, result="YES")
    note = tab.line("token-refused")["note"]
    assert note == {"code": "token-refused", "token": f"theatre.test/{token}", "problem": problem}
    assert [each["problem"] for each in refusals(tab)] == [problem]
    tab.page.wait_for_timeout(500)
    assert tab.tokens() == []
    assert reports(house, token) == ["OFFERED"]


def test_forged_document_is_seen_before_the_yes(house: House, tab: Tab) -> None:
    """The issuer forges it before the question reaches the wallet."""
    held: list[Route] = []
    tab.create()
    tab.locate()
    question = tab.question("What name")

    def hold(route: Route) -> None:
        body = json.loads(route.request.post_data or "{}")
        if body["Header"]["Subject"] == "Issued@Issuer" and not held:
            token = body["Body"]["Token"]
            house.shell(SERVE.format(token=token, change=TAMPERED))
            held.append(route)
        route.continue_()

    tab.page.route("**/wallet/relay", hold)
    tab.answer(question, answer="Alice")
    offer = tab.question("Keep this")["offer"]
    assert held
    assert (offer["check"]["ok"], offer["check"]["problem"]) == (False, "signature")


def change_relayed(tab: Tab, subject: str, change: Any) -> None:
    """Change what the relay answers to a subject, as a relay that means ill would."""

    def meddle(route: Route) -> None:
        body = json.loads(route.request.post_data or "{}")
        if body["Header"]["Subject"] != subject:
            route.continue_()
            return
        answer = route.fetch()
        value = answer.json()
        change(value["Answer"])
        route.fulfill(response=answer, json=value)

    tab.page.route("**/wallet/relay", meddle)


def test_answer_changed_on_the_way_is_refused(house: House, tab: Tab) -> None:
    question = offered(tab)

    def change(answer: dict[str, Any]) -> None:
        answer["Response"]["Body"]["Context"]["Seat"] = "A1"

    change_relayed(tab, "Issued@Issuer", change)
    tab.answer(question, result="YES")
    [refusal] = refusals(tab)
    assert "not signed" in refusal["problem"]
    assert tab.tokens() == []
    assert reports(house, question["offer"]["token"]) == ["OFFERED"]


def test_prompt_changed_on_the_way_is_not_shown(tab: Tab) -> None:
    def change(answer: dict[str, Any]) -> None:
        answer["Response"]["Body"]["Text"] = "Your bank's code, please?"

    tab.create()
    change_relayed(tab, "Prompted@Host", change)
    tab.locate()
    assert refusals(tab)

    def closed() -> bool:
        prompts = [line["prompt"] for line in tab.lines()]
        return len(prompts) == 2 and all(each["state"] == "expired" for each in prompts)

    tab.until(closed, "the end of both prompts")
    assert all(line["prompt"]["text"] == "" for line in tab.lines())


def notify(house: House, tab: Tab, message: str) -> None:
    """Put a notification for this wallet into the notifier's rows, past the broker."""
    house.shell(
        "from messaging import clock;"
        "from messaging.envelope import Envelope; from messaging.ids import uuid4;"
        "from messaging.keys import signing_key; from messaging.signing import PrivateKey;"
        "from wallets.models import Notification, Registration;"
        f"r = Registration.objects.get(wallet='{tab.run('wallet.identity.id')}');"
        f"{message};"
        "Notification.objects.create(registration=r, subject=e.header.subject,"
        " correlation=e.header.correlation, message=e.to_dict(), created_at=clock.now())"
    )


@pytest.mark.parametrize(
    ("sender", "key", "wallet"),
    [
        ("broker.test", "PrivateKey.generate()", "str(r.wallet)"),  # not the broker's key
        ("theatre.test", "signing_key('theatre.test')[1]", "str(r.wallet)"),  # not our broker
        ("broker.test", "signing_key('broker.test')[1]", "str(uuid4())"),  # to another wallet
    ],
    ids=["forged", "stranger", "misdirected"],
)
def test_notification_that_is_not_our_brokers_to_us_is_refused(
    house: House, tab: Tab, sender: str, key: str, wallet: str
) -> None:
    ticket_kept = tab.create() and tab.take_ticket()
    assert ticket_kept
    body = f"dict(Wallet={wallet}, Issuer='theatre.test', Token='{ticket_kept['token']}')"
    notify(
        house,
        tab,
        f"e = Envelope.build(sender='{sender}', to='notifier.test', subject='Remove@Notifier',"
        f" body={body}, selector='pw1', now=clock.now()).signed({key})",
    )
    [refusal] = refusals(tab)
    assert refusal["code"] == "untrusted"
    assert len(tab.tokens()) == 1


def test_token_that_nobody_agreed_to_is_not_saved(house: House, tab: Tab) -> None:
    """A broker that answers for the person gets no token into the wallet."""
    question = offered(tab)
    token, chat = question["offer"]["token"], question["chat"]
    body = f"dict(Wallet=str(r.wallet), Issuer='theatre.test', Token='{token}', Chat='{chat}')"
    notify(
        house,
        tab,
        "e = Envelope.build(sender='broker.test', to='notifier.test', subject='Save@Notifier',"
        f" body={body}, selector='pw1', now=clock.now()).signed(signing_key('broker.test')[1])",
    )
    [refusal] = refusals(tab)
    assert "nobody said yes" in refusal["problem"]
    assert tab.tokens() == []
