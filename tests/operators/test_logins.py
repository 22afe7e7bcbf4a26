"""Guessing passwords at /ops/: who guesses waits, who owns the account gets in, sessions end."""

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import connections
from django.test import Client

from messaging import clock
from operators.logins import COOKIE
from operators.models import LoginPlace, LoginTries

pytestmark = pytest.mark.django_db(transaction=True)
LOGIN, HOME = "/ops/login/", "/ops/"
RIGHT = "a made-up passphrase"
THEIRS = "127.0.0.66"
OURS = "127.0.0.2"


@pytest.fixture(autouse=True)
def alice(settings: Any) -> User:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    User.objects.create_superuser("bob", password=RIGHT)
    return User.objects.create_superuser("alice", password=RIGHT)


def tried(
    password: str,
    account: str = "alice",
    address: str = THEIRS,
    client: Client | None = None,
    **more: str,
) -> int:
    """Return the status of an attempt: 302 for a login, 200 for a refusal, 429 for who waits."""
    form = {"username": account, "password": password}
    answer = (client or Client()).post(LOGIN, form, REMOTE_ADDR=address, **more)  # type: ignore[arg-type]
    return answer.status_code


def guess(times: int, **where: Any) -> list[int]:
    return [tried(f"guess {number}", **where) for number in range(times)]


def test_pair_waits_after_ten_wrong_passwords_and_only_that_pair() -> None:
    assert guess(10) == [200] * 10
    assert tried(RIGHT) == 429  # the password is not even looked at
    assert tried(RIGHT, "bob") == 302
    assert tried(RIGHT, address=OURS) == 302
    clock.move(15 * 60 + 1)
    assert tried(RIGHT) == 302
    assert guess(10) == [200] * 10  # and it has all its tries again


def test_who_waits_is_told_for_how_long() -> None:
    guess(10)
    form = {"username": "alice", "password": RIGHT}
    answer = Client().post(LOGIN, form, REMOTE_ADDR=THEIRS)
    assert "Try again in 15 minutes" in answer.content.decode()
    assert answer.headers["Retry-After"] == "900"


def test_waiting_does_not_begin_anew_with_each_try() -> None:
    guess(10)
    clock.move(10 * 60)
    assert guess(5) == [429] * 5
    clock.move(5 * 60 + 1)
    assert tried(RIGHT) == 302


def test_name_written_otherwise_is_the_same_name() -> None:
    ways = ("alice", "ALICE", " alice ", "\uff41lice", "Alice\u00a0", "\taLice")
    for number in range(10):
        assert tried("x", ways[number % len(ways)]) == 200
    for way in ways:
        assert tried(RIGHT, way) == 429
    assert LoginTries.objects.count() == 2  # of the pair and of the address


def test_old_password_is_guessed_in_a_session_no_faster_than_at_the_door() -> None:
    here, there = logged_in(), logged_in()
    url, new = "/ops/password_change/", {"new_password1": RIGHT * 2, "new_password2": RIGHT * 2}
    for number in range(10):
        client = (here, there)[number % 2]
        assert client.post(url, {"old_password": f"guess {number}", **new}).status_code == 200
    answer = here.post(url, {"old_password": RIGHT, **new})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "900")
    assert there.post(url, {"old_password": RIGHT, **new}).status_code == 429
    assert here.get(url).status_code == 200
    assert tried(RIGHT, address=OURS) == 302, "nobody is locked out by it"
    clock.move(15 * 60 + 1)
    assert here.post(url, {"old_password": RIGHT, **new, "new_password2": "x"}).status_code == 200
    assert here.post(url, {"old_password": RIGHT, **new}).status_code == 302


def test_address_waits_after_fifty() -> None:
    for number in range(10):
        assert guess(5, account=f"nobody{number}") == [200] * 5
    assert tried(RIGHT) == 429
    assert tried(RIGHT, address=OURS) == 302
    assert LoginTries.objects.count() == 11  # and what is refused leaves no row


def test_right_password_takes_nothing_of_an_addresss_tries() -> None:
    for _ in range(60):
        assert tried(RIGHT, "bob", client=Client()) == 302
    assert tried(RIGHT, "alice") == 302


def test_nobody_locks_an_operator_out_of_a_browser_where_he_has_logged_in(settings: Any) -> None:
    mine = Client()
    assert tried(RIGHT, address=OURS, client=mine) == 302
    mine.post("/ops/logout/")
    assert COOKIE in mine.cookies
    guess(30, address=OURS)  # at his own address even
    for number in range(12):
        guess(5, account=f"nobody{number}", address=OURS)
    assert tried(RIGHT, address=OURS) == 429
    assert tried(RIGHT, address=OURS, client=mine) == 302
    assert tried(RIGHT, address=THEIRS, client=mine) == 302  # wherever he takes it


def test_nobody_locks_an_operator_out_of_an_address_from_elsewhere_or_by_other_names() -> None:
    """Without a cookie: another browser at the same place."""
    assert tried(RIGHT, address=OURS) == 302
    guess(30, address=THEIRS)
    for number in range(12):
        guess(5, account=f"nobody{number}", address=OURS)
    assert tried("x", "bob", address=OURS) == 429
    assert tried(RIGHT, address=OURS) == 302


def test_known_browser_guesses_ten_times_too_and_for_its_account_only() -> None:
    mine = Client()
    assert tried(RIGHT, address=OURS, client=mine) == 302
    assert guess(10, client=mine, address=OURS) == [200] * 10
    assert tried(RIGHT, client=mine, address=OURS) == 429
    assert guess(10, account="bob", client=mine, address=THEIRS) == [200] * 10
    assert tried(RIGHT, "bob", client=mine, address=THEIRS) == 429


