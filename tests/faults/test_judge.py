"""The oracle: silent about a sound flow, and loud about every way in which one can be unsound."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.db.models import F

from broker.models import Token as BrokerToken
from config.faults import hands, scene
from config.faults.judge import Verdict, judge, resume_seconds
from config.faults.scene import Order
from issuer.models import Token, TokenEvent
from messaging import clock
from messaging.ids import uuid4
from messaging.models import InboxMessage, OutboxMessage
from scripts.models import Run
from wallets.client import Wallet

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The wallet's folder after one accepted order, number 1, and everything at rest."""
    with hands.bells() as rung, hands.local_wallets():
        scene.build()
        wallet = Wallet.create(
            tmp_path / "alice",
            notifier=scene.NOTIFIER,
            answer=lambda wallet, prompt: {"Result": "YES"},
        )
        wallet.locate(scene.LOCATOR)
        hands.drain(rung, wallet)
        [name] = wallet.folder.names("chats")
        until = clock.now() + timedelta(minutes=10)
        scene.submit(Order(1, Path(name).stem, until, tell=True))
        hands.drain(rung, wallet)
        clock.move(3600)
        hands.drain(rung, wallet)
    return tmp_path / "alice"


def test_sound_flow_has_no_violation(folder: Path) -> None:
    verdict = judge([1], [folder])
    assert verdict.violations == []
    assert (verdict.flows, dict(verdict.ends)) == (1, {"accepted": 1})
    assert list(resume_seconds()) == [1]


def _unsaved(folder: Path) -> None:
    for path in (folder / "tokens").rglob("*.json"):
        path.unlink()


def _extra_offer(folder: Path) -> None:
    token = Token.objects.get()
    Token.objects.bulk_create([Token(**{**_fields(token), "id": uuid4()})])


def _fields(token: Token) -> dict[str, object]:
    return {field.attname: getattr(token, field.attname) for field in token._meta.concrete_fields}


BREAKS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "started and forgotten": ("lost", lambda f: Run.objects.filter(script="Order").delete()),
    "never ended": ("lost", lambda f: Run.objects.filter(script="Order").update(state="WAITING")),
    "quarantined": (
        "lost",
        lambda f: Run.objects.filter(script="OnTokenIssued").update(state="QUARANTINED"),
    ),
    "nothing issued": ("lost", lambda f: Token.objects.all().delete()),
    "message lost": (
        "lost",
        lambda f: InboxMessage.objects.filter(subject="Offered@Issuer").delete(),
    ),
    "message unhandled": ("lost", lambda f: InboxMessage.objects.update(state="RECEIVED")),
    "issued twice": ("doubled", _extra_offer),
    "decided twice": (
        "doubled",
        lambda f: TokenEvent.objects.create(
            token=Token.objects.get(), kind="STATE", value="EXPIRED", origin="", at=clock.now()
        ),
    ),
    "another log": ("doubled", lambda f: Run.objects.filter(rev=2).update(rev=F("rev") + 1)),
    "issuer alone": ("disagreements", lambda f: Token.objects.update(state="EXPIRED")),
    "broker alone": ("disagreements", lambda f: BrokerToken.objects.update(state="DECLINED")),
    "wallet alone": ("disagreements", _unsaved),
    "script told otherwise": (
        "disagreements",
        lambda f: Run.objects.filter(script="Order").update(result={"Order": "1", "Token": ""}),
    ),
    "phantom message": (
        "disagreements",
        lambda f: OutboxMessage.objects.filter(subject="Issue@Broker").delete(),
    ),
    "nobody wakes it": (
        "stuck",
        lambda f: Run.objects.filter(script="Order").update(state="READY"),
    ),
}


@pytest.mark.parametrize("name", BREAKS)
def test_unsound_flow_is_told(folder: Path, name: str) -> None:
    kind, spoil = BREAKS[name]
    spoil(folder)
    verdict: Verdict = judge([1], [folder])
    assert getattr(verdict, kind), verdict
