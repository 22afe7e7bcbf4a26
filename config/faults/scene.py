"""Who plays: an issuer, a broker and a notifier, and the script of every order in a fault run.

An order is one business process of the issuer: a script that offers a token in a chat, goes on with
the answer, and returns what became of it. Its number is the caller's idempotency key.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from django.db import transaction

from broker.models import Notifier
from host.models import Title
from host.services import save_talker
from messaging.keys import create_domain
from scripts import library, services
from scripts.models import Run
from wallets.models import NotifierBroker

ISSUER, BROKER, NOTIFIER = "theatre.test", "broker.test", "notifier.test"
SCHEMA = f"{ISSUER}/HOST/TICKET:1.0"
LOCATOR = f".HOST,{ISSUER},orders"
TALKER = "💬 Orders:\n- LOG: somebody has come\n"
ORDER = f"""
💬 Order:
- CHAT:
    Chat: $.Inputs.Chat
    Broker: {BROKER}
- ISSUE >> $token:
    Schema: {SCHEMA}
    Timeout: $.Inputs.Until
    Context:
        Order: $.Inputs.Order
- IF $.Inputs.Tell:
    - IF $token: INFO Order {{$.Inputs.Order}} is kept
    - ELSE: INFO Order {{$.Inputs.Order}} is not kept
- IF $token:
    RETURN:
        Order: $.Inputs.Order
        Token: $token.Token
- RETURN:
    Order: $.Inputs.Order
    Token: ""
"""
POISON = "💬 Poison:\n- POISON\n- RETURN: never\n"
KILLER = "💬 Killer:\n- KILLER\n- RETURN: never\n"


@dataclass(frozen=True)
class Order:
    """One flow: its number, the chat it is offered in, and until when (UTC). `tell` ends it with a
    line that the person reads."""

    number: int
    chat: str
    until: datetime
    tell: bool = False

    @property
    def trigger(self) -> str:
        return f"order:{self.number}"


def build() -> None:
    """Put in the domains, what they know of each other, and the talker; safe to repeat."""
    for name in (ISSUER, BROKER, NOTIFIER):
        create_domain(name, name.partition(".")[0].title())
    Notifier.objects.get_or_create(domain=BROKER, name=NOTIFIER)
    NotifierBroker.objects.get_or_create(domain=NOTIFIER, defaults={"broker": BROKER})
    Title.objects.get_or_create(code=SCHEMA, language="en-us", defaults={"title": "Ticket"})
    save_talker(domain=ISSUER, key="orders", title="Orders", source=TALKER)
    order_version()


@lru_cache(maxsize=3)
def compiled(source: str) -> library.Version:
    """Return the version of one of the scripts above."""
    return library.compile_source(source, file="order.yaml", name="orders")


def order_version() -> library.Version:
    return compiled(ORDER)


def submit(order: Order) -> Run | None:
    """Start an order's script, durably: when this returns, it is committed.

    None when the order was started before: submitting twice starts once.
    """
    inputs = {
        "Order": str(order.number),
        "Chat": order.chat,
        "Until": order.until,
        "Tell": order.tell,
    }
    return _start(order_version(), "Order", order.trigger, inputs)


def submit_poison(number: int, *, kills: bool = False) -> Run | None:
    """Start a script that always raises, or that kills the worker which runs it."""
    name, source = ("Killer", KILLER) if kills else ("Poison", POISON)
    return _start(compiled(source), name, f"{name.lower()}:{number}", {})


def _start(
    version: library.Version, script: str, trigger: str, inputs: dict[str, object]
) -> Run | None:
    with transaction.atomic():
        return services.start_run(version, script, domain=ISSUER, trigger=trigger, inputs=inputs)
