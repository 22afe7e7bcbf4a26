"""Web Push in a real browser: off until asked for, and one sentence when a push comes.

A browser subscribes at its vendor's service, which a test cannot reach: here the vendor's part is
played by the test, and a push is handed to the service worker as the browser would hand it.
"""

from __future__ import annotations

import re
import sqlite3
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from config.demo.server import Server
from tests.browser.wallet.conftest import PATIENCE, Owner, People
from tests.messaging.peer_server import PeerServer, answers, peer_server
from tests.messaging.tls_server import make_certificate
from wallets import vapid

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
expect.set_options(timeout=PATIENCE)

CONTACT = "mailto:ops@theatre.test"
# What the vendor does: it takes a key, and gives an address.
VENDOR = """() => {
  const kept = 'vendor';
  const made = ({ applicationServerKey }) => ({
    endpoint: ENDPOINT,
    options: { applicationServerKey: Uint8Array.from(applicationServerKey).buffer },
    unsubscribe: async () => { localStorage.removeItem(kept); return true; },
  });
  PushManager.prototype.subscribe = async (options) => {
    const applicationServerKey = [...options.applicationServerKey];
    localStorage.setItem(kept, JSON.stringify({ applicationServerKey }));
    return made({ applicationServerKey });
  };
  PushManager.prototype.getSubscription = async () => {
    const text = localStorage.getItem(kept);
    return text && made(JSON.parse(text));
  };
}"""
SHOWN = """async () => {
  const registration = await navigator.serviceWorker.ready;
  const shown = await registration.getNotifications();
  return shown.map(({ title, body, lang }) => [title, body, lang]);
}"""
TELL, SILENT = "input[name=push][value=on]", "input[name=push][value=off]"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("vendor"), "127.0.0.1")


