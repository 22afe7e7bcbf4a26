"""The verdict on two deployments: what it lets pass, and that every disagreement turns it red."""

from __future__ import annotations

from typing import Any

import pytest

from tests.apart.verdict import judge

TOKEN, CHAT = "token-1", "chat-1"


def story(**changes: Any) -> Any:
    """Judge one accepted flow, changed in the given places."""
    facts = {
        "state": "ACCEPTED",
        "status": "ACTIVE",
        "ends": ["ACCEPTED"],
        "mirror": {"State": "SAVED", "Status": "ACTIVE"},
        "held": {TOKEN: {"Valid": True, "Status": "ACTIVE"}},
        "lines": ["DONE"],
        "problems": [],
        "rest": {},
    } | changes
    quiet = {"Live": [], "Quarantined": [], "Due": [], "Dead": [], "Unhandled": 0}
    token = {"Domain": "theatre.test", "Chat": CHAT, "State": facts["state"]}
    token |= {"Status": facts["status"], "Ends": facts["ends"]}
    issuer = {"Tokens": {TOKEN: token}, **quiet, **facts["rest"]}
    broker = {"Tokens": {TOKEN: facts["mirror"]} if facts["mirror"] else {}, **quiet}
    person = {
        "Tokens": facts["held"],
        "Chats": {CHAT: facts["lines"]},
        "Problems": facts["problems"],
    }
    return judge(issuer, broker, [person])


def test_agreement_is_no_violation() -> None:
    verdict = story()
    assert (verdict.violations, dict(verdict.ends)) == ([], {"accepted": 1})


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"mirror": {"State": "DECLINED", "Status": "ACTIVE"}}, "they say"),
        ({"mirror": None}, "they say"),
        ({"held": {}}, "they say"),
        ({"held": {TOKEN: {"Valid": False, "Status": "ACTIVE"}}}, "does not verify"),
        ({"held": {TOKEN: {"Valid": True, "Status": "REVOKED"}}}, "its holder sees REVOKED"),
        ({"ends": ["ACCEPTED", "EXPIRED"]}, "decided as"),
        ({"lines": ["FAIL"]}, "the talker said"),
        ({"lines": ["DONE", "DONE"]}, "ended 2 times"),
        ({"problems": ["a flow never came to its end"]}, "never came to its end"),
        ({"rest": {"Due": ["Issue@Broker to broker.test: "]}}, "1 due"),
        ({"rest": {"Dead": ["Issue@Broker to broker.test: "]}}, "1 dead"),
        ({"rest": {"Quarantined": ["OnTokenIssued: "]}}, "1 quarantined"),
        ({"rest": {"Live": ["Ticket"]}}, "1 live"),
        ({"rest": {"Unhandled": 2}}, "2 messages were never handled"),
    ],
)
def test_disagreement_is_told(changes: dict[str, Any], complaint: str) -> None:
    assert any(complaint in line for line in story(**changes).violations)


def test_token_that_nobody_issued_is_told() -> None:
    held = {
        TOKEN: {"Valid": True, "Status": "ACTIVE"},
        "token-2": {"Valid": True, "Status": "ACTIVE"},
    }
    assert story(held=held).violations == ["token-2: nobody issued it"]
