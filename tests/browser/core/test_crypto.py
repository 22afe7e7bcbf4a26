"""Canonical bytes, signatures, documents and locators: the browser and Python say the same."""

from __future__ import annotations

import random
from typing import Any

import pytest

from messaging import clock
from messaging.canonical import NotCanonical, canonical_bytes
from messaging.documents import sign_document
from messaging.envelope import Envelope
from messaging.signing import PrivateKey
from messaging.syntax import format_time, is_domain, is_schema, is_time, parse_locator
from tests.browser.core.conftest import Tab
from tests.messaging.weak_keys import WEAK, dkim, spki

pytestmark = pytest.mark.browser
LETTERS = 'aZ09 _-/"\\\b\n\t\x01\x7f\u00e9\u2028\u2029\ufeff\U0001f600\u05d0\u202e\ufb01'


def some_text(source: random.Random) -> str:
    return "".join(source.choice(LETTERS) for _ in range(source.randrange(12)))


def some_value(source: random.Random, depth: int = 0) -> Any:
    """Return anything that can be signed, and now and then something that cannot."""
    kind = source.randrange(9 if depth < 4 else 6)
    if kind < 2:
        return some_text(source)
    if kind == 2:
        return source.choice([0, 1, -1, 2**53 - 1, -(2**53) + 1, source.randrange(10**9)])
    if kind == 3:
        return source.choice([None, True, False])
    if kind == 4:
        return source.choice(["", "1.0", "\U0001f600"])
    if kind == 5:
        return source.choice([2**53, 0.5]) if source.random() < 0.02 else []
    if kind == 6:
        return [some_value(source, depth + 1) for _ in range(source.randrange(4))]
    keys = [some_text(source) for _ in range(source.randrange(5))]
    ascii_only = source.random() > 0.02
    return {key: some_value(source, depth + 1) for key in keys if key.isascii() or not ascii_only}


def python_says(value: Any) -> str | None:
    try:
        return canonical_bytes(value).decode()
    except NotCanonical:
        return None


def test_canonical_bytes_of_random_documents_are_pythons(tab: Tab) -> None:
    source = random.Random(6)
    values = [some_value(source) for _ in range(5000)]
    expected = [python_says(value) for value in values]
    assert expected.count(None) > 20  # both kinds are there
    script = """async (values) => {
      const { canonicalText } = await core('canonical');
      const said = (value) => { try { return canonicalText(value); } catch { return null; } };
      return values.map(said);
    }"""
    assert tab.run(script, values) == expected


def test_lone_surrogate_and_null_character_cannot_be_signed(tab: Tab) -> None:
    script = """async () => {
      const { canonicalText } = await core('canonical');
      const fails = (value) => {
        try { canonicalText(value); return false; } catch { return true; }
      };
      const values = ['\\ud800', '\\0', [undefined], NaN, 1.5, new Date().getTime() * 1e6, 10n];
      return values.map(fails);
    }"""
    assert tab.run(script) == [True] * 7


def test_envelope_signed_here_is_pythons_and_back(tab: Tab) -> None:
    key = PrivateKey.from_seed(bytes(range(32)))
    envelope = Envelope.build(
        sender="3d0e9a0c-1c1b-4f57-8f15-0a0b0c0d0e0f",
        to="broker.example.org",
        subject="Saved@Broker",
        body={"Path": "Caf\u00e9 \u2028 \U0001f600", "List": [1, None, {"b": "", "a": True}]},
        now=clock.now(),
    ).signed(key)
    script = """async ([seed, spki, envelope]) => {
      const keys = await core('keys');
      const { signed, isProved, parse } = await core('envelope');
      const mine = await keys.privateKey(Uint8Array.from(seed));
      const { Header, Body } = envelope;
      const again = await signed({ Header, Body }, mine);
      const other = { ...parse(envelope), Body: { ...Body, Path: 'other' } };
      const key = await keys.publicKey(spki);
      return [again, await isProved(parse(envelope), key), await isProved(other, key)];
    }"""
    argument = [list(range(32)), key.public.spki, envelope.to_dict()]
    assert tab.run(script, argument) == [envelope.to_dict(), True, False]


CHECK = """async ([document, spki, expected, now]) => {
  const { checkDocument } = await core('document');
  const { publicKey } = await core('keys');
  try {
    await checkDocument(document, await publicKey(spki), now, expected);
    return '';
  } catch (error) {
    return error.problem;
  }
}"""
TOKEN = "5f2b8c52-6a0a-4c0f-8a0e-4e2f6f0a1002"