@pytest.fixture
def service(certificate: Path) -> Iterator[PeerServer]:
    """The vendor's push service, which takes all that it is posted."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with peer_server(context) as server:
        server.behaviours = [answers(201, b"")]
        yield server


@pytest.fixture(scope="module")
def pushing(tmp_path_factory: pytest.TempPathFactory, certificate: Path) -> Iterator[Server]:
    """A server with a key for Web Push, which may reach that service."""
    environment = {
        "VAPID_PRIVATE_KEY": vapid.new_key(),
        "VAPID_CONTACT": CONTACT,
        "OUTGOING_ALLOW": "127.0.0.1/32",
        "SSL_CERT_FILE": str(certificate),
    }
    started = Server(tmp_path_factory.mktemp("push-server"), environment, embedded=True)
    started.start()
    yield started
    started.stop()


@pytest.fixture
def pushed(browser: Browser, pushing: Server) -> Iterator[People]:
    """People whose server has a key, and whose vendor is the test."""
    rows(pushing, "DELETE FROM wallets_subscription")
    made = People(browser, pushing.url)
    yield made
    complaints = [each for owner in made.owners for each in owner.complaints]
    for owner in made.owners:
        owner.context.close()
    assert complaints == []


def with_vendor(people: People, endpoint: str = "https://push.test/alice") -> Owner:
    """Somebody whose browser may show notifications, and gets this address from its vendor."""
    owner = people(permissions=["notifications"])
    owner.context.add_init_script(f"({VENDOR.replace('ENDPOINT', repr(endpoint))})()")
    owner.onboard()
    return owner


def settings_of(owner: Owner) -> Page:
    owner.page.goto(f"{owner.url}/wallet/#/settings")
    owner.page.wait_for_selector("#wallet-name")
    return owner.page


def rows(server: Server, statement: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(server.folder / "db.sqlite3", timeout=20) as database:
        return list(database.execute(statement))


def subscriptions(server: Server) -> int:
    [(count,)] = rows(server, "SELECT count(*) FROM wallets_subscription")
    return int(count)


def deliver(owner: Owner) -> None:
    """Hand the service worker a push, as the browser does when its vendor sends one."""
    owner.page.evaluate("async () => { await navigator.serviceWorker.ready }")
    devtools = owner.context.new_cdp_session(owner.page)
    registrations: list[str] = []

    def updated(event: dict[str, Any]) -> None:
        registrations.extend(
            each["registrationId"] for each in event["registrations"] if not each["isDeleted"]
        )

    devtools.on("ServiceWorker.workerRegistrationUpdated", updated)
    devtools.send("ServiceWorker.enable")
    for _ in range(100):
        if registrations:
            break
        owner.page.wait_for_timeout(100)
    devtools.send(
        "ServiceWorker.deliverPushMessage",
        {"origin": owner.url, "registrationId": registrations[-1], "data": "<b>not read</b>"},
    )


def shown_by(owner: Owner) -> list[list[str]]:
    """Wait for a notification; return each as title, text and language."""
    for _ in range(200):
        if shown := owner.page.evaluate(SHOWN):
            return list(shown)
        owner.page.wait_for_timeout(100)
    raise AssertionError("no notification was shown")


def test_person_turns_it_on_is_told_in_their_language_and_turns_it_off(
    pushed: People, pushing: Server
) -> None:
    alice = with_vendor(pushed)
    page = settings_of(alice)
    expect(page.locator(SILENT)).to_be_checked()
    assert subscriptions(pushing) == 0
    page.check(TELL)
    expect(page.locator(".toast")).to_contain_text("This browser will tell you.")
    expect(page.locator(TELL)).to_be_focused()
    assert subscriptions(pushing) == 1
    page.check("input[name=language][value=pt]")
    expect(page.locator("h1")).to_have_text("Definições")
    expect(page.locator(TELL)).to_be_checked()
    deliver(alice)
    assert shown_by(alice) == [["Carteira", "Há algo à espera na sua carteira", "pt"]]
    page.check(SILENT)
    expect(page.locator(".toast").last).to_contain_text("Este navegador fica em silêncio.")
    assert subscriptions(pushing) == 0


def test_forgotten_browser_is_taken_in_again_when_the_page_is_opened(
    pushed: People, pushing: Server
) -> None:
    alice = with_vendor(pushed)
    page = settings_of(alice)
    page.check(TELL)
    expect(page.locator(".toast")).to_contain_text("This browser will tell you.")
    rows(pushing, "DELETE FROM wallets_subscription")
    assert subscriptions(pushing) == 0
    with page.expect_response(re.compile("/wallet/push/subscribe$")) as answer:
        page.reload()
    assert answer.value.json() == {"Subscriptions": 1}
    page.wait_for_selector(TELL)
    page.click("text=Delete everything")
    page.click("dialog >> text=Delete everything")
    page.wait_for_selector("text=Make my wallet")
    assert subscriptions(pushing) == 0


def test_question_that_nobody_fetches_makes_the_browser_ring(
    pushed: People, service: PeerServer
) -> None:
    alice = with_vendor(pushed, f"https://127.0.0.1:{service.port}/alice")
    page = settings_of(alice)
    page.check(TELL)
    expect(page.locator(".toast")).to_contain_text("This browser will tell you.")
    # As if the page were closed: what comes is not acknowledged.
    page.route("**/wallet/notifications/acknowledge", lambda route: route.abort())
    alice.open(".HOST,theatre.test,ticket")
    for _ in range(300):
        if service.paths:
            break
        page.wait_for_timeout(100)
    assert (service.paths, service.received) == (["/alice"], [b""])
    deliver(alice)
    assert shown_by(alice) == [["Wallet", "Something waits in your wallet", "en"]]


def test_nothing_is_subscribed_without_leave(pushed: People, pushing: Server) -> None:
    alice = pushed()
    alice.context.add_init_script("Notification.requestPermission = async () => 'denied';")
    alice.onboard()
    page = settings_of(alice)
    page.click(TELL)
    expect(page.locator(".toast")).to_contain_text("does not allow notifications")
    expect(page.locator(SILENT)).to_be_checked()
    assert subscriptions(pushing) == 0


def test_switch_is_hidden_where_the_browser_cannot(pushed: People) -> None:
    alice = pushed()
    alice.context.add_init_script("delete window.PushManager")
    alice.onboard()
    asked: list[str] = []
    alice.page.on("request", lambda request: asked.append(request.url))
    page = settings_of(alice)
    expect(page.locator(".sheet .quiet")).to_contain_text("No backup file")  # all is drawn
    expect(page.locator("input[name=push]")).to_have_count(0)
    assert not any(url.endswith("/wallet/push") for url in asked)


def test_switch_is_hidden_where_the_server_has_no_key(people: People) -> None:
    alice = people()
    alice.onboard()
    with alice.page.expect_response(re.compile("/wallet/push$")) as answer:
        page = settings_of(alice)
    assert answer.value.json() == {"PublicKey": ""}
    expect(page.locator("input[name=push]")).to_have_count(0)
