"""Messaging's tasks: each gets ids only, and finds the truth in the rows."""

from celery import shared_task

from messaging import bell, outbox


@shared_task(name="messaging.deliver")
def deliver(message_id: str) -> None:
    """Try once to deliver an outgoing message, and go on with what that brings about here."""
    with bell.working():
        outbox.deliver(message_id)


@shared_task(name="messaging.sweep")
def sweep() -> None:
    """Find due messages whose bell was lost."""
    with bell.working():
        outbox.sweep()
