"""The notifier's housekeeping."""

from celery import shared_task

from wallets import services


@shared_task(name="wallets.prune")
def prune() -> None:
    """Delete notifications that nobody has fetched for longer than they are kept."""
    services.prune_notifications()
