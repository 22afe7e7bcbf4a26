"""The outbox: messages are rows first, and leave at least once with the same correlation.

Queueing writes a row; delivering claims one and posts it; settling ends an attempt and tells the
listeners; sweeping finds what was forgotten, and lets operators try again.
"""

from messaging.outbox.delivering import deliver
from messaging.outbox.queueing import queue
from messaging.outbox.settling import tell_again
from messaging.outbox.sweeping import catch_up, resend, retell, sweep

__all__ = ["catch_up", "deliver", "queue", "resend", "retell", "sweep", "tell_again"]
