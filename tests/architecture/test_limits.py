"""Every limiter of the code is a line of `messaging.rates`: none counts by itself."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from messaging.api.throttle import Counted
from messaging.rates import LIMITS, parse_rate

ROOT = Path(__file__).resolve().parents[2]
APPS = ("messaging", "scripts", "host", "issuer", "broker", "wallets", "config")
SOURCES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for app in APPS
    for path in sorted((ROOT / app).rglob("*.py"))
    if "migrations" not in path.parts
}


def views(patterns: Iterable[URLPattern | URLResolver]) -> Iterable[type[APIView]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            if pattern.app_name != "admin":
                yield from views(pattern.url_patterns)
        elif (view := getattr(pattern.callback, "cls", None)) is not None:
            yield view


def subclasses(kind: type[Any]) -> Iterable[type[Any]]:
    for each in kind.__subclasses__():
        yield each
        yield from subclasses(each)


@pytest.mark.parametrize("view", sorted(set(views(get_resolver().url_patterns)), key=str))
def test_every_api_view_is_limited(view: type[APIView]) -> None:
    """A limit of who has proved to be a wallet is enough only where nobody else is answered."""
    throttles: list[Any] = list(view.throttle_classes)
    assert throttles and all(issubclass(each, Counted) for each in throttles)
    assert all(each.limit in LIMITS for each in throttles)
    if not view.authentication_classes:
        assert {each.limit for each in throttles} & {"inbox", "public"}


def test_every_throttle_counts_in_the_one_place() -> None:
    own = [each for each in subclasses(BaseThrottle) if each.__module__.split(".")[0] in APPS]
    assert own
    for each in own:
        assert issubclass(each, Counted)
        assert each is Counted or each.limit in LIMITS
        if each is not Counted:
            assert not {"allow_request", "wait"} & set(vars(each)), each


def test_nothing_counts_in_djangos_cache() -> None:
    """That one forgets the counts of some when others make many."""
    assert [name for name, text in SOURCES.items() if "django.core.cache" in text] == []


def test_redis_is_reached_in_one_module() -> None:
    found = [name for name, text in SOURCES.items() if re.search(r"(import|from) redis", text)]
    assert [name for name in found if "/faults/" not in name] == ["messaging/counters.py"]


def test_every_rate_is_a_setting_and_every_such_setting_a_limit() -> None:
    named = {limit.setting for limit in LIMITS.values()}
    assert {name for name in dir(settings) if name.endswith("_RATE")} == named
    for limit in LIMITS.values():
        most, seconds = parse_rate(getattr(settings, limit.setting))
        assert most >= limit.parts and seconds % limit.parts == 0
    text = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    assert [name for name in sorted(named) if f"`{name}`" not in text] == []


def test_every_limit_is_used() -> None:
    text = "\n".join(SOURCES.values())
    for name in LIMITS:
        uses = rf'(is_over(_rows)?\(\s*"{name}"|limit = "{name}"|return "{name}",|\("{name}", )'
        assert re.search(uses, text), name
