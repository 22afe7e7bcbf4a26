"""Who may not change rows, and two who change one at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, transaction

from messaging.models import InboxMessage
from scripts import library, services
from scripts.items import storing
from scripts.language.errors import ScriptError
from scripts.models import Item, ItemHistory, Run
from scripts.registry import Write
from tests.parties import send_as
from tests.pump import pump
from tests.scripts.commands.play import value
from tests.scripts.engine import DOMAIN
from tests.scripts.items.library import open_library

pytestmark = pytest.mark.django_db(transaction=True)
CHAT = "0b0c7d1e-3c55-4a8e-9a55-6a7d4ee1f001"
INSERT = "- SAVE Library.Loans >> $loan:\n    Reader: r1\n    Book: Maps\n    Pages: 3\n"
READ = "- READ >> $loan:\n    Set: Library.Loans\n    Key: r1, Maps\n"


@pytest.mark.parametrize(
    "effect",
    [
        "- SAVE Library.Readers:\n    Card: r9",
        READ + "- SAVE $loan:\n    Pages: 4",
        READ + "- DELETE $loan",
        "- DELETE >> $x:\n    Set: Library.Loans\n    Key: r1, Maps",
        "- DELETE >> $x:\n    Set: Library.Loans\n    Key: r7, Maps",
    ],
)
def test_message_that_is_not_verified_changes_no_row(places: list[str], effect: str) -> None:
    open_library(
        scripts="OnLoan:\n- LOG a\nOnOpen:\n- LOG a\nOnLate:\n- LOG a\n"
        "OnMoved:\n- LOG a\nOnGone:\n- LOG a\n"
    )
    value(INSERT)
    assert send_as("broker.test", DOMAIN, "Hello@Host", {"Chat": CHAT}).status == 200
    Run.objects.all().delete()
    version = library.compile_source(effect, file="test.yaml", name="test")
    with transaction.atomic():
        run = services.start_run(
            version, "test", domain=DOMAIN, trigger="test", message=InboxMessage.objects.get()
        )
    pump()
    assert run is not None
    run.refresh_from_db()
    assert (run.state, "the message is not verified yet" in run.error) == ("FAILED", True)
    assert list(ItemHistory.objects.values_list("event", flat=True)) == ["INSERTED"]


@pytest.mark.skipif(connection.vendor == "sqlite", reason="one writer at a time anyway")
def test_two_workers_that_insert_and_change_one_row_at_the_same_time() -> None:
    open_library()
    together = Barrier(2)

    def insert(pages: int) -> str:
        dataset = storing.dataset(DOMAIN, "Library.Loans")
        assert dataset is not None
        assert dataset.insert is not None
        try:
            with transaction.atomic():
                together.wait()
                dataset.insert(Write(DOMAIN, {"Reader": "r", "Book": "b", "Pages": pages}))
            return "inserted"
        except ScriptError as error:
            return error.kind
        finally:
            connection.close()

    def change(pages: int) -> str:
        dataset: Any = storing.dataset(DOMAIN, "Library.Loans")
        row = dataset.read(DOMAIN, ["r", "b"])
        together.wait()
        try:
            with transaction.atomic():
                dataset.update(Write(DOMAIN, {"Pages": pages}, key=row.key, version=row.version))
            return "changed"
        except ScriptError as error:
            return error.kind
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(insert, [1, 2])) == ["blocked", "inserted"]
        assert sorted(pool.map(change, [3, 4])) == ["changed", "outdated"]
        assert sorted(pool.map(insert, [1, 1])) in (["inserted", "inserted"], ["blocked"] * 2)
    assert Item.objects.filter(set__name="Library.Loans").count() == 1
    assert ItemHistory.objects.filter(item__set__name="Library.Loans").count() == 2
