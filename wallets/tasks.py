"""The notifier's pushes."""

from celery import shared_task

from messaging import retention
from wallets import push


@shared_task(name="wallets.prune")
def prune() -> None:
    """What the scheduler of the release before rings for."""
    retention.prune()


@shared_task(name="wallets.push")
def push_wallet(registration_id: str) -> None:
    """Wake the browsers of a wallet that has not fetched what waits for it."""
    push.wake(registration_id)
