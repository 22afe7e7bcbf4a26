"""A segment runs as if alone: whatever it reads of datasets is still so when it commits.

Each script reads, decides and saves. It is held after each of its commands while another does the
same, or changes what it has read; the end must be one that some order of the two also has.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from textwrap import indent
from threading import Event
from typing import Any
from unittest import mock

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from host.models import Chat
from messaging import clock
from messaging.ids import uuid4
from scripts import services
from scripts.items import defining, holding, storing
from scripts.models import Item, ItemSet, Ready, Run
from scripts.registry import Write, registry
from tests.hosting import host
from tests.pump import pump
from tests.scripts.engine import DOMAIN, begin, result
from tests.scripts.items.meeting import closing, meet

pytestmark = pytest.mark.django_db(transaction=True)

SEATS = """
Prefix: Hall
Table: Seats
Item: Seat
Key: Name
Parents:
    Row: Hall.Rows
Views:
    TAKEN:
        Gone.IsEmpty:
"""
ROWS = "Prefix: Hall\nTable: Rows\nItem: Row\nKey: Name\n"
TAKE = "- SAVE Hall.Seats:\n    Name: $.Inputs.Name\n    Row: A\n"
THEN = indent(TAKE, "    ")
LOCK = "    - SAVE Hall.Rows:\n        Name: L\n"
SELL = "- IF $row.Sold.IsEmpty:\n    - SAVE $row:\n        Sold: 1\n"
KEY_L = ":\n    Set: Hall.Rows\n    Key: L\n"

# What each script does, of which only one may have its way: a reading, and what follows from it.
ONE_WINS = {
    "SELECT and count": f"- SELECT Hall.Seats >> $taken\n- IF $taken.IsEmpty:\n{THEN}",
    "SELECT Exists": "- SELECT >> $any:\n    Exists: ''\n    From: Hall.Seats\n"
    f"- IF $any.Is(False):\n{THEN}",
    "a view": f"- SELECT Hall.Seats.TAKEN >> $taken\n- IF $taken.IsEmpty:\n{THEN}",
    "SELECT and FILTER": "- SELECT Hall.Seats >> $all\n- FILTER $all >> $taken:\n    Row: A\n"
    f"- IF $taken.IsEmpty:\n{THEN}",
    "READ with Default": f"- READ >> $lock{KEY_L}    Default: none\n"
    f"- IF $lock.Is(none):\n{LOCK}{THEN}",
    "READ with OnMissing": f"- PUT no >> $free\n- READ >> $lock{KEY_L}"
    f"    OnMissing: PUT yes >> $free\n- IF $free.Is(yes):\n{LOCK}{THEN}",
    "READ in TRY": f"- TRY >> $missing:\n{indent('- READ >> $lock' + KEY_L, '    ')}"
    f"- IF $missing:\n{LOCK}{THEN}",
    "EXISTS": f"- EXISTS >> $there{KEY_L}- IF $there.Is(False):\n{LOCK}{THEN}",
    "a row read and changed": "- READ >> $row:\n    Set: Hall.Rows\n    Key: A\n" + SELL + THEN,
    "a row found and changed": "- SELECT >> $row:\n    From: Hall.Rows\n    Key: A\n" + SELL + THEN,
    "a parent": "- READ >> $seat:\n    Set: Hall.Seats\n    Key: First\n    Expand: Row\n"
    "- PUT $seat.Row >> $row\n" + SELL + THEN,
}
# Many steps between what is read and what is saved: more than a segment has otherwise.
SLOW = (
    "- SELECT Hall.Seats >> $taken\n- PUT 0 >> $n\n- WHILE $n.IsBelow(60):\n"
    "    - PUT $n.Add(1) >> $n\n- EXISTS >> $x:\n    Set: Hall.Rows\n    Key: nothing\n"
    f"- IF $taken.IsEmpty:\n{THEN}"
)


@pytest.fixture(autouse=True)
def hall() -> None:
    host(DOMAIN)
    defining.save_set(domain=DOMAIN, source=ROWS)
    defining.save_set(domain=DOMAIN, source=SEATS)
    _insert("Hall.Rows", Name="A")


def _insert(name: str, **fields: Any) -> None:
    dataset = storing.dataset(DOMAIN, name)
    assert dataset is not None
    assert dataset.insert is not None
    with transaction.atomic():
        dataset.insert(Write(DOMAIN, fields))


def names(table: str) -> list[str]:
    return sorted(Item.objects.filter(set__name=f"Hall.{table}").values_list("key", flat=True))


def finish() -> None:
    """Let what was put back for later come, too; nothing of it may have been charged."""
    assert set(Ready.objects.values_list("attempts", flat=True)) <= {0}
    clock.share(lambda: 120.0)
    pump()
    clock.reset()
    assert set(Run.objects.values_list("state", flat=True)) <= {"DONE"}, list(
        Run.objects.values_list("error", flat=True)
    )


def each_passage(
    start: Callable[[], tuple[Run, Callable[[], Any]]], judge: Callable[[], None]
) -> int:
    """Play the meeting once for each command of the first script; return how often."""
    passage = 0
    while True:
        passage += 1
        Item.objects.filter(set__name="Hall.Seats").delete()
        Item.objects.filter(set__name="Hall.Rows").delete()
        _insert("Hall.Rows", Name="A")
        Run.objects.all().delete()
        run, other = start()
        reached = meet(partial(services.advance, run.pk), passage, other)
        finish()
        judge()
        if not reached:
            return passage - 1


@pytest.mark.parametrize("kind", [*ONE_WINS, "many steps"])
def test_of_two_segments_that_read_and_then_save_one_wins(kind: str) -> None:
    source = ONE_WINS.get(kind, SLOW)

    def start() -> tuple[Run, Callable[[], Any]]:
        if kind == "a parent":
            _insert("Hall.Seats", Name="First", Row="A")
        one, two = [begin(source, inputs={"Name": name}) for name in ("one", "two")]
        return one, partial(services.advance, two.pk)

    def judge() -> None:
        taken = [name for name in names("Seats") if name != "First"]
        assert len(taken) == 1, taken

    assert each_passage(start, judge) >= 2


# -- others than scripts, and more than one dataset -----------------------------------------------

SKEW = {
    "seats": "- SELECT Hall.Rows >> $rows\n- IF $rows.IsOne:\n" + THEN,
    "rows": f"- SELECT Hall.Seats >> $seats\n- IF $seats.IsEmpty:\n{LOCK}",
}


@pytest.mark.parametrize("ahead", SKEW)
def test_two_that_read_what_the_other_writes_do_not_both_act(ahead: str) -> None:
    [behind] = SKEW.keys() - {ahead}

    def start() -> tuple[Run, Callable[[], Any]]:
        one, two = [begin(SKEW[each], inputs={"Name": "one"}) for each in (ahead, behind)]
        return one, partial(services.advance, two.pk)

    def judge() -> None:
        assert (names("Seats"), names("Rows")) in ((["one"], ["A"]), ([], ["A", "L"]))

    assert each_passage(start, judge) >= 2


def _by_service() -> None:
    _insert("Hall.Seats", Name="service")


def _by_hand() -> None:
    """As a worker of the release before does: no word of it is in `holding`."""
    owner = ItemSet.objects.get(name="Hall.Seats")
    now = clock.now()
    Item.objects.create(
        set=owner, key="hand", data={"Name": "hand"}, created_at=now, updated_at=now
    )


@pytest.mark.parametrize("write", [_by_service, _by_hand])
def test_who_writes_without_a_script_waits_for_the_segment_that_has_read(
    write: Callable[[], None],
) -> None:
    run = begin("- SELECT Hall.Seats >> $a\n- SELECT Hall.Seats >> $b\n- RETURN: $b.Length")
    assert meet(partial(services.advance, run.pk), 1, write)
    pump()
    assert result(run) == 0
    assert len(names("Seats")) == 1


def test_purge_waits_for_the_segment_that_has_read() -> None:
    _insert("Hall.Seats", Name="old")
    Item.objects.filter(key="old").update(purge_at=clock.now())
    run = begin("- SELECT Hall.Seats >> $a\n- SELECT Hall.Seats >> $b\n- RETURN: $b.Length")
    assert meet(partial(services.advance, run.pk), 1, storing.purge)
    pump()
    assert result(run) == 1
    assert names("Seats") == []


def test_row_of_the_apps_that_changed_since_it_was_read_is_read_again() -> None:
    chat = Chat.objects.create(
        domain=DOMAIN,
        broker="broker.test",
        chat=uuid4(),
        state="ACTIVE",
        public_key="k",
        language="en-us",
        created_at=clock.now(),
    )
    source = (
        f"- READ >> $chat:\n    Set: Host.Chats\n    Key: {chat.pk}\n"
        "- EXISTS >> $x:\n    Set: Hall.Rows\n    Key: A\n- RETURN: $chat.Language"
    )
    run = begin(source)
    change = Chat.objects.filter(pk=chat.pk).update
    assert meet(partial(services.advance, run.pk), 2, partial(change, language="pt-br"))
    pump()
    # On SQLite the change waits for the segment; on PostgreSQL the segment sees it.
    assert result(run) == ("pt-br" if connection.vendor == "postgresql" else "en-us")


def test_what_scripts_can_change_of_the_apps_can_be_kept_as_it_was_read() -> None:
    changing = {name for name, each in registry.datasets.items() if each.update is not None}
    assert {name for name in changing if registry.datasets[name].model is None} == set()


# -- what it costs --------------------------------------------------------------------------------


@pytest.mark.skipif(connection.vendor == "sqlite", reason="nothing to lock there")
def test_asking_costs_one_statement_for_each_dataset_and_changing_one_more() -> None:
    source = (
        "- SELECT Hall.Seats >> $a\n- SELECT Hall.Seats >> $b\n- EXISTS >> $c:\n"
        "    Set: Hall.Rows\n    Key: A\n" + TAKE
    )
    run = begin(source, inputs={"Name": "one"})
    with CaptureQueriesContext(connection) as statements:
        services.advance(run.pk)
    locks = [each["sql"] for each in statements if "advisory" in each["sql"]]
    assert len(locks) == 3, locks


@pytest.mark.skipif(connection.vendor == "sqlite", reason="nothing to lock there")
def test_who_meets_others_each_time_comes_again_and_is_not_charged() -> None:
    run = begin("- SELECT Hall.Seats >> $a\n" + TAKE, inputs={"Name": "one"})
    number = ItemSet.objects.get(name="Hall.Seats").pk

    def hold_for_long() -> None:
        with transaction.atomic():
            holding.Holding().ask(number)
            began.set()
            assert ended.wait(10)

    began, ended = Event(), Event()
    with ThreadPoolExecutor(1) as pool, mock.patch.object(holding, "LONGEST_WAIT_MS", 50):
        other = pool.submit(closing, hold_for_long)
        assert began.wait(10)
        services.advance(run.pk)
        ready = Ready.objects.get(run=run)
        assert (ready.attempts, names("Seats")) == (0, [])
        ended.set()
        other.result()
    finish()
    assert names("Seats") == ["one"]
