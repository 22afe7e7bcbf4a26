"""What follows the events of a row: handlers, rules, states that are held back."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from scripts.items import defining, storing
from scripts.models import Item, Run
from scripts.registry import Write
from tests.pump import pump
from tests.scripts.commands.play import error, play, value
from tests.scripts.engine import DOMAIN
from tests.scripts.items.library import diary, failed, history, loans, open_library

pytestmark = pytest.mark.django_db(transaction=True)
INSERT = """- SAVE Library.Loans >> $loan:
    Reader: r1
    Book: Maps
    Pages: 3
    STATE: OPEN
"""
READ = "- READ >> $loan:\n    Set: Library.Loans\n    Key: r1, Maps\n"


@pytest.fixture(autouse=True)
def _library(db: Any) -> None:
    open_library()


def do(commands: str) -> None:
    value(commands)
    pump()


def test_insert_starts_the_handlers_of_the_event_and_of_the_state() -> None:
    do(INSERT)
    assert sorted(diary()) == ["loan Maps", "open Maps from OPEN"]


def test_state_after_another_starts_its_handler_whose_return_is_the_next_state() -> None:
    do(INSERT)
    do(READ + "- SAVE $loan:\n    STATE: LATE")
    assert diary()[-1] == "late Maps"
    [loan] = loans()
    assert (loan["state"], loan["data"]["Fine"], failed()) == ("LOST", "1", [])
    assert history() == [
        (1, "INSERTED", "OPEN"),
        (2, "UPDATED", "LATE"),
        (3, "UPDATED", "LATE"),
        (4, "UPDATED", "LOST"),
    ]


def test_state_that_is_entered_again_starts_its_handler_again() -> None:
    do(INSERT)
    for _ in range(2):
        do(READ + "- SAVE $loan:\n    STATE: RETURNED")
        do(READ + "- SAVE $loan:\n    STATE: OPEN")
        do(READ + "- SAVE $loan:\n    STATE: OPEN")  # as it is
    assert diary().count("open Maps from OPEN") == 3


def test_state_that_comes_without_the_one_before_makes_the_row_invalid() -> None:
    do(INSERT.replace("OPEN", "LATE"))
    [loan] = loans()
    assert (loan["state"], loan["invalid"]) == ("LATE", "LATE must follow OPEN")
    assert diary() == ["loan Maps"]


def test_handler_of_a_field_starts_only_when_it_changes() -> None:
    do(INSERT)
    do(READ + "- SAVE $loan:\n    Pages: 4")
    assert len(diary()) == 2
    do(READ + "- SAVE $loan:\n    Branch: North")
    do(READ + "- SAVE $loan:\n    Branch: South")
    assert diary()[2:] == ["moved  to North", "moved North to South"]


def test_deletion_starts_its_handler_with_the_row() -> None:
    do(INSERT)
    do(READ + "- DELETE $loan")
    assert diary()[-1] == "gone Maps"


def test_row_that_breaks_a_rule_is_kept_and_its_state_is_held_back_until_it_keeps_it() -> None:
    do(INSERT.replace("Pages: 3", "Pages: 0"))
    [loan] = loans()
    assert (loan["state"], loan["invalid"]) == ("OPEN", "Pages.IsAbove: 0")
    assert diary() == ["loan Maps"]
    do(READ + "- SAVE $loan:\n    Note: still wrong")
    assert diary() == ["loan Maps"]
    do(READ + "- SAVE $loan:\n    Pages: 5")
    assert loans()[0]["invalid"] == ""
    assert diary() == ["loan Maps", "open Maps from OPEN"]


def test_rule_that_cannot_be_asked_is_broken() -> None:
    do(INSERT.replace("Pages: 3", "Pages: many"))
    assert loans()[0]["invalid"] == ".IsAbove compares numbers or lengths, not text"


def test_event_of_a_change_that_is_taken_back_starts_nothing() -> None:
    assert error(INSERT + "- ERROR no") == "test:6:3: no"
    assert not Run.objects.filter(trigger__startswith="item:").exists()
    assert not Item.objects.exists()


def test_runs_of_handlers_are_in_the_transaction_of_the_row() -> None:
    dataset = storing.dataset(DOMAIN, "Library.Loans")
    assert dataset is not None
    assert dataset.insert is not None
    with transaction.atomic():
        dataset.insert(Write(DOMAIN, {"Reader": "r", "Book": "b", "Pages": 1, "STATE": "OPEN"}))
        assert Run.objects.filter(trigger__startswith="item:").count() == 2
        transaction.set_rollback(True)
    assert not Run.objects.exists()


def test_handler_whose_row_has_moved_on_is_outdated_by_state_not_by_version() -> None:
    waiting = """
OnOpen:
- WAIT {$Loan.ID}
- SAVE $Loan:
    Seen: yes
"""
    source = (
        "Prefix: Library\nTable: Holds\nItem: Loan\nKey: Book\nHandlers:\n    OPEN >> OnOpen:\n"
    )
    defining.save_set(
        domain=DOMAIN, source=source, scripts=waiting.replace("{$Loan.ID}", "$Loan.ID")
    )
    save = "- SAVE Library.Holds >> $x:\n    Book: {}\n    STATE: OPEN\n"
    do(save.format("Maps") + save.format("Bees").replace("$x", "$y"))
    touch = (
        "- READ >> $x:\n    Set: Library.Holds\n    Key: {}\n- SAVE $x:\n    {}\n- RACE $x.ID: go\n"
    )
    do(touch.format("Maps", "Note: hello"))
    do(touch.format("Bees", "STATE: GONE"))
    pump()
    maps, bees = Item.objects.filter(set__name="Library.Holds").order_by("pk")
    assert maps.data == {"Book": "Maps", "Note": "hello", "Seen": "yes"}
    assert "Seen" not in bees.data
    assert failed() == ["OnOpen:4:3: Library.Holds: the row has another state by now"]


def test_handlers_that_call_each_other_for_ever_are_stopped() -> None:
    source = (
        "Prefix: Library\nTable: Loops\nItem: Loop\nKey: Name\nHandlers:\n    ALTERED >> Again:\n"
    )
    scripts = "Again:\n- SAVE $Loop:\n    N: $Loop.N.Default(0).Add(1)\n"
    defining.save_set(domain=DOMAIN, source=source, scripts=scripts)
    play("- SAVE Library.Loops:\n    Name: a")
    for _ in range(60):
        pump()
    assert failed() == ["Again:2:3: more than 50 events, each of another's handler"]
    assert Item.objects.get(set__name="Library.Loops").version == 51


def test_run_ends_with_the_scripts_that_it_began_with() -> None:
    do(INSERT)
    loans_set = Item.objects.filter(set__name="Library.Loans")[0].set
    before = Run.objects.filter(script="OnOpen").get().version_id
    scripts = loans_set.scripts.replace('"open ', '"opened ')
    kept = defining.save_set(domain=DOMAIN, source=loans_set.source, scripts=scripts)
    assert kept.pk == loans_set.pk
    assert kept.version != before
    do(INSERT.replace("r1", "r2"))
    assert "opened Maps from OPEN" in diary()
