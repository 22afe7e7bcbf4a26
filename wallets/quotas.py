"""Whose share of a wallet's queue a notification takes up, so that nobody crowds out another.

What a host may make its broker say to a wallet has a share for each chat, for each host, and for
all hosts together. What the broker says for itself (to open a chat, to save, share or remove a
token, and its own questions) has a share for each subject, which no host can touch. Of the news
that lists have changed only the latest is kept.
"""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from messaging import clock, rates
from messaging.envelope import Envelope
from messaging.syntax import is_uuid
from wallets.models import Notification
from wallets.selectors import waiting_notifications

PROMPT, UPDATED = "Prompt@Notifier", "Updated@Notifier"
OF_A_SUBJECT = 300  # unread, of what the broker says for itself
LATE = 2  # what was let in while earlier ones were under way may come to so many times the share


def has_room(envelope: Envelope) -> bool:
    """Say whether a broker's message may be taken into a wallet's queue now.

    If not, the broker is told to come again (429). What is in the queue already may come again, and
    of a wallet that is not known here, or not this broker's, the handler says so.
    """
    wallet, header = envelope.body.get("Wallet"), envelope.header
    if not is_uuid(wallet):
        return True
    domain, broker = header.to.lower(), header.sender.lower()
    sender, chat = sender_and_chat(header.subject, envelope.body)
    mine = Notification.objects.filter(
        registration__domain=domain, registration__wallet=wallet, registration__broker=broker
    )
    over = is_full(mine, broker, header.subject, sender, chat)
    if sender and sender != broker:
        for limit, name in (("chat", chat or ""), ("host", sender)):
            over |= rates.is_over(limit, f"{broker} {wallet} {name}")
    return not over or mine.filter(correlation=header.correlation).exists()


def sender_and_chat(subject: str, body: object) -> tuple[str, str | None]:
    """Return which host makes the broker say this, and in which chat; nobody for other subjects."""
    if subject != PROMPT or not isinstance(body, dict):
        return "", None
    chat = body.get("Chat")
    return str(body.get("Sender") or "").lower()[:253], chat if is_uuid(chat) else None


def is_full(
    mine: QuerySet[Notification],
    broker: str,
    subject: str,
    sender: str,
    chat: str | None,
    times: int = 1,
) -> bool:
    """Say whether so many times the share of this is unread, of all notifications of a wallet."""
    if subject == UPDATED:
        return False
    unread = mine.filter(acknowledged_at=None, subject=subject).order_by()
    if not sender or sender == broker:
        most = times * OF_A_SUBJECT
        return bool(unread.filter(sender=sender).values_list("pk")[most - 1 : most])
    most = times * settings.NOTIFICATIONS_MOST
    # Mostly there are two or three, so they are counted here.
    others = list(unread.exclude(sender=broker).values_list("sender", "chat")[:most])
    return (
        len(others) >= most
        or _count(others, 0, sender) >= times * settings.PROMPTS_MOST_OF_HOST
        or _count(others, 1, UUID(chat) if chat else None) >= times * settings.PROMPTS_MOST_IN_CHAT
    )


def _count(rows: list[tuple[str, UUID | None]], column: int, value: object) -> int:
    return sum(row[column] == value for row in rows)


def coalesce(latest: Notification) -> None:
    """Take news of lists off the queue that are among those of which there is later news."""
    if latest.subject != UPDATED:
        return
    changed = _lists(latest)
    waiting = waiting_notifications(latest.registration).filter(subject=UPDATED)
    earlier = list(waiting.exclude(pk=latest.pk))
    others = [row for row in earlier if not _lists(row) <= changed]
    # Lists that nobody knows could be told of without end.
    kept = {row.pk for row in others[-(OF_A_SUBJECT - 1) :]}
    told = [row.pk for row in earlier if row.pk not in kept]
    if told:
        Notification.objects.filter(pk__in=told).update(acknowledged_at=clock.now())


def _lists(notification: Notification) -> set[str]:
    body = notification.message.get("Body")
    named = body.get("Updates") if isinstance(body, dict) else None
    return {str(name) for name in named} if isinstance(named, list) else set()
