"""Small-order and non-canonical Ed25519 keys are refused wherever the code reads a key."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from broker import services as broker_services
from broker import subjects as broker_subjects
from broker.models import Notifier
from broker.states import NotifierState
from host import datasets as host_datasets
from host import prompts as host_prompts
from host import subjects as host_subjects
from issuer import subjects as issuer_subjects
from messaging import clock, dns_keys, inbox, keys, peer_keys, socket_signer
from messaging.admin import PinForm
from messaging.envelope import Envelope
from messaging.errors import MessagingError
from messaging.models import KeyLookup, PeerKey
from messaging.registry import Mode, Sender, Subject
from messaging.signing import PrivateKey, PublicKey, read_key
from messaging.states import KeySource, LookupOutcome
from scripts.functions import FUNCTIONS
from scripts.language.errors import ScriptError
from scripts.registry import Write
from scripts.step import Step
from tests.messaging.weak_keys import SMALL, WEAK, dkim, pem, spki
from wallets import services as wallet_services
from wallets import subjects as wallet_subjects
from wallets.api import authentication
from wallets.client import keyring
from wallets.client.errors import Untrusted
from wallets.models import Registration

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).parents[2]
APPS = ("messaging", "scripts", "host", "issuer", "broker", "wallets", "config")
GOOD = PrivateKey.generate()
DOMAIN = "theatre.test"
WALLET = "3d0e9a0c-1c1b-4f57-8f15-0a0b0c0d0e0f"
ANYTHING = GOOD.sign(b"")  # a signature of the right size
Read = Callable[[str], Any]


def refuses(read: Read, text: str) -> bool:
    """Say whether a place takes this text for no key: it raises, or has none."""
    try:
        return not read(text)
    except (ValueError, MessagingError, ScriptError, Untrusted):
        return True


def offered(text: str) -> Envelope:
    return Envelope.build(
        sender="Anonymous", to=DOMAIN, subject="A@B", body={"PublicKey": text}, now=clock.now()
    )


def from_row(module: Any, function: str, selector: str, **path: Any) -> Read:
    """Read the key of a row that an earlier release may have stored."""

    def read(text: str) -> Any:
        row: Any = SimpleNamespace(public_key=text)
        row.chat = row.prompt = row
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(module.selectors, selector, lambda *args: row)
            return getattr(module, function)(_signed_by_chat())

    return read


def _signed_by_chat() -> Envelope:
    some = "5f2b8c52-6a0a-4c0f-8a0e-4e2f6f0a1002"
    body = {"Token": some, "Prompt": some, "Hook": some, "Chat": some, "Appendix": some}
    return Envelope.build(sender=some, to=DOMAIN, subject="A@B", body=body, now=clock.now())


def verify_message(text: str) -> bool:
    envelope = offered(text).signed(GOOD)
    step: Any = SimpleNamespace(
        message=SimpleNamespace(envelope=envelope.to_dict()), run=SimpleNamespace(origin="")
    )
    Step.verify_message(step, text)
    return bool(step.run.origin)


def offered_key(text: str) -> Any:
    subject = Subject("A@B", Mode.SYNC, frozenset({Sender.SELF}))
    return inbox._offered_key(offered(text), subject)


def pinned_form(text: str) -> bool:
    given = {"domain": "broker.test", "selector": "pw1", "public_key": text}
    return PinForm({**given, "reason": "agreed by telephone"}).is_valid()


def kept_earlier(text: str) -> Any:
    PeerKey.objects.create(
        domain="broker.test",
        selector="pw1",
        public_key=text,
        source=KeySource.PINNED,
        created_at=clock.now(),
    )
    return keys.known_key("broker.test", "pw1")


def claimed(text: str) -> Any:
    lookup = KeyLookup(outcome=LookupOutcome.FOUND, public_key=text, key_until=clock.now())
    return peer_keys._answered(lookup)


def onboarded(text: str) -> Any:
    Notifier.objects.create(domain=DOMAIN, name=DOMAIN, state=NotifierState.ACTIVE)
    return broker_services.onboard_wallet(
        DOMAIN, notifier=DOMAIN, public_key=text, language="en-us"
    )


def registered(text: str) -> Any:
    wallet = {"wallet": WALLET, "broker": DOMAIN, "language": "en-us"}
    return wallet_services.register_wallet(DOMAIN, public_key=text, **wallet)


def said_hello(text: str) -> Any:
    fields = {"Broker": DOMAIN, "Chat": "c", "PublicKey": text}
    return host_datasets.insert_chat(Write(DOMAIN, fields))


def opened(text: str) -> Any:
    return broker_services.open_chat("5f2b8c52-6a0a-4c0f-8a0e-4e2f6f0a1002", public_key=text)


def signs(text: str) -> Any:
    return FUNCTIONS["Signs"].call(None, ANYTHING, {"Data": {}, "PublicKey": text})


def authenticates(text: str) -> bool:
    return authentication._verifies(Registration(public_key=text), b"", ANYTHING)


# By the function that hands a text to messaging.signing; `test_each_place_that_reads_a_key` finds
# them in the code.
PLACES: dict[str, Read] = {
    "messaging.signing.read_key": read_key,
    "messaging.admin.clean_public_key": pinned_form,
    "messaging.dns_keys.read_record": lambda text: dns_keys.read_record(
        f"v=DKIM1; k=ed25519; p={text}"
    ),
    "messaging.inbox._offered_key": offered_key,
    "messaging.keys.pin_key": lambda text: keys.pin_key("broker.test", "pw1", text),
    "messaging.peer_keys._read": kept_earlier,
    "messaging.peer_keys._answered": claimed,
    "messaging.socket_signer._public": lambda text: socket_signer._public({"public": text}),
    "scripts.functions.proofs.signs": signs,
    "scripts.step.verify_message": verify_message,
    "host.datasets.insert_chat": said_hello,
    "host.prompts._answerer": lambda text: host_prompts._answerer(
        SimpleNamespace(public_key=text)  # type: ignore[arg-type]
    ),
    "host.subjects.prompt_key": from_row(host_subjects, "prompt_key", "prompt_by_id"),
    "host.subjects.appendix_key": from_row(host_subjects, "appendix_key", "appendix_by_id"),
    "issuer.subjects.token_key": from_row(issuer_subjects, "token_key", "token_by_id"),
    "broker.services.onboard_wallet": onboarded,
    "broker.services.open_chat": opened,
    "broker.subjects.wallet_key": from_row(broker_subjects, "wallet_key", "wallet_by_id"),
    "wallets.services.register_wallet": registered,
    "wallets.subjects.offered_key": lambda text: wallet_subjects.offered_key(offered(text)),
    "wallets.api.authentication._verifies": authenticates,
    "wallets.client.keyring._key": keyring._key,
}
# These read what this deployment made itself, or the row of a chat that insert_chat let in.
OWN = {
    "host.questions._close",
    "host.services.end_chat",
    "messaging.domain_check._published",
    "messaging.key_life.records",
    "messaging.keys.published_key",
    "messaging.keys._read_own_key",
}
READS = re.compile(r"(\w*Key|kind)\.from_text|(signing\.)?read_key")


def places_in_code() -> Iterator[str]:
    for app in APPS:
        for path in (ROOT / app).rglob("*.py"):
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            text = path.read_text()
            if "messaging.signing" not in text and module != "messaging.signing":
                continue
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.FunctionDef) and _reads_a_key(node):
                    yield f"{module}.{node.name}"


def _reads_a_key(function: ast.FunctionDef) -> bool:
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
    return any(READS.fullmatch(ast.unparse(call.func)) for call in calls)


def test_each_place_that_reads_a_key_is_in_the_table() -> None:
    assert set(places_in_code()) == PLACES.keys() | OWN


def test_nothing_but_signing_makes_a_verifying_key_of_bytes() -> None:
    """One place parses public keys; the wallet's backup reads another kind (P-256)."""
    makers = re.compile(r"from_public_bytes|load_(der|pem|ssh)_public_key")
    found = {
        path.relative_to(ROOT).as_posix()
        for app in APPS
        for path in (ROOT / app).rglob("*.py")
        if makers.search(path.read_text())
    }
    assert found == {"messaging/signing.py", "wallets/client/sealing.py", "config/bench_verify.py"}
    pages = [path for app in APPS for path in (ROOT / app).rglob("static/**/*.js")]
    ours = {
        path.name for path in pages if re.search(r"importKey\(\"(spki|raw)\"", path.read_text())
    }
    assert ours == {"keys.js", "sealing.js"}  # sealing.js: P-256 and what is no key of a signature


