"""Definitions of datasets: what they may say, and their faults at their lines."""

from __future__ import annotations

import pytest

from messaging.errors import UnknownDomain
from scripts.items import defining, files
from scripts.items.definition import Handler, read_definition
from scripts.language.errors import LoadErrors
from scripts.models import ItemSet
from tests.hosting import host
from tests.scripts.engine import DOMAIN
from tests.scripts.items.library import LOANS, SCRIPTS, open_library

pytestmark = pytest.mark.django_db
HEAD = "Prefix: Library\nTable: Loans\nItem: Loan\n"


def faults(source: str) -> list[str]:
    with pytest.raises(LoadErrors) as refused:
        read_definition(source)
    return [str(fault) for fault in refused.value]


def test_definition_is_read_whole() -> None:
    made = read_definition(LOANS)
    assert (made.name, made.item, made.keys) == ("Library.Loans", "Loan", ("Reader", "Book"))
    assert made.parents == {"Reader": "Library.Readers"}
    assert list(made.views) == ["OPEN"]
    assert made.states == {"OPEN", "LATE", "RETURNED", "LOST"}
    assert [(h.script, h.event, h.before, h.state, h.field) for h in made.handlers] == [
        ("OnLoan", "INSERTED", "", "", ""),
        ("OnOpen", "", "", "OPEN", ""),
        ("OnLate", "", "OPEN", "LATE", ""),
        ("OnMoved", "UPDATED", "", "", "Branch"),
        ("OnGone", "DELETED", "", "", ""),
    ]


@pytest.mark.parametrize(
    ("handlers", "made"),
    [
        ("    OPEN: OnOpen", [Handler("OnOpen", state="OPEN")]),
        (
            "    OnAny:\n        Events: INSERTED, LATE",
            [Handler("OnAny", event="INSERTED"), Handler("OnAny", state="LATE")],
        ),
    ],
)
def test_other_forms_of_handlers(handlers: str, made: list[Handler]) -> None:
    assert list(read_definition(HEAD + f"Handlers:\n{handlers}\n").handlers) == made


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("", "dataset.yaml:1:1: a dataset is a map with Prefix, Table and Item"),
        ("- a\n", "dataset.yaml:1:1: a dataset is a map with Prefix, Table and Item"),
        ("Prefix: Library\nTable: Loans\n", "dataset.yaml:1:1: a dataset needs Item"),
        (HEAD + "Kee: A\n", "dataset.yaml:4:1: a dataset has no Kee (did you mean Key?)"),
        (HEAD + "Key: A\nKeys: B\n", "dataset.yaml:5:1: Key is given twice"),
        (
            HEAD + "Key: A, STATE\n",
            "dataset.yaml:4:6: STATE cannot be in the key (every row has its ID anyway)",
        ),
        (HEAD + "Key: A, a\n", "dataset.yaml:4:6: a property is twice in the key"),
        (
            HEAD + "Key: A B\n",
            "dataset.yaml:4:6: 'A B' is not a name (letters, digits, _ and - only)",
        ),
        (HEAD + "Cascade: X\n", "dataset.yaml:4:1: Cascade is not supported in this release"),
        (
            HEAD + "Parents: Reader\n",
            "dataset.yaml:4:10: Parents is a map (write Reader: Library.Readers)",
        ),
        (
            HEAD + "Parents:\n    Reader: Readers\n",
            "dataset.yaml:5:13: a parent is a dataset (write Reader: Library.Readers)",
        ),
        (
            HEAD + "Handlers:\n    open >> OnOpen:\n",
            "dataset.yaml:5:5: 'open' is neither a state nor an event (states are in capitals)",
        ),
        (
            HEAD + "Handlers:\n    updated >> OnOpen:\n",
            "dataset.yaml:5:5: 'updated' is neither a state nor an event (did you mean UPDATED?)",
        ),
        (
            HEAD + "Handlers:\n    OPEN >> :\n",
            "dataset.yaml:5:5: '' is not the name of a script",
        ),
        (
            HEAD + "Handlers:\n    OPEN >> H:\n        When: x\n",
            "dataset.yaml:6:9: a handler has only Assert below it",
        ),
        (
            HEAD + "Handlers:\n    H:\n        Asserts: x\n",
            "dataset.yaml:6:9: a handler has no Asserts (it has Events and Assert)",
        ),
        (
            HEAD + "Assert:\n    Pages.IsAbov: 3\n",
            "dataset.yaml:5:5: unknown function IsAbov (did you mean IsAbove?)",
        ),
        (
            "Prefix: Issuer\nTable: Tokens\nItem: T\n",
            "dataset.yaml:1:1: Issuer.Tokens is a dataset of this deployment (choose another name)",
        ),
        (HEAD + "Key: [A\n", "dataset.yaml:4:6: the bracket that opens here is never closed"),
    ],
)
def test_fault(source: str, fault: str) -> None:
    assert any(each.startswith(fault) for each in faults(source)), faults(source)


