"""A signer that asks another process of this machine, so that no private key is in this one.

One line of JSON each way over a Unix socket (SIGNER_SOCKET):

    {"do": "create", "key": NAME}                  -> {"public": BASE64}
    {"do": "sign", "key": NAME, "data": BASE64}    -> {"signature": BASE64}
    {"do": "public", "key": NAME}                  -> {"public": BASE64}
    {"do": "destroy", "key": NAME}                 -> {}

or {"error": TEXT}. The socket's file permissions say who may sign.
"""

from __future__ import annotations

import base64
import json
import socket
import time
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from messaging.errors import SignerFailed
from messaging.signing import PublicKey

# A document is signed inside the transaction that saves its token, so this bounds how long a
# service that hangs can hold that transaction.
SECONDS = 2.0
LONGEST_LINE = 64 * 1024
MARK = "@service"


class SocketSigner:
    """Keys live in the service under the name of their row; the row keeps only a mark."""

    def create(self, name: str) -> tuple[PublicKey, str]:
        return _public(ask({"do": "create", "key": name})), MARK

    def open(self, name: str, kept: str) -> ServiceKey:
        if kept != MARK:
            raise SignerFailed(f"{name} is not in the key service")
        return ServiceKey(name, _public(ask({"do": "public", "key": name})))

    def destroy(self, name: str, kept: str) -> None:
        ask({"do": "destroy", "key": name})


@dataclass(frozen=True)
class ServiceKey:
    """A private key that the service has."""

    name: str
    public: PublicKey

    def sign(self, data: bytes) -> str:
        """Return the service's signature. Raises SignerFailed, also for one that is wrong."""
        answer = ask({"do": "sign", "key": self.name, "data": base64.b64encode(data).decode()})
        signature = answer.get("signature")
        if not isinstance(signature, str) or not self.public.verify(data, signature):
            raise SignerFailed("the key service gave a signature that is not the key's")
        return signature


def _public(answer: dict[str, Any]) -> PublicKey:
    try:
        return PublicKey.from_text(str(answer.get("public")))
    except ValueError:
        raise SignerFailed("the key service gave no Ed25519 public key") from None


def ask(question: dict[str, str]) -> dict[str, Any]:
    """Return the service's answer to one question. Raises SignerFailed, after 2 seconds at most."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as service:
            service.settimeout(SECONDS)
            service.connect(settings.SIGNER_SOCKET)
            service.sendall(json.dumps(question).encode() + b"\n")
            answer = json.loads(_line(service))
    except (OSError, ValueError) as error:
        raise SignerFailed(f"the key service does not answer: {error}") from None
    if not isinstance(answer, dict) or "error" in answer:
        raise SignerFailed(f"the key service refuses: {str(answer)[:200]}")
    return answer


def _line(service: socket.socket) -> bytes:
    deadline = time.monotonic() + SECONDS
    data = b""
    while not data.endswith(b"\n") and len(data) <= LONGEST_LINE:
        service.settimeout(max(deadline - time.monotonic(), 0.001))
        chunk = service.recv(4096)
        if not chunk:
            break
        data += chunk
    return data
