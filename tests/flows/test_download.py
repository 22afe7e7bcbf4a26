"""Who may download a token, and when; everything else sounds the same."""

from __future__ import annotations

import pytest

from issuer.models import Token
from messaging import clock
from messaging.signing import PrivateKey
from tests.flows.steps import agreed_ticket, offered_ticket
from tests.person import Person, response
from tests.pump import pump


@pytest.fixture
def refusal(alice: Person) -> tuple[int, dict[str, str]]:
    """What a download of an id that nobody knows is answered."""
    chat, _ = offered_ticket(alice)
    answer = alice.download(chat, "theatre.test", "0b0c7d1e-3c55-4a8e-9a55-6a7d4ee1f001")
    return answer.status, answer.body


def test_unknown_token_is_refused(refusal: tuple[int, dict[str, str]]) -> None:
    assert refusal[0] == 403


def test_wrong_key_sounds_like_an_unknown_token(
    alice: Person, bob: Person, refusal: tuple[int, dict[str, str]]
) -> None:
    token = str(Token.objects.get().pk)
    chat = bob.open(".HOST,theatre.test,ticket")
    answer = bob.download(chat, "theatre.test", token)
    assert (answer.status, answer.body) == refusal


def test_made_up_key_sounds_like_an_unknown_token(
    alice: Person, refusal: tuple[int, dict[str, str]]
) -> None:
    token = str(Token.objects.get().pk)
    body = {"Token": token}
    answer = alice.send(
        "theatre.test", "Issued@Issuer", body, sender="Anonymous", key=PrivateKey.generate()
    )
    assert (answer.status, answer.body) == refusal


def test_declined_token_sounds_like_an_unknown_one(
    alice: Person, refusal: tuple[int, dict[str, str]]
) -> None:
    chat = next(iter(alice.chat_keys))
    alice.answer_last(chat, Result="NO")
    answer = alice.download(chat, "theatre.test", str(Token.objects.get().pk))
    assert (answer.status, answer.body) == refusal


def test_lapsed_token_sounds_like_an_unknown_one(
    alice: Person, refusal: tuple[int, dict[str, str]]
) -> None:
    chat = alice.open(".HOST,library.test,card")
    token = str(Token.objects.get(chat=chat).pk)
    assert alice.download(chat, "library.test", token).status == 200
    clock.move(5)
    pump()
    answer = alice.download(chat, "library.test", token)
    assert (answer.status, answer.body) == refusal


def test_repeated_download_has_the_same_bytes_also_after_the_answer(alice: Person) -> None:
    chat, token = agreed_ticket(alice)
    first = response(alice.download(chat, "theatre.test", token))
    alice.saved("theatre.test", token)
    pump()
    assert Token.objects.get(pk=token).state == "ACCEPTED"
    assert response(alice.download(chat, "theatre.test", token)) == first
