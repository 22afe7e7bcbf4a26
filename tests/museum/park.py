"""`python -m tests.museum.park FILE [DATA]`: park every piece, and keep them all in one file.

The rows also stay in the SQLite database of the folder DATA, if it is named.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from tests.museum.house import open_house

if __name__ == "__main__":
    open_house(*sys.argv[2:3])

from django.conf import settings
from django.core.management import call_command

from config.demo.data import seed
from messaging import clock
from messaging.syntax import format_time
from tests.museum.pieces import park_all
from tests.museum.rows import applied_migrations, take_rows
from tests.person import Person
from tests.pump import pump

ROW = re.compile(r"(?<=\n    )\[\n.*?\n    \](?=,?\n)", re.DOTALL)  # a list four deep


def park(file: Path) -> None:
    """Park every piece in the empty database of these settings, and write the file."""
    call_command("migrate", verbosity=0)
    seed()
    alice = Person("alice")
    alice.onboard()
    pump()
    pieces = park_all(alice)
    kept = {
        "release": settings.SPECTACULAR_SETTINGS["VERSION"],
        "clock": format_time(clock.now()),
        "migrations": applied_migrations(),
        "people": [to_json(alice)],
        "pieces": [vars(piece) for piece in pieces],
        "rows": take_rows(),
    }
    file.write_text(in_lines(kept), encoding="utf-8")


def in_lines(kept: dict[str, Any]) -> str:
    """Return JSON with a row a line, so that a difference can be read."""
    text = json.dumps(kept, ensure_ascii=False, indent=1, default=str)
    return ROW.sub(lambda row: json.dumps(json.loads(row[0]), ensure_ascii=False), text) + "\n"


def to_json(person: Person) -> dict[str, object]:
    """Return what a person's wallet knows, keys included."""
    return {
        "name": person.name,
        "wallet": person.wallet,
        "seed": person.key.seed().hex(),
        "chats": {chat: key.seed().hex() for chat, key in person.chat_keys.items()},
    }


if __name__ == "__main__":
    park(Path(sys.argv[1]))
