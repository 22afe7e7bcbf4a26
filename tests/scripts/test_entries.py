"""Entering a state or status again is a new event; saving a row as it is starts nothing.

The table walks every itemised model that the code has; rows of operators' datasets, whose triggers
are their versions, are in tests/scripts/items/test_handlers.py.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import transaction

import broker.models
import broker.receivers
import host.models
import host.receivers
import issuer.models
import issuer.receivers
from messaging import clock
from messaging.ids import uuid4
from scripts.events import Wiring
from scripts.itemised import Itemised
from scripts.models import Run
from scripts.services import start_handler
from tests.person import Person

TRACKED: dict[type[Itemised], Wiring] = {
    host.models.Chat: host.receivers.CHATS,
    issuer.models.Token: issuer.receivers.TOKENS,
    broker.models.Chat: broker.receivers.CHATS,
    broker.models.Token: broker.receivers.TOKENS,
}
STARTS = [
    (model, field, value)
    for model, wiring in TRACKED.items()
    for field in model.TRACKED
    for value, _ in model._meta.get_field(field).flatchoices  # type: ignore[union-attr]
    if value in wiring.handlers
]


def names(case: Any) -> str:
    return f"{case.__module__}.{case.__name__}" if isinstance(case, type) else str(case)


def made(model: type[Itemised], alice: Person) -> Any:
    """Return a row of a model, made as its service makes one, whose first handlers have started."""
    now, until = clock.now(), clock.now() + timedelta(days=1)
    wallet = broker.models.Wallet.objects.get(pk=alice.wallet)
    chat = {"domain": "broker.test", "wallet": wallet, "hook": uuid4(), "locator": "x"}
    key, common = alice.key.public.spki, {"language": "en-us", "created_at": now}
    chat |= {"host": "theatre.test", "schema": ".HOST", "key": "ticket", **common}
    token = {"domain": "theatre.test", "schema": ".HOST/BOOKING", "starts": now, "until": until}
    match model:
        case broker.models.Chat:
            return broker.models.Chat.objects.create(**chat)
        case host.models.Chat:
            host_chat = {"domain": "theatre.test", "broker": "broker.test", "chat": uuid4()}
            return host.models.Chat.objects.create(**host_chat, public_key=key, created_at=now)
        case issuer.models.Token:
            offer = {"broker": "broker.test", "chat": uuid4(), "public_key": key, "document": {}}
            return issuer.models.Token.objects.create(
                **token, **offer, decide_at=until, created_at=now
            )
    mirrored = {**token, "domain": "broker.test", "issuer": "theatre.test", "token": uuid4()}
    in_chat = broker.models.Chat.objects.create(**chat, public_key=key)
    return broker.models.Token.objects.create(**mirrored, **common, wallet=wallet, chat=in_chat)


def enter(model: type[Itemised], pk: Any, field: str, value: str) -> None:
    """Save a value as a service does: on the locked row, its own fields only."""
    with transaction.atomic():
        row = model._default_manager.select_for_update(of=("self",)).get(pk=pk)
        row.__dict__[field] = value  # past the state machine, which has its own tests
        row.save(update_fields=[field])


def started(model: type[Itemised], value: str, pk: Any) -> int:
    wiring = TRACKED[model]
    trigger = f"{wiring.dataset}:{pk}:{value}"
    runs = Run.objects.filter(script=wiring.handlers[value], trigger__startswith=trigger)
    return runs.count()


def elsewhere(model: type[Itemised], field: str, value: str) -> str:
    """Return a value of the field that is another one."""
    choices = [each for each, _ in model._meta.get_field(field).flatchoices]  # type: ignore[union-attr]
    return next(each for each in choices if each != value)


def test_table_holds_every_itemised_model() -> None:
    found = {model for model in apps.get_models() if issubclass(model, Itemised)}
    assert found == set(TRACKED)


@pytest.mark.parametrize(("model", "field", "value"), STARTS, ids=names)
def test_each_entering_starts_its_handler_once(
    alice: Person, model: type[Itemised], field: str, value: str
) -> None:
    row = made(model, alice)
    begun = started(model, value, row.pk)
    assert begun == (field == "state" and value == row.state)
    other = elsewhere(model, field, value)
    for entering in range(1, 4):
        enter(model, row.pk, field, other)
        for _ in range(2):  # the second saves the row as it is
            enter(model, row.pk, field, value)
        assert started(model, value, row.pk) == begun + entering


@pytest.mark.parametrize(("model", "field", "value"), STARTS, ids=names)
def test_entering_that_is_taken_back_and_tried_again_starts_its_handler_once(
    alice: Person, model: type[Itemised], field: str, value: str
) -> None:
    row = made(model, alice)
    enter(model, row.pk, field, elsewhere(model, field, value))
    before = started(model, value, row.pk)
    entries = model._default_manager.get(pk=row.pk).entries

    class Killed(Exception):
        """The worker died before its commit."""

    with pytest.raises(Killed), transaction.atomic():
        enter(model, row.pk, field, value)
        raise Killed
    enter(model, row.pk, field, value)
    assert started(model, value, row.pk) == before + 1
    assert model._default_manager.get(pk=row.pk).entries == entries + 1


@pytest.mark.parametrize(("model", "field", "value"), STARTS, ids=names)
def test_handler_that_the_release_before_has_started_does_not_run_again(
    alice: Person, model: type[Itemised], field: str, value: str
) -> None:
    """Its triggers have no number, and its rows none but zero."""
    row = made(model, alice)
    model._default_manager.filter(pk=row.pk).update(**{field: value, "entries": 0})
    Run.objects.all().delete()
    trigger = f"{TRACKED[model].dataset}:{row.pk}:{value}"
    script = TRACKED[model].handlers[value]
    with transaction.atomic():
        start_handler(TRACKED[model].library, script, domain="theatre.test", trigger=trigger)
    for _ in range(2):
        enter(model, row.pk, field, value)
        again = model._default_manager.get(pk=row.pk)
        again.save()
    assert started(model, value, row.pk) == 1


def test_two_readers_of_one_row_that_both_save_the_same_start_it_once(alice: Person) -> None:
    """Every service locks the row; whoever does not enters the same, under the same number."""
    row = made(issuer.models.Token, alice)
    one, two = (issuer.models.Token.objects.get(pk=row.pk) for _ in range(2))
    for each in (one, two):
        each.status = "REVOKED"
        each.save(update_fields=["status"])
    assert started(issuer.models.Token, "REVOKED", row.pk) == 1


def test_value_that_a_save_leaves_out_is_not_entered(alice: Person) -> None:
    row = issuer.models.Token.objects.get(pk=made(issuer.models.Token, alice).pk)
    row.status = "REVOKED"
    row.save(update_fields=["context"])
    assert started(issuer.models.Token, "REVOKED", row.pk) == 0
    row.save(update_fields=["status"])
    assert started(issuer.models.Token, "REVOKED", row.pk) == 1


def test_row_that_was_loaded_in_part_counts_on(alice: Person) -> None:
    pk = made(issuer.models.Token, alice).pk
    for number, status in enumerate(("REVOKED", "ACTIVE", "REVOKED"), start=2):
        row = issuer.models.Token.objects.only("status", "domain").get(pk=pk)
        row.status = status
        row.save(update_fields=["status"])
        assert issuer.models.Token.objects.get(pk=pk).entries == number
    assert started(issuer.models.Token, "REVOKED", pk) == 2


def test_fixture_that_is_loaded_starts_nothing(alice: Person) -> None:
    row = made(issuer.models.Token, alice)
    Run.objects.all().delete()
    row.save_base(raw=True)
    assert not Run.objects.exists()
