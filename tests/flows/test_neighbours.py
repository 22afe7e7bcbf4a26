"""One bad item among good ones, in each loop over items: the good ones are worked on all the same.

What fails is one call of the work that the loop does, as an unforeseen fault would fail it; the
loop itself is the real one. `tests/architecture/test_loops.py` finds the loops.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction

from config.authoring import check
from config.authoring.places import Place
from config.authoring.rehearsal import prepare
from config.demo import data
from host.folder import forget_seen, read_folder
from host.models import Talker, TalkerFile
from messaging import bell, clock, key_life, keys, outbox, peer_keys
from messaging.each import each
from messaging.ids import uuid7
from messaging.models import DomainKey, KeyLookup, OutboxMessage
from messaging.outbox import claims, sweeping
from scripts import library, poison, services, wakes, withdrawal
from scripts.items import storing
from scripts.models import Item, Ready, Run, ScriptVersion, Timer
from scripts.states import RunState
from tests.person import Person
from tests.scripts.engine import begin
from wallets import push
from wallets.feed import Feed, Listener
from wallets.models import Notification, Registration, Subscription
from wallets.waiting import Waiter, Watch

pytestmark = pytest.mark.django_db(transaction=True)
GOOD = "💬 Day pass:\n- INFO: Welcome\n"
Patch = pytest.MonkeyPatch


def failing_first(monkeypatch: Patch, module: Any, name: str, fault: Exception) -> list[Any]:
    """Let the first call of a function fail; return the first argument of every call."""
    real, called = getattr(module, name), []

    def work(first: Any, *rest: Any, **options: Any) -> Any:
        called.append(first)
        if len(called) == 1:
            raise fault
        return real(first, *rest, **options)

    monkeypatch.setattr(module, name, work)
    return called


def three_runs() -> list[Run]:
    return [begin("- RETURN: x\n") for _ in range(3)]


def done(runs: list[Run]) -> int:
    return Run.objects.filter(pk__in=[run.pk for run in runs], state=RunState.DONE).count()


# -- the helper -----------------------------------------------------------------------------------


def test_each_does_the_others_and_names_the_bad_one(caplog: pytest.LogCaptureFixture) -> None:
    assert each("number", [1, 0, 2, "x"], lambda number: 2 // number) == [2, 1]  # type: ignore[operator]
    said: list[Any] = [record.msg for record in caplog.records]
    assert [(line["what"], line["item"]) for line in said] == [("number", "0"), ("number", "x")]


def test_each_takes_back_what_the_bad_one_wrote_in_a_transaction() -> None:
    def work(domain: str) -> None:
        KeyLookup.objects.create(domain=domain, selector="a", claimed_until=clock.now())
        if domain == "bad.test":
            KeyLookup.objects.create(domain=domain, selector="a", claimed_until=clock.now())

    with transaction.atomic():
        each("domain", ["a.test", "bad.test", "b.test"], work)
    assert sorted(KeyLookup.objects.values_list("domain", flat=True)) == ["a.test", "b.test"]


def test_each_gives_up_when_the_database_is_gone(monkeypatch: Patch) -> None:
    tried: list[int] = []

    def work(item: int) -> None:
        tried.append(item)
        raise OperationalError("the connection is lost")

    connection.ensure_connection()
    assert each("item", [1, 2], work) == []  # of this item only: a lock, a deadlock
    monkeypatch.setattr(connection, "is_usable", lambda: False)
    with pytest.raises(OperationalError):
        each("item", [3, 4], work)
    assert tried == [1, 2, 3]


# -- files ----------------------------------------------------------------------------------------


def test_talker_files(tmp_path: Path) -> None:
    """Each kind of bad file stands before the good one in the order of reading."""
    forget_seen()
    for name in ("gym.test", "club.test"):
        keys.create_domain(name)
        (tmp_path / name / "datasets").mkdir(parents=True)
    here = tmp_path / "club.test"
    (here / "a.yaml").write_bytes(b"\xf0\x9f\x92\xac X:\n- INFO: a\0b\n")
    (here / "b.yaml").write_text('💬 X:\n- INFO: "a\\0b"\n', encoding="utf-8")
    (here / "c.yaml").write_bytes(b"\xff\xfe")
    (here / "d.yaml").mkdir()
    os.mkfifo(here / "e.yaml")
    (here / "f.yaml").symlink_to(here / "f.yaml")
    (here / f"{'g' * 240}.yaml").write_text(GOOD, encoding="utf-8")
    Path(os.fsdecode(os.fsencode(here) + b"/h\xff.yaml")).write_text(GOOD, encoding="utf-8")
    (here / "datasets/i.yaml").write_bytes(b"a\0b")
    (tmp_path / "gym.test/day.yaml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "gym.test/datasets/j.yaml").write_text("[" * 9000, encoding="utf-8")
    read_folder(tmp_path)
    assert Talker.objects.filter(domain="gym.test", key="day").exists()
    told = dict(TalkerFile.objects.exclude(faults="").values_list("path", "faults"))
    for name in ("club.test/a.yaml", "club.test/b.yaml", "club.test/datasets/i.yaml"):
        assert "U+0000" in told[name]
    assert "not UTF-8" in told["club.test/c.yaml"]
    assert "gym.test/datasets/j.yaml" in told
    assert read_folder(tmp_path)["read"] == 0  # and again, without a fault


def test_talker_file_that_fails_as_nothing_should(tmp_path: Path, monkeypatch: Patch) -> None:
    forget_seen()
    keys.create_domain("gym.test")
    (tmp_path / "gym.test").mkdir()
    for name in ("a", "b", "c"):
        (tmp_path / f"gym.test/{name}.yaml").write_text(GOOD, encoding="utf-8")
    failing_first(monkeypatch, library, "store", KeyError("x"))
    assert read_folder(tmp_path) == {"read": 3, "faulty": 1}
    assert sorted(Talker.objects.values_list("key", flat=True)) == ["b", "c"]
    [faults] = TalkerFile.objects.exclude(faults="").values_list("faults", flat=True)
    assert faults == "the file cannot be kept: KeyError('x') (the log says where)"


def test_seed(monkeypatch: Patch) -> None:
    failing_first(monkeypatch, data, "_keep", ValueError("x"))
    assert data.seed() == [".HOST,gym.test,membership", ".HOST,library.test,card"]


def test_files_that_are_checked(tmp_path: Path, monkeypatch: Patch) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text("- INFOO: Hi\n", encoding="utf-8")
    failing_first(monkeypatch, library, "compile_source", RecursionError("x"))
    report = check.check_files(sorted(tmp_path.glob("*")))
    assert [fault.file for fault in report.faults] == [str(tmp_path / "b.yaml")]
    assert "a.yaml: cannot be checked: RecursionError" in report.unread[0]


def test_what_stands_beside_a_script_that_is_played(tmp_path: Path) -> None:
    folder = tmp_path / "gym.test"
    (folder / "datasets").mkdir(parents=True)
    (folder / "a.yaml").write_bytes(b"\xff")
    (folder / "b.yaml").write_text("- INFOO: Hi\n", encoding="utf-8")
    (folder / "datasets/c.yaml").write_text("nothing", encoding="utf-8")
    (folder / "z.yaml").write_text(GOOD, encoding="utf-8")
    (folder / "day.yaml").write_text(GOOD, encoding="utf-8")
    prepare(Place.of(folder / "day.yaml"))
    assert sorted(Talker.objects.values_list("key", flat=True)) == ["day", "z"]


# -- the engine -----------------------------------------------------------------------------------


@pytest.mark.parametrize("work", [services.sweep, services.drain])
def test_runs_that_are_overdue(monkeypatch: Patch, work: Callable[[], object]) -> None:
    runs = three_runs()
    clock.move(5)
    failing_first(monkeypatch, wakes, "claim", KeyError("x"))
    work()
    assert done(runs) == 2


def test_steps_of_the_engines_sweep(monkeypatch: Patch) -> None:
    runs = three_runs()
    monkeypatch.setattr(wakes, "fire_timers", lambda: 1 // 0)
    assert services.sweep()["runs"] == 3
    assert done(runs) == 3


def test_timers(monkeypatch: Patch) -> None:
    runs = three_runs()
    for run in runs:
        Ready.objects.filter(run=run).delete()
        wakes.set_timer(run.pk, clock.now())
    real = wakes.wake

    def wake(run_id: Any, **options: Any) -> None:
        if run_id == runs[0].pk:
            raise IntegrityError
        real(run_id, **options)

    monkeypatch.setattr(wakes, "wake", wake)
    clock.move(1)
    assert wakes.fire_timers() == 2
    assert {timer.run_id for timer in Timer.objects.all()} == {runs[0].pk}
    assert Ready.objects.count() == 2


def test_items_whose_time_has_come(monkeypatch: Patch) -> None:
    monkeypatch.setattr(storing, "_purge_one", lambda pk: bool(1 // pk))
    monkeypatch.setattr(Item, "objects", OfNumbers([0, 1, 1]))
    assert storing.purge() == 2


class OfNumbers:
    """Stands for a table with these keys."""

    def __init__(self, keys: list[int]) -> None:
        self.keys = keys

    def filter(self, **_: Any) -> OfNumbers:
        return self

    def order_by(self, *_: str) -> OfNumbers:
        return self

    def values_list(self, *_: str, **__: Any) -> list[int]:
        return self.keys


@pytest.mark.parametrize("withdrawn", [False, True])
def test_runs_of_a_version(monkeypatch: Patch, withdrawn: bool) -> None:
    runs = three_runs()
    version = runs[0].version_id
    woken = failing_first(monkeypatch, wakes, "wake", KeyError("x"))
    if withdrawn:
        withdrawal.withdraw(version, by="alice")
    else:
        ScriptVersion.objects.filter(pk=version).update(stopped_at=clock.now())
        poison.let_start(version)
    assert sorted(woken) == sorted(run.pk for run in runs)
    assert Ready.objects.count() == 3


# -- messages -------------------------------------------------------------------------------------


def queued(count: int) -> list[OutboxMessage]:
    keys.create_domain("theatre.test")
    return [
        outbox.queue(
            sender="theatre.test",
            recipient="theatre.test",
            subject="Offered@Issuer",
            body={},
            key=f"test:{number}",
        )
        for number in range(count)
    ]


def test_steps_of_the_outboxs_sweep(monkeypatch: Patch) -> None:
    queued(1)
    KeyLookup.objects.create(domain="a.test", selector="a", claimed_until=clock.now())
    clock.move(3600)
    rung: list[str] = []
    monkeypatch.setattr("celery.Celery.send_task", lambda app, name, **_: rung.append(name))
    monkeypatch.setattr(sweeping, "overdue", lambda *_, **__: 1 // 0)
    assert sweeping.sweep() == {"outbox": 0, "untold": 0, "pruned": 1}
    assert not KeyLookup.objects.exists()
    monkeypatch.undo()
    monkeypatch.setattr("celery.Celery.send_task", lambda app, name, **_: rung.append(name))
    monkeypatch.setattr(peer_keys, "prune", lambda: 1 // 0)
    assert sweeping.sweep() == {"untold": 0, "outbox": 1}
    assert rung == ["messaging.catch_up"]


def test_queues_of_the_outboxs_sweep(monkeypatch: Patch) -> None:
    """That one queue cannot be looked through hides nothing of the other."""
    queued(1)
    clock.move(3600)
    real = claims.overdue

    def overdue(*rest: Any, elsewhere: bool) -> Any:
        return 1 // 0 if elsewhere else real(*rest, elsewhere=elsewhere)

    monkeypatch.setattr(sweeping, "overdue", overdue)
    assert sweeping.sweep()["outbox"] == 1


def test_overdue_messages(monkeypatch: Patch) -> None:
    messages = queued(4)
    clock.move(5)
    real, tried = outbox.deliver, []

    def deliver(message_id: Any, *, elsewhere: bool) -> bool:
        tried.append(str(message_id))
        return bool(1 // 0) if len(tried) == 2 else real(message_id, elsewhere=elsewhere)

    monkeypatch.setattr(sweeping, "deliver", deliver)
    monkeypatch.setattr(sweeping, "TURN_SECONDS", 60)
    assert sweeping.catch_up(messages[0].pk, elsewhere=False) == 3
    assert sorted(tried) == sorted(str(message.pk) for message in messages)


def test_bells(monkeypatch: Patch) -> None:
    rung: list[str] = []

    def send(app: Any, name: str, *, args: list[str], **_: Any) -> None:
        rung.append(args[0])
        if args[0] == "1":
            raise KeyError(name)

    monkeypatch.setattr("celery.Celery.send_task", send)
    for row in ("1", "2"):
        bell.ring("scripts.advance", row)

    def work() -> None:
        for row in ("1", "2"):
            bell.ring("none.such", row)
        bell.pass_on()

    bell.answering(work)
    assert rung == ["1", "2", "1", "2"]
    bell.ring("scripts.advance", "3")  # and this thread does not think that it still answers
    assert rung[-1] == "3"


def test_keys_that_are_sealed_anew(settings: Any) -> None:
    for name in ("a.test", "b.test", "c.test"):
        keys.create_domain(name)
    bad = DomainKey.objects.filter(domain_id="b.test")
    bad.update(private_key=bad.get().private_key[:20])
    settings.FIELD_KEYS = f"k9:{'22' * 32},{settings.FIELD_KEYS}"
    changed, lost = key_life.reseal_keys()
    assert changed == 2
    assert [line.partition(":")[0] for line in lost] == ["pw1 of b.test"]


# -- wallets --------------------------------------------------------------------------------------


def registration(person: Person) -> Registration:
    return Registration.objects.get(wallet=person.wallet)


def notified(person: Person) -> None:
    Notification.objects.create(
        registration=registration(person),
        subject="Updated@Notifier",
        correlation=uuid7(),
        message={},
        created_at=clock.now(),
    )


def test_pushes(alice: Person, monkeypatch: Patch, settings: Any) -> None:
    settings.VAPID_PRIVATE_KEY = "set"
    notified(alice)
    for name in ("a", "b", "c"):
        Subscription.objects.create(
            registration=registration(alice), endpoint=name, created_at=clock.now()
        )
    pushed: list[str] = []

    def post(subscription: Subscription) -> bool:
        pushed.append(subscription.endpoint)
        return bool(1 // (len(pushed) - 1))

    monkeypatch.setattr(push, "_push", post)
    assert push.wake(str(registration(alice).pk)) == 1
    assert len(pushed) == 3


def closed_loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    loop.close()
    return loop


def test_pages_that_listen(alice: Person, bob: Person) -> None:
    notified(alice)
    notified(bob)
    loop = asyncio.new_event_loop()
    gone = Listener(registration(alice).pk, closed_loop())
    here = Listener(registration(bob).pk, loop)
    Feed()._look([gone, here], True)
    loop.run_until_complete(asyncio.sleep(0))
    assert here.queue.qsize() == 1
    loop.close()


def test_wallets_that_wait(alice: Person, bob: Person) -> None:
    notified(alice)
    notified(bob)
    loop = asyncio.new_event_loop()
    gone, odd, here = (Waiter(registration(person).pk, 10, loop) for person in (alice, alice, bob))
    gone.loop, odd.limit = closed_loop(), -1
    Watch()._look([gone, odd, here])
    loop.run_until_complete(asyncio.sleep(0))
    assert len(here.come.result()) == 1
    loop.close()
