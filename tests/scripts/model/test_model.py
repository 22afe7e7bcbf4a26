"""Sequences of what may happen to the engine: after each step it is as the reference says.

`make model` (MODEL_EXAMPLES=10000) tries that many sequences, new ones each time, and shows the
shortest that fails; the suite tries a few, always the same.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from host.services import open_chat
from messaging import clock, keys
from messaging.outbox import delivering
from messaging.signing import PrivateKey
from scripts import library, services
from tests.messaging.parties import pinned_peer
from tests.scripts.engine import DOMAIN
from tests.scripts.model.machine import EngineRules
from tests.scripts.model.plays import CHAT, PLAYS, source
from tests.scripts.model.world import Moment, Partner

EXAMPLES = int(os.environ.get("MODEL_EXAMPLES", "0"))
SHARDS = 2 if EXAMPLES else 1  # a process each, with `-n 2`
FEW = 100
STEPS = 25


@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(0 if EXAMPLES else 120)
@pytest.mark.parametrize("shard", range(SHARDS))
def test_engine_does_what_the_reference_says(shard: int, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = Moment()
    monkeypatch.setattr(clock, "now", moment.now)
    keys.create_domain(DOMAIN)
    person = PrivateKey.generate().public
    open_chat(DOMAIN, broker="broker.test", chat=CHAT, state="OPENED", public_key=person.spki)
    partner = Partner(pinned_peer("peer.test"))
    monkeypatch.setattr(delivering, "post", partner.post)

    class Machine(EngineRules):
        pass

    Machine.moment, Machine.partner = moment, partner
    Machine.chat_key = f"key:{person.fingerprint}"
    Machine.versions = {
        name: library.compile_source(source(name), file=f"{name}.yaml", name=name) for name in PLAYS
    }
    Machine.engine_advance = staticmethod(services.advance)
    monkeypatch.setattr(services, "advance", services.advance)

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=EXAMPLES // SHARDS or FEW,
            stateful_step_count=STEPS,
            derandomize=not EXAMPLES,
            deadline=None,
            database=None,
            print_blob=True,
            phases=[Phase.generate, Phase.shrink] if EXAMPLES else [Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