@pytest.mark.parametrize("place", PLACES)
def test_place_refuses_every_point_of_small_order(place: str) -> None:
    for raw in SMALL:
        text = dkim(raw) if place == "messaging.dns_keys.read_record" else spki(raw)
        assert refuses(PLACES[place], text), raw.hex()
        PeerKey.objects.all().delete()
        Notifier.objects.all().delete()


# These go on to what a test of a key does not have: a chat, a domain, the right signature.
FURTHER = {
    "broker.services.open_chat",
    "host.datasets.insert_chat",
    "scripts.functions.proofs.signs",
    "wallets.api.authentication._verifies",
}


@pytest.mark.parametrize("place", sorted(PLACES.keys() - FURTHER))
def test_place_takes_a_proper_key(place: str) -> None:
    """Else the table above would prove nothing."""
    public = GOOD.public
    assert PLACES[place](public.dkim if place == "messaging.dns_keys.read_record" else public.spki)


@pytest.mark.parametrize("spell", [spki, dkim, pem])
def test_every_encoding_is_refused_in_every_spelling(spell: Callable[[bytes], str]) -> None:
    assert len(WEAK) == 10 + 38
    for raw in WEAK:
        with pytest.raises(ValueError, match="usable"):
            PublicKey.from_text(spell(raw))
        with pytest.raises(ValueError, match="key"):
            read_key(spell(raw))


def test_point_of_small_order_would_verify_what_nobody_signed() -> None:
    """Why: the library takes the identity for a key, and R = identity, S = 0 as its signature."""
    identity = (1).to_bytes(32, "little")
    weak = object.__new__(PublicKey)
    object.__setattr__(weak, "raw", identity)
    assert weak.verify(b"any message", dkim(identity + bytes(32)))
    assert weak.verify(b"and any other", dkim(identity + bytes(32)))
