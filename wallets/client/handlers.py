"""What a wallet does with each message of its broker; doing it twice does it once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from messaging import clock
from messaging.signing import PrivateKey
from messaging.syntax import format_time
from wallets.client import events
from wallets.client.errors import Refused, Untrusted
from wallets.client.events import Event
from wallets.client.prompts import INPUTS, printable, read_content

if TYPE_CHECKING:
    from wallets.client.wallet import Wallet


def open_chat(wallet: Wallet, body: dict[str, Any]) -> list[Event]:
    """Open: make the chat's key, keep it, and only then say which it is."""
    name = f"chats/{body['Chat']}.json"
    chat = wallet.folder.read(name)
    if chat is None:
        chat = {
            "Chat": body["Chat"],
            "Hook": body.get("Hook", ""),
            "Host": body["Host"],
            "HostTitle": printable(str(body.get("HostTitle") or body["Host"])),
            "Seed": PrivateKey.generate().seed().hex(),
            "Opened": format_time(clock.now()),
            "Prompts": {},
        }
        wallet.folder.write(name, chat)
    public = PrivateKey.from_seed(bytes.fromhex(chat["Seed"])).public.spki
    wallet.tell("Opened@Broker", {"Chat": chat["Chat"], "PublicKey": public})
    text = f"chat with {chat['HostTitle']} ({chat['Host']})"
    return [Event(events.OPENED, text, chat=chat["Chat"])]


def show_prompt(wallet: Wallet, body: dict[str, Any]) -> list[Event]:
    """Prompt: fetch what it says from the host, show it, and send the person's answer, once."""
    chat_id, prompt_id = body["Chat"], body["Hook"]
    chat = wallet.chat(chat_id)
    known = chat["Prompts"].get(prompt_id)
    if known is None:
        content = wallet.ask_in_chat(
            chat_id, body["Sender"], "Prompted@Host", {"Prompt": prompt_id}
        )
        known = {
            # First, so that a host's answer cannot say who asked, or that it was answered.
            **read_content(content),
            "Prompt": prompt_id,
            "Chat": chat_id,
            "Sender": body["Sender"],
            "Format": body["Format"],
            "Emoji": printable(str(body.get("Emoji") or "")),
        }
        _keep(wallet, chat, known)
    shown = Event(
        events.SHOWN, f"{known['Emoji']} {known['Text']}", chat=chat_id, details=dict(known)
    )
    if known["Format"] not in INPUTS:
        return [shown]
    if known.get("Sent") or known.get("Over"):
        return []
    return [shown, _reply(wallet, chat, known)]


def _reply(wallet: Wallet, chat: dict[str, Any], prompt: dict[str, Any]) -> Event:
    if "Reply" not in prompt:
        prompt["Reply"] = wallet.answer(wallet, prompt)
        _keep(wallet, chat, prompt)  # before it is sent: a crash must not ask the person again
    if prompt["Reply"] is None:
        return Event(events.UNANSWERED, "(left unanswered)", chat=chat["Chat"])
    reply = {"Prompt": prompt["Prompt"], **prompt["Reply"]}
    wallet.tell_in_chat(chat["Chat"], prompt["Sender"], "Reply@Host", reply)
    prompt["Sent"] = format_time(clock.now())
    _keep(wallet, chat, prompt)
    said = prompt["Reply"].get("Answer") or prompt["Reply"].get("Result", "")
    return Event(events.ANSWERED, f"> {said}", chat=chat["Chat"])


def _keep(wallet: Wallet, chat: dict[str, Any], prompt: dict[str, Any]) -> None:
    chat["Prompts"][prompt["Prompt"]] = prompt
    wallet.folder.write(f"chats/{chat['Chat']}.json", chat)


def save_token(wallet: Wallet, body: dict[str, Any]) -> list[Event]:
    """Save: download from the issuer, check, store, and only then say that it is saved."""
    issuer, token, chat_id = body["Issuer"], body["Token"], body["Chat"]
    chat = wallet.chat(chat_id)
    if chat["Host"].lower() != issuer.lower():
        raise Untrusted(f"{issuer} is not the host of this chat")
    # Stored already when the broker could not be told before: it must be told now, even if the
    # issuer serves it no more. It may answer that the copy is to be let go of.
    document = wallet.kept_document(issuer, token)
    if document is None:
        try:
            document = wallet.ask_in_chat(chat_id, issuer, "Issued@Issuer", {"Token": token})
        except Refused:
            text = f"{issuer} no longer offers this token"
            return [Event(events.REFUSED, text, chat=chat_id, token=token)]
        problem = wallet.problem(document, token=token, issuer=issuer)
        if problem:
            text = f"the token was refused: {problem}"
            return [Event(events.REFUSED, text, chat=chat_id, token=token)]
        wallet.keep_document(document, chat_id)
    path = wallet.document_path(issuer, token)
    wallet.tell("Saved@Broker", {"Issuer": issuer, "Token": token, "Path": path})
    text = f"saved {document['Schema']} by {issuer}"
    return [Event(events.SAVED, text, chat=chat_id, token=token, details=document)]


def remove_token(wallet: Wallet, body: dict[str, Any]) -> list[Event]:
    """Remove: let go of a token; its file is put aside, out of the list."""
    issuer, token = body["Issuer"].lower(), body["Token"]
    wallet.folder.move(f"tokens/{issuer}/{token}.json", f"removed/{issuer}/{token}.json")
    return [Event(events.REMOVED, f"removed a token by {issuer}", token=token)]


def update_list(wallet: Wallet, body: dict[str, Any]) -> list[Event]:
    """Updated: ask the broker what this wallet holds now, and tell what is new or other.

    Questions about offers that were taken back are let go of.
    """
    ended = _close_offers(wallet) if "OFFERS" in (body.get("Updates") or []) else []
    before = wallet.listed()
    wallet.frontend()
    return ended + [
        Event(
            events.UPDATED,
            f"{printable(str(row.get('Title')))}: {row.get('Status')}",
            token=row["Token"],
            details=row,
        )
        for name, row in wallet.listed().items()
        if before.get(name, {}).get("Status") != row.get("Status")
    ]


def _close_offers(wallet: Wallet) -> list[Event]:
    ended = []
    for known in wallet.chats():
        chat = wallet.chat(known["Chat"])  # whole, with its key: it is written back
        for prompt in chat["Prompts"].values():
            if not _is_open_offer(wallet, prompt):
                continue
            try:
                about = {"Prompt": prompt["Prompt"]}
                wallet.ask_in_chat(chat["Chat"], prompt["Sender"], "Prompted@Host", about)
            except Refused:
                prompt["Over"] = True
                _keep(wallet, chat, prompt)
                ended.append(Event(events.ENDED, "(not asked any more)", chat=chat["Chat"]))
    return ended


def _is_open_offer(wallet: Wallet, prompt: dict[str, Any]) -> bool:
    """Say whether a kept prompt is the broker's question about an offer, and not answered."""
    asked = prompt["Sender"] == wallet.broker and prompt["Format"] == "CONFIRM"
    return asked and not prompt.get("Sent") and not prompt.get("Over")


HANDLERS: dict[str, Callable[[Wallet, dict[str, Any]], list[Event]]] = {
    "Open@Notifier": open_chat,
    "Prompt@Notifier": show_prompt,
    "Save@Notifier": save_token,
    "Remove@Notifier": remove_token,
    "Updated@Notifier": update_list,
}
