"""An operator defines a dataset, and sees what is wrong with it at its line."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from messaging import clock
from messaging.models import HostedDomain
from scripts.models import ItemSet
from tests.scripts.commands.play import value
from tests.scripts.engine import DOMAIN
from tests.scripts.items.library import LOANS, READERS, SCRIPTS

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "/ops/scripts/itemset/"


@pytest.fixture
def operator() -> Client:
    HostedDomain.objects.create(name=DOMAIN, created_at=clock.now())
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("olga", password="secret"))
    return client


def test_dataset_is_defined_and_used(operator: Client) -> None:
    form = {"domain": DOMAIN, "source": LOANS.replace("\n", "\r\n"), "scripts": SCRIPTS}
    answer = operator.post(f"{PAGE}add/", form)
    assert answer.status_code == 302, answer.content.decode()
    kept = ItemSet.objects.get()
    assert (kept.name, bool(kept.version), "\r" in kept.source) == ("Library.Loans", True, False)
    operator.post(f"{PAGE}add/", {"domain": DOMAIN, "source": READERS, "scripts": ""})
    value("- SAVE Library.Readers:\n    Card: r1")
    page = operator.get("/ops/scripts/item/").content.decode()
    assert "r1" in page
    change = operator.post(
        f"{PAGE}{kept.pk}/change/", {**form, "source": LOANS + "\n# again"}, follow=True
    )
    assert change.status_code == 200
    assert ItemSet.objects.get(name="Library.Loans").source.endswith("# again")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"domain": "nobody.test"}, "This domain is not hosted here, or it is not yours."),
        ({"source": LOANS.replace("Key:", "Kee:")}, "dataset.yaml:5:1: a dataset has no Kee"),
        ({"scripts": SCRIPTS.replace("SAVE", "SAV")}, "handlers.yaml:3:"),
        ({"scripts": ""}, "no script named OnLoan below"),
    ],
)
def test_faults_are_shown_and_nothing_is_kept(
    operator: Client, changed: dict[str, Any], message: str
) -> None:
    form = {"domain": DOMAIN, "source": LOANS, "scripts": SCRIPTS, **changed}
    page = operator.post(f"{PAGE}add/", form).content.decode()
    assert message in page
    assert not ItemSet.objects.exists()
