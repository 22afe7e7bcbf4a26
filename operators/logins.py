"""Guessing passwords at `/ops/`: who has been wrong too often waits, and locks nobody else out.

Counted are wrong passwords of an account from an address (IPv6: a /64), and of an address. A
browser in which the operator has logged in before has a count of its own, by a signed cookie, and
from an address where he has, only his own pair counts: strangers who guess cannot keep him out.
Counts are rows, so that all web processes share them; their keys are hashes, and tell nothing.
"""

from __future__ import annotations

import hashlib
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.db.models import F
from django.http import HttpRequest, HttpResponse

from messaging import caller, clock
from operators.models import LoginPlace, LoginTries

log = structlog.get_logger(__name__)

COOKIE = "ops_known"
KNOWN_FOR = timedelta(days=180)
MOST_ACCOUNTS = 5  # that one browser is known for
BEGAN = "began"  # in the session: when somebody logged in
WAITS = "login_waits"
MAKES_KNOWN = "login_known"


@dataclass(frozen=True)
class Share:
    """Whose wrong passwords are counted together, and how many there may be."""

    key: str
    most: int
    is_address: bool = False

    def take(self) -> bool:
        """Count a try before the password is looked at; False when there are no more for now.

        Each step is one statement: processes that try at once get no more than there are.
        """
        now = clock.now()
        first = LoginTries(share=self.key, count=0, at=now)
        LoginTries.objects.bulk_create([first], ignore_conflicts=True)
        mine = LoginTries.objects.filter(share=self.key)
        if mine.filter(at__lte=now - wait()).update(count=1, at=now):
            return True
        return bool(mine.filter(count__lt=self.most).update(count=F("count") + 1, at=now))

    def give_back(self) -> None:
        """The password was right. An address keeps the tries that others had at it."""
        mine = LoginTries.objects.filter(share=self.key)
        if not self.is_address:
            mine.delete()
        elif not mine.filter(count__gt=1).update(count=F("count") - 1):
            mine.filter(count=1).delete()


def wait() -> timedelta:
    """Return how long who has used up his tries waits after the last of them."""
    return timedelta(minutes=settings.LOGIN_WAIT_MINUTES)


def shares(request: HttpRequest, account: str) -> list[Share]:
    """Return what a try at this account counts for."""
    account = _folded(account)
    device = _devices(request).get(_hashed("account", account))
    if device is not None:
        return [Share(_hashed("device", account, device), settings.LOGIN_PAIR_TRIES)]
    place = place_of(request, account)
    pair = Share(place, settings.LOGIN_PAIR_TRIES)
    if LoginPlace.objects.filter(pair=place, at__gt=clock.now() - KNOWN_FOR).exists():
        return [pair]
    address = _hashed("address", address_of(request))
    return [Share(address, settings.LOGIN_ADDRESS_TRIES, is_address=True), pair]


def place_of(request: HttpRequest, account: str) -> str:
    """Return the key of an account and the address of a request."""
    return _hashed("pair", _folded(account), address_of(request))


def of_old_password(account: str) -> Share:
    """Return what guesses at an account's old password count for, in whichever session of its."""
    return Share(_hashed("old password", _folded(account)), settings.LOGIN_PAIR_TRIES)


def _folded(account: str) -> str:
    """Return what all ways to write a name have in common: they are counted as one."""
    return unicodedata.normalize("NFKC", account).strip().casefold()


def address_of(request: HttpRequest) -> str:
    """Return where a request comes from, as the inbox takes it: proxies of ours are believed."""
    meta = request.META
    return caller.share_of(
        meta.get("REMOTE_ADDR", ""), meta.get("HTTP_X_FORWARDED_FOR", ""), settings.NUM_PROXIES
    )


def _hashed(*parts: str) -> str:
    text = "\n".join([str(len(part)) + ":" + part for part in parts])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def taken(found: list[Share]) -> bool:
    """Take a try of each share; of none when one has no more."""
    for number, share in enumerate(found):
        if not share.take():
            for other in found[:number]:
                other.give_back()
            return False
    return True


class LimitedBackend(ModelBackend):
    """Django's accounts and passwords; a password is not even looked at while its share waits."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        if request is None or username is None or password is None:
            return super().authenticate(request, username, password, **kwargs)
        found = shares(request, username)
        if not taken(found):
            setattr(request, WAITS, True)
            log.warning("login_waits", address=address_of(request))
            raise PermissionDenied
        user = super().authenticate(request, username, password, **kwargs)
        if user is not None:
            for share in found:
                share.give_back()
        return user


# -- browsers and places that are known -----------------------------------------------------------


def _devices(request: HttpRequest) -> dict[str, str]:
    """Return the accounts that logged in with this browser before: {hash: what names it}."""
    try:
        found = signing.loads(request.COOKIES.get(COOKIE, ""), salt=COOKIE, max_age=KNOWN_FOR)
    except signing.BadSignature:
        return {}
    return found if isinstance(found, dict) else {}


def remember(sender: Any, request: HttpRequest, user: User, **_: Any) -> None:
    """Somebody has logged in: the place is known now, and his browser will be."""
    account = user.get_username()
    LoginPlace.objects.update_or_create(
        pair=place_of(request, account), defaults={"at": clock.now()}
    )
    request.session[BEGAN] = clock.now().isoformat()
    known, name = _devices(request), _hashed("account", _folded(account))
    device = known.pop(name, secrets.token_hex(16))
    newest = [*known.items(), (name, device)][-MOST_ACCOUNTS:]
    setattr(request, MAKES_KNOWN, signing.dumps(dict(newest), salt=COOKIE))


def give_cookie(request: HttpRequest, response: HttpResponse) -> None:
    """Make the browser known in which somebody has just logged in."""
    value = getattr(request, MAKES_KNOWN, None)
    if value is not None:
        response.set_cookie(
            COOKIE,
            value,
            max_age=KNOWN_FOR,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Strict",
        )


def connect() -> None:
    """Hear of logins."""
    user_logged_in.connect(remember, dispatch_uid="operators.logins")
