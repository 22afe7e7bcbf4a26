"""The inbox: every check of protocol 2.4 in its order, repeats (2.5) and answers (2.6)."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import InterfaceError, OperationalError, transaction

from messaging import caller, clock, keys, points, proven, rates, rows
from messaging.canonical import BadJson, sha256_hex
from messaging.envelope import ANONYMOUS, Envelope, Malformed, SenderClass
from messaging.errors import CannotSign, KeyUnavailable
from messaging.models import InboxMessage
from messaging.refusals import PUBLIC_TEXT, Reason, Refused, count_refusal
from messaging.registry import Mode, Question, Sender, Subject, registry
from messaging.signing import PrivateKey, PublicKey
from messaging.syntax import is_uuid, parse_time

log = structlog.get_logger(__name__)

OLDEST = timedelta(seconds=300)
NEWEST = timedelta(seconds=60)
# The only answer that is not signed, because the reference library cannot read a signed one.
MANIFEST = "Manifest@Domain"
# Stands in for the key of an unknown chat, so that no caller can tell it from a wrong key.
NOBODY = PrivateKey.generate().public


@dataclass(frozen=True)
class Answer:
    """The HTTP status and JSON body that a sender gets."""

    status: int
    body: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Checked:
    """A message that passed checks 1 to 8. `key` is None for an unsigned one."""

    envelope: Envelope
    subject: Subject
    recipient: str
    key: PublicKey | None

    @property
    def sender(self) -> str:
        sender = self.envelope.header.sender
        return sender if sender == ANONYMOUS else sender.lower()

    @property
    def hosted_envelope(self) -> Envelope:
        """The message as apps look at it."""
        return _hosted(self.envelope, self.recipient)

    @property
    def hash(self) -> str:
        return self.envelope.hash or sha256_hex(self.envelope.canonical())

    @property
    def repeat_key(self) -> str:
        """The key of protocol 2.5. All strangers share the name Anonymous, so theirs holds more."""
        header = self.envelope.header
        if self.sender != ANONYMOUS:
            return f"{self.sender} {header.correlation}"
        return " ".join([ANONYMOUS, self.recipient, header.subject, header.correlation, self.hash])


def _hosted(envelope: Envelope, recipient: str) -> Envelope:
    """Return the message as addressed to the hosted name: apps know their rows by no alias."""
    return replace(envelope, header=replace(envelope.header, to=recipient))


def receive(raw: bytes) -> Answer:
    """Take one message as it came over the wire, and return what to answer.

    Checks 1 to 9 of protocol 2.4 come before the answer, the handler's own after it, unless the
    subject is sync. What passes is stored before this returns, unless it is a public question; of
    what fails, only the reason is counted. Never raises for what a sender did. May take seconds
    (DNS, a sync handler), so it must not be called inside a transaction.
    """
    started = time.monotonic()
    try:
        checked = _check(raw)
        _note_proven(checked)
        _check_rate(checked)
        if checked.subject.public:
            return _public_answer(checked, started)
        message = _store(checked)
        points.reach("in_after_commit")
    except Refused as refused:
        count_refusal(refused.reason)
        # The detail quotes the message, which may be long and anything.
        log.info("message_refused", reason=refused.reason.code, detail=refused.detail[:200])
        return _error(refused.reason.status)
    if checked.subject.mode is Mode.ASYNC:
        return Answer(200)
    return _answer(checked, message, started)


def _error(status: int) -> Answer:
    return Answer(status, {"Error": PUBLIC_TEXT.get(status, "Failed")})


# -- checks 1 to 8 ------------------------------------------------------------------------------


def _check(raw: bytes) -> Checked:
    """Return the message if checks 1 to 8 hold, else raise Refused."""
    envelope = _parse(raw)
    header = envelope.header
    recipient = keys.hosted_name(header.to)
    if recipient is None:
        raise Refused(Reason.RECIPIENT, header.to)
    subject = registry.subjects.get(header.subject)
    if subject is None:
        raise Refused(Reason.SUBJECT, header.subject)
    if not _possible_senders(envelope) & subject.senders:
        raise Refused(Reason.SENDER, f"{header.sender} may not send {header.subject}")
    if len(envelope.canonical()) > subject.sizes * settings.SUBJECT_MAX_BYTES:
        raise Refused(Reason.SIZE, f"{header.subject} of {header.sender}")
    age = clock.now() - parse_time(header.timestamp)
    if not -NEWEST <= age <= OLDEST:
        raise Refused(Reason.TIMESTAMP, f"{age.total_seconds():.0f} s old")
    if not envelope.is_signed:
        return Checked(envelope, subject, recipient, None)
    if not envelope.hash_matches():
        raise Refused(Reason.HASH)
    return Checked(envelope, subject, recipient, _proven_key(envelope, subject, recipient))


def _note_proven(checked: Checked) -> None:
    """Who signed with a key that is known here comes first when the server is busy."""
    if checked.key is None or Sender.SELF in checked.subject.senders:
        return
    if checked.sender != ANONYMOUS:
        proven.note(checked.sender)
        return
    for name in ("Prompt", "Token", "Chat", "Appendix"):
        if is_uuid(known := checked.envelope.body.get(name)):
            proven.note(known)


def _check_rate(checked: Checked) -> None:
    """Refuse who sends too much; nobody can use up another's share. What is hosted here is us."""
    limit, share = _counted(checked)
    if share and rates.is_over(limit, share):
        raise Refused(Reason.RATE, f"{limit}: {share}")
    has_room = checked.subject.has_room
    if has_room is not None and not has_room(checked.hosted_envelope):
        raise Refused(Reason.RATE, f"no room for {checked.subject.name}")


