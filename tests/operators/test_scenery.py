"""What the tests of pages look at: a page without a row would prove nothing."""

from __future__ import annotations

import pytest

from tests.operators.scenery import MINE, fill, pages

pytestmark = pytest.mark.django_db


def test_every_page_has_a_row_in_the_scenery() -> None:
    made = fill(MINE)
    assert {page.opts.label_lower for page in pages()} == set(made)
