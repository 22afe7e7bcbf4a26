"""Whole flows with the browser's core: taken, turned down, interrupted in every way."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Route

from tests.browser.core.conftest import PASSPHRASE, TICKET, House, Tab
from wallets.client import Wallet

pytestmark = pytest.mark.browser


def broker_state(house: House, token: str) -> list[str]:
    """Return what happened to a token at the broker, oldest first."""
    history = house.server.history(token)
    return [each["Value"] for each in history if each["Side"] == "broker"]


def test_offer_is_shown_with_its_contents_and_saved_after_a_yes(house: House, tab: Tab) -> None:
    tab.create()
    tab.locate()
    tab.answer(tab.question("What name"), answer="Alice")
    question = tab.question("Keep this")
    offer = question["offer"]
    assert question["fromBroker"]
    assert (offer["issuer"], offer["title"]) == (
        "theatre.test",
        "Seat ticket, by The Guild theatre",
    )
    assert offer["check"]["ok"] and offer["expires"] > offer["starts"] and offer["until"]
    assert {"name": "For", "value": "Alice, one seat"} in offer["fields"]
    assert tab.run("() => wallet.waiting") == 1
    assert [each["id"] for each in tab.run("() => wallet.offers()")] == [question["id"]]
    tab.answer(question, result="YES")
    tab.line("Your ticket is in your wallet")
    [token] = tab.tokens()
    assert (token["state"], token["check"]["ok"], token["title"]) == ("valid", True, offer["title"])
    assert token["fields"] == offer["fields"]
    assert tab.run("() => wallet.waiting") == 0
    assert broker_state(house, token["token"])[-1] == "SAVED"
    assert tab.until(lambda: tab.tokens()[0]["reported"], "the report")


def test_no_leaves_nothing_behind(house: House, tab: Tab) -> None:
    tab.create()
    tab.locate()
    tab.answer(tab.question("What name"), answer="Alice")
    question = tab.question("Keep this")
    tab.answer(question, result="NO")
    tab.line("No ticket then")
    assert tab.tokens() == []
    assert broker_state(house, question["offer"]["token"])[-1] == "DECLINED"


def test_answer_that_does_not_fit_is_not_sent(tab: Tab) -> None:
    tab.create()
    tab.locate()
    question = tab.question("What name")
    assert tab.answer(question, answer="") == "answer"
    assert tab.answer(question, answer="x" * 5000) == "answer"
    assert tab.answer(question, result="YES", answer="x") == "answer"
    assert tab.answer({"id": "nobody"}, answer="x") == "unknown"
    assert tab.answer(question, answer="Alice") == ""
    assert tab.answer(question, answer="Bob") == "answered"


def test_answer_given_offline_is_sent_once_when_the_network_is_back(house: House, tab: Tab) -> None:
    tab.create()
    tab.locate()
    question = tab.question("What name")
    tab.page.context.set_offline(True)
    assert tab.answer(question, answer="Alice") == ""
    tab.until(lambda: not tab.run("() => wallet.online"), "the notice that we are offline")
    tab.page.wait_for_timeout(1500)  # several tries
    [line] = [each for each in tab.lines() if each["prompt"]["id"] == question["id"]]
    assert line["prompt"]["answer"]["state"] == "queued"
    tab.page.context.set_offline(False)
    tab.question("Keep this")
    tab.until(lambda: tab.run("() => wallet.online"), "the notice that we are online")
    assert replies(house, question["id"]) == 1
    tab.errors = [each for each in tab.errors if "ERR_INTERNET_DISCONNECTED" not in each]


def replies(house: House, prompt: str) -> int:
    """Return how many replies to a prompt the host has taken in."""
    script = (
        "from messaging.models import InboxMessage as M;"
        f"print(sum(m.envelope['Body'].get('Prompt') == '{prompt}'"
        " for m in M.objects.filter(subject='Reply@Host')))"
    )
    return int(house.shell(script))


def test_answer_whose_acknowledgement_is_lost_counts_once(house: House, tab: Tab) -> None:
    tab.create()
    tab.locate()
    question = tab.question("What name")
    lost: list[str] = []

    def lose_answer(route: Route) -> None:
        body = json.loads(route.request.post_data or "{}")
        if body["Header"]["Subject"] == "Reply@Host" and len(lost) < 2:
            lost.append(body["Header"]["Correlation"])
            route.fetch()  # it arrives, and nobody hears
            route.abort()
        else:
            route.continue_()

    tab.page.route("**/wallet/relay", lose_answer)
    tab.answer(question, answer="Alice")
    tab.question("Keep this")
    assert len(lost) == 2 and len(set(lost)) == 1
    shown = [line["prompt"]["text"] for line in tab.lines() if line["kind"] == "prompt"]
    assert sum("Keep this" in text for text in shown) == 1
    tab.page.unroute("**/wallet/relay")
    tab.errors = [each for each in tab.errors if "ERR_FAILED" not in each]


def test_two_tabs_of_one_wallet_answer_once_and_show_the_same(house: House, tab: Tab) -> None:
    tab.create()
    other = house.visit(tab.page.context)
    assert other.open()
    tab.locate()
    question, same = tab.question("What name"), other.question("What name")
    assert question["id"] == same["id"]
    script = """([id, name]) => {
      globalThis.outcome = failure(wallet.answer(id, { answer: name }));
    }"""
    tab.run(script, [question["id"], "Alice"])
    other.run(script, [question["id"], "Bob"])
    outcomes = [tab.run("() => outcome"), other.run("() => outcome")]
    assert sorted(outcomes) == ["", "answered"]
    other.question("Keep this")
    assert replies(house, question["id"]) == 1
    tab.page.close()  # the other takes over
    other.answer(other.question("Keep this"), result="YES")
    other.line("Your ticket is in your wallet")
    assert other.errors == []


def test_nothing_is_missed_while_the_page_is_closed(house: House, tab: Tab) -> None:
    tab.create()
    tab.locate()
    tab.answer(tab.question("What name"), answer="Alice")
    context = tab.page.context
    tab.page.close()
    again = house.visit(context)
    assert again.open()
    again.answer(again.question("Keep this"), result="YES")
    again.page.close()
    third = house.visit(context)
    assert third.open()
    third.line("Your ticket is in your wallet")
    [token] = third.tokens()
    assert token["state"] == "valid"


def test_reload_in_mid_flow_goes_on_where_it_was(tab: Tab) -> None:
    tab.create()
    tab.locate()
    tab.answer(tab.question("What name"), answer="Alice")
    tab.load()
    assert tab.open()
    tab.answer(tab.question("Keep this"), result="YES")
    tab.load()
    assert tab.open()
    tab.line("Your ticket is in your wallet")
    assert len(tab.tokens()) == 1
    texts = [line["prompt"]["text"] for line in tab.lines() if line["kind"] == "prompt"]
    assert len(texts) == len(set(texts))


def test_without_a_live_feed_the_page_polls(tab: Tab) -> None:
    tab.page.route("**/wallet/stream", lambda route: route.abort())
    tab.create()
    assert tab.take_ticket()["state"] == "valid"
    tab.errors = [each for each in tab.errors if "ERR_FAILED" not in each]


def test_feed_that_breaks_off_is_taken_up_again(house: House, tab: Tab) -> None:
    asked: list[str] = []
    tab.page.on(
        "request",
        lambda request: (
            asked.append(request.headers.get("last-event-id", ""))
            if request.url.endswith("/wallet/stream")
            else None
        ),
    )
    tab.create()
    tab.locate()
    question = tab.question("What name")
    house.server.kill()
    tab.until(lambda: not tab.run("() => wallet.online"), "the notice that the site is away")
    assert tab.answer(question, answer="Alice") == ""
    house.server.start(port=house.server.port, seed=False)
    tab.question("Keep this")
    tab.until(lambda: len(asked) > 1, "another request for the feed")
    assert asked[0] == "" and asked[-1] != ""
    assert replies(house, question["id"]) == 1
    tab.errors = [each for each in tab.errors if "net::ERR_" not in each]


def test_two_wallets_at_once_do_not_mix(house: House, tab: Tab) -> None:
    other = house.visit()
    tab.create()
    other.create()
    one, two = tab.take_ticket(), other.take_ticket()
    assert one["token"] != two["token"]
    assert len(tab.tokens()) == len(other.tokens()) == 1


def test_several_chats_at_once(tab: Tab) -> None:
    tab.create()
    for key in ("theatre.test,ticket", "gym.test,membership", "library.test,card"):
        tab.locate(f".HOST,{key}")
    count = "async () => (await wallet.chats()).filter((chat) => chat.waiting).length"
    tab.until(lambda: tab.run(count) == 3, "three chats with a question each")
    hosts = "async () => (await wallet.chats()).map((chat) => chat.host).sort()"
    assert tab.run(hosts) == ["gym.test", "library.test", "theatre.test"]
    assert tab.run("() => wallet.waiting") == 3


def test_backup_wiped_and_restored_has_tokens_chats_and_names(tab: Tab) -> None:
    code = tab.create()
    ticket = tab.take_ticket()
    tab.run("(key) => wallet.tag(key, 'Row B')", ticket["key"])
    lines = tab.lines()
    text = tab.run("() => wallet.backup()")
    tab.run("() => wallet.wipe()")
    assert tab.run("async () => await Wallet.open()") is None
    wrong = "([text, code]) => failure(Wallet.restore(text, code))"
    assert tab.run(wrong, [text, "not the passphrase"]) == "passphrase"
    assert tab.run(wrong, ["{}", code]) == "backup"
    restore = "async ([text, code]) => take(await Wallet.restore(text, code))"
    assert tab.run(restore, [text, (code or "").lower().replace("-", " ")])
    [token] = tab.tokens()
    assert (token["document"], token["tag"], token["title"]) == (
        ticket["document"],
        "Row B",
        "Row B",
    )
    assert tab.lines() == lines
    assert tab.take_ticket()["state"] == "valid"  # the old key still opens chats
    assert tab.run(wrong, [text, code]) == "exists"


def test_backup_of_the_page_opens_in_the_python_wallet(
    house: House, tab: Tab, folder: Path
) -> None:
    tab.create(passphrase=PASSPHRASE, name="Alice's")
    ticket = tab.take_ticket()
    tab.run("(key) => wallet.tag(key, 'Row B')", ticket["key"])
    tab.locate()
    tab.question("What name")
    text = tab.run("() => wallet.backup()")
    tab.run("() => wallet.close()")
    route = [f"*.test={house.server.url}"]
    wallet = Wallet.restore(folder, text, PASSPHRASE, routes=route)
    wallet.frontend()
    [token] = wallet.tokens()
    assert (token["Document"], token["Tag"], token["State"]) == (
        ticket["document"],
        "Row B",
        "valid",
    )
    assert wallet.state["Name"] == "Alice's"
    codes = wallet.codes_of(token["Document"])
    assert tab_codes(tab, ticket["key"]) == [codes.link, codes.status, codes.offline]
    # and back: its own backup opens in the page
    again = wallet.backup(PASSPHRASE)
    wallet.close()
    tab.load()
    tab.run("async () => { const w = await Wallet.open(); await w.wipe(); }")
    restore = "async ([text, code]) => take(await Wallet.restore(text, code))"
    assert tab.run(restore, [again, PASSPHRASE])
    assert tab.tokens()[0]["document"] == ticket["document"]
    texts = {line["prompt"]["text"] for line in tab.lines()}
    assert texts & {"What name should be on the ticket?", "Keep this in your wallet?"}
    assert tab.take_ticket()["state"] == "valid"


def tab_codes(tab: Tab, key: str) -> list[Any]:
    """Return the codes of a token as a wallet shows them that is opened for it."""
    script = """async (key) => {
      const wallet = await Wallet.open();
      const { link, status, offline } = await wallet.qr(key);
      await wallet.close();
      return [link, status, offline];
    }"""
    return list(tab.run(script, key))


def test_wallet_that_is_wiped_is_gone_in_every_tab(house: House, tab: Tab) -> None:
    tab.create()
    other = house.visit(tab.page.context)
    assert other.open()
    tab.run("() => wallet.wipe()")
    other.until(lambda: ["removed", {}] in other.run("happened"), "the removal")
    assert other.run("async () => await Wallet.open()") is None


def test_only_one_wallet_is_made_in_a_browser(tab: Tab) -> None:
    tab.create()
    script = "() => failure(Wallet.create({ language: 'en-us', name: 'Another' }))"
    assert tab.run(script) == "exists"


@pytest.mark.parametrize(
    ("wishes", "code"),
    [
        ({"language": "not a language", "name": ""}, "language"),
        ({"language": "en-us", "name": "", "passphrase": "short"}, "passphrase"),
    ],
)
def test_wishes_that_make_no_sense_are_refused(tab: Tab, wishes: Any, code: str) -> None:
    assert tab.run("(wishes) => failure(Wallet.create(wishes))", wishes) == code
    assert tab.run("async () => await Wallet.open()") is None


def test_text_that_is_no_locator_is_refused(tab: Tab) -> None:
    tab.create()
    assert tab.run("() => failure(wallet.openLocator('hello'))") == "locator"


def test_revoked_token_looks_it(house: House, tab: Tab) -> None:
    tab.create()
    ticket = tab.take_ticket()
    house.shell(
        "from issuer.models import Token; from issuer.services import revoke_token;"
        f"revoke_token('{ticket['token']}', origin='test')"
    )
    tab.until(lambda: tab.tokens()[0]["state"] == "revoked", "the revocation")
    assert tab.tokens()[0]["status"] == "REVOKED"


def test_locator_that_was_opened_offline_opens_later(tab: Tab) -> None:
    tab.create()
    tab.page.context.set_offline(True)
    hook = tab.locate(TICKET)
    tab.page.wait_for_timeout(800)
    tab.page.context.set_offline(False)
    tab.question("What name")
    assert tab.run("async () => (await wallet.chats())[0].hook") == hook
    tab.errors = [each for each in tab.errors if "ERR_INTERNET_DISCONNECTED" not in each]


PAIR = """💬 Two seats:
- PARALLEL:
    - ISSUE .HOST/BOOKING >> $one:
        Context:
            Seat: B10
    - ISSUE .HOST/BOOKING >> $two:
        Context:
            Seat: B11
