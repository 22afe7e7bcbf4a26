"""The scenery of two domains, once for all tests of a module; each test leaves it as it was."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from scripts import library
from tests.operators.scenery import MINE, OTHERS, Scene, fill


@pytest.fixture(scope="module")
def scene(django_db_setup: None, django_db_blocker: Any) -> Iterator[Scene]:
    """Rows of two domains, in a transaction around those of the module's tests.

    Every test of such a module asks for it, so that what it finds does not hang on the order.
    """
    around = transaction.atomic()
    with django_db_blocker.unblock():
        around.__enter__()
        library._kept.clear()  # what the process knows of another test's database is void
        filled = {domain: fill(domain) for domain in (MINE, OTHERS)}
    yield filled
    with django_db_blocker.unblock():
        transaction.set_rollback(True)
        around.__exit__(None, None, None)


@pytest.fixture(autouse=True)
def _unlogged() -> Iterator[None]:
    """Thousands of requests are made here, and nobody reads what is logged of each."""
    logging.disable(logging.ERROR)
    yield
    logging.disable(logging.NOTSET)
