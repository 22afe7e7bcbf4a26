"""Public keys of domains, as a wallet comes to know them.

A wallet trusts the broker it chose, and asks it for the keys of all others (`PublicKey@Graph`);
such answers must be signed with the broker's key. The broker's own keys are learnt from the
broker over the authenticated transport (TLS for `pw.{broker}`) the first time a selector is met:
the answer proves itself with the key it tells. Each is kept, and never replaced; a new selector is
how a broker changes its key.
"""

from __future__ import annotations

from messaging import clock
from messaging.envelope import ANONYMOUS, Envelope
from messaging.signing import PublicKey
from wallets.client.errors import Refused, Untrusted
from wallets.client.folder import Folder
from wallets.client.transport import Transport, peek, proved

FILE = "keys.json"


class Keyring:
    """Looks keys up in the folder first, then at the broker."""

    def __init__(self, folder: Folder, transport: Transport, broker: str) -> None:
        self.folder = folder
        self.transport = transport
        self.broker = broker.lower()
        self.known: dict[str, str] = folder.read(FILE) or {}

    def key_of(self, domain: str, selector: str) -> PublicKey:
        """Return a domain's key. Raises Untrusted when the broker knows none, or is not itself."""
        name = f"{domain.lower()} {selector}"
        if name not in self.known:
            key = self._ask(domain.lower(), selector)
            self.known[name] = key.spki
            self.folder.write(FILE, self.known)
        return _key(self.known[name])

    def _ask(self, domain: str, selector: str) -> PublicKey:
        request = Envelope.build(
            sender=ANONYMOUS,
            to=self.broker,
            subject="PublicKey@Graph",
            body={"Domain": domain, "DKIM": selector},
            now=clock.now(),
        )
        try:
            raw = self.transport.post(request)
        except Refused:
            raise Untrusted(f"{self.broker} knows no key {selector} of {domain}") from None

        def key_of_answer(sender: str, used: str) -> PublicKey:
            if domain == self.broker and used == selector:  # it proves itself with what it says
                return _key(peek(raw).body.get("PublicKey"))
            if domain == self.broker and f"{self.broker} {used}" not in self.known:
                # One step only: else each unknown key would be vouched for by the next.
                raise Untrusted(f"{self.broker} vouches for a key with one that nobody knows")
            return self.key_of(sender, used)

        return _key(proved(raw, request, key_of_answer).get("PublicKey"))


def _key(text: object) -> PublicKey:
    try:
        return PublicKey.from_text(str(text))
    except ValueError:
        raise Untrusted("the broker sent a key that is none") from None
