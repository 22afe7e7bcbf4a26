"""Domains, ids, schema codes, times and locators, as the protocol writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from messaging.syntax import (
    Locator,
    format_locator,
    format_time,
    is_domain,
    is_language,
    is_schema,
    is_selector,
    is_time,
    is_uuid,
    normalise_schema,
    parse_locator,
    parse_time,
)


@pytest.mark.parametrize(
    "name",
    ["theatre.test", "Broker.Test", "broker.localhost", "a-b.c1.xn--p1ai", f"{'a' * 63}.test"],
)
def test_domain_is_accepted(name: str) -> None:
    assert is_domain(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "localhost",
        "127.0.0.1",
        "a_b.test",
        "theatre.test.",
        "theatre.t3st",
        "theatre.t",
        "-a.test",
        "a-.test",
        "a..test",
        "theatre.test\n",
        "théâtre.test",
        f"{'a' * 64}.test",
        f"{'a.' * 125}test",
        None,
        1,
    ],
)
def test_domain_is_refused(name: object) -> None:
    assert not is_domain(name)


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("125a5c75-cb72-43d2-9695-37026dfcaa48", True),
        ("125A5C75-cb72-43d2-9695-37026dfcaa48", False),
        ("125a5c75cb7243d2969537026dfcaa48", False),
        ("{125a5c75-cb72-43d2-9695-37026dfcaa48}", False),
        ("urn:uuid:125a5c75-cb72-43d2-9695-37026dfcaa48", False),
        ("125a5c75-cb72-43d2-9695-37026dfcaa48\n", False),
        (None, False),
    ],
)
def test_uuid_has_one_spelling(text: object, valid: bool) -> None:
    assert is_uuid(text) is valid


@pytest.mark.parametrize(
    ("code", "long"),
    [
        (".TOKEN", "pollyweb.org/TOKEN:1.0"),
        (".HOST/BOOKING/SELF:2.3", "pollyweb.org/HOST/BOOKING/SELF:2.3"),
        ("health.any-igo.test/COVID/DOSE", "health.any-igo.test/COVID/DOSE:1.0"),
        ("pollyweb.org/MSG:1.0", "pollyweb.org/MSG:1.0"),
    ],
)
def test_schema_has_a_long_form(code: str, long: str) -> None:
    assert is_schema(code)
    assert normalise_schema(code) == long
    assert normalise_schema(long) == long


@pytest.mark.parametrize(
    "code",
    ["", ".", "TOKEN", ".PALM/16+", ".X:1", ".X:1.0.0", ".X:", ".X:01.0", "./X", ".X/", "a/X"],
)
def test_schema_is_refused(code: str) -> None:
    assert not is_schema(code)
    with pytest.raises(ValueError, match="is not a schema code"):
        normalise_schema(code)


def test_times_are_read_and_written() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
    assert parse_time("2026-01-02T03:04:05.678Z") == moment
    assert parse_time("2026-01-02T03:04:05Z") == moment.replace(microsecond=0)
    assert format_time(moment + timedelta(microseconds=999)) == "2026-01-02T03:04:05.678Z"
    abroad = moment.astimezone(timezone(timedelta(hours=2)))
    assert format_time(abroad) == "2026-01-02T03:04:05.678Z"


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-02T03:04:05.67Z",
        "2026-01-02T03:04:05.678901Z",
        "2026-01-02T03:04:05+00:00",
        "2026-01-02 03:04:05Z",
        "2026-01-02T03:04:60Z",
        "2026-02-30T03:04:05Z",
        "0000-01-02T03:04:05Z",
        "٢٠٢٦-01-02T03:04:05Z",
        "2026-01-02T03:04:05Z\n",
    ],
)
def test_time_is_refused(text: str) -> None:
    assert not is_time(text)
    with pytest.raises(ValueError, match="is not a time"):
        parse_time(text)


def test_time_without_zone_is_not_written() -> None:
    with pytest.raises(ValueError, match="time zone"):
        format_time(datetime(2026, 1, 2))  # noqa: DTZ001 - that is the point


def test_selectors_and_languages() -> None:
    assert is_selector("pw1")
    assert not is_selector("pw1.a")
    assert not is_selector("")
    assert is_language("en-us")
    assert not is_language("english")
    assert not is_language("en us")


LOCATOR = Locator(
    "pollyweb.org/HOST:1.0", "theatre.test", "stage", {"Seat": "B,10", "For": "Zoë & co=1%"}
)


@pytest.mark.parametrize("prefix", ["", "https://pollyweb.org/go/", "pollyweb://"])
def test_locator_is_read_in_every_form(prefix: str) -> None:
    assert parse_locator(prefix + format_locator(LOCATOR)) == LOCATOR


def test_locator_is_normalised() -> None:
    assert parse_locator(".HOST,Theatre.test,$") == Locator(
        "pollyweb.org/HOST:1.0", "theatre.test", "$"
    )
    assert format_locator(LOCATOR) == (
        "pollyweb.org/HOST:1.0,theatre.test,stage,Seat=B%2C10,For=Zo%C3%AB%20%26%20co%3D1%25"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".HOST,theatre.test",
        "HOST,theatre.test,$",
        ".HOST,localhost,$",
        ".HOST,theatre.test,",
        ".HOST,theatre.test,$,Seat",
        ".HOST,theatre.test,$,Seat=1,Seat=2",
        ".HOST,theatre.test,$,=1",
        ".HOST,theatre.test,$,Seat=%00",
        ".HOST,theatre.test,$,Seat=%ff",
        "https://evil.test/go/.HOST,theatre.test,$",
        f".HOST,theatre.test,{'a' * 2000}",
    ],
)
def test_locator_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_locator(text)
