"""`make demo`: a server, three people, three ends; prints all of it and checks it."""

from __future__ import annotations

import json
import signal
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from config.demo.link import invitation
from config.demo.people import Person, cast
from config.demo.server import Server, ServerFailed

NOTIFIER = "notifier.test"
# person -> (issuer's end, broker's end, the talker's last line, tokens in the wallet)
EXPECTED = {
    "alice": ("ACCEPTED", "SAVED", "DONE", 1),
    "bob": ("DECLINED", "DECLINED", "FAIL", 0),
    "charlie": ("EXPIRED", "EXPIRED", "FAIL", 0),
}


def main() -> int:
    """Play the demonstration; 0 when all went as expected. At a terminal, or with --stay, the
    server stays for the person, until Ctrl-C."""
    stays = "--stay" in sys.argv[1:] or (sys.stdin.isatty() and sys.stdout.isatty())
    with tempfile.TemporaryDirectory(prefix="countersign-demo-") as name:
        folder = Path(name)
        print("Starting a server with everything embedded ...", flush=True)
        (folder / "server").mkdir()
        server = Server(folder / "server", embedded=True)
        try:
            server.start()
            print(
                f"It serves theatre.test, gym.test, library.test, broker.test and {NOTIFIER} "
                f"at {server.url}\n",
                flush=True,
            )
            people = cast()
            threads = [person.start(folder, NOTIFIER, f"*.test={server.url}") for person in people]
            for thread in threads:
                thread.join()
            failed = report(people, server.history())
            if stays:
                wait_for_person(server.url)
            else:
                print("demo: to be a person yourself, `make run` and open the link that it prints")
            return failed
        except ServerFailed as error:
            print(f"demo: the server failed:\n{error}", file=sys.stderr)
            return 1
        finally:
            server.stop()


def wait_for_person(url: str) -> None:
    """Invite whoever reads this, and go on serving until Ctrl-C or a hang-up."""
    print(f"\n{invitation(url)}\nThe server stays until Ctrl-C.", flush=True)
    with suppress(KeyboardInterrupt):
        signal.pause()


def report(people: Sequence[Person], history: list[dict[str, Any]]) -> int:
    """Print each flow, compare it with what is expected, and print the verdict."""
    wrong: list[str] = []
    counts = {"ACCEPTED": 0, "DECLINED": 0, "EXPIRED": 0}
    for person in people:
        events = _flow_of(person, history)
        ends = {event["Side"]: event["Value"] for event in events if event["Kind"] == "STATE"}
        kept = person.tokens()
        seen = (ends.get("issuer"), ends.get("broker"), person.last, len(kept))
        _print_flow(person, events, kept)
        if ends.get("issuer") in counts:
            counts[ends["issuer"]] += 1
        if person.problem or seen != EXPECTED[person.name] or not all(t["Valid"] for t in kept):
            expected = EXPECTED[person.name]
            wrong.append(f"{person.name}: expected {expected}, saw {seen} {person.problem}")
    for line in wrong:
        print(f"demo: {line}")
    verdict = "all as expected" if not wrong else "NOT as expected"
    print(
        f"demo: {len(people)} flows, accepted {counts['ACCEPTED']}, "
        f"declined {counts['DECLINED']}, expired {counts['EXPIRED']}: {verdict}"
    )
    return 1 if wrong else 0


def _flow_of(person: Person, history: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what happened to the token that this person's place offered."""
    issuer = person.locator.split(",")[1]
    offered = [each for each in history if each["Domain"] == issuer]
    token = offered[0]["Token"] if offered else ""
    return [each for each in history if each["Token"] == token]


def _print_flow(person: Person, events: list[dict[str, Any]], kept: list[dict[str, Any]]) -> None:
    print(f"== {person.name} opens {person.locator}")
    for event in person.happened:
        print(f"   {event.at:%H:%M:%S}  {event.text}")
        if event.details.get("Details"):
            print(f"             {event.details['Details']}")
        for option in event.details.get("Options", []):
            print(f"             - {option['Title']}")
    print("   the token, on both sides:")
    for each in events:
        print(f"   {each['At'][11:23]}  {each['Side']:<7} {each['Value']}")
    for token in kept:
        print("   in the wallet, signature checked against the issuer's key:")
        print(
            "   "
            + json.dumps(token["Document"], indent=2, ensure_ascii=False).replace("\n", "\n   ")
        )
    print(flush=True)


if __name__ == "__main__":
    sys.exit(main())
