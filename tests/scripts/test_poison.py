"""Poison: what operators are told of it, how it ends, and versions that no longer start."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.db import connection, connections, transaction
from django.test import Client

from config.faults import poison as words
from host.services import save_talker
from messaging import clock, points
from messaging.errors import Unreachable
from messaging.ids import uuid4
from messaging.models import InboxMessage, OutboxMessage
from messaging.outbox import delivering
from messaging.transport import Reply
from scripts import library, lifecycle, poison, services, wakes
from scripts.explain import why
from scripts.models import Hook, Quarantine, Ready, Run, RunEvent, ScriptVersion, Timer
from scripts.registry import registry
from scripts.selectors import untold_runs, unwakeable_runs
from tests.operators.scenery import do, pages, press
from tests.person import Person
from tests.pump import pump
from tests.scripts.engine import DOMAIN, begin, result
from tests.scripts.test_engine import WAIT

pytestmark = pytest.mark.django_db(transaction=True)

POISON = "- LOG: about to fail\n- POISON\n- RETURN: never"


@pytest.fixture(autouse=True)
def _poison_is_a_word(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(registry, "commands", dict(registry.commands))
    words.learn()
    yield
    assert not unwakeable_runs().exists()
    assert not untold_runs().exists()


def wear_out() -> None:
    """Let everything that fails use up its attempts."""
    for _ in range(wakes.ATTEMPTS + 1):
        pump()
        clock.move(61)


def test_quarantine_keeps_the_fault_its_place_and_the_worker_and_no_value() -> None:
    run = begin(POISON)
    wear_out()
    [kept] = Quarantine.objects.filter(run=run)
    assert kept.fault == "RuntimeError('a script that nothing can help')"
    assert kept.attempts == wakes.ATTEMPTS
    assert kept.place.splitlines()[-1].startswith("poison.py:")
    assert kept.worker
    run.refresh_from_db()
    assert "after 8 attempts to go on from line 1 of test: RuntimeError(" in why(run)


def test_healthy_runs_go_on_beside_poison() -> None:
    for _ in range(3):
        begin(POISON)
    healthy = begin("- RETURN: well")
    services.sweep()
    assert result(healthy) == "well"


def test_version_of_which_too_many_runs_are_set_aside_stops_starting() -> None:
    for _ in range(5):
        begin(POISON)
    healthy = begin("- RETURN: well")
    wear_out()
    stopped = ScriptVersion.objects.get(stopped_at__isnull=False)
    assert stopped.stopped_why == "5 of 5 runs in 10 minutes set aside"
    poison.forget()  # as another process, which learns of it within two seconds
    held = begin(POISON)
    pump()
    held.refresh_from_db()
    assert (held.state, held.rev, Ready.objects.get(run=held).attempts) == ("READY", 0, 0)
    assert "its version does not start" in why(held)
    assert result(healthy) == "well"
    assert poison.let_start(stopped.hash) == 1
    wear_out()
    held.refresh_from_db()
    assert held.state == "QUARANTINED"
    assert poison.let_start("unknown") == 0


def test_version_with_a_few_bad_runs_among_many_goes_on() -> None:
    source = "- IF $.Inputs.Bad: POISON\n- RETURN: well"
    for number in range(30):
        begin(source, inputs={"Bad": number < 5})
    wear_out()
    assert Run.objects.filter(state="QUARANTINED").count() == 5
    assert not ScriptVersion.objects.filter(stopped_at__isnull=False).exists()


def test_version_stopped_lets_runs_that_had_begun_go_on() -> None:
    run = begin(WAIT)
    pump()
    ScriptVersion.objects.update(stopped_at=clock.now(), stopped_why="by hand")
    poison.forget()
    clock.move(3601)
    pump()
    assert result(run)["TimedOut"] is True


def test_cancelled_run_holds_nothing_and_says_by_whom() -> None:
    run = begin(WAIT)
    pump()
    assert "Waits at line 2 of test (WAIT) for door" in why(run_again(run))
    assert lifecycle.cancel(run.pk, by="olivia")
    assert not lifecycle.cancel(run.pk, by="olivia")
    run.refresh_from_db()
    assert (run.state, run.error) == ("CANCELLED", "cancelled by olivia")
    assert not Timer.objects.exists()
    assert not Ready.objects.exists()
    assert Hook.objects.get().state == "CLOSED"
    assert RunEvent.objects.get(run=run, kind="CANCELLED").data == {"by": "olivia"}
    assert run.rev == RunEvent.objects.filter(run=run).count()
    assert not lifecycle.cancel(uuid4(), by="olivia")


def run_again(run: Run) -> Run:
    return Run.objects.get(pk=run.pk)


def test_cancelled_handler_refuses_its_sender_and_sends_nothing(alice: Person) -> None:
    script = "💬 Ask:\n- TEXT Your name? >> $name\n- DONE: Hello {$name}"
    save_talker(domain=DOMAIN, key="ask", title="Ask", source=script)
    alice.open(f".HOST,{DOMAIN},ask")
    message = InboxMessage.objects.filter(subject="Hello@Host").latest("received_at")
    InboxMessage.objects.filter(pk=message.pk).update(response_status=None, state="RECEIVED")
    run = Run.objects.get(message_id=message.pk)
    Run.objects.filter(pk=run.pk).update(state="READY", finished_at=None)
    wakes.wake(run.pk)
    OutboxMessage.objects.filter(pk=OutboxMessage.objects.latest("created_at").pk).update(
        state="DUE", attempts=0, origin=str(run.pk)
    )
    assert lifecycle.cancel(run.pk, by="olivia")
    message.refresh_from_db()
    assert (message.state, message.response_status) == ("DISCARDED", 403)
    dead = OutboxMessage.objects.get(origin=str(run.pk), state="DEAD")
    assert dead.last_error == "cancelled by olivia"


def test_operator_sees_why_and_ends_it(client: Client) -> None:
    User.objects.create_superuser("olivia", password="not-a-secret")
    client.login(username="olivia", password="not-a-secret")
    run = begin(POISON)
    wear_out()
    page = client.get(f"/ops/scripts/run/{run.pk}/change/").content.decode()
    assert "Set aside at" in page
    assert "after 8 attempts" in page
    runs, versions = (
        page for model in (Run, ScriptVersion) for page in pages() if page.model is model
    )
    answer = do(client, runs, "cancel", run.pk)
    assert "1 run is cancelled." in client.get(answer.url).content.decode()
    assert run_again(run).state == "CANCELLED"
    asked = press(client, versions, "let_start", run.version_id)
    assert "it is not stopped" in asked.content.decode()
    ScriptVersion.objects.filter(pk=run.version_id).update(stopped_at=clock.now())
    answer = do(client, versions, "let_start", run.version_id)
    told = client.get(answer.url).content.decode()
    assert "1 script version may start again." in told
    assert "Starts again; 0 runs had waited" in told


def lose_the_database(at: str) -> None:
    """Cut this connection, once, where the engine passes a point."""

    def cut(name: str) -> None:
        if name == at:
            points.follow(None)
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                mine = cursor.fetchone()[0]
            other = connections.create_connection("default")
            try:
                with other.cursor() as cursor:
                    cursor.execute("SELECT pg_terminate_backend(%s)", [mine])
            finally:
                other.close()

    points.follow(cut)


@pytest.mark.parametrize("at", ["adv_locked", "adv_decided", "adv_before_commit"])
def test_database_lost_in_mid_advance_charges_no_attempt(at: str) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("connections are cut on PostgreSQL")
    run = begin("- RETURN: 1")
    lose_the_database(at)
    try:
        services.advance(run.pk)
    finally:
        points.follow(None)
    assert Ready.objects.get(run=run).attempts == 0
    clock.move(120)
    pump()
    assert result(run) == "1"


def test_row_locked_for_too_long_charges_no_attempt() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("locks on rows are PostgreSQL's")
    run = begin("- RETURN: 1")
    other = connections.create_connection("default")
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("SELECT 1 FROM scripts_run WHERE id = %s FOR UPDATE", [run.pk])
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '50ms'")
        services.advance(run.pk)
        assert Ready.objects.get(run=run).attempts == 0
    finally:
        other.rollback()
        other.close()
        connection.close()
    clock.move(120)
    pump()
    assert result(run) == "1"


def test_offer_whose_message_dies_expires_by_the_issuers_own_deadline(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = delivering.carry

    def carry(recipient: str, raw: bytes) -> Reply:
        if b"Issue@Broker" in raw:
            raise Unreachable("the peer is gone for good")
        return post(recipient, raw)

    monkeypatch.setattr(delivering, "carry", carry)
    chat = alice.open(".HOST,library.test,card")
    for _ in range(3):
        clock.move(60)
        pump()
    dead = OutboxMessage.objects.get(subject="Issue@Broker")
    assert (dead.state, dead.last_error) == ("DEAD", "the peer is gone for good")
    assert alice.lines(chat)[-1].startswith("FAIL Nobody took the card in time")


def test_retried_run_of_a_kept_version_starts_afresh() -> None:
    run = begin(POISON)
    wear_out()
    with transaction.atomic():
        assert lifecycle.retry(run.pk, by="olivia")
    assert library.version(run.version_id).hash == run.version_id
    wear_out()
    assert Quarantine.objects.filter(run=run).count() == 2