def test_all_faults_are_told_at_once() -> None:
    assert len(faults(HEAD + "Kee: A\nCascade: X\nHandlers:\n    open >> H:\n")) == 3


def test_handler_that_no_script_has_is_a_fault() -> None:
    with pytest.raises(LoadErrors, match="no script named OnGone below"):
        defining.save_set(domain=DOMAIN, source=LOANS, scripts=SCRIPTS.split("OnGone:")[0])


def test_fault_of_a_handlers_script_has_its_own_line() -> None:
    with pytest.raises(LoadErrors, match=r"handlers.yaml:3:\d+: unknown command SAV"):
        defining.save_set(domain=DOMAIN, source=LOANS, scripts=SCRIPTS.replace("SAVE", "SAV"))


def test_name_is_that_of_one_dataset_of_a_domain_in_any_case() -> None:
    first = open_library()
    source = LOANS.replace("Prefix: Library", "Prefix: library").replace("Loans", "LOANS")
    again = defining.save_set(domain=DOMAIN, source=source, scripts=SCRIPTS)
    assert (again.pk, again.name, ItemSet.objects.count()) == (first.pk, "library.LOANS", 3)
    open_library(domain="cinema.test")
    assert ItemSet.objects.count() == 6


FILE = "# of the town\n" + LOANS.strip() + "\n---\n" + SCRIPTS.strip() + "\n"


def test_file_holds_a_definition_and_below_it_its_scripts() -> None:
    host(DOMAIN)
    kept = files.keep_text(FILE, domain=DOMAIN, file="loans.yaml")
    assert (kept.name, bool(kept.version)) == ("Library.Loans", True)
    assert files.keep_text(FILE, domain=DOMAIN, file="loans.yaml").pk == kept.pk


def test_faults_of_a_file_have_the_lines_of_the_file() -> None:
    broken = (
        FILE.replace("Key:", "Kee:").replace("LOG", "LOGG").replace('"late', "{$Loan.Nope(1)} '")
    )
    with pytest.raises(LoadErrors) as refused:
        files.check_text(broken, file="loans.yaml")
    lines = broken.split("\n")
    told = [(fault.line, fault.message) for fault in refused.value]
    assert told[0] == (lines.index("Kee: Reader, Book") + 1, "a dataset has no Kee")
    wrong = next(at for at, line in enumerate(lines, 1) if "Nope" in line)
    assert wrong in [line for line, _ in told]


def test_dataset_is_kept_for_no_domain_that_is_not_hosted() -> None:
    """Through each door: a new one, one of a file, one that is given away."""
    for keep in (defining.save_set, files_keep):
        with pytest.raises(UnknownDomain, match="is not hosted here"):
            keep(domain="nobody.test", source="Prefix: A\nTable: B\nItem: C\n")
    kept = defining.save_set(domain=host(DOMAIN), source="Prefix: A\nTable: B\nItem: C\n")
    kept.domain = "nobody.test"
    with pytest.raises(UnknownDomain):
        defining.change_set(kept, source=kept.source, scripts="")
    assert [each.domain for each in ItemSet.objects.all()] == [DOMAIN]


def files_keep(*, domain: str, source: str) -> ItemSet:
    return files.keep_text(source, domain=domain, file="x.yaml")
