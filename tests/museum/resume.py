"""`python -m tests.museum.resume FILE [DATA]`: resume every piece of a file, and see how it ends.

The rows come from the file, into an empty database; or they are in the database of the folder DATA,
where the code that parked them left them. Prints the names of the pieces; what differs ends it.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.museum.house import open_house

if __name__ == "__main__":
    open_house(*sys.argv[2:3])

from django.core.management import call_command

from broker.models import Token as Mirror
from host.models import Prompt
from issuer.models import Token
from messaging import clock, inbox
from messaging.signing import PrivateKey
from scripts import hooks, lifecycle
from scripts.language.values import decode
from scripts.models import Run
from scripts.selectors import untold_runs, unwakeable_runs
from tests.museum.rows import put_rows
from tests.person import Person, response
from tests.pump import pump


class Visit:
    """One file of the museum, on a database that holds its rows."""

    def __init__(self, kept: dict[str, Any]) -> None:
        self.pieces = kept["pieces"]
        self.people = {each["name"]: person(each) for each in kept["people"]}
        self.parked_at = datetime.fromisoformat(kept["clock"])
        self.answers: dict[str, inbox.Answer] = {}

    def resume(self) -> None:
        """Play all steps, each at its time."""
        steps = [step for piece in self.pieces for step in piece["steps"]]
        self.until(1)
        pump()
        for step in sorted(steps, key=lambda step: step["at"]):
            self.until(max(step["at"], 1))
            getattr(self, f"do_{step['do']}")(step)
            pump()
        assert not unwakeable_runs().exists()
        assert not untold_runs().exists()

    def until(self, seconds: float) -> None:
        """Set the clock to so many seconds after the parking."""
        wanted = self.parked_at + timedelta(seconds=seconds)
        clock.move((wanted - clock.now()).total_seconds())

    def do_wait(self, step: dict[str, Any]) -> None:
        """Only the time has come; the pump does the rest."""

    def do_signal(self, step: dict[str, Any]) -> None:
        origin = f"domain:{step['domain']}"
        hooks.send_signal(
            domain=step["domain"],
            name=step["hook"],
            source="visit",
            origin=origin,
            value=step["value"],
        )

    def do_reply(self, step: dict[str, Any]) -> None:
        self.people[step["person"]].answer_last(step["chat"], **step["answer"])

    def do_save(self, step: dict[str, Any]) -> None:
        person, issuer, token = self.people[step["person"]], step["issuer"], step["token"]
        document = response(person.download(step["chat"], issuer, token))
        assert document, "nothing was downloaded"
        assert person.saved(issuer, token).status == 200

    def do_retry(self, step: dict[str, Any]) -> None:
        assert lifecycle.retry(step["run"], by="the museum")

    def do_post(self, step: dict[str, Any]) -> None:
        self.answers[step["raw"]] = inbox.receive(step["raw"].encode())

    # -- what must then be so ---------------------------------------------------------------

    def differences(self) -> list[str]:
        """Return what did not end as it should, in words."""
        return [
            f"{piece['name']}: {expect['that']} is {seen!r}, not {wanted!r}"
            for piece in self.pieces
            for expect in piece["expect"]
            for seen, wanted in [getattr(self, f"see_{expect['that']}")(expect)]
            if seen != wanted
        ]

    def see_run(self, expect: dict[str, Any]) -> tuple[Any, Any]:
        run = Run.objects.get(pk=expect["run"])
        return (run.state, decode(run.result)), (expect["state"], expect["result"])

    def see_line(self, expect: dict[str, Any]) -> tuple[Any, Any]:
        # From its row: a wallet may not fetch a question whose time is up.
        said = Prompt.objects.filter(chat__domain=expect["domain"], chat__chat=expect["chat"])
        last = said.order_by("pk").last()
        return last and f"{last.format} {last.text}", expect["line"]

    def see_token(self, expect: dict[str, Any]) -> tuple[Any, Any]:
        token = expect["token"]
        seen = Token.objects.get(pk=token).state, Mirror.objects.get(token=token).state
        return seen, (expect["issuer"], expect["broker"])

    def see_answer(self, expect: dict[str, Any]) -> tuple[Any, Any]:
        answer = self.answers[expect["raw"]]
        seen = (answer.status, expect["has"] in response(answer))
        return seen, (200, True)


def person(kept: dict[str, Any]) -> Person:
    """Return a person with the wallet that was kept."""
    found = Person(kept["name"])
    found.wallet = kept["wallet"]
    found.key = PrivateKey.from_seed(bytes.fromhex(kept["seed"]))
    found.chat_keys = {
        chat: PrivateKey.from_seed(bytes.fromhex(seed)) for chat, seed in kept["chats"].items()
    }
    return found


def main(file: str, data: str | None = None) -> int:
    """Resume a file's pieces; return how many things differ from what was expected."""
    kept = json.loads(Path(file).read_text(encoding="utf-8"))
    if data is None:
        put_rows(kept["rows"], kept["migrations"])
    else:
        call_command("migrate", verbosity=0)
    visit = Visit(kept)
    visit.resume()
    differences = visit.differences()
    for line in differences or [piece["name"] for piece in kept["pieces"]]:
        sys.stdout.write(f"{line}\n")
    return len(differences)


if __name__ == "__main__":
    sys.exit(min(main(*sys.argv[1:3]), 100))
