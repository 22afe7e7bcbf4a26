"""The wallet as a command: `python -m wallets.client --folder alice onboard --notifier ...`."""

from __future__ import annotations

import argparse
import getpass
import json
import os
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from wallets.client import events
from wallets.client.errors import WalletError
from wallets.client.prompts import INPUTS
from wallets.client.wallet import Wallet

OPENING_SECONDS = 30


def on_terminal(wallet: Wallet, prompt: dict[str, Any]) -> dict[str, Any] | None:
    """Ask the person at the terminal; an empty line at a yes-or-no question is a no."""
    print(f"{prompt['Emoji']} {prompt['Text']}")
    if prompt.get("Details"):
        print(f"   {prompt['Details']}")
    if prompt["Format"] == "CONFIRM":
        said = input("   yes or no? ").strip().lower()
        return {"Result": "YES" if said in ("y", "yes") else "NO"}
    options = [each for each in prompt.get("Options", []) if "Locator" not in each]
    for number, option in enumerate(options, 1):
        print(f"   {number}. {option['Title']}")
    said = input("   > ").strip()
    if prompt["Format"] == "MANY":
        return {"Result": "OK", "Answer": [_chosen(options, each) for each in said.split()]}
    return {"Result": "OK", "Answer": _chosen(options, said)}


def _chosen(options: list[dict[str, str]], said: str) -> str:
    """Return the id of the option that was meant by its number; anything else as it was typed."""
    if options and said.isdigit() and 1 <= int(said) <= len(options):
        return options[int(said) - 1]["ID"]
    return said


def show(happened: list[events.Event]) -> None:
    """Print what happened; questions have been printed when they were asked."""
    for event in happened:
        asked = event.kind == events.SHOWN and event.details.get("Format") in INPUTS
        if not asked and event.kind not in (events.ANSWERED, events.UNANSWERED):
            print(event.text)


def onboard(arguments: argparse.Namespace) -> int:
    with closing(
        Wallet.create(
            arguments.folder,
            notifier=arguments.notifier,
            language=arguments.language,
            routes=arguments.route,
        )
    ) as wallet:
        print(f"wallet {wallet.id} at {wallet.broker}")
        print(
            f"Its keys are in {arguments.folder} and nowhere else: a lost folder is a lost wallet."
        )
        return 0


def open_locator(arguments: argparse.Namespace) -> int:
    """Open a chat and stay in it until it has been quiet for a while."""
    with closing(Wallet(arguments.folder, routes=arguments.route, answer=on_terminal)) as wallet:
        hook = wallet.locate(arguments.locator)
        limit = time.monotonic() + OPENING_SECONDS
        while wallet.chat_opened_as(hook) is None:
            if time.monotonic() > limit:
                print("nobody opened the chat", file=sys.stderr)
                return 1
            wallet.poll(wait=5, tell=show)
        return _listen(wallet, arguments.seconds)


def listen(arguments: argparse.Namespace) -> int:
    with closing(Wallet(arguments.folder, routes=arguments.route, answer=on_terminal)) as wallet:
        return _listen(wallet, arguments.seconds)


def _listen(wallet: Wallet, quiet: float) -> int:
    limit = time.monotonic() + quiet
    while time.monotonic() < limit:
        happened = wallet.poll(wait=min(quiet, 20), tell=show)
        if any(event.kind != events.FAILED for event in happened):
            limit = time.monotonic() + quiet
    return 0


def list_tokens(arguments: argparse.Namespace) -> int:
    with closing(Wallet(arguments.folder, routes=arguments.route)) as wallet:
        wallet.frontend()
        for token in wallet.tokens():
            document = token["Document"]
            state = token["Status"] if token["Valid"] else f"INVALID: {token['Problem']}"
            name = f"  {token['Tag']}" if "Tag" in token else ""
            print(f"{document['Token']}  {document['Issuer']}  {document['Schema']}  {state}{name}")
        return 0


def show_token(arguments: argparse.Namespace) -> int:
    with closing(Wallet(arguments.folder, routes=arguments.route)) as wallet:
        token = _one_token(wallet, arguments.token)
        print(json.dumps(token["Document"], indent=2, ensure_ascii=False))
        verdict = "signature and dates are good" if token["Valid"] else token["Problem"]
        print(f"checked: {verdict}; status: {token['Status']}")
        return 0 if token["Valid"] else 1


def _one_token(wallet: Wallet, beginning: str) -> dict[str, Any]:
    for token in wallet.tokens():
        if token["Document"]["Token"].startswith(beginning):
            return token
    raise WalletError("no such token")


def tag_token(arguments: argparse.Namespace) -> int:
    with closing(Wallet(arguments.folder, routes=arguments.route)) as wallet:
        document = _one_token(wallet, arguments.token)["Document"]
        wallet.tag(document["Issuer"], document["Token"], " ".join(arguments.name))
        return 0


