"""Check 8: proper messages under a wrong key, and right signatures in other spellings."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from messaging.keys import signing_key
from messaging.refusals import Reason
from messaging.signing import PrivateKey, SigningKey
from tests.forged.case import Case
from tests.forged.scene import CHARLIE, GYM, Scene, canonical, sealed
from tests.person import BROKER

# The order of Ed25519's group: adding it to S gives a second signature under careless verifiers.
ORDER = 2**252 + 27742317777372353535851937790883648493


def as_broker(key: Callable[[Scene], SigningKey], **header: Any) -> Any:
    """Say to be broker.test, and sign with another key."""
    return lambda scene: sealed(scene.header(**header), scene.body(), key(scene))


def respelt(change: Callable[[str], str]) -> Any:
    return lambda scene: (value := scene.genuine()) | {"Signature": change(value["Signature"])}


def rebuilt(change: Callable[[bytes], bytes]) -> Any:
    """Change the bytes of a signature and spell them properly."""
    return respelt(lambda text: base64.b64encode(change(base64.b64decode(text))).decode())


def over(make_bytes: Callable[[dict[str, Any]], bytes]) -> Any:
    """Sign something else than the canonical bytes, with the right key."""

    def make(scene: Scene) -> dict[str, Any]:
        value = scene.genuine()
        return value | {"Signature": scene.broker_key().sign(make_bytes(value))}

    return make


def of_another_message(scene: Scene) -> dict[str, Any]:
    return scene.genuine() | {"Signature": scene.genuine()["Signature"]}


def outlived(which: str, domain: str) -> Any:
    """A thief of an old key signs as the domain that it was of."""

    def make(scene: Scene) -> dict[str, Any]:
        selector, key = getattr(scene, which)
        header = scene.header(From=domain, Selector=selector)
        return sealed(header, scene.body(), key)

    return make


def second_s(signature: bytes) -> bytes:
    s = int.from_bytes(signature[32:], "little") + ORDER
    return signature[:32] + s.to_bytes(32, "little")


def loose_bits(text: str) -> str:
    """Set bits of the last letter that no byte comes from."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return text[:-3] + alphabet[alphabet.index(text[-3]) | 1] + "=="


def wallet(key: Callable[[Scene], SigningKey], who: Callable[[Scene], str] | None = None) -> Any:
    """Say to be Alice's wallet (or another), and sign with another key."""
    return lambda s: s.of_wallet(
        "Saved@Broker",
        {"Issuer": "theatre.test", "Token": s.token, "Path": "x"},
        who=who(s) if who else "",
        key=key(s),
    )


def chat(subject: str, key: Callable[[Scene], SigningKey], **body: Any) -> Any:
    return lambda s: s.of_chat(subject, {"Token": s.token, **body}, key=key(s))


def prompted(key: Callable[[Scene], SigningKey], subject: str, **rest: Any) -> Any:
    def make(s: Scene) -> dict[str, Any]:
        prompt = s.alice.prompts(s.other_chat)[-1]["Hook"]
        return s.of_chat(subject, {"Prompt": prompt, **rest}, key=key(s), To=GYM)

    return make


def onboarding(offered: Callable[[Scene], Any]) -> Any:
    """Offer a key that the message is not signed with."""
    return lambda s: s.of_chat(
        "Onboard@Notifier", {"Language": "en-us", "PublicKey": offered(s)}, To="notifier.test"
    )


def fresh(scene: Scene) -> SigningKey:
    return PrivateKey.generate()


def alice_wallet(scene: Scene) -> SigningKey:
    return scene.alice.key


def bob_wallet(scene: Scene) -> SigningKey:
    return scene.bob.key


def alice_chat(scene: Scene) -> SigningKey:
    return scene.alice.chat_keys[scene.chat]


def gym(scene: Scene) -> SigningKey:
    return signing_key(GYM)[1]


