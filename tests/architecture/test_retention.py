"""Every table says how long its rows are kept, and docs/operations.md says the same."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.db.models import CASCADE, ForeignKey, Model

from messaging.kept import KEPT_DAYS, LEAST_DAYS
from messaging.retention import Calls, Ends, Goes, Kept, Swept, needs, tables, working

DOCS = Path(__file__).resolve().parents[2] / "docs" / "operations.md"
MODELS = {model._meta.label: model for model in apps.get_models()}


def test_every_table_has_a_rule_and_every_rule_a_table() -> None:
    assert set(tables) == set(MODELS)
    assert all(tables.values())
    assert set(needs) <= set(MODELS)


def parents(model: type[Model]) -> set[str]:
    return {
        field.related_model._meta.label
        for field in model._meta.get_fields()
        if isinstance(field, ForeignKey) and field.remote_field.on_delete is CASCADE
    }


@pytest.mark.parametrize("label", sorted(tables))
def test_rule_fits_its_table(label: str) -> None:
    model = MODELS[label]
    for rule in tables[label]:
        if isinstance(rule, Ends):
            model._meta.get_field(rule.age)
            # What is younger than the cutoff ends the search, so it may not be empty.
            assert not rule.born or not model._meta.get_field(rule.born).null
            assert all(model._meta.get_field(name) for name in rule.empties)
        elif isinstance(rule, Goes):
            assert rule.along in parents(model)
            assert any(isinstance(each, Ends) for each in tables[rule.along])
        elif isinstance(rule, Kept | Swept):
            assert rule
        else:
            assert isinstance(rule, Calls)
            assert rule.why


def test_every_kind_of_days_is_used_and_may_be_set() -> None:
    source = "".join(
        inspect.getsource(inspect.getmodule(each))  # type: ignore[arg-type]
        for rules in tables.values()
        for rule in rules
        for each in ((rule.sift, rule.spare) if isinstance(rule, Ends) else ())
    )
    source += "".join(path.read_text() for path in DOCS.parents[1].glob("*/re*.py"))
    assert {kind for kind in KEPT_DAYS if f'days("{kind}")' in source} == set(KEPT_DAYS)
    assert set(settings.KEEP_DAYS) == set(KEPT_DAYS)
    assert set(LEAST_DAYS) <= set(KEPT_DAYS)
    assert all(KEPT_DAYS[kind] >= least for kind, (least, _) in LEAST_DAYS.items())


def printed() -> dict[str, str]:
    """Return which rows docs/operations.md speaks of -> their settings."""
    text = DOCS.read_text(encoding="utf-8")
    table = text.split("<!-- retention -->")[1].split("<!-- /retention -->")[0]
    lines = [line for line in table.splitlines() if line.startswith("|")][2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {names: settings for names, _, settings in cells}


def test_operators_read_of_every_table_that_ends_and_every_setting() -> None:
    table = printed()
    told = {name.strip("` ") for names in table for name in names.split(",")}
    ending = {name.split()[0] for name in working()}
    along = {label for label, rules in tables.items() if isinstance(rules[0], Goes | Swept)}
    assert told == ending | along
    values = " ".join(table.values())
    for kind, default in KEPT_DAYS.items():
        assert f"`KEEP_{kind}_DAYS` {default:g}" in values, kind
