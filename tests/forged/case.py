"""What a case says: its name, the message, and the answer that it must get."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from messaging.refusals import PUBLIC_TEXT, Reason
from tests.forged.scene import Scene, spelt

JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Request:
    """One HTTP request."""

    body: bytes
    headers: dict[str, str] = field(default_factory=lambda: dict(JSON))
    method: str = "POST"
    path: str = "/inbox"


@dataclass(frozen=True)
class Case:
    """A forged message. `make` returns the JSON value, the bytes or the whole request.

    `reason` is the check that must refuse it; without one (framework, repeats, late refusals)
    `status` says what the sender sees. `kept` says that the protocol records the message itself.
    """

    name: str
    make: Callable[[Scene], Any]
    reason: Reason | None = None
    status: int = 0
    error: str | None = None
    kept: bool = False

    def request(self, scene: Scene) -> Request:
        made = self.make(scene)
        if isinstance(made, Request):
            return made
        return Request(made if isinstance(made, bytes) else spelt(made))

    @property
    def expected_status(self) -> int:
        return self.status if self.reason is None else self.reason.status

    @property
    def expected_error(self) -> str | None:
        """What the answer's Error is; None when a repeat or a late refusal is answered 200."""
        return PUBLIC_TEXT[self.reason.status] if self.reason else self.error