NOBODY = "3d0e9a0c-1c1b-4f57-8f15-0a0b0c0d0e0f"
KEY, SIGNATURE, CHAT_KEY = Reason.KEY, Reason.SIGNATURE, Reason.CHAT_KEY
CASES = [
    Case("key: one made up", as_broker(fresh), SIGNATURE),
    Case("key: another hosted domain's", as_broker(gym), SIGNATURE),
    Case("key: another peer's", as_broker(lambda s: s.charlie), SIGNATURE),
    Case("key: a wallet's, for a domain", as_broker(alice_wallet), SIGNATURE),
    Case("key: a chat's, for a domain", as_broker(alice_chat), SIGNATURE),
    Case("key: under a selector never used", as_broker(fresh, Selector="pw9"), KEY),
    Case("key: a retired one", outlived("retired", GYM), KEY),
    Case("key: a compromised one", outlived("compromised", "library.test"), KEY),
    Case(
        "key: a peer's, in another selector",
        lambda s: s.of_domain(
            CHARLIE, "theatre.test", "Hello@Host", {"Chat": s.chat}, Selector="pw2"
        ),
        KEY,
    ),
    Case(
        "key: of a domain that DNS does not know",
        lambda s: sealed(s.header(From="nobody.test"), s.body(), fresh(s)),
        KEY,
    ),
    Case(
        "key: of the hosted domain's subdomain",
        lambda s: sealed(s.header(From=f"x.{BROKER}"), s.body(), s.broker_key()),
        KEY,
    ),
    Case("wallet: an unknown one", wallet(alice_wallet, lambda s: NOBODY), KEY),
    Case("wallet: with nobody's key", wallet(fresh), SIGNATURE),
    Case("wallet: with another wallet's key", wallet(bob_wallet), SIGNATURE),
    Case("wallet: with its chat's key", wallet(alice_chat), SIGNATURE),
    Case("wallet: with its broker's key", wallet(lambda s: s.broker_key()), SIGNATURE),
    Case(
        "wallet: another's id under the own key",
        wallet(bob_wallet, lambda s: s.alice.wallet),
        SIGNATURE,
    ),
    Case(
        "wallet: with a PublicKey of its own in the body",
        lambda s: s.of_wallet(
            "Home@Broker", {"Chat": s.chat, "PublicKey": s.bob.key.public.spki}, key=s.bob.key
        ),
        SIGNATURE,
    ),
    Case("download: with nobody's key", chat("Issued@Issuer", fresh), CHAT_KEY),
    Case("download: with the wallet's key", chat("Issued@Issuer", alice_wallet), CHAT_KEY),
    Case(
        "download: with the key of another chat",
        chat("Issued@Issuer", lambda s: s.alice.chat_keys[s.other_chat]),
        CHAT_KEY,
    ),
    Case(
        "download: with the broker's key", chat("Issued@Issuer", lambda s: s.broker_key()), CHAT_KEY
    ),
    Case(
        "download: a token that is none", chat("Issued@Issuer", alice_chat, Token=NOBODY), CHAT_KEY
    ),
    Case(
        "download: a token that is a list", chat("Issued@Issuer", alice_chat, Token=[1]), CHAT_KEY
    ),
    Case(
        "download: a token with a quote",
        chat("Issued@Issuer", alice_chat, Token="' OR 1=1 --"),
        CHAT_KEY,
    ),
    Case(
        "download: a key in the body",
        lambda s: s.of_chat(
            "Issued@Issuer", {"Token": s.token, "PublicKey": s.bob.key.public.spki}, key=s.bob.key
        ),
        CHAT_KEY,
    ),
    Case("prompt: read with another chat's key", prompted(alice_chat, "Prompted@Host"), CHAT_KEY),
    Case(
        "prompt: answered with another chat's key",
        prompted(alice_chat, "Reply@Host", Answer="Mornings"),
        SIGNATURE,
    ),
    Case(
        "prompt: answered with the wallet's key",
        prompted(alice_wallet, "Reply@Host", Answer="Mornings"),
        SIGNATURE,
    ),
    Case(
        "prompt: answered where there is none",
        lambda s: s.of_chat("Reply@Host", {"Prompt": NOBODY, "Result": "YES"}),
        KEY,
    ),
    Case("onboarding: somebody else's key", onboarding(lambda s: s.bob.key.public.spki), SIGNATURE),
    Case("onboarding: no key at all", onboarding(lambda s: "key"), KEY),
    Case("onboarding: a key that is a list", onboarding(lambda s: [s.bob.key.public.spki]), KEY),
    Case(
        "onboarding: the key of all zeros",
        onboarding(lambda s: base64.b64encode(bytes(32)).decode()),
        KEY,  # of small order: no key at all
    ),
    Case("signature: of another message", of_another_message, SIGNATURE),
    Case("signature: over the hash's bytes", over(lambda v: bytes.fromhex(v["Hash"])), SIGNATURE),
    Case("signature: over the hash's text", over(lambda v: v["Hash"].encode()), SIGNATURE),
    Case(
        "signature: over all but the signature",
        over(lambda v: canonical({n: p for n, p in v.items() if n != "Signature"})),
        SIGNATURE,
    ),
    Case("signature: over the body alone", over(lambda v: canonical(v["Body"])), SIGNATURE),
    Case("signature: over the pretty text", over(lambda v: str(v).encode()), SIGNATURE),
    Case("signature: all zeros", rebuilt(lambda data: bytes(64)), SIGNATURE),
    Case("signature: the identity and zero", rebuilt(lambda data: b"\x01" + bytes(63)), SIGNATURE),
    Case("signature: a second S", rebuilt(second_s), SIGNATURE),
    Case("signature: a byte short", rebuilt(lambda data: data[:-1]), SIGNATURE),
    Case("signature: a byte more", rebuilt(lambda data: data + b"\0"), SIGNATURE),
    Case(
        "signature: a bit turned", rebuilt(lambda data: bytes([data[0] ^ 1]) + data[1:]), SIGNATURE
    ),
    Case("signature: the halves exchanged", rebuilt(lambda data: data[32:] + data[:32]), SIGNATURE),
    Case(
        "signature: spelt with a line",
        respelt(lambda text: text[:40] + "\n" + text[40:]),
        SIGNATURE,
    ),
    Case("signature: spelt with a blank after", respelt(lambda text: text + " "), SIGNATURE),
    Case(
        "signature: spelt with junk", respelt(lambda text: text[:40] + "*" + text[40:]), SIGNATURE
    ),
    Case("signature: spelt without padding", respelt(lambda text: text.rstrip("=")), SIGNATURE),
    Case("signature: spelt with more padding", respelt(lambda text: text + "="), SIGNATURE),
    Case("signature: spelt with loose bits", respelt(loose_bits), SIGNATURE),
    Case("signature: spelt for addresses", lambda s: url_safe(s), SIGNATURE),
    Case(
        "signature: in hexadecimal", respelt(lambda text: base64.b64decode(text).hex()), SIGNATURE
    ),
    Case("signature: its name before", respelt(lambda text: "ed25519:" + text), SIGNATURE),
]


def url_safe(scene: Scene) -> dict[str, Any]:
    """Return a message whose signature has a `-` or `_` in the alphabet of addresses."""
    while True:
        value = scene.genuine()
        text = value["Signature"].replace("+", "-").replace("/", "_")
        if text != value["Signature"]:
            return value | {"Signature": text}
