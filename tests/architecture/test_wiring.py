"""The map in ARCHITECTURE.md is the map in the code."""

from __future__ import annotations

from pathlib import Path

from django.apps import apps
from django.contrib import admin
from django.db.models.signals import post_save

import broker.receivers
import host.receivers
import issuer.receivers
from messaging.registry import subjects
from scripts.events import Wiring
from scripts.registry import registry

ROOT = Path(__file__).resolve().parents[2]
WIRINGS = {
    "host.Chat": host.receivers.CHATS,
    "issuer.Token": issuer.receivers.TOKENS,
    "broker.Chat": broker.receivers.CHATS,
    "broker.Token": broker.receivers.TOKENS,
}


def rows(model: str, wiring: Wiring) -> set[tuple[str, ...]]:
    found = {
        (model, str(v), f"{wiring.library}/{s}", "at once") for v, s in wiring.handlers.items()
    }
    timed = {
        (model, str(v), f"{wiring.library}/{s}", moment) for v, (s, moment) in wiring.timers.items()
    }
    return found | timed


def test_printed_table_equals_the_receivers() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    table = text.split("<!-- wiring -->")[1].split("<!-- /wiring -->")[0]
    lines = [line for line in table.splitlines() if line.startswith("|")][2:]
    printed = {tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines}
    assert printed == set().union(*(rows(*each) for each in WIRINGS.items()))


def test_every_wired_script_is_shipped() -> None:
    for wiring in WIRINGS.values():
        for script in [*wiring.handlers.values(), *(s for s, _ in wiring.timers.values())]:
            assert (registry.libraries[wiring.library] / f"{script}.yaml").exists()


def test_each_itemised_model_has_one_receiver() -> None:
    connected = [key[0] for key, *_ in post_save.receivers]
    for name in ("host.chat", "issuer.token", "broker.chat", "broker.token"):
        assert connected.count(name) == 1


def test_every_subject_has_a_handler_of_its_name() -> None:
    assert set(registry.handlers) == set(subjects())
    for subject, library in registry.handlers.items():
        assert (registry.libraries[library] / f"{subject}.yaml").exists()


def test_every_model_is_in_the_admin() -> None:
    ours = ("operators", "messaging", "scripts", "host", "issuer", "broker", "wallets")
    for label in ours:
        for model in apps.get_app_config(label).get_models():
            assert admin.site.is_registered(model), model
