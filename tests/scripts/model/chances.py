"""What the rules draw from: answers, moods, moves of the clock, and faults at named points."""

from __future__ import annotations

from django.db import OperationalError
from hypothesis import strategies as st

from tests.scripts.model.world import Died, Fault

ERRORS = (Died, RuntimeError, OperationalError)
MOODS = ("answers", "refuses", "is down", "loses its answer")
SECONDS = (1, 8, -8, 31, 61, 3600, -3600, 86400)
IN_ADVANCE = (
    *("claim_after_commit", "adv_locked", "wait_read", "adv_after_step", "adv_decided"),
    *("adv_before_commit", "adv_after_commit", "signal_locked", "signal_filled"),
)
IN_DELIVERY = (
    *("ob_claimed", "ob_signed", "ob_sent_unmarked", "ob_before_mark", "ob_marked"),
    *("ob_postponed", "signal_filled"),
)
ANSWERS = [
    {"Result": result, "Answer": answer}
    for result, answer in (("YES", ""), ("NO", ""), ("OK", "Alice"), ("OK", ""))
]


def faults(points: tuple[str, ...]) -> st.SearchStrategy[Fault]:
    """No fault, three times in four; else one at a point's first or second passage."""
    some = st.builds(Fault, st.sampled_from(points), st.integers(1, 2), st.sampled_from(ERRORS))
    return st.one_of(st.just(Fault()), st.just(Fault()), st.just(Fault()), some)


PICK = st.integers(0, 11)
DEATH = st.sampled_from([False, False, False, True])
