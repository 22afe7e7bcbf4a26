"""READ, SAVE, DELETE, EXISTS and SELECT on the datasets of an operator."""

from __future__ import annotations

from typing import Any

import pytest

from messaging import clock
from scripts import services
from scripts.language.limits import lent
from scripts.models import Item
from tests.pump import pump
from tests.scripts.commands.play import error, value
from tests.scripts.items.library import failed, history, loans, open_library

pytestmark = pytest.mark.django_db(transaction=True)
PLAIN = """
Prefix: Library
Table: Loans
Item: Loan
Key: Reader, Book
Parents:
    Reader: Library.Readers
Views:
    OPEN:
        .State.IsIn: OPEN, LATE
"""
INSERT = """- SAVE Library.Loans >> $loan:
    Reader: r1
    Book: Maps
    Pages: 3
    STATE: OPEN
"""
READ = "- READ >> $loan:\n    Set: Library.Loans\n    Key: r1, Maps\n"


@pytest.fixture(autouse=True)
def _library(db: Any) -> None:
    open_library(loans=PLAIN, scripts="")


def test_insert_gives_the_row_with_its_id_and_state() -> None:
    loan = value(INSERT + "- RETURN: $loan")
    assert (loan["Reader"], loan["STATE"], loan.state, loan.version) == ("r1", "OPEN", "OPEN", 1)
    assert loan["ID"] == loan.key


@pytest.mark.parametrize(
    "key",
    [
        "    Key: r1, Maps",
        "    Key:\n        - r1\n        - Maps",
        "    Key:\n        Book: Maps\n        Reader: r1",
        "    Key:\n        book: Maps\n        READER: r1",
        "    Key: $loan.ID",
        "    Key: $loan",
        "    Key:\n        ID: $loan.ID",
    ],
)
def test_row_is_read_by_its_key_in_every_form(key: str) -> None:
    script = INSERT + f"- READ >> $found:\n    Set: library.LOANS\n{key}\n- RETURN: $found.pages"
    assert value(script) == "3"


@pytest.mark.parametrize(
    ("read", "message"),
    [
        ("    Key: r2, Maps", "Library.Loans: not found"),
        ("    Key: 00000000-0000-4000-8000-000000000000", "Library.Loans: not found"),
        ("    Key: $nothing", "Library.Loans: not found"),
        ("    Key: r1, Maps\n    Assert:\n        Pages: 4", "Library.Loans: not found"),
        ("    Key: a, b, c", "the key of Library.Loans is Reader, Book"),
        ("    Key:\n        Book: Maps", "the key of Library.Loans is Reader, Book"),
    ],
)
def test_missing_row_and_failed_assert_sound_alike(read: str, message: str) -> None:
    assert (
        error(INSERT + f"- READ >> $x:\n    Set: Library.Loans\n{read}") == f"test:6:3: {message}"
    )


@pytest.mark.parametrize(
    ("read", "made"),
    [
        ("    Key: r2, Maps\n    Default: none", "none"),
        (
            "    Key: r2, Maps\n    Default:\n        Pages: 0",
            {"Reader": "r2", "Book": "Maps", "Pages": "0"},
        ),
        (
            "    Key:\n        Reader: r2\n        Book: Maps\n    Default:\n        Pages: 0",
            {"Reader": "r2", "Book": "Maps", "Pages": "0"},
        ),
        ("    Key: r2, Maps\n    OnMissing: PUT gone >> $x", "gone"),
        ("    Key: r1, Maps\n    Assert:\n        Pages: 4\n    OnMissing: PUT no >> $x", "no"),
        ("    Key: r1, Maps\n    Get: Book, pages", {"Book": "Maps", "pages": "3"}),
    ],
)
def test_read(read: str, made: Any) -> None:
    script = INSERT + f"- READ >> $x:\n    Set: Library.Loans\n{read}\n- RETURN: $x"
    assert value(script) == made


def test_row_of_get_is_read_only() -> None:
    read = READ + "    Get: Book\n- SAVE $loan:\n    Pages: 4\n"
    assert error(INSERT + read) == (
        "test:10:3: SAVE needs the name of a dataset, or an item that was read"
    )


def test_expand_puts_the_parent_in_the_place_of_its_key() -> None:
    script = (
        "- SAVE Library.Readers >> $reader:\n    Card: r1\n    Name: Alice\n"
        + INSERT
        + READ
        + "    Expand: Reader\n- RETURN: '{$loan.Reader.Name}'"
    )
    assert value(script) == "Alice"


def test_expand_of_what_is_no_parent_is_refused() -> None:
    script = INSERT + READ + "    Expand: Book\n"
    assert error(script) == "test:6:3: Library.Loans has no parent Book to expand"


