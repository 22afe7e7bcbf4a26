"""Questions that are asked no more, though their chat goes on."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from host.models import Chat, Prompt
from host.services import open_questions
from host.states import PromptState
from messaging.signing import PublicKey
from scripts import hooks


def close(run: UUID, *, why: str) -> int:
    """Withdraw what a run asks, and end the run where it waits; return how many questions it had.

    `why` is for operators: with it the run ends as CANCELLED, without as DONE. An answer that came
    before counts.
    """
    return _close(Prompt.objects.filter(run=run), why)


def close_one(prompt_id: str, *, why: str) -> int:
    """Withdraw one question, as `close` does."""
    return _close(Prompt.objects.filter(pk=prompt_id), why)


def _close(prompts: QuerySet[Prompt], why: str) -> int:
    with transaction.atomic(savepoint=False):
        ids = sorted(set(prompts.values_list("chat", flat=True)))
        # The chat before its prompts, as whoever ends a chat does.
        chats = {chat.pk: chat for chat in _locked(ids)}
        closed = list(open_questions(prompts))
        for prompt in closed:
            chat = chats[prompt.chat_id]
            prompt.withdraw()
            prompt.save(update_fields=["state"])
            hooks.send_signal(
                domain=chat.domain,
                name=str(prompt.pk),
                source="withdrawn",
                origin=f"key:{PublicKey.from_text(chat.public_key).fingerprint}",
                value={"Closed": PromptState.WITHDRAWN.value, "Why": why},
            )
        return len(closed)


def _locked(ids: list[UUID]) -> QuerySet[Chat]:
    return Chat.objects.select_for_update().filter(pk__in=ids).order_by("pk")