def signed_document(key: PrivateKey, **fields: Any) -> dict[str, Any]:
    document = {
        "Token": TOKEN,
        "Issuer": "theatre.test",
        "Schema": ".HOST/BOOKING/SELF",
        "Issued": "2026-01-02T03:00:00.000Z",
        "Expires": "2099-01-03T00:00:00.000Z",
        "Context": {"For": "Caf\u00e9, one seat", "Seats": ["B10"], "Count": 1},
        **fields,
    }
    return sign_document(document, key, "pw1")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({}, ""),
        ({"Context": {"For": "another"}}, "signature"),
        ({"Expires": "2100-01-03T00:00:00.000Z"}, "signature"),
        ({"Signature": "A" * 86 + "=="}, "signature"),
        ({"Signature": "not base64"}, "signature"),
        ({"Signature": 7}, "structure"),
        ({"Extra": "field"}, "structure"),
        ({"Token": "not an id"}, "structure"),
        ({"Token": "5f2b8c52-6a0a-4c0f-8a0e-4e2f6f0a1003"}, "other-token"),
        ({"Issuer": "gym.test"}, "other-token"),
        ({"Context": []}, "structure"),
        ({"Context": {"x": "y" * 20000}}, "size"),
        ({"Context": {"\u00e9": "y"}}, "structure"),
        ({"Identifier": "id.test"}, "structure"),
        ({"Algorithm": "none"}, "structure"),
        ({"Algorithm": "ed25519-sha256"}, ""),
        ({"Starts": "2026-02-30T00:00:00Z"}, "structure"),
    ],
)
def test_changed_document_is_refused(tab: Tab, change: dict[str, Any], problem: str) -> None:
    key = PrivateKey.generate()
    document = {**signed_document(key), **change}
    expected = {"issuer": "theatre.test", "token": TOKEN}
    now = clock.now().timestamp() * 1000
    assert tab.run(CHECK, [document, key.public.spki, expected, now]) == problem


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"Issued": "2098-01-01T00:00:00Z"}, "future"),
        ({"Starts": "2098-01-01T00:00:00Z"}, ""),  # kept now, used once it starts
        ({"Expires": "2026-01-03T00:00:00Z"}, "expired"),
    ],
)
def test_well_signed_document_of_another_time(
    tab: Tab, fields: dict[str, Any], problem: str
) -> None:
    key = PrivateKey.generate()
    expected = {"issuer": "theatre.test", "token": TOKEN}
    now = clock.now().timestamp() * 1000
    assert (
        tab.run(CHECK, [signed_document(key, **fields), key.public.spki, expected, now]) == problem
    )


def test_document_signed_by_another_key_is_refused(tab: Tab) -> None:
    expected = {"issuer": "theatre.test", "token": TOKEN}
    stranger = PrivateKey.generate().public.spki
    now = clock.now().timestamp() * 1000
    document = signed_document(PrivateKey.generate())
    assert tab.run(CHECK, [document, stranger, expected, now]) == "signature"


def test_syntax_is_pythons(tab: Tab) -> None:
    now = format_time(clock.now())
    texts = [now, "2026-01-02T03:04:05Z", "2026-01-02T03:04:60Z", "2026-02-29T00:00:00Z"]
    texts += ["2028-02-29T00:00:00.000Z", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z", ""]
    texts += ["broker.test", "Broker.TEST", "localhost", "127.0.0.1", "a..b", "-a.test", "a.xn--p1"]
    texts += [
        ".HOST",
        ".HOST:1.0",
        ".HOST:1",
        "gym.test/A/B:2.11",
        "gym.test/",
        ".A/:1.0",
        "a/b:1:1",
    ]
    script = """async (texts) => {
      const { isDomain, isSchema, isTime } = await core('syntax');
      return texts.map((text) => [isDomain(text), isSchema(text), isTime(text)]);
    }"""
    expected = [[is_domain(text), is_schema(text), is_time(text)] for text in texts]
    assert tab.run(script, texts) == expected


@pytest.mark.parametrize(
    "text",
    [
        ".HOST,theatre.test,ticket",
        "https://pollyweb.org/go/.HOST,theatre.test,a%2Cb,Seat=B%2010,Row=%C3%A9",
        "pollyweb://.HOST,Theatre.TEST,ticket:x/y",
        "https://elsewhere.test/go/.HOST,theatre.test,ticket",
        ".HOST,theatre.test",
        ".HOST,theatre.test,",
        ".HOST,127.0.0.1,ticket",
        "x,theatre.test,ticket",
        ".HOST,theatre.test,ticket,Seat",
        ".HOST,theatre.test,ticket,a=1,a=2",
        ".HOST,theatre.test,a%0Ab",
        ".HOST,theatre.test,a%FFb",
        ".HOST,theatre.test," + "x" * 2000,
        "",
    ],
)
def test_locators_are_read_as_python_reads_them(tab: Tab, text: str) -> None:
    try:
        there = parse_locator(text)
        expected = [there.schema, there.domain, there.key, there.inputs]
    except ValueError:
        expected = ["locator"]
    script = """(text) => {
      try {
        const { schema, domain, key, inputs } = Wallet.readLocator(text);
        return [schema, domain, key, inputs];
      } catch (error) {
        return [error.code];
      }
    }"""
    assert tab.run(script, text) == expected


def test_link_of_this_site_is_a_locator(tab: Tab) -> None:
    link = f"{tab.url}/go/.HOST,theatre.test,ticket"
    assert tab.run("(text) => Wallet.readLocator(text).domain", link) == "theatre.test"


def test_points_of_small_order_are_no_keys(tab: Tab) -> None:
    """Nor is what is spelt in another way than its point; ordinary keys are read."""
    texts = [spell(raw) for raw in WEAK for spell in (spki, dkim)]
    proper = [PrivateKey.generate().public.spki for _ in range(20)]
    read = """async (texts) => {
        const { publicKey } = await core('keys');
        const seen = (error) => (/usable/.test(error.message) ? false : error.message);
        return Promise.all(texts.map((text) => publicKey(text).then(() => true, seen)));
    }"""
    assert tab.page.evaluate(read, texts) == [False] * len(texts)
    assert tab.page.evaluate(read, proper) == [True] * len(proper)