def test_row_of_another_row_keeps_its_id() -> None:
    script = (
        "- SAVE Library.Readers >> $reader:\n    Card: r1\n    Name: Alice\n"
        "- SAVE Library.Loans >> $loan:\n    Reader: $reader\n    Book: Maps\n"
        "- READ >> $x:\n    Set: Library.Loans\n    Key: $loan\n    Expand: Reader\n"
        "- RETURN: '{$loan.Reader.Is($reader.ID)} {$x.Reader.Name}'"
    )
    assert value(script) == "True Alice"


@pytest.mark.parametrize(
    ("exists", "found"),
    [
        ("    Key: r1, Maps", True),
        ("    Key: r2, Maps", False),
        ("    Key: r1, Maps\n    Assert:\n        Pages: 3", True),
        ("    Key: r1, Maps\n    Assert:\n        Pages: 4", False),
    ],
)
def test_exists(exists: str, found: bool) -> None:
    script = INSERT + f"- EXISTS >> $x:\n    Set: Library.Loans\n{exists}\n- RETURN: $x"
    assert value(script) is found


# -- SAVE ---------------------------------------------------------------------------------------


def test_same_insert_again_is_the_same_row_even_when_it_has_moved_on() -> None:
    value(INSERT)
    value(READ + "- SAVE $loan:\n    Pages: 9\n    STATE: LATE")
    again = value(INSERT + "- RETURN: $loan")
    assert (again["Pages"], again["STATE"]) == ("9", "LATE")
    assert len(loans()) == 1
    assert history() == [(1, "INSERTED", "OPEN"), (2, "UPDATED", "LATE")]


def test_other_content_under_the_same_key_is_blocked() -> None:
    value(INSERT)
    assert error(INSERT.replace("Pages: 3", "Pages: 4")) == (
        "test:1:3: Library.Loans: the key is taken by another row"
    )


def test_save_of_a_row_changes_what_is_given_and_no_more() -> None:
    value(INSERT)
    loan = value(READ + "- SAVE $loan:\n    pages: 4\n    New: yes\n- RETURN: $loan")
    assert (loan["Pages"], loan["New"], loan["Book"], loan.version) == ("4", "yes", "Maps", 2)


def test_holder_is_the_saved_row_and_can_be_saved_again() -> None:
    value(INSERT)
    twice = READ + "- SAVE $loan:\n    Pages: 4\n- SAVE $loan:\n    Pages: 5\n- RETURN: $loan.Pages"
    assert value(twice) == "5"


def test_save_of_a_holder_alone_writes_all_of_it() -> None:
    value(INSERT)
    value(READ + "- SET $loan:\n    Pages: 8\n- SAVE $loan")
    assert loans()[0]["data"]["Pages"] == "8"


def test_save_of_what_is_there_is_no_event() -> None:
    value(INSERT)
    value(READ + "- SAVE $loan:\n    Pages: 3\n    STATE: OPEN")
    assert history() == [(1, "INSERTED", "OPEN")]


def test_row_that_changed_since_it_was_read_is_outdated() -> None:
    value(INSERT)
    script = (
        READ
        + READ.replace("$loan", "$same")
        + "- SAVE $same:\n    Pages: 4\n- SAVE $loan:\n    Pages: 5"
    )
    assert error(script) == "test:9:3: Library.Loans: the row was changed since it was read"
    assert loans()[0]["data"]["Pages"] == "3"  # the segment is taken back


def test_state_is_cleared_by_an_empty_one() -> None:
    value(INSERT)
    value(READ + "- SAVE $loan:\n    STATE:\n")
    assert loans()[0]["state"] == ""


@pytest.mark.parametrize(
    ("commands", "message"),
    [
        (
            INSERT + "- SAVE $loan:\n    Book: Bees",
            "Book is in the key of Library.Loans and cannot change",
        ),
        (
            "- SAVE Library.Loans:\n    Book: Bees",
            "Library.Loans needs Reader, which is in its key",
        ),
        ("- SAVE Library.Nothing:\n    Book: Bees", "no dataset named Library.Nothing"),
        (
            "- SAVE Library.Loans:\n    Reader: r\n    Book: $long",
            "the key of Library.Loans is too long",
        ),
        (
            "- SAVE Library.Loans:\n    Reader: r\n    Book: b\n    STATE: $long",
            "the STATE is too long",
        ),
    ],
)
def test_save_refuses(commands: str, message: str) -> None:
    assert error(commands, long="x" * 500).endswith(message)


# -- DELETE -------------------------------------------------------------------------------------


