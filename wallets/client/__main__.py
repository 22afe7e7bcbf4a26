"""The wallet as a command: `python -m wallets.client --folder alice onboard --notifier ...`."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from wallets.client import events
from wallets.client.errors import WalletError
from wallets.client.wallet import Wallet

OPENING_SECONDS = 30


def on_terminal(wallet: Wallet, prompt: dict[str, Any]) -> dict[str, str] | None:
    """Ask the person at the terminal; an empty line at a yes-or-no question is a no."""
    print(f"{prompt['Emoji']} {prompt['Text']}")
    if prompt.get("Details"):
        print(f"   {prompt['Details']}")
    if prompt["Format"] == "CONFIRM":
        said = input("   yes or no? ").strip().lower()
        return {"Result": "YES" if said in ("y", "yes") else "NO"}
    options = prompt.get("Options", [])
    for number, option in enumerate(options, 1):
        print(f"   {number}. {option['Title']}")
    said = input("   > ").strip()
    if options and said.isdigit() and 1 <= int(said) <= len(options):
        said = options[int(said) - 1]["ID"]
    return {"Result": "OK", "Answer": said}


def show(happened: list[events.Event]) -> None:
    """Print what happened; questions have been printed when they were asked."""
    for event in happened:
        asked = event.kind == events.SHOWN and event.details.get("Format") in (
            "CONFIRM",
            "TEXT",
            "ONE",
        )
        if not asked and event.kind not in (events.ANSWERED, events.UNANSWERED):
            print(event.text)


def onboard(arguments: argparse.Namespace) -> int:
    wallet = Wallet.create(
        arguments.folder,
        notifier=arguments.notifier,
        language=arguments.language,
        routes=arguments.route,
    )
    print(f"wallet {wallet.id} at {wallet.broker}")
    print(f"Its keys are in {arguments.folder} and nowhere else: a lost folder is a lost wallet.")
    return 0


def open_locator(arguments: argparse.Namespace) -> int:
    """Open a chat and stay in it until it has been quiet for a while."""
    wallet = Wallet(arguments.folder, routes=arguments.route, answer=on_terminal)
    hook = wallet.locate(arguments.locator)
    limit = time.monotonic() + OPENING_SECONDS
    while wallet.chat_opened_as(hook) is None:
        if time.monotonic() > limit:
            print("nobody opened the chat", file=sys.stderr)
            return 1
        wallet.poll(wait=5, tell=show)
    return _listen(wallet, arguments.seconds)


def listen(arguments: argparse.Namespace) -> int:
    wallet = Wallet(arguments.folder, routes=arguments.route, answer=on_terminal)
    return _listen(wallet, arguments.seconds)


def _listen(wallet: Wallet, quiet: float) -> int:
    limit = time.monotonic() + quiet
    while time.monotonic() < limit:
        happened = wallet.poll(wait=min(quiet, 20), tell=show)
        if any(event.kind != events.FAILED for event in happened):
            limit = time.monotonic() + quiet
    return 0


def list_tokens(arguments: argparse.Namespace) -> int:
    wallet = Wallet(arguments.folder, routes=arguments.route)
    wallet.frontend()
    for token in wallet.tokens():
        document = token["Document"]
        state = token["Status"] if token["Valid"] else f"INVALID: {token['Problem']}"
        print(f"{document['Token']}  {document['Issuer']}  {document['Schema']}  {state}")
    return 0


def show_token(arguments: argparse.Namespace) -> int:
    wallet = Wallet(arguments.folder, routes=arguments.route)
    for token in wallet.tokens():
        if token["Document"]["Token"].startswith(arguments.token):
            print(json.dumps(token["Document"], indent=2, ensure_ascii=False))
            verdict = "signature and dates are good" if token["Valid"] else token["Problem"]
            print(f"checked: {verdict}; status: {token['Status']}")
            return 0 if token["Valid"] else 1
    print("no such token", file=sys.stderr)
    return 1


def frontend(arguments: argparse.Namespace) -> int:
    view = Wallet(arguments.folder, routes=arguments.route).frontend()
    print(json.dumps(view, indent=2, ensure_ascii=False))
    return 0


def parser() -> argparse.ArgumentParser:
    """Return the command's grammar."""
    root = argparse.ArgumentParser(prog="python -m wallets.client", description=__doc__)
    root.add_argument("--folder", type=Path, required=True, help="where this wallet lives")
    root.add_argument(
        "--route",
        action="append",
        default=[],
        metavar="PATTERN=URL",
        help="for development: where domains are served, as *.test=http://127.0.0.1:8000",
    )
    commands = root.add_subparsers(required=True)
    new = commands.add_parser("onboard", help="make keys and register at a notifier")
    new.add_argument("--notifier", required=True)
    new.add_argument("--language", default="en-us")
    new.set_defaults(run=onboard)
    opening = commands.add_parser("open", help="open a locator and talk")
    opening.add_argument("locator")
    opening.add_argument("--seconds", type=float, default=15, help="leave after this much silence")
    opening.set_defaults(run=open_locator)
    listening = commands.add_parser("listen", help="stay and answer what comes")
    listening.add_argument("--seconds", type=float, default=60)
    listening.set_defaults(run=listen)
    commands.add_parser("tokens", help="list the tokens kept here").set_defaults(run=list_tokens)
    one = commands.add_parser("show", help="print one token's document and its check")
    one.add_argument("token", help="its id, or the beginning of it")
    one.set_defaults(run=show_token)
    commands.add_parser("frontend", help="what the broker says we hold").set_defaults(run=frontend)
    return root


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; return 0, 1 when it could not be done, 2 when asked wrongly."""
    arguments = parser().parse_args(words)
    try:
        return int(arguments.run(arguments))
    except (WalletError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, EOFError):
        return 130


if __name__ == "__main__":
    sys.exit(main())
