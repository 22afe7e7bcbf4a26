"""The test vectors of protocol 2.11, byte for byte."""

from __future__ import annotations

from datetime import UTC, datetime

from messaging.canonical import canonical_bytes, sha256_hex
from messaging.dns_keys import record_value
from messaging.documents import check_document, sign_document, signing_payload
from messaging.envelope import Envelope, Header
from messaging.signing import PrivateKey, PublicKey

KEY = PrivateKey.from_seed(bytes(range(32)))
TXT = "v=DKIM1; k=ed25519; p=A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="
SPKI = "MCowBQYDK2VwAyEAA6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="

V1 = (
    b'{"Body":{"Chat":"0b0c7d1e-3c55-4a8e-9a55-6a7d4ee1f001",'
    b'"Schema":"pollyweb.org/HOST/BOOKING/SELF:1.0","Starts":"2026-01-02T03:00:00Z",'
    b'"Token":"5f2b8c52-6a0a-4c0f-8a0e-4e2f6f0a1002"},"Header":{'
    b'"Correlation":"125a5c75-cb72-43d2-9695-37026dfcaa48","From":"issuer.example.org",'
    b'"Schema":"pollyweb.org/MSG:1.0","Selector":"pw1","Subject":"Issue@Broker",'
    b'"Timestamp":"2026-01-02T03:04:05.678Z","To":"broker.example.org"}}'
)
V1_HASH = "142a4d259c16632cac41bb474d3854fc64cf94e9f5331672949eec4dce748282"
V1_SIGNATURE = (
    "J/iORIdo4Gnl3ArkfCHsUI/gRmbACFWwXK/rg+Eh170q1Wv++lkp7751T/L7DYlZSqoQebKtFwzg43izAH9UAg=="
)
V2 = (
    b'{"Body":{"Issuer":"issuer.example.org","Path":"/tokens/1",'
    b'"Token":"5f2b8c52-6a0a-4c0f-8a0e-4e2f6f0a1002"},"Header":{'
    b'"Correlation":"125a5c75-cb72-43d2-9695-37026dfcaa49",'
    b'"From":"3d0e9a0c-1c1b-4f57-8f15-0a0b0c0d0e0f","Schema":"pollyweb.org/MSG:1.0",'
    b'"Subject":"Saved@Broker","Timestamp":"2026-01-02T03:04:06.000Z","To":"broker.example.org"}}'
)
V2_HASH = "c12e41bdf7a77094c868bb7ff92cce9301780fa8b0ea0080c55aac67dd299d0f"
V2_SIGNATURE = (
    "vuUoweA47hgQcwQi7Yx+Yz14YpLFufbcdo+WZ/9VrZX5Kh04gu94Eb8jiTOUrbG+m+uf6DcobBrUgXdBE6ZEBw=="
)
V3 = (
    '{"Context":{"Cafe":"Café","For":"Table for 2","Place":"The Guild","Time":"19:30"},'
    '"DKIM":"pw1","Expires":"2099-01-03T00:00:00.000Z","Issued":"2026-01-02T03:00:00.000Z",'
    '"Issuer":"issuer.example.org","Schema":"pollyweb.org/HOST/BOOKING/SELF:1.0",'
    '"Starts":"2026-01-02T03:00:00.000Z","Token":"5f2b8c52-6a0a-4c0f-8a0e-4e2f6f0a1002"}'
).encode()
V3_SIGNATURE = (
    "j3+odetsaTzTacwlKXLCqhoUjMljq0jqGw7P8n07pLfesamtJ7EjcvYCP8eM90mX7IlshIkTP9f7Y2sqjmTDCw=="
)
TOKEN = "5f2b8c52-6a0a-4c0f-8a0e-4e2f6f0a1002"


def test_key_spellings_equal_the_vector() -> None:
    assert KEY.public.spki == SPKI
    assert record_value(KEY.public) == TXT
    assert PublicKey.from_text(SPKI) == KEY.public


def test_domain_message_equals_v1() -> None:
    header = Header(
        sender="issuer.example.org",
        to="broker.example.org",
        subject="Issue@Broker",
        correlation="125a5c75-cb72-43d2-9695-37026dfcaa48",
        timestamp="2026-01-02T03:04:05.678Z",
        selector="pw1",
    )
    body = {
        "Token": TOKEN,
        "Starts": "2026-01-02T03:00:00Z",
        "Schema": "pollyweb.org/HOST/BOOKING/SELF:1.0",
        "Chat": "0b0c7d1e-3c55-4a8e-9a55-6a7d4ee1f001",
    }
    envelope = Envelope(header, body).signed(KEY)
    assert envelope.canonical() == V1
    assert sha256_hex(V1) == V1_HASH
    assert (envelope.hash, envelope.signature) == (V1_HASH, V1_SIGNATURE)
    assert envelope.hash_matches()
    assert envelope.verifies(KEY.public)


def test_wallet_message_equals_v2() -> None:
    header = Header(
        sender="3d0e9a0c-1c1b-4f57-8f15-0a0b0c0d0e0f",
        to="broker.example.org",
        subject="Saved@Broker",
        correlation="125a5c75-cb72-43d2-9695-37026dfcaa49",
        timestamp="2026-01-02T03:04:06.000Z",
    )
    body = {"Issuer": "issuer.example.org", "Path": "/tokens/1", "Token": TOKEN}
    envelope = Envelope(header, body).signed(KEY)
    assert envelope.canonical() == V2
    assert (envelope.hash, envelope.signature) == (V2_HASH, V2_SIGNATURE)


def test_token_equals_v3() -> None:
    draft = {
        "Token": TOKEN,
        "Issuer": "issuer.example.org",
        "Schema": ".HOST/BOOKING/SELF",
        "Issued": "2026-01-02T03:00:00.000Z",
        "Expires": "2099-01-03T00:00:00.000Z",
        "Context": {
            "Time": "19:30",
            "Place": "The Guild",
            "For": "Table for 2",
            "Cafe": "Caf\u00e9",
        },
    }
    document = sign_document(draft, KEY, "pw1")
    assert canonical_bytes(signing_payload(document)) == V3
    assert document["Signature"] == V3_SIGNATURE
    now = datetime(2026, 1, 2, 4, tzinfo=UTC)
    check_document(document, KEY.public, now, issuer="issuer.example.org", token=TOKEN)
