"""The backup file, as the page has it too (wallets/static/wallet/core/backup.js).

The page's rows are the format; here they are turned into a folder's files and back.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric import ec

from messaging import clock
from messaging.canonical import BadJson, parse_json
from messaging.signing import PrivateKey
from messaging.syntax import format_time, is_domain, is_uuid
from wallets.client import sealing
from wallets.client.errors import WalletError
from wallets.client.folder import Folder

if TYPE_CHECKING:
    from wallets.client.wallet import Wallet

FORMAT = "countersign-wallet-backup"
VERSION = 1
LARGEST = 64 * 1024 * 1024
STATUS_FORMATS = frozenset({"INFO", "TEMP", "DONE", "FAIL"})
DAMAGED = "this is not a backup of a wallet, or it is damaged"


def backup_text(wallet: Wallet, lock: dict[str, Any]) -> str:
    """Return the text of a backup of everything in a wallet's folder, sealed to a lock."""
    chats = [wallet.folder.read(name) for name in wallet.folder.names("chats")]
    seeds = {"wallet": wallet.state["Seed"], **{chat["Chat"]: chat["Seed"] for chat in chats}}
    content = {
        "Wallet": _wallet_row(wallet.state),
        "Keys": [_sealed_key(lock, name, seed) for name, seed in seeds.items()],
        "Rows": {
            "chats": [_chat_row(chat) for chat in chats],
            "prompts": [_prompt_row(each, chat) for chat in chats for each in _prompts(chat)],
            "lines": [
                {
                    "chat": chat["Chat"],
                    "at": _at(each, chat),
                    "kind": "prompt",
                    "prompt": each["Prompt"],
                }
                for chat in chats
                for each in _prompts(chat)
            ],
            "tokens": [_token_row(wallet.folder, name) for name in wallet.folder.names("tokens")],
            "outbox": wallet.folder.read("outbox.json") or [],
            "domainKeys": [
                {"name": name, "public": key} for name, key in wallet.keys.known.items()
            ],
            "handled": [
                {"correlation": Path(name).stem, "at": wallet.folder.read(name)["At"]}
                for name in wallet.folder.names("handled")
            ],
        },
    }
    sealed = sealing.seal_json(lock, content, "content")
    return json.dumps({"Format": FORMAT, "Version": VERSION, "Lock": lock, "Sealed": sealed})


def put_back(store: Folder, text: str, passphrase: str, routes: list[str]) -> dict[str, Any]:
    """Write what is in a backup into an empty folder; return the state of its wallet.

    The state itself is left to the caller to write, last: without it there is no wallet. Raises
    WalletError for a wrong passphrase or for what is no backup.
    """
    lock, content, pair = _opened(text, passphrase)
    wallet, rows = content["Wallet"], content["Rows"]
    seeds = {
        key["Name"]: sealing.unseal(pair, key["Sealed"], key["Name"]) for key in content["Keys"]
    }
    by_chat: dict[str, list[dict[str, Any]]] = {}
    for row in rows.get("prompts", []):
        by_chat.setdefault(row["chat"], []).append(row)
    for row in rows.get("chats", []):
        if is_uuid(row["id"]) and row["id"] in seeds:
            chat = _chat_file(row, seeds[row["id"]].hex(), by_chat.get(row["id"], []))
            store.write(f"chats/{row['id']}.json", chat)
    for row in rows.get("tokens", []):
        issuer, token = row["document"]["Issuer"].lower(), row["document"]["Token"]
        if is_domain(issuer) and is_uuid(token):
            store.write(f"tokens/{issuer}/{token}.json", _token_file(row))
    for row in rows.get("handled", []):
        if is_uuid(row["correlation"]):
            store.write(f"handled/{row['correlation']}.json", {"Subject": "", "At": row["at"]})
    store.write("keys.json", {row["name"]: row["public"] for row in rows.get("domainKeys", [])})
    store.write("outbox.json", rows.get("outbox", []))
    return {
        "Seed": seeds["wallet"].hex(),
        "Wallet": wallet["id"],
        "Notifier": wallet["notifier"],
        "Broker": wallet["broker"],
        "Language": wallet["language"],
        "Name": wallet.get("label", ""),
        "Created": wallet.get("created", ""),
        "Routes": routes,
        "Lock": lock,
    }


def _opened(
    text: str, passphrase: str
) -> tuple[dict[str, Any], dict[str, Any], ec.EllipticCurvePrivateKey]:
    """Return a file's lock and content, and what opens the keys in it."""
    try:
        file = parse_json(text.encode(), max_bytes=LARGEST)
    except BadJson:
        raise WalletError(DAMAGED) from None
    known = isinstance(file, dict) and (file.get("Format"), file.get("Version")) == (
        FORMAT,
        VERSION,
    )
    if not known or not isinstance(file.get("Lock"), dict):
        raise WalletError(DAMAGED)
    pair = sealing.open_lock(file["Lock"], passphrase)
    content = sealing.unseal_json(pair, file.get("Sealed"), "content")
    wallet = content.get("Wallet") if isinstance(content, dict) else None
    keys = content.get("Keys") if isinstance(content, dict) else None
    if not isinstance(wallet, dict) or not isinstance(keys, list):
        raise WalletError(DAMAGED)
    names = {key.get("Name") for key in keys if isinstance(key, dict)}
    if (
        "wallet" not in names
        or not is_uuid(wallet.get("id"))
        or not is_domain(wallet.get("broker"))
    ):
        raise WalletError(DAMAGED)
    return file["Lock"], content, pair