def test_deleted_row_is_gone_and_its_key_is_free() -> None:
    value(INSERT)
    gone = value("- DELETE >> $x:\n    Set: Library.Loans\n    Key: r1, Maps\n- RETURN: $x.Book")
    assert gone == "Maps"
    assert error(READ) == "test:1:3: Library.Loans: not found"
    assert value(INSERT.replace("Pages: 3", "Pages: 4") + "- RETURN: $loan.Pages") == "4"


def test_delete_of_a_missing_row_is_no_error() -> None:
    assert (
        value("- DELETE >> $x:\n    Set: Library.Loans\n    Key: r1, Maps\n- RETURN: '{$x}!'")
        == "!"
    )


def test_deleted_row_can_be_brought_back_in_time() -> None:
    value(INSERT)
    delete = READ + "- DELETE $loan >> $gone:\n    Undo: 30 days\n"
    value(delete)
    assert error(READ) == "test:1:3: Library.Loans: not found"
    services.sweep()  # not yet for good
    value(
        INSERT.replace("r1", "r2")
        + delete.replace("r1", "r2")
        + "- SAVE $gone:\n    Delete:\n    Pages: 4\n"
    )
    assert value(READ.replace("r1", "r2") + "- RETURN: $loan.Pages") == "4"


def test_deleted_row_is_purged_when_its_time_is_over() -> None:
    value(INSERT)
    value(READ + "- DELETE $loan:\n    Undo: 30 days")
    clock.move(29 * 86400)
    services.sweep()
    assert Item.objects.count() == 1
    clock.move(2 * 86400)
    services.sweep()
    assert not Item.objects.exists()


def test_delete_can_be_planned_and_called_off() -> None:
    value(INSERT + "- SAVE $loan:\n    Delete: 2 days")
    value(READ + "- SAVE $loan:\n    Delete:\n")
    clock.move(3 * 86400)
    services.sweep()
    assert value(READ + "- RETURN: $loan.Pages") == "3"
    value(READ + "- SAVE $loan:\n    Delete: 1 day")
    clock.move(2 * 86400)
    services.sweep()
    pump()
    assert error(READ) == "test:1:3: Library.Loans: not found"
    assert failed() == ["test:1:3: Library.Loans: not found"]


# -- SELECT, and whose they are -----------------------------------------------------------------

MORE = INSERT + INSERT.replace("r1", "r2").replace("Pages: 3", "Pages: 9").replace("OPEN", "LOST")


@pytest.mark.parametrize(
    ("select", "made"),
    [
        ("    All: Reader\n    From: Library.Loans", ["r1", "r2"]),
        ("    All: Reader\n    From: Library.Loans\n    OrderBy: Pages-", ["r2", "r1"]),
        ("    All: Reader\n    From: Library.Loans.OPEN", ["r1"]),
        ("    Exists:\n    From: Library.Loans\n    Where:\n        Pages.IsAbove: 8", True),
        ("    First: Pages\n    From: Library.Loans\n    Where:\n        .State: LOST", "9"),
    ],
)
def test_select(select: str, made: Any) -> None:
    assert value(MORE + f"- SELECT >> $x:\n{select}\n- RETURN: $x") == made


def test_select_by_key_gives_the_row_or_an_error() -> None:
    select = "- SELECT >> $x:\n    From: Library.Loans\n    Key: r1, Maps\n- RETURN: $x.Pages"
    assert value(INSERT + select) == "3"
    assert error(select.replace("r1", "r9")) == "test:1:3: Library.Loans: not found"


def test_dataset_is_its_own_domains_alone() -> None:
    value(INSERT)
    assert error(READ, domain="cinema.test") == "test:1:3: no dataset named Library.Loans"
    assert error(INSERT, domain="cinema.test") == "test:1:3: no dataset named Library.Loans"


def test_select_of_too_many_rows_ends_with_an_error() -> None:
    value(MORE)
    with lent(list_items=1):
        found = error("- SELECT >> $x:\n    From: Library.Loans")
    assert found == "test:1:3: Library.Loans: more than 1 rows match"


def test_only_what_a_search_finds_may_be_too_much() -> None:
    many = "- FOR 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 >> $n:\n    - SAVE Library.Loans:\n"
    many += "        Reader: s{$n}\n        Book: Maps\n        STATE: RETURNED\n"
    value(INSERT + many + "- RETURN: done")
    with lent(list_items=5):
        assert value("- SELECT Library.Loans.OPEN >> $x\n- RETURN: $x.Length") == 1
        found = "- SELECT >> $x:\n    From: Library.Loans\n    Where:\n        Reader: s7\n"
        assert value(found + "- RETURN: $x.Length") == 1
        assert "more than 5 rows match" in error("- SELECT Library.Loans >> $x")
