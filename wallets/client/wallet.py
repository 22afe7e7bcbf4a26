"""The wallet: onboarding, opening chats, and the queue of what its broker sends it."""

from __future__ import annotations

import logging
from base64 import b64decode
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from messaging import clock
from messaging.documents import InvalidDocument, check_document
from messaging.envelope import ANONYMOUS, Envelope, Malformed
from messaging.signing import PrivateKey
from messaging.syntax import (
    format_time,
    is_domain,
    is_language,
    is_selector,
    is_uuid,
    parse_locator,
)
from wallets.client import backup, codes, events, sealing
from wallets.client.errors import Refused, Unreachable, Untrusted, WalletError
from wallets.client.events import Event
from wallets.client.folder import Folder
from wallets.client.frontend import whole_view
from wallets.client.handlers import HANDLERS
from wallets.client.keyring import Keyring
from wallets.client.queue import Queue
from wallets.client.transport import Transport, peek, proved

log = logging.getLogger(__name__)

Answer = Callable[["Wallet", dict[str, Any]], "dict[str, Any] | None"]
FILE = "wallet.json"
LONGEST_TAG = 250
LONGEST_NAME = 100
# What goes wrong in a wallet itself; who answers for a person may raise anything else.
FAULTS = (ArithmeticError, AttributeError, LookupError, OSError, TypeError, ValueError)


def leave_unanswered(wallet: Wallet, prompt: dict[str, Any]) -> dict[str, Any] | None:
    """The answer of somebody who is not there."""
    return None


# What each notification must name; what it may name is checked all the same.
NEEDED = {
    "Open@Notifier": ("Chat", "Host"),
    "Prompt@Notifier": ("Chat", "Hook", "Sender", "Format"),
    "Save@Notifier": ("Chat", "Issuer", "Token"),
    "Remove@Notifier": ("Issuer", "Token"),
    "Updated@Notifier": (),
}


def well_formed(subject: str, body: dict[str, Any]) -> dict[str, Any]:
    """Return the body of a notification whose ids and domains are that and nothing else: they
    become names of files. Raises Untrusted."""
    for name in NEEDED[subject]:
        if not isinstance(body.get(name), str):
            raise Untrusted(f"{subject} without {name}")
    for name in ("Chat", "Token", "Hook"):
        if name in body and not is_uuid(body[name]):
            raise Untrusted(f"a notification whose {name} is no id")
    for name in ("Issuer", "Host", "Sender"):
        if name in body and not is_domain(body[name]):
            raise Untrusted(f"a notification whose {name} is no domain")
    return body