def _sealed_key(lock: dict[str, Any], name: str, seed: str) -> dict[str, Any]:
    raw = bytes.fromhex(seed)
    public = PrivateKey.from_seed(raw).public.spki
    return {"Name": name, "PublicKey": public, "Sealed": sealing.seal(lock, raw, name)}


def _wallet_row(state: dict[str, Any]) -> dict[str, Any]:
    now = format_time(clock.now())
    return {
        "name": "wallet",
        "id": state["Wallet"],
        "label": state.get("Name", ""),
        "language": state["Language"],
        "notifier": state["Notifier"],
        "broker": state["Broker"],
        "created": state.get("Created") or now,
        "backedUp": now,
    }


def _prompts(chat: dict[str, Any]) -> list[dict[str, Any]]:
    return list(chat["Prompts"].values())


def _at(prompt: dict[str, Any], chat: dict[str, Any]) -> str:
    return str(prompt.get("Sent") or chat["Opened"])


def _chat_row(chat: dict[str, Any]) -> dict[str, Any]:
    sent = [_at(prompt, chat) for prompt in _prompts(chat)]
    return {
        "id": chat["Chat"],
        "hook": chat["Hook"],
        "host": chat["Host"].lower(),
        "title": chat["HostTitle"],
        "opened": chat["Opened"],
        "touched": max([chat["Opened"], *sent]),
        "state": "OPEN",
        "verified": bool(sent),
    }


def _prompt_row(prompt: dict[str, Any], chat: dict[str, Any]) -> dict[str, Any]:
    is_status = prompt["Format"] in STATUS_FORMATS
    return {
        "id": prompt["Prompt"],
        "chat": chat["Chat"],
        "sender": prompt["Sender"].lower(),
        "format": prompt["Format"],
        "emoji": prompt.get("Emoji", ""),
        "expires": "",
        "at": _at(prompt, chat),
        "state": "said" if is_status else "open",
        "text": prompt["Text"],
        "details": prompt.get("Details", ""),
        "options": [
            {"id": each["ID"], "title": each["Title"], "locator": each.get("Locator", "")}
            for each in prompt.get("Options", [])
        ],
        "default": prompt.get("Default", ""),
        "min": prompt.get("MinValue", ""),
        "max": prompt.get("MaxValue", ""),
        "nullable": bool(prompt.get("Nullable")),
        "appendix": None,
        "extra": {},
        "offer": None,
        "answer": _answer_row(prompt, chat),
        "replaced": False,
    }


def _answer_row(prompt: dict[str, Any], chat: dict[str, Any]) -> dict[str, Any] | None:
    reply = prompt.get("Reply")
    if not reply:
        return None
    state = "sent" if prompt.get("Sent") else "queued"
    answer = {"result": reply.get("Result", "OK"), "answer": reply.get("Answer")}
    return {**answer, "at": _at(prompt, chat), "correlation": "", "state": state}


def _token_row(store: Folder, name: str) -> dict[str, Any]:
    stored = store.read(name)
    document = stored["Document"]
    return {
        "key": f"{document['Issuer'].lower()}/{document['Token']}",
        "document": document,
        "saved": stored["Received"],
        "chat": stored["Chat"],
        "tag": stored.get("Tag", ""),
        "reported": True,
        "title": "",
        "issuerTitle": "",
        "schemaTitle": "",
    }


def _token_file(row: dict[str, Any]) -> dict[str, Any]:
    tag = {"Tag": row["tag"]} if row.get("tag") else {}
    return {
        "Document": row["document"],
        "Received": row["saved"],
        "Chat": row.get("chat", ""),
        **tag,
    }


def _chat_file(row: dict[str, Any], seed: str, prompts: list[dict[str, Any]]) -> dict[str, Any]:
    fetched = [prompt for prompt in prompts if prompt.get("text")]
    return {
        "Chat": row["id"],
        "Hook": row.get("hook", ""),
        "Host": row["host"],
        "HostTitle": row["title"],
        "Seed": seed,
        "Opened": row["opened"],
        "Prompts": {prompt["id"]: _prompt_file(prompt) for prompt in fetched},
    }


def _prompt_file(row: dict[str, Any]) -> dict[str, Any]:
    named = {"Details": "details", "Default": "default", "MinValue": "min", "MaxValue": "max"}
    prompt: dict[str, Any] = {
        "Prompt": row["id"],
        "Chat": row["chat"],
        "Sender": row["sender"],
        "Format": row["format"],
        "Emoji": row.get("emoji", ""),
        "Text": row["text"],
        **{name: row[field] for name, field in named.items() if row.get(field)},
    }
    if row.get("options"):
        prompt["Options"] = [
            {"ID": each["id"], "Title": each["title"]}
            | ({"Locator": each["locator"]} if each.get("locator") else {})
            for each in row["options"]
        ]
    if answer := row.get("answer"):
        given = {} if answer.get("answer") is None else {"Answer": answer["answer"]}
        # What was queued is in the outbox, and is sent from there.
        prompt |= {"Reply": {"Result": answer["result"], **given}, "Sent": answer["at"]}
    return prompt
