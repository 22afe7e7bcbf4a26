"""One advance of one run: what its commands may reach, and what they may not before VERIFY."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from messaging import clock, outbox, points, rows
from messaging.envelope import Envelope, SenderClass
from messaging.errors import Unsendable
from messaging.models import InboxMessage, OutboxMessage
from messaging.signing import PublicKey
from scripts import blame, hooks, library, quotas
from scripts.errors import Conflict, missing, refused
from scripts.items.holding import Holding
from scripts.language.compiler import Script
from scripts.language.continuation import Call, Continuation, Enter, Wait
from scripts.language.errors import ScriptError
from scripts.language.values import Item, MessageView, to_text
from scripts.language.work import Meter
from scripts.models import Run
from scripts.plain import plain
from scripts.reading import Reading, as_item
from scripts.registry import Row, Write, registry
from scripts.states import SignalState
from scripts.trail import Trail

NOTES, NOTE_CHARACTERS = 50, 1000  # of LOG, in one segment
LONGEST_WAIT = timedelta(days=30)
MESSAGE = rows.Select(InboxMessage, "pk")


class Step(Reading):
    """The machine's environment for one segment of `run`. Lives within one transaction."""

    def __init__(
        self,
        run: Run,
        withdrawn: frozenset[str] = frozenset(),
        holding: Holding | None = None,
        *,
        stopped: frozenset[str] = frozenset(),
        careful: bool = False,
    ) -> None:
        super().__init__(run.domain)
        self.run = run
        self.withdrawn = withdrawn
        self.stopped = stopped
        self.careful = careful  # an attempt has failed: whose code comes next is stored first
        self.holding: Holding = Holding() if holding is None else holding
        self.continuation = Continuation([])
        self.meter = Meter()
        self.sends = 0
        self.races = 0
        self.notes: list[str] = []
        self.trail: Trail | None = None
        self._message: InboxMessage | None = None
        self._chat: Item | None = None
        self._by_author = False
        self._seen: dict[tuple[str, str], tuple[Any, dict[str, Any] | None]] = {}

    # -- what the machine asks for ----------------------------------------------------------

    def script(self, version: str, name: str) -> tuple[str, Script]:
        """Resolve RUN: the same file first, then the versions pinned with it."""
        if version in self.withdrawn:
            raise ScriptError(f"{name} was withdrawn", kind="withdrawn")
        if version != self.run.talker and not library.is_shipped(version):
            self.run.talker = version
        found = library.version(version)
        if name in found.file.scripts:
            return version, found.file.scripts[name]
        if name in found.links:
            linked = library.version(found.links[name])
            return linked.hash, linked.file.scripts[name]
        raise ScriptError(f"no script named {name}", kind="missing")

    def execute(self, call: Call) -> Any:
        execute = registry.commands[call.word].execute
        self._by_author = not library.is_shipped(call.version)
        with self._savepoint(call):
            value = self._entering(execute(self, call))
        points.reach("adv_after_step")
        return value

    def _entering(self, value: Any) -> Any:
        """Let no run enter an author's version that is stopped, unless it stands in it already.

        Where only shipped code has run so far and an attempt has failed, the run is stored first as
        standing in the author's: a worker that dies there cannot say whose code it ran.
        """
        if isinstance(value, Enter) and not library.is_shipped(value.version):
            standing = [frame.version for frame in blame.standing(self.continuation)]
            if value.version in self.stopped and value.version not in standing:
                name = library.version(value.version).name
                raise ScriptError(f"{name} does not start now", kind="stopped")
            self.continuation.pause = self.careful and all(map(library.is_shipped, standing))
        return value

    @contextmanager
    def _savepoint(self, call: Call) -> Iterator[None]:
        """Take back a command that fails inside TRY, where the script goes on."""
        if not call.guarded:
            yield
            return
        held = dict(self.holding.held)
        try:
            with transaction.atomic():
                yield
        except ScriptError:
            # The savepoint has let go what was taken since, and the script goes on with what it has
            # learnt by it: the next attempt takes it first.
            if self.holding.held != held:
                raise Conflict("a TRY has let go of a dataset") from None
            raise

    def resume(self, call: Call, memo: Any, signal: Any) -> Any:
        resume = registry.commands[call.word].resume
        if resume is None:
            return signal
        with self._savepoint(call):
            return self._entering(resume(self, call, memo, signal))

    def abandon(self, hook: str) -> None:
        """Close the mailbox of a branch that has been ended: what comes now is late, and what the
        branch had asked or offered is withdrawn."""
        if hook:
            hooks.abandon(self.run.pk, hook)

    def asks(self, word: str) -> bool:
        return registry.commands[word].spec.answers

    def system(self, name: str) -> Any:
        if name == "Msg":
            return MessageView(self.message.envelope) if self.run.message_id else None
        if name == "Chat":
            return self.chat
        return {"Domain": self.domain}

    def log(self, value: Any) -> None:
        """LOG: into the run's log, where operators read it; never fails the script."""
        if len(self.notes) < NOTES:
            self.notes.append(to_text(value)[:NOTE_CHARACTERS])

    # -- the message and its proof ----------------------------------------------------------

    @property
    def message(self) -> InboxMessage:
        """The message that started this run. Raises ScriptError when none did."""
        if self._message is None:
            if self.run.message_id is None:
                raise refused("this script was not started by a message")
            self._message = MESSAGE.get(self.run.message_id)
        return self._message

    def verify_message(self, key: Any = None) -> None:
        """Prove who sent the message: by the domain key the inbox checked, or by `key`.

        Raises ScriptError. Only after this may the run save, send or answer.
        """
        message = self.message
        envelope = Envelope.parse(message.envelope)
        if key is None:
            if envelope.header.sender_class is not SenderClass.DOMAIN or not message.sender_key:
                raise refused("the message is not signed by a domain")
            self.run.origin = f"domain:{message.sender}"
            return
        try:
            public = PublicKey.from_text(str(key))
        except ValueError:
            raise refused("the key to verify with is not a key") from None
        if not (envelope.hash_matches() and envelope.verifies(public)):
            raise refused("the message is not signed with that key")
        self.run.origin = f"key:{public.fingerprint}"

    def require_verified(self) -> None:
        """Refuse every effect of a message handler that has not proved its message."""
        if not self.run.origin:
            raise refused("the message is not verified yet")

    def charge(self, kind: str) -> None:
        """Count one of a quota's kind where an author's script is at work, or has just returned.

        Raises ScriptError when it is one too many.
        """
        standing = [frame.version for frame in blame.standing(self.continuation)]
        if not all(map(library.is_shipped, standing or [self.run.version_id])):
            quotas.charge(kind, self.domain, self.continuation)

    # -- rows -------------------------------------------------------------------------------

    def _read_row(self, name: str, key: Any) -> Row | None:
        """Return a row; what an author's script reads of the apps' is remembered until the end."""
        row = super()._read_row(name, key)
        if self._by_author and name in registry.datasets:
            found = None if row is None else row.fields
            self._seen.setdefault((name, repr(key) if row is None else row.key), (key, found))
        return row

    def look_again(self) -> None:
        """Make sure, before the commit, that the apps' rows this segment has read are as it read
        them, and keep them so. Raises Conflict when one is not.

        One that the segment itself has changed since, by a command such as GOODBYE, was guarded by
        the service that did it.
        """
        if not rows.others_write():
            return
        for (name, pk), (key, fields) in sorted(self._seen.items()):
            model = registry.datasets[name].model
            if fields is not None and model is not None:
                rows.keep(model, pk)
            now = super()._read_row(name, key)
            if fields == (None if now is None else now.fields):
                continue
            if now is None or model is None or not rows.is_ours(model, now.key):
                raise Conflict(f"a row of {name} has changed since it was read")

    def delete(self, item: Item, undo_until: datetime | None) -> Item:
        """Delete the row `item` was read from; until a time, so that it can be brought back."""
        self.require_verified()
        delete = self.dataset(item.set).delete
        if delete is None:
            raise refused(f"rows of {item.set} cannot be deleted by scripts")
        quotas.count("rows")
        return as_item(item.set, self._asked(delete, self._change(item, {}), undo_until))

    def insert(self, name: str, fields: dict[str, Any]) -> Item:
        self.require_verified()
        insert = self.dataset(name).insert
        if insert is None:
            raise refused(f"{name} takes no new rows from scripts")
        quotas.count("rows")
        return as_item(name, self._asked(insert, self._write(fields)))

    def update(self, item: Item, fields: dict[str, Any]) -> Item:
        """Change the row `item` was read from. The dataset's service guards its state."""
        self.require_verified()
        update = self.dataset(item.set).update
        if update is None:
            raise refused(f"{item.set} cannot be changed by scripts")
        quotas.count("rows")
        self._seen.pop((item.set, item.key), None)  # its own service guards it now
        return as_item(item.set, self._asked(update, self._change(item, fields)))

    def _change(self, item: Item, fields: dict[str, Any]) -> Write:
        """In a handler of a row its state is the guard, elsewhere its version (8.5)."""
        handled = self.run.subject_id == item.key and bool(self.run.subject_id)
        version = 0 if handled else item.version
        return self._write(fields, key=item.key, state=item.state, version=version)

    def _write(
        self, fields: dict[str, Any], *, key: str = "", state: str = "", version: int = 0
    ) -> Write:
        return Write(
            domain=self.domain,
            fields=fields,
            key=key,
            state=state,
            run=str(self.run.pk),
            origin=self.run.origin,
            version=version,
            trigger=self.run.trigger,
        )

    # -- messages ---------------------------------------------------------------------------

    def send(
        self,
        *,
        to: str,
        subject: str,
        body: dict[str, Any],
        expects_response: bool = False,
        expires_at: datetime | None = None,
    ) -> OutboxMessage:
        """Queue a message of this run's domain; it leaves after the commit, at least once.

        Fields of `body` without a value are left out. Raises ScriptError when it cannot be signed.
        """
        self.require_verified()
        quotas.count("sends")
        self.sends += 1
        try:
            return outbox.queue(
                sender=self.domain,
                recipient=to,
                subject=subject,
                body={key: plain(value) for key, value in body.items() if value is not None},
                key=f"{self.run.pk}:{self.run.rev}:{self.sends}",
                expects_response=expects_response,
                expires_at=expires_at,
                origin=str(self.run.pk),
                place=(self.run.rev, self.sends),
            )
        except Unsendable as error:
            raise refused(str(error)) from None

    # -- waiting ----------------------------------------------------------------------------

    def wait(self, name: str, *, deadline: datetime, expects: str = "", memo: Any = None) -> Wait:
        """Park on hook `name` until `deadline` (UTC, at most 30 days), for `expects`'s answer.

        `expects` defaults to this run's own domain: only its own handlers may go on.
        """
        self.require_verified()
        latest = clock.now() + LONGEST_WAIT
        hook = hooks.open_hook(
            self.run,
            name,
            deadline=min(deadline, latest),
            expects=expects or f"domain:{self.domain}",
        )
        return Wait(memo, str(hook.pk))

    def race(self, name: str, value: Any) -> SignalState:
        """Send `value` to hook `name` in the name of this run's verified sender.

        Raises ScriptError when the wait expects somebody else.
        """
        self.require_verified()
        quotas.count("sends")
        # A run may send to one mailbox many times; a segment that is repeated sends the same again.
        self.races += 1
        state = hooks.send_signal(
            domain=self.domain,
            name=name,
            source=f"run:{self.run.pk}:{self.run.rev}:{self.races}",
            origin=self.run.origin,
            value=value,
        )
        if state == SignalState.REFUSED:
            raise refused(f"the wait on {name} expects somebody else")
        return state

    def enter(self, call: Call, name: str, inputs: dict[str, Any]) -> Enter:
        """Run the shipped script `name`, in the version pinned with the caller."""
        caller = library.version(call.version)
        return Enter(caller.links[name], name, inputs)

    # -- the chat ---------------------------------------------------------------------------

    @property
    def chat(self) -> Item | None:
        """The run's chat as it is now; reloaded in every segment. None before CHAT."""
        if self._chat is None and self.run.chat is not None:
            row = super()._read_row("Host.Chats", self.run.chat)
            self._chat = None if row is None else as_item("Host.Chats", row)
            if self._chat is None:
                raise missing("the chat")
        return self._chat

    def set_chat(self, key: dict[str, Any]) -> Item:
        """Fix the chat of this run. Raises ScriptError when it has another one already."""
        if self.run.chat is not None and self.run.chat != key:
            raise refused("a run talks in one chat only")
        self.run.chat = key
        chat = self.chat
        if chat is None:
            raise missing("the chat")
        return chat
