"""One bad item never stops its neighbours: each loop over items whose work may fail is judged here.

A loop is found when its body reaches the database, the queue, the disk or the network, also through
functions of ours. It goes through `messaging.each`, or stands below with the reason why not.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
APPS = ("messaging", "scripts", "host", "issuer", "broker", "wallets", "config")
# Not served, or an operator's or author's who reads what it says; and what moves rows for all.
LEFT_OUT = ("migrations", "faults", "demo/server.py", "demo/people.py", "bench")
REACHES = {
    *("save", "delete", "create", "update_or_create", "get_or_create", "bulk_create"),
    *("bulk_update", "select_for_update", "objects", "atomic", "execute", "together", "insert_new"),
    *("ring", "ring_later", "wake", "send_task", "post", "post_to", "call_soon_threadsafe"),
    *("read_text", "read_bytes", "write_text", "write_bytes", "unlink", "copy", "rename"),
    *("call_command", "Popen", "killpg"),
}
Name = tuple[str, str]

ONE = "one thing, tried again or waited for: there is no neighbour"
ALL = "all or none, in one transaction: half of it would be wrong"
FIRST = "what comes first is a condition of what follows"
GUARDED = "its body has a try of its own that names the item, or what it calls never raises"
SHIPPED = "files that are shipped with the code: a fault stops the start, at its line"
CALLER = "raises for its caller, who asked for all of it"

JUDGED = {
    "config.hostile.__main__.attacked": GUARDED,
    "config.hostile.__main__.main": CALLER,
    "config.hostile.stage._watch": CALLER,
    "config.hostile.stage.has": CALLER,
    "broker.retained._unused": CALLER,
    "broker.offers._pass_turn": ALL,
    "broker.offers.close_question": CALLER,
    "broker.offers.withdraw_offers": ALL,
    "config.authoring.rehearsal._go_on": ONE,
    "config.authoring.rehearsal._pass": ONE,
    "config.authoring.rehearsal.prepare": FIRST,
    "config.authoring.testing.reset": FIRST,
    "config.authoring.testing.run": GUARDED,
    "config.demo.data.seed": FIRST,
    "config.in_process.drain": ONE,
    "config.management.commands.script.lay_out": GUARDED,
    "config.management.commands.script.trace": CALLER,
    "config.processes._end_all": GUARDED,
    "config.processes._keep": GUARDED,
    "host.graph.merged_format": CALLER,
    "host.questions._close": ALL,
    "host.retained._close_returns": ALL,
    "host.services.end_chat": ALL,
    "host.services.withdraw_questions": ALL,
    "issuer.services.withdraw_offers": ALL,
    "messaging.bell.pass_on": GUARDED,
    "messaging.domain_check._published": GUARDED,
    "messaging.each.each": GUARDED,
    "messaging.outbox.settling.settle": GUARDED,
    "messaging.outbox.sweeping._ring_for_queue": GUARDED,
    "messaging.outbox.sweeping._ring_for_untold": GUARDED,
    "messaging.peer_keys._asked": ONE,
    "messaging.retention._ended": GUARDED,
    "messaging.retention.prune": GUARDED,
    "messaging.rows.together": ALL,
    "scripts.advance._interpret": ONE,
    "scripts.advance.advance_once": ONE,
    "scripts.events.start_handlers": ALL,
    "scripts.explain.place": CALLER,
    "scripts.items.holding.begin": ALL,
    "scripts.library._needed_again": ALL,
    "scripts.library.load_shipped": SHIPPED,
    "scripts.library.store": ALL,
    "scripts.receivers.on_item_saved": ALL,
    "scripts.returns.due_return": CALLER,
    "scripts.services.advance": ONE,
    "scripts.services.drive": ONE,
    "scripts.step.look_again": ALL,
    "scripts.wakes._fire": ALL,
    "scripts.withdrawal.withdraw": ALL,
    "wallets.client.wallet._send_restored": GUARDED,
    "wallets.client.wallet.poll": GUARDED,
    "wallets.feed._events": CALLER,
    "wallets.feed._run": GUARDED,
    "wallets.feed._unsent": CALLER,
    "wallets.shell._worker": SHIPPED,
    "wallets.shell.first_modules": SHIPPED,
    "wallets.waiting._join": GUARDED,
    "wallets.waiting._run": GUARDED,
    "wallets.waiting._who_has_something": CALLER,
}


class Code:
    """The functions of the code, what each calls, and which of them reach the world."""

    def __init__(self) -> None:
        self.functions: dict[Name, ast.AST] = {}
        self.imports: dict[str, dict[str, Name]] = {}
        for path in self._files():
            self._read(path)
        self.reaching = self._reaching()

    def _files(self) -> Iterator[Path]:
        for app in APPS:
            for path in sorted((ROOT / app).rglob("*.py")):
                relative = path.relative_to(ROOT).as_posix()
                # Operators' verbs are bound by the table of their own (admin pages).
                if not any(part in relative for part in LEFT_OUT) and "admin" not in path.stem:
                    yield path

    def _read(self, path: Path) -> None:
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        tree = ast.parse(path.read_text(encoding="utf-8"))
        self.imports[module] = {
            alias.asname or alias.name: (node.module, alias.name)
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module
            for alias in node.names
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                self.functions.setdefault((module, node.name), node)

    def _called(self, module: str, tree: ast.AST) -> Iterator[tuple[str, Name | None]]:
        """Yield the bare names of what is called, and which function of ours it is, if any."""
        imports = self.imports[module]
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr == "objects":
                yield "objects", None
            if not isinstance(node, ast.Call):
                continue
            called = node.func
            if isinstance(called, ast.Name):
                own = (module, called.id)
                yield called.id, own if own in self.functions else imports.get(called.id)
            elif isinstance(called, ast.Attribute):
                yield called.attr, self._of(module, called)

    def _of(self, module: str, called: ast.Attribute) -> Name | None:
        if not isinstance(called.value, ast.Name):
            return None
        if called.value.id == "self":
            return module, called.attr
        where = self.imports[module].get(called.value.id)
        return None if where is None else (".".join(where), called.attr)

    def _reaching(self) -> set[Name]:
        calls = {name: list(self._called(name[0], tree)) for name, tree in self.functions.items()}
        found = {name for name, made in calls.items() if any(bare in REACHES for bare, _ in made)}
        while more := {
            name
            for name, made in calls.items()
            if name not in found and any(target in found for _, target in made)
        }:
            found |= more
        return found

    def loops(self) -> Iterator[str]:
        """Yield the functions with a loop whose body reaches the world."""
        for (module, name), tree in self.functions.items():
            if any(self._reaches(module, body) for body in _bodies(tree)):
                yield f"{module}.{name}"

    def _reaches(self, module: str, body: ast.AST) -> bool:
        called = self._called(module, body)
        return any(bare in REACHES or target in self.reaching for bare, target in called)


def _bodies(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.For | ast.While | ast.AsyncFor):
            yield from node.body
        elif isinstance(node, ast.GeneratorExp | ast.ListComp | ast.SetComp):
            yield node.elt
        elif isinstance(node, ast.DictComp):
            yield from (node.key, node.value)


def test_every_loop_whose_work_may_fail_is_judged() -> None:
    found = set(Code().loops())
    new = sorted(found - JUDGED.keys())
    assert not new, f"send these through messaging.each, or say in JUDGED why not: {new}"


def test_loop_over_rows_is_found(tmp_path: Path) -> None:
    """Else the test above would prove nothing."""
    code = Code()
    made = "def prune(rows):\n    for row in rows:\n        row.delete()\n"
    module = "messaging.made_up"
    code.imports[module] = {}
    code.functions[module, "prune"] = ast.parse(made)
    assert f"{module}.prune" in set(code.loops())
