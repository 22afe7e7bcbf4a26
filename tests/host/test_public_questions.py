"""Public questions: answered from rows by their shipped handlers, and stored nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from django.apps import apps
from django.db import OperationalError

from host.models import Manifest
from messaging import clock, inbox, keys
from messaging.envelope import Envelope
from messaging.models import Refusal
from messaging.registry import Mode, Question, Sender, Subject, register_subjects, subjects
from scripts import library, public
from scripts.lint import handler_faults
from scripts.models import Run
from scripts.registry import registry
from tests.messaging.parties import pinned_peer

pytestmark = pytest.mark.django_db(transaction=True)
THEATRE = "theatre.test"
# A good question, and one that the handler refuses (None where there is none).
QUESTIONS: dict[str, tuple[dict[str, Any], dict[str, Any] | None]] = {
    "Manifest@Domain": ({}, None),
    "About@Graph": ({"Domain": THEATRE}, {"Domain": "no domain"}),
    "Schema@Graph": ({"Schema": "theatre.test/SEAT"}, {}),
    "Trusts@Graph": (
        {"Truster": THEATRE, "Trusted": "agent.test", "Schema": "theatre.test/SEAT"},
        {"Truster": THEATRE},
    ),
    "PublicKey@Graph": ({"Domain": THEATRE, "DKIM": "pw1"}, {"Domain": THEATRE, "DKIM": "pw9"}),
}
PUBLIC = sorted(name for name, subject in subjects().items() if subject.public)


@pytest.fixture(autouse=True)
def theatre() -> None:
    keys.create_domain(THEATRE, "The Guild")
    apps.get_model("host", "Schema").objects.create(code="theatre.test/SEAT", title="Seat")


def stored() -> dict[str, list[Any]]:
    """Return every row of every table."""
    return {
        model._meta.label: list(model._base_manager.order_by("pk").values())
        for model in apps.get_models()
        if model is not Refusal
    }


def unsigned(subject: str, body: Mapping[str, Any]) -> bytes:
    envelope = Envelope.build(
        sender="Anonymous", to=THEATRE, subject=subject, body=dict(body), now=clock.now()
    )
    return envelope.to_bytes()


def test_every_public_subject_has_a_question_here() -> None:
    assert sorted(QUESTIONS) == PUBLIC


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("subject", PUBLIC)
def test_question_leaves_no_row_whether_answered_or_refused(subject: str, signed: bool) -> None:
    peer = pinned_peer("charlie.test")
    good, bad = QUESTIONS[subject]
    before = stored()
    for body, statuses in ((good, {200}), (bad, {403, 422})):
        if body is None:
            continue
        raw = peer.message(subject, body, to=THEATRE) if signed else unsigned(subject, body)
        assert inbox.receive(raw).status in statuses
        assert inbox.receive(raw).status in statuses
    assert stored() == before


@pytest.mark.parametrize("subject", PUBLIC)
def test_refused_question_is_counted(subject: str) -> None:
    bad = QUESTIONS[subject][1]
    if bad is None:
        return
    inbox.receive(unsigned(subject, bad))
    assert list(Refusal.objects.values_list("reason", "count")) == [("question", 1)]


def test_large_question_is_refused() -> None:
    before = stored()
    assert inbox.receive(unsigned("Manifest@Domain", {"More": "x" * 7_000})).status == 200
    assert inbox.receive(unsigned("Manifest@Domain", {"More": "x" * 200_000})).status == 422
    assert stored() == before


def test_repeat_gets_a_fresh_answer() -> None:
    raw = unsigned("About@Graph", {"Domain": THEATRE})
    assert inbox.receive(raw).body["Response"]["Body"]["Title"] == "The Guild"
    Manifest.objects.create(domain=THEATRE, title="The Guild theatre")
    assert inbox.receive(raw).body["Response"]["Body"]["Title"] == "The Guild theatre"


@pytest.mark.parametrize(
    ("fault", "status", "counted"),
    [
        (RuntimeError("odd"), 500, [("question_fault", 1)]),
        (OperationalError("away"), 503, []),
    ],
)
def test_what_breaks_is_told_and_leaves_no_run(
    fault: Exception, status: int, counted: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(domain: str, key: Any) -> None:
        raise fault

    manifests = replace(registry.datasets["Graph.Manifests"], read=broken)
    monkeypatch.setitem(registry.datasets, "Graph.Manifests", manifests)
    assert inbox.receive(unsigned("Manifest@Domain", {})).status == status
    assert list(Refusal.objects.values_list("reason", "count")) == counted
    assert not Run.objects.exists()


def test_question_of_a_known_sender_counts_in_its_share(settings: Any) -> None:
    settings.SENDER_RATE = "1/hour"
    peer = pinned_peer("charlie.test")
    statuses = [
        inbox.receive(peer.message("Manifest@Domain", {}, to=THEATRE)).status for _ in range(2)
    ]
    assert statuses == [200, 429]


# -- what a public handler may not do -----------------------------------------------------------


def faults_of(source: str) -> list[str]:
    return faults_in(library.compile_source(source, file="odd.yaml", name="Odd@Graph"))


def faults_in(version: library.Version) -> list[str]:
    subject = Subject("Odd@Graph", Mode.SYNC, frozenset({Sender.UNSIGNED}), public=True)
    return [str(fault) for fault in handler_faults({"Odd@Graph": version}, {"Odd@Graph": subject})]


READS = {"READ", "EXISTS", "SELECT", "FILTER", "DISTINCT", "PARSE", "DEFAULT"}


def test_the_words_that_only_read_are_known() -> None:
    assert {word for word, command in registry.commands.items() if command.look} == READS


@pytest.mark.parametrize("word", sorted(set(registry.commands) - READS))
def test_effect_in_a_public_handler_is_refused_at_load(word: str) -> None:
    version = library.compile_source(
        "Odd@Graph:\n- RUN Other\n\nOther:\n- PUT 1 >> $x\n", file="odd.yaml", name="Odd@Graph"
    )
    version.file.scripts["Other"].code.append(["do", 6, 3, word, {}, None, False])
    found = faults_in(version)
    assert any(f"may only read: {word}" in fault for fault in found), found


def test_log_in_a_public_handler_is_refused_at_load_and_when_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = "Odd@Graph:\n- LOG: hello\n"
    assert ["LOG" in fault for fault in faults_of(source)] == [True]
    assert ask_odd(source, monkeypatch) == (403, {})


def test_reading_handler_is_taken() -> None:
    assert faults_of("Odd@Graph:\n- READ >> $x:\n    Set: Graph.Manifests\n    Key: x\n") == []


def ask_odd(source: str, monkeypatch: pytest.MonkeyPatch) -> tuple[int, dict[str, Any]]:
    version = library.compile_source(source, file="odd.yaml", name="Odd@Graph")
    monkeypatch.setitem(registry.handlers, "Odd@Graph", "odd")
    monkeypatch.setitem(library.shelf.by_name, ("odd", "Odd@Graph"), version)
    envelope = Envelope.parse(
        Envelope.build(
            sender="Anonymous", to=THEATRE, subject="Odd@Graph", body={}, now=clock.now()
        ).to_dict()
    )
    return public.answer(Question("Odd@Graph", THEATRE, envelope))


@pytest.mark.parametrize(
    "line", ["SAVE Host.Chats:\n    Chat: x", "SEND:\n    To: a.test\n    Subject: X@Y", "WAIT x"]
)
def test_effect_is_refused_when_run_too(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = stored()
    assert ask_odd(f"Odd@Graph:\n- {line}\n", monkeypatch) == (403, {})
    assert stored() == before


def test_endless_handler_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    source = "Odd@Graph:\n- PUT 1 >> $x\n- WHILE $x.Is(1):\n    - PUT 1 >> $x\n"
    assert ask_odd(source, monkeypatch) == (403, {})


def test_public_subject_without_an_answer_is_no_subject() -> None:
    odd = Subject("Odd@Graph", Mode.ASYNC, frozenset({Sender.UNSIGNED}), public=True)
    with pytest.raises(Exception, match="public, and has no answer"):
        register_subjects({"Odd@Graph": odd})
    assert "Odd@Graph" not in subjects()
