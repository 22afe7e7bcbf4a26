"""No row is locked with its key: who inserts what refers to it would wait for that at commit."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_lock_leaves_the_key() -> None:
    wrong = []
    for app in ROOT.glob("*/__init__.py"):
        for path in app.parent.rglob("*.py"):
            if {"tests", "migrations"} & set(path.relative_to(ROOT).parts):
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if _takes_the_key(node):
                    wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}")  # type: ignore[attr-defined]
    assert wrong == []


def _takes_the_key(node: ast.AST) -> bool:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        kept = {word.arg for word in node.keywords}
        return node.func.attr == "select_for_update" and "no_key" not in kept
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value.lstrip().startswith("FOR UPDATE")
    return False


def test_lock_that_takes_the_key_is_found() -> None:
    for bad in ("Chat.objects.select_for_update().get()", "lock = 'FOR UPDATE OF chat'"):
        assert any(map(_takes_the_key, ast.walk(ast.parse(bad))))
    for good in ("rows.select_for_update(no_key=True)", "lock = 'FOR NO KEY UPDATE'"):
        assert not any(map(_takes_the_key, ast.walk(ast.parse(good))))