- DONE: "Yours: {$one.Context.Seat}{$two.Context.Seat}."
"""
KEEP = "from host.services import save_talker; save_talker("
KEEP += f'domain="theatre.test", key="pair", title="Two seats", source={PAIR!r})'
WITHDRAW = "from issuer.services import withdraw_offer; withdraw_offer("


def seat(offer: dict[str, Any]) -> str:
    [value] = [each["value"] for each in offer["fields"] if each["name"] == "Seat"]
    return str(value)


def test_two_offers_of_one_script_are_shown_in_turn_each_with_its_own_contents(
    house: House, tab: Tab
) -> None:
    house.server.manage("shell", "-c", KEEP)
    tab.create()
    tab.locate(".HOST,theatre.test,pair")
    first = tab.question("Keep this")
    assert len(tab.run("() => wallet.offers()")) == 1
    tab.answer(first, result="YES")
    second = tab.until(
        lambda: next(
            (each for each in tab.run("() => wallet.offers()") if each["id"] != first["id"]), None
        ),
        "the second question",
    )
    assert {seat(first["offer"]), seat(second["offer"])} == {"B10", "B11"}
    tab.answer(second, result="YES")
    tab.line("Yours: B10B11.")
    assert {token["fields"][0]["value"] for token in tab.tokens()} == {"B10", "B11"}
    assert {token["state"] for token in tab.tokens()} == {"valid"}


def test_question_whose_offer_is_withdrawn_closes_and_the_next_is_asked(
    house: House, tab: Tab
) -> None:
    house.server.manage("shell", "-c", KEEP)
    tab.create()
    tab.locate(".HOST,theatre.test,pair")
    first = tab.question("Keep this")
    token = first["offer"]["token"]
    house.server.manage("shell", "-c", f'{WITHDRAW}"{token}", origin="operator:ada", why="sold")')

    def next_question() -> dict[str, Any] | None:
        offers = tab.run("() => wallet.offers()")
        return next((each for each in offers if each["id"] != first["id"]), None)

    second = tab.until(next_question, "the second question")
    assert [each["id"] for each in tab.run("() => wallet.offers()")] == [second["id"]]
    closed = [line["prompt"] for line in tab.lines() if line["kind"] == "prompt"]
    assert [each["state"] for each in closed if each["id"] == first["id"]] == ["expired"]
    tab.answer(second, result="YES")
    tab.line(f"Yours: {seat(second['offer'])}.")
    assert len(tab.tokens()) == 1


def is_shown(tab: Tab, state: str) -> bool:
    return bool(tab.tokens()[0]["state"] == state)


def test_token_suspended_and_good_again_is_shown_so_each_time(house: House, tab: Tab) -> None:
    tab.create()
    token = tab.take_ticket()["token"]
    for status, state in [
        ("SUSPENDED", "suspended"),
        ("ACTIVE", "valid"),
        ("SUSPENDED", "suspended"),
        ("ACTIVE", "valid"),
    ]:
        house.server.manage(
            "shell",
            "-c",
            "from issuer.services import revise_token; "
            f'revise_token("{token}", status="{status}", origin="operator:ada")',
        )
        tab.until(partial(is_shown, tab, state), state)
