"""Messaging's tasks: each gets ids only, and finds the truth in the rows."""

from functools import partial

from celery import shared_task

from messaging import outbox, retention
from messaging.bell import answering


@shared_task(name="messaging.deliver")
def deliver(message_id: str) -> None:
    """Try once to deliver a message to a domain hosted here, and do what follows from it."""
    answering(partial(outbox.deliver, message_id, elsewhere=False))


@shared_task(name="messaging.catch_up")
def catch_up(message_id: str) -> None:
    """Deliver an overdue message and others to domains hosted here, and do what follows."""
    answering(partial(outbox.catch_up, message_id, elsewhere=False))


@shared_task(name="messaging.post")
def post(message_id: str) -> None:
    """Try once to post a message to another deployment; what follows from it is for others."""
    outbox.deliver(message_id)


@shared_task(name="messaging.catch_up_posts")
def catch_up_posts(message_id: str) -> None:
    """Post an overdue message and others to other deployments."""
    outbox.catch_up(message_id, elsewhere=True)


@shared_task(name="messaging.sweep")
def sweep() -> None:
    """Find due messages whose bell was lost."""
    outbox.sweep()


@shared_task(name="messaging.tell_again")
def tell_again(untold_id: str) -> None:
    """Tell a listener that has raised what became of its message, and do what follows from it."""
    answering(partial(outbox.tell_again, untold_id))


@shared_task(name="messaging.prune")
def prune() -> None:
    """End some of the rows whose time has come."""
    retention.prune()
