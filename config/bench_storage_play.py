"""What `config.bench_storage` plays and prints, in a process and on a database of its own."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import django
from django.apps import apps
from django.core.management import call_command
from django.db import connection

django.setup()

from broker.models import Chat  # noqa: E402 - after the settings
from broker.models import Wallet as BrokerWallet  # noqa: E402
from broker.selectors import frontend  # noqa: E402
from config.demo.data import seed  # noqa: E402 - after the settings
from config.in_process import Bells, bells, drain, local_wallets  # noqa: E402
from messaging import clock, inbox, retention  # noqa: E402
from messaging.canonical import canonical_bytes  # noqa: E402
from messaging.envelope import Envelope  # noqa: E402
from messaging.ids import uuid7  # noqa: E402
from messaging.models import Pruning  # noqa: E402
from scripts.models import ScriptVersion  # noqa: E402
from scripts.plain import plain  # noqa: E402
from wallets.client import Wallet  # noqa: E402
from wallets.client.frontend import whole_view  # noqa: E402

DAY = 86_400
LOCATOR = ".HOST,theatre.test,ticket"
QUESTIONS: dict[str, dict[str, Any]] = {
    "Manifest@Domain": {},
    "About@Graph": {"Domain": "theatre.test"},
    "PublicKey@Graph": {"Domain": "theatre.test", "DKIM": "pw1"},
}
LONG = "x" * 7_000  # more is refused


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--flows", type=int, default=5)
    parser.add_argument("--questions", type=int, default=300)
    options = parser.parse_args()
    call_command("migrate", verbosity=0, interactive=False)
    seed()
    with bells() as rung, local_wallets():
        wallet = Wallet.create(options.folder / "wallet", notifier="notifier.test", answer=_answer)
        drain(rung, wallet)
        flows(wallet, rung, options.flows)
        lists(wallet, 1000)
    questions(options.questions)
    return 0


def _answer(wallet: Wallet, prompt: dict[str, Any]) -> dict[str, str]:
    if prompt["Format"] == "TEXT":
        return {"Result": "OK", "Answer": "Alice"}
    return {"Result": "YES"}


def questions(count: int) -> None:
    """Ask public questions unsigned; print what each costs and leaves."""
    print(f"\n{'public question, unsigned':34}{'sent':>9}{'kept':>9}{'rows':>6}{'CPU':>10}")
    for subject, body in QUESTIONS.items():
        _ask(subject, body, count)
    _ask("Manifest@Domain", {"Padding": LONG}, max(count // 30, 1))


def _ask(subject: str, body: dict[str, Any], count: int) -> None:
    raws = [
        Envelope.build(
            sender="Anonymous", to="theatre.test", subject=subject, body=body, now=clock.now()
        ).to_bytes()
        for _ in range(count + 1)
    ]
    _taken(raws.pop())  # what is loaded once
    before, rows, began = sum(stored().values()), _rows(), time.process_time()
    for raw in raws:
        _taken(raw)
    cpu = (time.process_time() - began) / count
    kept = (sum(stored().values()) - before) // count
    more = (_rows() - rows) / count
    print(f"{subject:34}{len(raws[0]):9}{kept:9}{more:6.1f}{1e3 * cpu:8.2f}ms")


def _taken(raw: bytes) -> None:
    answer = inbox.receive(raw)
    if answer.status != 200:
        raise AssertionError(answer)


def flows(wallet: Wallet, rung: Bells, count: int) -> None:
    """Play flows, move the clock on, prune, and print what a flow still holds."""
    before = stored()
    for _ in range(count):
        wallet.locate(LOCATOR)
        drain(rung, wallet)
    tables = {0: _grown(before, count)}
    for day in (10, 40, 100, 400):
        clock.move((day - max(tables)) * DAY)
        prune()
        drain(rung, wallet)
        tables[day] = _grown(before, count)
    print(f"{'bytes of a flow, after days':34}" + "".join(f"{day:>9}" for day in tables))
    for name in sorted(tables[0], key=lambda each: -tables[0][each]):
        if tables[0][name] > 0:
            print(f"{name:34}" + "".join(f"{sizes[name]:9}" for sizes in tables.values()))
    print(f"{'together':34}" + "".join(f"{sum(sizes.values()):9}" for sizes in tables.values()))


def lists(wallet: Wallet, count: int) -> None:
    """Print what a wallet with so many chats gets for asking what it holds, and how often it must
    ask for all."""
    row = BrokerWallet.objects.get(pk=wallet.id)
    template = Chat.objects.filter(wallet=row)[0]
    for _ in range(count):
        template.pk, template.hook = uuid7(), uuid7()
        template._state.adding = True
        Chat.objects.bulk_create([template])
    body = dict(frontend(row))
    first = len(canonical_bytes(plain(body)))
    asked: list[int] = []

    def ask(question: dict[str, Any]) -> dict[str, Any]:
        sets, cursor = question.get("Sets", []), question.get("Cursor", {})
        answer: dict[str, Any] = plain(frontend(row, sets, cursor))
        asked.append(len(canonical_bytes(answer)))
        return answer

    whole_view(ask)
    print(f"\nFrontend@Broker with {count} chats: {first} bytes at first, ", end="")
    print(f"{sum(asked)} in {len(asked)} pages for all")


def prune() -> None:
    """Sweep until nothing more is pruned."""
    more = True
    while more:
        Pruning.objects.update(position="", due_at=clock.now())
        more = any(retention.prune(60).values())


def _grown(before: dict[str, int], count: int) -> dict[str, int]:
    return {name: (size - before[name]) // count for name, size in stored().items()}


def stored() -> dict[str, int]:
    """Return the bytes of all values, by table: what any store must keep, without its overhead."""
    kept = [model for model in apps.get_models() if model is not ScriptVersion]  # stored once
    return {model._meta.label: _asked(_bytes_of(model)) for model in kept}


def _bytes_of(model: Any) -> str:
    columns = [f'COALESCE(LENGTH(CAST("{f.column}" AS BLOB)), 0)' for f in model._meta.local_fields]
    return f'SELECT COALESCE(SUM({" + ".join(columns)}), 0) FROM "{model._meta.db_table}"'  # noqa: S608 - names only


def _rows() -> int:
    return sum(model._base_manager.count() for model in apps.get_models())


def _asked(sql: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return int(cursor.fetchone()[0])


if __name__ == "__main__":
    sys.exit(main())