def test_forged_cookie_is_none() -> None:
    client = Client()
    client.cookies[COOKIE] = "eyJhIjoiYiJ9:1abcde:forged\x00"
    assert guess(10, client=client) == [200] * 10
    assert tried(RIGHT, client=client) == 429


def test_ipv6_counts_by_its_network() -> None:
    for number in range(10):
        assert tried("x", address=f"2001:db8:1:2::{number}") == 200
    assert tried(RIGHT, address="2001:db8:1:2:ffff::1") == 429
    assert tried(RIGHT, address="2001:db8:1:3::1") == 302
    for number in range(10):
        assert tried("x", address="10.0.0.1" if number % 2 else "::ffff:10.0.0.1") == 200
    assert tried(RIGHT, address="10.0.0.1") == 429


def test_address_is_what_our_proxy_says_and_nobody_elses_word(settings: Any) -> None:
    for number in range(10):  # no proxy: the header is the stranger's
        assert tried("x", HTTP_X_FORWARDED_FOR=f"10.0.0.{number}") == 200
    assert tried(RIGHT, HTTP_X_FORWARDED_FOR="10.0.0.99") == 429
    settings.NUM_PROXIES = 1
    for number in range(10):
        assert (
            tried("x", address="127.0.0.1", HTTP_X_FORWARDED_FOR=f"10.9.9.{number}, 10.0.0.7")
            == 200
        )
    assert tried(RIGHT, address="127.0.0.1", HTTP_X_FORWARDED_FOR="1.1.1.1, 10.0.0.7") == 429
    assert tried(RIGHT, address="127.0.0.1", HTTP_X_FORWARDED_FOR="10.0.0.7, 10.0.0.8") == 302


@pytest.mark.parametrize(
    ("account", "password"),
    [
        ("a\0b", RIGHT),
        ("a" * 10_000, RIGHT),
        ("alice", "a\0b"),
        ("alice", "a" * 10_000),
        ("\ud800", RIGHT),
        ("\u202e\U0001f600", RIGHT),
        ("", ""),
    ],
)
def test_odd_names_get_the_ordinary_refusal(account: str, password: str) -> None:
    form = urlencode({"username": account, "password": password}, errors="surrogatepass")
    kind = "application/x-www-form-urlencoded"
    answer = Client().post(LOGIN, form, content_type=kind, REMOTE_ADDR=THEIRS)
    assert answer.status_code == 200
    assert "errornote" in answer.content.decode()


@pytest.mark.parametrize("agent", ["", "a" * 8000, "a\x7f\xff", "\u202e"])
@pytest.mark.parametrize("address", [THEIRS, "", "nonsense", "fe80::1%eth0", "a" * 500])
def test_odd_clients_get_the_ordinary_answer(agent: str, address: str) -> None:
    assert tried("x", address=address, HTTP_USER_AGENT=agent) == 200
    assert tried(RIGHT, address=address, HTTP_USER_AGENT=agent) == 302


def test_processes_that_guess_at_once_get_no_more_tries() -> None:
    gate, said = threading.Barrier(8), []

    def work() -> None:
        gate.wait()
        try:
            said.extend(guess(4))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (said.count(200), said.count(429)) == (10, 22)


def test_rows_tell_nothing_of_whom_they_count() -> None:
    guess(1)
    tried(RIGHT, "bob")
    kept = [*LoginTries.objects.values_list("share"), *LoginPlace.objects.values_list("pair")]
    assert all(len(key) == 64 and set(key) <= set("0123456789abcdef") for (key,) in kept)


# -- sessions -------------------------------------------------------------------------------------


def logged_in() -> Client:
    client = Client()
    assert tried(RIGHT, client=client) == 302
    assert client.get(HOME).status_code == 200
    return client


def test_session_ends_after_its_hours_however_busy_it_is(settings: Any) -> None:
    client = logged_in()
    for _ in range(11):
        clock.move(3600)
        assert client.get(HOME).status_code == 200
    clock.move(3601)
    assert client.get(HOME).status_code == 302
    assert not Session.objects.exists()


def test_idle_session_ends_and_a_used_one_goes_on(settings: Any) -> None:
    client = logged_in()
    [before] = Session.objects.values_list("expire_date", flat=True)
    assert client.get(HOME).status_code == 200
    [after] = Session.objects.values_list("expire_date", flat=True)
    assert after > before  # each request begins it anew
    assert 3500 < (after - clock.now()).total_seconds() <= 3600
    Session.objects.update(expire_date=clock.now())
    assert client.get(HOME).status_code == 302


def test_sessions_end_when_the_password_changes_or_the_account_is_switched_off(alice: User) -> None:
    here, there = logged_in(), logged_in()
    change = {"old_password": RIGHT, "new_password1": RIGHT * 2, "new_password2": RIGHT * 2}
    assert here.post("/ops/password_change/", change).status_code == 302
    assert here.get(HOME).status_code == 200
    assert there.get(HOME).status_code == 302
    User.objects.filter(username="alice").update(is_active=False)
    assert here.get(HOME).status_code == 302


def test_session_of_the_release_before_has_its_hours_from_now_on() -> None:
    client = logged_in()
    session = client.session
    del session["began"]
    session.save()
    assert client.get(HOME).status_code == 200
    clock.move(12 * 3600 + 1)
    assert client.get(HOME).status_code == 302


def test_cookies_are_for_this_site_only() -> None:
    client = logged_in()
    for name in ("sessionid", COOKIE):
        assert client.cookies[name]["httponly"]
    assert client.cookies[COOKIE]["samesite"] == "Strict"