def show_codes(arguments: argparse.Namespace) -> int:
    """Print what a token's codes hold; what is not valid is not worth scanning."""
    with closing(Wallet(arguments.folder, routes=arguments.route)) as wallet:
        token = _one_token(wallet, arguments.token)
        if not token["Valid"]:
            raise WalletError(f"this token is not valid: {token['Problem']}")
        codes = wallet.codes_of(token["Document"])
        print(f"A  {codes.link}")
        print(f"B  {codes.offline}")
        return 0


def delete_token(arguments: argparse.Namespace) -> int:
    with closing(Wallet(arguments.folder, routes=arguments.route)) as wallet:
        document = _one_token(wallet, arguments.token)["Document"]
        wallet.remove(document["Issuer"], document["Token"])
        return 0


def rename(arguments: argparse.Namespace) -> int:
    with closing(Wallet(arguments.folder, routes=arguments.route)) as wallet:
        wallet.rename(" ".join(arguments.name))
        return 0


def list_chats(arguments: argparse.Namespace) -> int:
    with closing(Wallet(arguments.folder, routes=arguments.route)) as wallet:
        for chat in wallet.chats():
            left = "  left" if "Left" in chat else ""
            print(f"{chat['Chat']}  {chat['Host']}  {chat['HostTitle']}{left}")
        return 0


def in_chat(arguments: argparse.Namespace) -> int:
    """Begin a chat again, or leave it."""
    with closing(Wallet(arguments.folder, routes=arguments.route)) as wallet:
        fits = [each for each in wallet.chats() if each["Chat"].startswith(arguments.chat)]
        if len(fits) != 1:
            raise WalletError(f"{len(fits)} chats begin like that")
        arguments.act(wallet, fits[0]["Chat"])
        return 0


def make_backup(arguments: argparse.Namespace) -> int:
    with closing(Wallet(arguments.folder, routes=arguments.route)) as wallet:
        text = wallet.backup(_passphrase(arguments) or None)
        descriptor = os.open(arguments.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        print(f"{arguments.file} holds all of this wallet; only the passphrase opens it")
        return 0


def restore_backup(arguments: argparse.Namespace) -> int:
    text = arguments.file.read_text(encoding="utf-8")
    with closing(
        Wallet.restore(arguments.folder, text, _passphrase(arguments), routes=arguments.route)
    ) as wallet:
        print(f"wallet {wallet.id} at {wallet.broker}, {len(wallet.tokens())} tokens")
        return 0


def _passphrase(arguments: argparse.Namespace) -> str:
    """Return the passphrase from a file, or from the terminal: a command line is seen by others."""
    if arguments.passphrase_file is not None:
        return str(arguments.passphrase_file.read_text(encoding="utf-8").strip())
    return getpass.getpass("passphrase or recovery code: ")


def frontend(arguments: argparse.Namespace) -> int:
    with closing(Wallet(arguments.folder, routes=arguments.route)) as wallet:
        view = wallet.frontend()
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
    _add_keeping(commands)
    commands.add_parser("chats", help="list the chats").set_defaults(run=list_chats)
    for word, act, about in (
        ("restart", Wallet.restart, "ask a chat's host to begin again"),
        ("leave", Wallet.leave, "leave a chat: its questions are withdrawn"),
    ):
        acting = commands.add_parser(word, help=about)
        acting.add_argument("chat", help="its id, or the beginning of it")
        acting.set_defaults(run=in_chat, act=act)
    commands.add_parser("frontend", help="what the broker says we hold").set_defaults(run=frontend)
    return root


def _add_keeping(commands: Any) -> None:
    """Add what is done with tokens and with the wallet as a whole."""
    tag = commands.add_parser("tag", help="name a token; no name takes it away")
    tag.add_argument("token")
    tag.add_argument("name", nargs="*")
    tag.set_defaults(run=tag_token)
    delete = commands.add_parser("delete", help="delete a token from this wallet")
    delete.add_argument("token")
    delete.set_defaults(run=delete_token)
    naming = commands.add_parser("rename", help="change what this wallet is called")
    naming.add_argument("name", nargs="+")
    naming.set_defaults(run=rename)
    codes = commands.add_parser("codes", help="print what a token's codes hold")
    codes.add_argument("token")
    codes.set_defaults(run=show_codes)
    for word, run, about in (
        ("backup", make_backup, "write an encrypted backup"),
        ("restore", restore_backup, "put a backup, also one of the page, into an empty folder"),
    ):
        command = commands.add_parser(word, help=about)
        command.add_argument("file", type=Path)
        command.add_argument("--passphrase-file", type=Path, help="instead of asking")
        command.set_defaults(run=run)


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; return 0, 1 when it could not be done, 2 when asked wrongly."""
    arguments = parser().parse_args(words)
    try:
        return int(arguments.run(arguments))
    except (WalletError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, EOFError):
        return 130


if __name__ == "__main__":
    sys.exit(main())
