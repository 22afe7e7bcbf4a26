"""The checks come in the order of protocol 2.4: of several faults the first one is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from messaging.refusals import Reason
from tests.forged.case import Case
from tests.forged.scene import Scene, spelt
from tests.forged.test_corpus import post, refusals

Fault = Callable[[dict[str, Any]], object]


def in_header(**values: Any) -> Fault:
    return lambda message: message["Header"].update(values)


def other_signature(message: dict[str, Any]) -> None:
    message["Signature"] = "A" * 86 + "=="


# Each fault can stand beside all that follow it.
FAULTS: list[tuple[Reason, Fault]] = [
    (Reason.SHAPE, in_header(Extra="x")),
    (Reason.SCHEMA, in_header(Schema="pollyweb.org/MSG:2.0")),
    (Reason.RECIPIENT, in_header(To="nobody.test")),
    (Reason.SUBJECT, in_header(Subject="Unheard@Of")),
    (Reason.TIMESTAMP, in_header(Timestamp="1999-01-02T03:04:05.678Z")),
    (Reason.HASH, lambda message: message.update(Hash="0" * 64)),
    (Reason.SIGNATURE, other_signature),
]
# A sender of the wrong class needs a subject that is served, and a wallet has no Selector.
WRONG_CLASS = [(Reason.SENDER, in_header(Subject="Issued@Issuer")), *FAULTS[4:]]


def spoilt(scene: Scene, faults: list[tuple[Reason, Fault]]) -> bytes:
    message = scene.genuine()
    for _, spoil in faults:
        spoil(message)
    return spelt(message)


@pytest.mark.parametrize(
    "faults",
    [*[FAULTS[number:] for number in range(len(FAULTS))], WRONG_CLASS],
    ids=lambda faults: faults[0][0].code,
)
def test_first_fault_is_told(faults: list[tuple[Reason, Fault]], scene: Scene) -> None:
    reason = faults[0][0]
    before = refusals()
    status, _ = post(Case("all at once", lambda s: spoilt(s, faults)).request(scene))
    after = refusals()
    assert status == reason.status
    assert after == before | {reason.code: before.get(reason.code, 0) + 1}


def test_bad_json_is_told_before_all_others(scene: Scene) -> None:
    raw = spoilt(scene, FAULTS)[:-1] + b', "Hash": "1"}'
    status, _ = post(Case("twice", lambda s: raw).request(scene))
    assert (status, refusals()) == (400, {"json": 1})
