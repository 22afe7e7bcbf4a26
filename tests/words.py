"""Which commands and functions a script really uses: those that its compiler meets."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from scripts import library
from scripts.functions import FUNCTIONS
from scripts.language.blocks import BlockCompiler
from scripts.language.commandline import read_line
from scripts.language.compiler import compile_file
from scripts.language.errors import LoadErrors
from scripts.language.source import Node

TESTS = Path(__file__).parent
_LOOKS = re.compile(r"(?m)^\s*- (?:\$|[A-Z]{2})")


def scripts_in(path: Path) -> Iterator[str]:
    """Yield the texts of a test's file that look like scripts."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        found = list(_texts(ast.parse(text)))
    elif path.name == "control.yaml":
        found = [case["script"] for case in yaml.safe_load(text)]
    else:
        found = [text]
    yield from (each for each in found if _LOOKS.search(each))


def _texts(node: ast.AST) -> Iterator[str]:
    """Yield the texts of a module; what an f-string fills in is one word."""
    if isinstance(node, ast.JoinedStr):
        parts = [part.value if isinstance(part, ast.Constant) else "x" for part in node.values]
        yield "".join(map(str, parts))
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    for child in ast.iter_child_nodes(node):
        yield from _texts(child)


def used(source: str) -> tuple[set[str], set[str]]:
    """Return the commands and the functions of a script; none when it is not sound."""
    with _heard() as commands:
        try:
            compiled = compile_file(
                source, file="test.yaml", vocabulary=library.vocabulary(), default_name="main"
            )
        except LoadErrors:
            return set(), set()
    code = [script.code for script in compiled.scripts.values()]
    return commands, set(_functions(code))


@contextmanager
def _heard() -> Iterator[set[str]]:
    """Collect the words that the compiler takes for commands meanwhile."""
    words: set[str] = set()
    command = BlockCompiler.command

    def listen(compiler: BlockCompiler, node: Node, body: Node | None) -> None:
        line = read_line(node.text or "")
        words.update([] if line is None else [line.word])
        command(compiler, node, body)

    BlockCompiler.command = listen  # type: ignore[assignment, method-assign]
    try:
        yield words
    finally:
        BlockCompiler.command = command  # type: ignore[method-assign]


def _functions(tree: Any) -> Iterator[str]:
    """Yield the functions that compiled code calls: in expressions, and in assertions."""
    if isinstance(tree, dict):
        for part in tree.values():
            yield from _functions(part)
    elif isinstance(tree, list | tuple) and tree and tree[0] != "lit":
        name = tree[2] if tree[0] in ("call", "auto") and len(tree) > 2 else tree[0]
        name = "Each" if name == "each" else name
        if isinstance(name, str) and name in FUNCTIONS:
            yield name
        for part in tree:
            yield from _functions(part)
