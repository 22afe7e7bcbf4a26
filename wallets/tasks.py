"""The notifier's housekeeping, and its pushes."""

from celery import shared_task

from wallets import push, services


@shared_task(name="wallets.prune")
def prune() -> None:
    """Delete notifications that nobody has fetched for longer than they are kept."""
    services.prune_notifications()


@shared_task(name="wallets.push")
def push_wallet(registration_id: str) -> None:
    """Wake the browsers of a wallet that has not fetched what waits for it."""
    push.wake(registration_id)
