"""The wallet: onboarding, opening chats, and the queue of what its broker sends it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from messaging import clock
from messaging.documents import InvalidDocument, check_document
from messaging.envelope import ANONYMOUS, Envelope, Malformed
from messaging.signing import PrivateKey
from messaging.syntax import format_time, is_domain, is_uuid
from wallets import request_signature
from wallets.client import events
from wallets.client.errors import Refused, Unreachable, Untrusted, WalletError
from wallets.client.events import Event
from wallets.client.folder import Folder
from wallets.client.handlers import HANDLERS
from wallets.client.keyring import Keyring
from wallets.client.transport import Transport, peek, proved

Answer = Callable[["Wallet", dict[str, Any]], "dict[str, str] | None"]
FILE = "wallet.json"


def leave_unanswered(wallet: Wallet, prompt: dict[str, Any]) -> dict[str, str] | None:
    """The answer of somebody who is not there."""
    return None


def well_formed(body: dict[str, Any]) -> dict[str, Any]:
    """Return the body of a notification whose ids and domains are that and nothing else: they
    become names of files. Raises Untrusted."""
    for name in ("Chat", "Token", "Hook"):
        if name in body and not is_uuid(str(body[name])):
            raise Untrusted(f"a notification whose {name} is no id")
    for name in ("Issuer", "Host", "Sender"):
        if name in body and not is_domain(str(body[name])):
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
        self.answer = answer

    @classmethod
    def create(
        cls,
        folder: Path,
        *,
        notifier: str,
        language: str = "en-us",
        routes: Sequence[str] = (),
        answer: Answer = leave_unanswered,
    ) -> Wallet:
        """Make keys and onboard at a notifier (protocol 5.1).

        Raises WalletError when the folder holds a wallet already, Unreachable or Refused.
        """
        store = Folder(folder)
        store.make()
        # The key is kept before it is offered, so that an answer that is lost can be asked again:
        # the same key gets the same wallet.
        draft = store.read("onboarding.json") or {"Seed": PrivateKey.generate().seed().hex()}
        store.write("onboarding.json", draft)
        key = PrivateKey.from_seed(bytes.fromhex(draft["Seed"]))
        transport = Transport(routes)
        request = Envelope.build(
            sender=ANONYMOUS,
            to=notifier,
            subject="Onboard@Notifier",
            body={"Language": language, "PublicKey": key.public.spki},
            now=clock.now(),
        ).signed(key)
        raw = transport.post(request).content
        broker = str(peek(raw).body.get("Broker", ""))
        body = proved(raw, request, Keyring(store, transport, broker).key_of)
        transport.close()
        state = {
            "Seed": draft["Seed"],
            "Wallet": body["Wallet"],
            "Notifier": notifier,
            "Broker": body["Broker"],
            "Language": language,
            "Routes": list(routes),
        }
        store.write(FILE, state)
        store.move("onboarding.json", ".onboarded.json")
        return cls(folder, answer=answer)

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

    def locate(self, locator: str, inputs: dict[str, Any] | None = None) -> str:
        """Ask the broker to open a chat; return the hook by which its opening is known."""
        hook = str(uuid4())
        body = {"Locator": locator, "Hook": hook, **({"Inputs": inputs} if inputs else {})}
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

    # -- the queue --------------------------------------------------------------------------

    def poll(self, wait: float = 0) -> list[Event]:
        """Fetch what waits (for up to `wait` seconds), act on it, and say what happened.

        A notification is acknowledged only after its effect is on disk and the answer was sent;
        what could not be reached stays for the next poll.
        """
        happened: list[Event] = []
        for notification in self._fetch(wait):
            try:
                happened += self._handle(notification)
            except Unreachable as error:
                happened.append(Event(events.FAILED, f"will try again: {error}"))
                continue
            except (Refused, Untrusted) as error:
                happened.append(Event(events.REFUSED, str(error)))
            self._api("POST", "/wallet/notifications/acknowledge", {"IDs": [notification["ID"]]})
        return happened

    def _fetch(self, wait: float) -> list[dict[str, Any]]:
        answer = self._api("GET", f"/wallet/notifications?wait={wait:g}")
        return list(answer["Notifications"])

    def _api(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        raw = b"" if body is None else json.dumps(body).encode()
        headers = request_signature.request_headers(
            self.key,
            method=method,
            path=path,
            notifier=self.notifier,
            wallet=self.id,
            body=raw,
            now=clock.now(),
        )
        answer = self.transport.request(
            method,
            self.transport.base(self.notifier) + path,
            content=raw,
            headers={**headers, "Content-Type": "application/json"},
        )
        if answer.status_code != 200:
            raise Refused(answer.status_code, f"{self.notifier} refused ({answer.status_code})")
        return dict(answer.json())

    def _handle(self, notification: dict[str, Any]) -> list[Event]:
        """Check that the message is our broker's to us, then do what its subject says."""
        try:
            message = Envelope.parse(notification["Message"])
        except Malformed as error:
            raise Untrusted(f"a notification that is no message: {error}") from None
        header = message.header
        if header.sender.lower() != self.broker.lower() or message.body.get("Wallet") != self.id:
            raise Untrusted("a notification that is not from our broker to us")
        key = self.keys.key_of(header.sender, header.selector)
        if not (message.is_signed and message.hash_matches() and message.verifies(key)):
            raise Untrusted("a notification that our broker did not sign")
        handler = HANDLERS.get(header.subject)
        if handler is None:
            raise Untrusted(f"{header.subject} means nothing to this wallet")
        body = well_formed(dict(message.body))
        try:
            return handler(self, body)
        except KeyError as missing:
            raise Untrusted(f"{header.subject} without {missing}") from None

    # -- tokens -----------------------------------------------------------------------------

    def frontend(self) -> dict[str, Any]:
        """Ask the broker what this wallet holds (protocol 5.6), and remember it."""
        view = self.ask("Frontend@Broker", {})
        self.folder.write("frontend.json", view)
        return view

    def tokens(self) -> list[dict[str, Any]]:
        """Return the stored tokens: {Document, Received, Valid, Problem, Status}."""
        listed = (self.folder.read("frontend.json") or {}).get("Tokens", [])
        status = {(row["Issuer"], row["Token"]): row["Status"] for row in listed}
        found = []
        for name in self.folder.names("tokens"):
            stored = self.folder.read(name)
            document = stored["Document"]
            key = (document["Issuer"], document["Token"])
            problem = self.problem(document)
            found.append(
                {
                    **stored,
                    "Valid": not problem,
                    "Problem": problem,
                    "Status": status.get(key, "UNKNOWN"),
                }
            )
        return found

    def problem(self, document: dict[str, Any], token: str = "", issuer: str = "") -> str:
        """Return why a document must not be believed; empty when it may (protocol 3.3)."""
        try:
            key = self.keys.key_of(str(document.get("Issuer")), str(document.get("DKIM")))
            check_document(
                document,
                key,
                clock.now(),
                issuer=issuer or str(document.get("Issuer")),
                token=token or str(document.get("Token")),
                allow_future=True,  # kept now, used once it starts
            )
        except (InvalidDocument, Untrusted) as error:
            return str(error)
        return ""

    def keep_document(self, document: dict[str, Any], chat: str) -> str:
        """Store a checked document and return its path below the folder."""
        path = f"tokens/{document['Issuer'].lower()}/{document['Token']}.json"
        received: datetime = clock.now()
        self.folder.write(
            path, {"Document": document, "Received": format_time(received), "Chat": chat}
        )
        return path