def _counted(checked: Checked) -> tuple[str, str]:
    """Return the limit of a message, and whose share it is: who it was proved to be from, or, of
    a stranger, where he calls from. Nobody's when that is ourselves."""
    if checked.key is None:
        return "public", caller.now()
    if Sender.SELF in checked.subject.senders:
        return "onboard", caller.now()
    if checked.sender == ANONYMOUS:
        return "person", checked.key.fingerprint
    if checked.envelope.header.sender_class is SenderClass.WALLET:
        return "person", checked.sender
    return "sender", "" if keys.hosted_name(checked.sender) else checked.sender


def _parse(raw: bytes) -> Envelope:
    try:
        return Envelope.read(raw, max_bytes=settings.MESSAGE_MAX_BYTES)
    except BadJson as error:
        raise Refused(Reason.JSON, str(error)) from None
    except Malformed as error:
        reason = Reason.SCHEMA if error.reason == "schema" else Reason.SHAPE
        raise Refused(reason, str(error)) from None


def _possible_senders(envelope: Envelope) -> frozenset[Sender]:
    sender_class = envelope.header.sender_class
    if sender_class is SenderClass.DOMAIN:
        return frozenset({Sender.DOMAIN})
    if sender_class is SenderClass.WALLET:
        return frozenset({Sender.WALLET})
    return frozenset({Sender.CHAT, Sender.SELF} if envelope.is_signed else {Sender.UNSIGNED})


def _proven_key(envelope: Envelope, subject: Subject, recipient: str) -> PublicKey:
    """Return the key that the signature verifies under (check 8), else raise Refused.

    Where only chats may ask and an answer is due, an unknown id, a wrong key and a handler's
    refusal must look alike (protocol 4.8): nobody may learn which ids exist.
    """
    if envelope.header.sender_class is SenderClass.DOMAIN:
        return _domain_key(envelope)
    hides = subject.mode is Mode.SYNC and subject.senders == {Sender.CHAT}
    key = _registered_key(envelope, subject, recipient)
    if key is None:
        if not hides:
            raise Refused(Reason.KEY, envelope.header.sender)
        key = NOBODY
    if not envelope.verifies(key):
        raise Refused(Reason.CHAT_KEY if hides else Reason.SIGNATURE, envelope.header.sender)
    return key


def _domain_key(envelope: Envelope) -> PublicKey:
    header = envelope.header
    try:
        key, good = keys.verified(header.sender, header.selector, envelope.verifies)
    except KeyUnavailable as error:
        # Our resolver's trouble is not the sender's fault: a 4xx would make it give up.
        raise Refused(Reason.KEY_UNAVAILABLE, str(error)) from None
    if key is None or not good:
        raise Refused(Reason.KEY if key is None else Reason.SIGNATURE, header.sender)
    return key


def _registered_key(envelope: Envelope, subject: Subject, recipient: str) -> PublicKey | None:
    """Return the key of a wallet or chat as the subject's app knows it, or the offered one."""
    try:
        if subject.key is None:
            return _offered_key(envelope, subject)
        return subject.key(_hosted(envelope, recipient))
    except (LookupError, AttributeError, TypeError, ValueError, ValidationError) as error:
        # The body is not checked yet: an id in it may be missing, or anything.
        log.info("key_not_found", subject=subject.name, error=repr(error))
        return None


def _offered_key(envelope: Envelope, subject: Subject) -> PublicKey | None:
    """Return Body.PublicKey of a sender that only proves to have it. A wallet id proves more."""
    offered = envelope.body.get("PublicKey")
    may_offer = Sender.SELF in subject.senders and envelope.header.sender == ANONYMOUS
    return PublicKey.from_text(offered) if may_offer and isinstance(offered, str) else None


# -- check 9 ------------------------------------------------------------------------------------