class Wallet:
    """One person's wallet in one folder.

    `answer(wallet, prompt)` is asked for every input prompt and returns {Result, Answer}, or None
    to leave it unanswered. Nothing here is shared with a server but HTTP.
    """

    def __init__(
        self, folder: Path, *, routes: Sequence[str] = (), answer: Answer = leave_unanswered
    ) -> None:
        """Open the wallet in `folder`. Raises WalletError when there is none."""
        self.folder = Folder(folder)
        state = self.folder.read(FILE)
        if state is None:
            raise WalletError(f"there is no wallet in {folder}; onboard first")
        self.state: dict[str, Any] = state
        self.key = PrivateKey.from_seed(bytes.fromhex(state["Seed"]))
        self.transport = Transport([*routes, *state.get("Routes", [])])
        self.keys = Keyring(self.folder, self.transport, self.broker)
        self.queue = Queue(self.transport, self.key, wallet=self.id, notifier=self.notifier)
        self.answer = answer

    @classmethod
    def create(
        cls,
        folder: Path,
        *,
        notifier: str,
        language: str = "en-us",
        name: str = "",
        routes: Sequence[str] = (),
        answer: Answer = leave_unanswered,
    ) -> Wallet:
        """Make keys and onboard at a notifier (protocol 5.1).

        The key is kept before it is offered, so that an answer that is lost can be asked again:
        the same key gets the same wallet. Raises WalletError when the folder holds a wallet
        already or what is asked makes no sense, Unreachable, Refused or Untrusted.
        """
        notifier = notifier.lower()
        if not is_domain(notifier) or not is_language(language):
            raise WalletError(f"{notifier} is no domain, or {language} no language such as en-us")
        store = Folder(folder)
        store.make()
        draft = store.read("onboarding.json") or {"Seed": PrivateKey.generate().seed().hex()}
        store.write("onboarding.json", draft)
        key = PrivateKey.from_seed(bytes.fromhex(draft["Seed"]))
        transport = Transport(routes)
        try:
            given = _onboarded(store, transport, key, notifier, language)
        finally:
            transport.close()
        state = {
            "Seed": draft["Seed"],
            "Wallet": given["Wallet"],
            "Notifier": notifier,
            "Broker": given["Broker"],
            "Language": language,
            "Name": name,
            "Created": format_time(clock.now()),
            "Routes": list(routes),
        }
        store.write(FILE, state)
        store.move("onboarding.json", ".onboarded.json")
        return cls(folder, answer=answer)

    @classmethod
    def restore(
        cls,
        folder: Path,
        text: str,
        passphrase: str,
        *,
        routes: Sequence[str] = (),
        answer: Answer = leave_unanswered,
    ) -> Wallet:
        """Put a backup file's wallet, of this client or of the page, into a folder without one.

        Raises WalletError for a wrong passphrase, for what is no backup, or when a wallet is there.
        """
        store = Folder(folder)
        store.make()
        store.write(FILE, backup.put_back(store, text, passphrase, list(routes)))
        return cls(folder, answer=answer)

    def backup(self, passphrase: str | None = None) -> str:
        """Return the text of a backup file that the passphrase opens.

        Without one, the lock of the last backup or of the file this came from is used again.
        Raises WalletError when there is none, or for a short passphrase.
        """
        if passphrase is not None:
            self.state["Lock"] = sealing.new_lock(passphrase)
            self.folder.write(FILE, self.state)
        if "Lock" not in self.state:
            raise WalletError("the first backup needs a passphrase")
        return backup.backup_text(self, self.state["Lock"])

    @property
    def id(self) -> str:
        return str(self.state["Wallet"])

    @property
    def broker(self) -> str:
        return str(self.state["Broker"])

    @property
    def notifier(self) -> str:
        return str(self.state["Notifier"])

    def close(self) -> None:
        self.transport.close()

    # -- speaking ---------------------------------------------------------------------------

    def tell(self, subject: str, body: dict[str, Any]) -> None:
        """Send an async message of this wallet to its broker."""
        self.transport.post(self._envelope(self.broker, subject, body).signed(self.key))

    def ask(self, subject: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send a sync message of this wallet to its broker and return the proved answer."""
        request = self._envelope(self.broker, subject, body).signed(self.key)
        return self.transport.call(request, self.keys.key_of)

    def tell_in_chat(self, chat: str, to: str, subject: str, body: dict[str, Any]) -> None:
        """Send an async message as nobody but the holder of a chat's key."""
        envelope = self._envelope(to, subject, body, sender=ANONYMOUS)
        self.transport.post(envelope.signed(self.chat_key(chat)))

    def ask_in_chat(self, chat: str, to: str, subject: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send a sync message with a chat's key and return the proved answer."""
        envelope = self._envelope(to, subject, body, sender=ANONYMOUS)
        return self.transport.call(envelope.signed(self.chat_key(chat)), self.keys.key_of)

    def _envelope(self, to: str, subject: str, body: dict[str, Any], sender: str = "") -> Envelope:
        return Envelope.build(
            sender=sender or self.id, to=to, subject=subject, body=body, now=clock.now()
        )

    # -- chats ------------------------------------------------------------------------------

    def locate(
        self, locator: str, inputs: dict[str, Any] | None = None, *, origin: str = ""
    ) -> str:
        """Ask the broker to open a chat; return the hook by which its opening is known.

        `origin` is the chat whose option carried the locator, if one did (protocol 5.2).
        Raises WalletError for a text that is no locator (protocol 3.7), Unreachable or Refused.
        """
        try:
            parse_locator(locator)
        except ValueError as error:
            raise WalletError(str(error)) from None
        hook = str(uuid4())
        body = {"Locator": locator, "Hook": hook, **({"Inputs": inputs} if inputs else {})}
        if origin:
            body["Origin"] = origin
        self.tell("Locate@Broker", body)
        return hook

    def chat(self, chat: str) -> dict[str, Any]:
        """Return what is known of a chat. Raises Untrusted for one that is not ours."""
        known = self.folder.read(f"chats/{chat}.json")
        if known is None:
            raise Untrusted(f"{chat} is not a chat of this wallet")
        return dict(known)

    def chat_key(self, chat: str) -> PrivateKey:
        return PrivateKey.from_seed(bytes.fromhex(self.chat(chat)["Seed"]))

    def chat_opened_as(self, hook: str) -> str | None:
        """Return the chat that was opened for a hook, once it was."""
        for name in self.folder.names("chats"):
            if self.folder.read(name)["Hook"] == hook:
                return Path(name).stem
        return None

    def chats(self) -> list[dict[str, Any]]:
        """Return what is known of each chat, without its key: {Chat, Host, Left?, Prompts ...}."""
        rows = [self.folder.read(name) for name in self.folder.names("chats")]
        return [{name: row[name] for name in row if name != "Seed"} for row in rows]

    def restart(self, chat: str) -> None:
        """Ask a chat's host to begin again (docs/prompts.md). Raises Untrusted, Unreachable."""
        self.tell("Home@Broker", {"Chat": self.chat(chat)["Chat"]})

    def leave(self, chat: str) -> None:
        """Leave a chat: its open questions are withdrawn. Raises Untrusted, Unreachable."""
        known = self.chat(chat)
        self.tell("Abandon@Broker", {"Chat": known["Chat"]})
        self.folder.write(f"chats/{chat}.json", known | {"Left": format_time(clock.now())})

    def appendix(self, chat: str, prompt: str) -> bytes:
        """Fetch the file that belongs to a prompt which was shown (docs/prompts.md).

        Raises WalletError when it has none, Untrusted for a content that is none, Unreachable,
        Refused.
        """
        known = self.chat(chat)["Prompts"].get(prompt, {})
        if "Appendix" not in known:
            raise WalletError("there is no such appendix")
        body = {"Prompt": prompt, "Appendix": known["Appendix"]["Key"]}
        said = self.ask_in_chat(chat, known["Sender"], "Download@Host", body)
        try:
            return b64decode(str(said.get("Content")), validate=True)
        except ValueError:
            raise Untrusted("an appendix that is none") from None

    # -- the queue --------------------------------------------------------------------------

    def poll(
        self, wait: float = 0, tell: Callable[[list[Event]], None] | None = None
    ) -> list[Event]:
        """Fetch what waits (for up to `wait` seconds), act on it, and say what happened.

        `tell` is called with what each notification brought about, before the next is looked at:
        a line that came before a question is read before it is answered. A notification is
        acknowledged only after its effect is on disk and the answer was sent; what could not be
        reached stays for the next poll.
        """
        self._send_restored()
        happened: list[Event] = []
        for notification in self.queue.fetch(wait):
            done = True
            try:
                news = self._handle(notification.get("Message"))
            except Unreachable as error:
                news, done = [Event(events.FAILED, f"will try again: {error}")], False
            except Untrusted as error:
                news = [Event(events.REFUSED, str(error))]
            except (
                FAULTS
            ) as fault:  # ours, or the disk's: what stands behind it must not wait for it
                log.exception("notification %s failed", notification.get("ID"))
                news, done = [Event(events.FAILED, f"will try again: {fault!r}")], False
            happened += news
            if tell is not None:
                tell(news)
            if done:
                self.queue.acknowledge(str(notification.get("ID")))
        return happened

    def _send_restored(self) -> None:
        """Send what was queued when a backup was made; each is tried until it is answered.

        Who does not answer delays only what is meant for him.
        """
        silent: set[str] = set()
        left = self.folder.read("outbox.json") or []
        for entry in list(left):
            if entry["to"] in silent:
                continue
            try:
                self._send_entry(entry)
            except Unreachable:
                silent.add(entry["to"])
                continue
            left.remove(entry)
            self.folder.write("outbox.json", left)

    def _send_entry(self, entry: dict[str, Any]) -> None:
        is_wallets = entry["as"] == "wallet"
        envelope = Envelope.build(
            sender=self.id if is_wallets else ANONYMOUS,
            to=entry["to"],
            subject=entry["subject"],
            body=entry["body"],
            correlation=entry["correlation"],
            now=clock.now(),
        )
        with suppress(Refused):  # it was decided otherwise meanwhile
            key = self.key if is_wallets else self.chat_key(entry["as"])
            self.transport.post(envelope.signed(key))

    def _handle(self, value: object) -> list[Event]:
        """Check that the message is our broker's to us, then do what its subject says, once.

        The notifier could deliver it again and again: it is old enough to have waited, so its
        time says nothing, but its correlation is kept.
        """
        message = self._checked(value)
        subject = message.header.subject
        mark = f"handled/{message.header.correlation}.json"
        if self.folder.read(mark) is not None:
            return []
        try:
            happened = HANDLERS[subject](self, well_formed(subject, dict(message.body)))
        except (Refused, Untrusted) as error:
            happened = [Event(events.REFUSED, str(error))]
        self.folder.write(mark, {"Subject": subject, "At": format_time(clock.now())})
        return happened

    def _checked(self, value: object) -> Envelope:
        try:
            message = Envelope.parse(value)
        except Malformed as error:
            raise Untrusted(f"a notification that is no message: {error}") from None
        header = message.header
        if header.sender.lower() != self.broker.lower() or message.body.get("Wallet") != self.id:
            raise Untrusted("a notification that is not from our broker to us")
        if header.to.lower() != self.notifier or header.subject not in HANDLERS:
            raise Untrusted(f"{header.subject} to {header.to} means nothing to this wallet")
        key = self.keys.key_of(header.sender, header.selector)
        if not (message.is_signed and message.hash_matches() and message.verifies(key)):
            raise Untrusted("a notification that our broker did not sign")
        return message

    # -- tokens -----------------------------------------------------------------------------

    def frontend(self) -> dict[str, Any]:
        """Ask the broker what this wallet holds (protocol 5.6), page by page, and remember it."""
        view = whole_view(partial(self.ask, "Frontend@Broker"))
        self.folder.write("frontend.json", view)
        return view

    def listed(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Return the broker's last word on each token, by (issuer, token)."""
        rows = (self.folder.read("frontend.json") or {}).get("Tokens", [])
        return {(row["Issuer"], row["Token"]): row for row in rows}

    def tokens(self) -> list[dict[str, Any]]:
        """Return the stored tokens: {Document, Received, Chat, Tag?, Valid, Problem, Status,
        State}.

        `Status` is the broker's last word; `State` is what to show: valid, future, expired,
        suspended, revoked or invalid.
        """
        listed = self.listed()
        found = []
        for name in self.folder.names("tokens"):
            stored = self.folder.read(name)
            document = stored["Document"]
            row = listed.get((document["Issuer"], document["Token"]), {})
            problem = self.problem(document)
            status = str(row.get("Status", "UNKNOWN"))
            found.append(
                {
                    **stored,
                    "Valid": not problem,
                    "Problem": problem,
                    "Status": status,
                    "State": codes.state(document, problem, status, clock.now()),
                }
            )
        return found

    def tag(self, issuer: str, token: str, text: str) -> None:
        """Name a token; the name stays here. Empty text takes it away. Raises WalletError."""
        path = self.document_path(issuer, token)
        stored = self.folder.read(path)
        if stored is None:
            raise WalletError("there is no such token")
        stored.pop("Tag", None)
        tag = text.strip()[:LONGEST_TAG]
        self.folder.write(path, stored | ({"Tag": tag} if tag else {}))

    def remove(self, issuer: str, token: str) -> None:
        """Delete a token from this wallet; the issuer and the broker are not told. WalletError."""
        if self.kept_document(issuer, token) is None:
            raise WalletError("there is no such token")
        self.folder.remove(self.document_path(issuer, token))

    def rename(self, name: str) -> None:
        """Change what the person calls this wallet; the name stays here."""
        self.state["Name"] = name.strip()[:LONGEST_NAME]
        self.folder.write(FILE, self.state)

    def codes_of(self, document: dict[str, Any]) -> codes.Codes:
        """Return what a token's codes hold (protocol 3.7), forms A and B."""
        return codes.codes_of(document, self.broker)

    def problem(self, document: dict[str, Any], token: str = "", issuer: str = "") -> str:
        """Return why a document must not be believed; empty when it may (protocol 3.3).

        Raises Unreachable when the issuer's key is not known yet and cannot be asked for.
        """
        signer, selector = document.get("Issuer"), document.get("DKIM")
        if not is_domain(signer) or not is_selector(selector):
            return "the document does not say who signed it"
        try:
            check_document(
                document,
                self.keys.key_of(signer, selector),
                clock.now(),
                issuer=issuer or signer,
                token=token or str(document.get("Token")),
                allow_future=True,  # kept now, used once it starts
            )
        except (InvalidDocument, Untrusted) as error:
            return str(error)
        return ""

    @staticmethod
    def document_path(issuer: str, token: str) -> str:
        """Return where a token is kept, below the folder."""
        return f"tokens/{issuer.lower()}/{token}.json"

    def kept_document(self, issuer: str, token: str) -> dict[str, Any] | None:
        """Return a stored document; None when there is none."""
        stored = self.folder.read(self.document_path(issuer, token))
        return None if stored is None else dict(stored["Document"])

    def keep_document(self, document: dict[str, Any], chat: str) -> None:
        """Store a checked document."""
        received: datetime = clock.now()
        self.folder.write(
            self.document_path(document["Issuer"], document["Token"]),
            {"Document": document, "Received": format_time(received), "Chat": chat},
        )


def _onboarded(
    store: Folder, transport: Transport, key: PrivateKey, notifier: str, language: str
) -> dict[str, str]:
    """Show the key to the notifier and return the proved {Wallet, Broker}."""
    request = Envelope.build(
        sender=ANONYMOUS,
        to=notifier,
        subject="Onboard@Notifier",
        body={"Language": language, "PublicKey": key.public.spki},
        now=clock.now(),
    ).signed(key)
    raw = transport.post(request)
    broker = peek(raw).body.get("Broker")
    if not is_domain(broker):
        raise Untrusted(f"{notifier} named no broker")
    body = proved(raw, request, Keyring(store, transport, broker).key_of)
    if not is_uuid(body.get("Wallet")):
        raise Untrusted(f"{notifier} gave no wallet id")
    return {"Wallet": body["Wallet"], "Broker": broker.lower()}
