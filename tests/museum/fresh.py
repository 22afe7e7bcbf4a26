"""`python -m tests.museum.fresh`: play one new flow, and print the talker's last line."""

from __future__ import annotations

import sys

from tests.museum.house import open_house

if __name__ == "__main__":
    open_house()

from django.core.management import call_command

from config.demo.data import seed
from tests.flows.steps import agreed_ticket
from tests.person import Person
from tests.pump import pump
from tests.scripts.engine import DOMAIN


def play() -> str:
    """Return how a flow that begins now ends."""
    call_command("migrate", verbosity=0)
    seed()
    alice = Person("alice")
    alice.onboard()
    chat, token = agreed_ticket(alice)
    assert alice.download(chat, DOMAIN, token).status == 200
    assert alice.saved(DOMAIN, token).status == 200
    pump()
    return alice.lines(chat)[-1]


if __name__ == "__main__":
    sys.stdout.write(play())
