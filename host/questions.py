"""Questions that are asked no more, though their chat goes on."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from host.models import Chat, Prompt
from host.services import open_questions
from host.states import PromptState
from messaging.models import OutboxMessage
from messaging.signing import PublicKey
from messaging.syntax import is_uuid
from scripts import hooks


def close(run: UUID, *, why: str) -> int:
    """Withdraw what a run asks, and end the run where it waits; return how many questions it had.

    `why` is for operators: with it the run ends as CANCELLED, without as DONE. An answer that came
    before counts.
    """
    return _close(Prompt.objects.filter(run=run), why)


def hear_refusal(message: OutboxMessage, reason: str) -> None:
    """A broker discarded `Prompt@Broker` after it had acknowledged it: nobody is asked, and the run
    that asks ends where it waits. Only what that run itself has sent counts.
    """
    prompt_id, run = message.body.get("Prompt"), message.origin
    if not (is_uuid(prompt_id) and is_uuid(run)):
        return
    asked = Prompt.objects.filter(
        pk=str(prompt_id), run=run, chat__domain=message.sender, chat__broker=message.recipient
    )
    _close(asked, f"its broker did not take the question: {reason or 'no reason given'}"[:500])


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
    return Chat.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