def _store(checked: Checked) -> InboxMessage:
    """Store the message and start its handler, both or neither; or return the one it repeats.

    Of repeats that race each other one stores: the others wait for its commit at the unique key.
    Raises Refused for a correlation that is used for something else.
    """
    with transaction.atomic(durable=True):
        message = _row(checked)
        if rows.insert_new(message):
            points.reach("in_inserted")
            registry.start(message)
            points.reach("in_before_commit")
            return message
    return _repeated(checked)


def _row(checked: Checked) -> InboxMessage:
    envelope = checked.envelope
    return InboxMessage(
        repeat_key=checked.repeat_key,
        sender=checked.sender,
        recipient=checked.recipient,
        subject=checked.subject.name,
        correlation=envelope.header.correlation,
        timestamp=parse_time(envelope.header.timestamp),
        hash=checked.hash,
        content_hash=envelope.content_hash(),
        envelope=envelope.to_dict(),
        sender_key="" if checked.key is None else checked.key.fingerprint,
        mode=checked.subject.mode.value,
        received_at=clock.now(),
    )


def _repeated(checked: Checked) -> InboxMessage:
    earlier = InboxMessage.objects.get(repeat_key=checked.repeat_key)
    # A sender that retries for hours must sign again to stay inside the time window. The same
    # content under a valid signature is then the same message, though its Hash is another.
    same = earlier.hash == checked.hash
    if not same and earlier.content_hash != checked.envelope.content_hash():
        raise Refused(Reason.CORRELATION, checked.repeat_key)
    if earlier.is_emptied and checked.subject.mode is Mode.SYNC:
        raise Refused(Reason.CORRELATION, f"{checked.repeat_key}: its answer is not kept any more")
    log.info("message_repeated", message=str(earlier.pk))
    return earlier


# -- answers ------------------------------------------------------------------------------------


def _public_answer(checked: Checked, started: float) -> Answer:
    """Answer what anybody may know, from rows and without one: a repeat is answered afresh.

    What goes wrong is counted by day (`Refusal`), and told in the log: there is no run to look at.
    """
    question = Question(checked.subject.name, checked.recipient, checked.envelope)
    try:
        status, body = registry.answer(question)
    except (OperationalError, InterfaceError):
        log.warning("public_question_lost_database", subject=question.subject, exc_info=True)
        return _error(503)
    except Exception:
        log.exception("public_question_failed", subject=question.subject)
        count_refusal(Reason.QUESTION_FAULT)
        return _error(Reason.QUESTION_FAULT.status)
    if status != 200:
        count_refusal(Reason.QUESTION)
        return _error(status)
    return _answered(checked, body, started)


def _answer(checked: Checked, message: InboxMessage, started: float) -> Answer:
    """Return the stored answer of a sync message, working on it now if it has none yet."""
    if message.response_status is None and not registry.drive(message):
        return _error(503)  # its handler was set aside; the answer comes once that is mended
    if message.response_status is None:
        message.refresh_from_db()
    if message.response_status is None:
        return _error(504)
    if message.response_status != 200:
        return _error(message.response_status)
    return _answered(checked, message.response or {}, started)


def _answered(checked: Checked, body: dict[str, Any], started: float) -> Answer:
    """Return the answer that the asked domain signs; 503 or 500 when it cannot be signed."""
    asked = {"subject": checked.subject.name, "key": checked.repeat_key}
    try:
        response = _signed_response(checked, body)
    except CannotSign as error:
        # Most often the wrong FIELD_KEYS, or a key service that is down.
        log.error("response_not_signed", **asked, error=str(error))
        return _error(503)
    except Malformed as error:
        log.error("response_not_signable", **asked, error=str(error))
        return _error(500)
    milliseconds = round((time.monotonic() - started) * 1000)
    return Answer(
        200,
        {
            "Request": checked.envelope.header.to_dict(),
            "Response": response,
            "Meta": {"Code": 200, "LatencyMs": milliseconds},
        },
    )


def _signed_response(checked: Checked, body: dict[str, Any]) -> dict[str, Any]:
    """Return the body in an envelope signed by the domain that answers (protocol 2.6)."""
    if checked.subject.name == MANIFEST:
        return body
    selector, key = keys.signing_key(checked.recipient)
    response = Envelope.build(
        sender=checked.recipient,
        to=_reply_address(checked),
        subject=checked.subject.name,
        body=body,
        selector=selector,
        correlation=checked.envelope.header.correlation,
        now=clock.now(),
    )
    return response.signed(key).to_dict()


def _reply_address(checked: Checked) -> str:
    header = checked.envelope.header
    if header.sender != ANONYMOUS:
        return header.sender
    chat = checked.envelope.body.get("Chat")
    return chat if is_uuid(chat) else header.correlation
