"""A clock that is set back in the middle of a decision: what a timer has decided stays decided."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from broker.models import Token as BrokerToken
from issuer.models import Token as IssuerToken
from messaging import clock, points
from tests.person import Person
from tests.pump import pump


@pytest.fixture
def no_plan() -> Iterator[None]:
    """Leave the points as they were found: off."""
    yield
    points.follow(None)


LATER, TIMES = 8.0, 12


def set_back() -> points.Plan:
    """Let the next runs that are claimed find the clock ten seconds earlier than their timers did.

    Not all for ever: what waits for a moment that has not come parks again, and must be let go on.
    """
    claims = count()

    def plan(point: str) -> None:
        if point not in ("claim_after_commit", "adv_after_commit"):
            return
        clock.reset()
        back = point == "claim_after_commit" and next(claims) < TIMES
        clock.move(LATER - 10 if back else LATER)

    return plan


@pytest.mark.usefixtures("no_plan")
def test_offer_lapses_on_both_sides_though_the_clock_went_back(alice: Person) -> None:
    chat = alice.open(".HOST,library.test,card")
    clock.move(LATER)
    points.follow(set_back())
    pump()
    assert BrokerToken.objects.get(chat=chat).state == "EXPIRED"
    assert IssuerToken.objects.get(chat=chat).state == "EXPIRED"
