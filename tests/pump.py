"""Does, in the test's own thread, all the work that rows say is due."""

from __future__ import annotations

from messaging import clock, outbox
from messaging.models import OutboxMessage
from scripts import services


def pump(limit: int = 400) -> int:
    """Advance runs and deliver messages until nothing is due; return how much there was.

    Fails rather than go round for ever.
    """
    done = 0
    for _ in range(limit):
        counts = services.sweep()
        sent = deliver_due()
        if not (counts["timers"] + counts["runs"] + sent):
            return done
        done += counts["timers"] + counts["runs"] + sent
    raise AssertionError("the work never ends")


def deliver_due() -> int:
    """Deliver every outgoing message that is due; return how many there were."""
    due = OutboxMessage.objects.filter(state="DUE", due_at__lte=clock.now())
    ids = list(due.order_by("created_at").values_list("pk", flat=True))
    return sum(bool(outbox.deliver(message_id)) for message_id in ids)
