"""Assertions (section 7): the block of ASSERT, IF, and READ's Assert, read at load time.

An assertion is {"context": tree or None, "error": tree or None, "lenient": bool, "lines": [...]}
with lines [op, source text, ...]:
["some", text, subject] ["all"|"any"|"one", text, [subject]] ["type", text, function, [subject]]
["test", text, subject, [[function, [args]]]] ["true", text, tree]
"""

from __future__ import annotations

import re
from typing import Any

from scripts.language.commandline import split_outside
from scripts.language.expressions import (
    BadExpression,
    Tree,
    comma_list,
    row_expression,
    value,
    whole_expression,
)
from scripts.language.source import Node, Reader
from scripts.language.values import is_period, parse_time, to_number
from scripts.language.vocabulary import Vocabulary, nearest

PRESENCE = {"AllOf": "all", "AnyOf": "any", "OneOf": "one"}
TYPES = {
    "UUIDs": "IsUUID",
    "Texts": "IsText",
    "Times": "IsTime",
    "Lists": "IsList",
    "Bools": "IsBool",
    "Nums": "IsNum",
    "Enums": "IsEnum",
}
ORDERED = {"IsAfter", "IsBefore", "IsAbove", "IsBelow", "IsAtLeast", "IsAtMost", "IsBetween"}
LISTED = {"IsIn", "IsNotIn"}


_THEN = re.compile(r"(\$\S+)\s+(?:THEN\s+)?([A-Z][A-Z0-9]+\b.*)", re.DOTALL)
_SIGNS = {
    "=": "Is",
    "==": "Is",
    "!=": "IsNot",
    "<>": "IsNot",
    ">": "IsAbove",
    "<": "IsBelow",
    ">=": "IsAtLeast",
    "<=": "IsAtMost",
}


def _advice(text: str) -> str:
    """Return what to write instead of something that is no assertion."""
    words = text.split()
    if not text.startswith(("$", ".", "{")):
        return "begin with a holder such as $x"
    if len(words) == 3 and words[1] in _SIGNS:
        return f"write {words[0]}.{_SIGNS[words[1]]}({words[2]})"
    if any(word.lower() in ("and", "or", "&&", "||", "not") for word in words):
        return "write IF: and below it one assertion a line, which must all hold"
    then = _THEN.fullmatch(text)
    if then is not None and " ELSE " in then[2]:
        action, _, other = then[2].partition(" ELSE ")
        return f"write IF {then[1]}: {action[:40]} and below it, on its own, ELSE: {other[:40]}"
    if then is not None:
        return f"write IF {then[1]}: {then[2][:40]}"
    return "it must be one expression, such as $x.Is(1)"


class AssertionReader:
    """Reads one assertion block; `has_context` says whether bare names are properties."""

    def __init__(self, reader: Reader, vocabulary: Vocabulary, *, has_context: bool) -> None:
        self.reader = reader
        self.vocabulary = vocabulary
        self.has_context = has_context
        self.known: set[str] = set()
        self.error: Tree | None = None
        self.lenient = False

    def block(self, node: Node | None, context: Tree | None) -> dict[str, Any]:
        """Return the assertion of a body; faults go to the reader."""
        lines: list[Any] = []
        if node is not None and node.pairs is not None:
            self._collect(node)
            lines = [line for pair in node.pairs for line in self._pair(*pair)]
        elif node is not None and node.items is not None:
            for item in node.items:
                lines += self._item(item)
        elif node is not None and not node.is_blank:
            lines = self._inline(node)
        if not lines and context is not None:
            lines = [["some", "", context]]
        return {
            "context": context,
            "error": self.error,
            "lenient": self.lenient,
            "lines": lines,
        }

    def inline(self, text: str, node: Node) -> dict[str, Any]:
        """Return the assertion of `IF text`."""
        lines = self._inline(Node(node.line, node.column, text=text))
        return {"context": None, "error": None, "lenient": False, "lines": lines}

    def _item(self, item: Node) -> list[Any]:
        if item.pairs is not None:
            return [line for pair in item.pairs for line in self._pair(*pair)]
        return self._inline(item)

    def _inline(self, node: Node) -> list[Any]:
        text = (node.text or "").strip()
        tree = self._expression(text, node, of_row=self.has_context)
        if tree is None:
            self._fault(node, f"{text[:60]!r} is not an assertion", _advice(text))
            return []
        return [["true", text, tree]]

    def _collect(self, node: Node) -> None:
        """Learn which bare words are properties, before any line is read (4.6)."""
        for key, body in node.pairs or []:
            name = key.text or ""
            if name in PRESENCE or name in TYPES:
                self.known.update(self._listed(body))
                self.lenient = self.lenient or name in PRESENCE
            elif name != "Error" and name[:1] not in ("$", "."):
                self.known.add(name.split(".")[0])

    def _listed(self, body: Node) -> list[str]:
        if body.items is not None:
            return [(item.text or "").strip() for item in body.items]
        return [part.strip() for part in split_outside(body.text or "", ",") if part.strip()]

    def _pair(self, key: Node, body: Node) -> list[Any]:
        name = (key.text or "").strip()
        if name == "Error":
            self.error = self._value(body)
            return []
        if name in PRESENCE or name in TYPES:
            subjects = [self._subject(each, body) for each in self._listed(body)]
            if name in PRESENCE:
                return [[PRESENCE[name], f"{name}: {body.text or ''}", subjects]]
            return [["type", f"{name}: {body.text or ''}", TYPES[name], subjects]]
        return [self._test(name, key, body)]

    def _subject(self, text: str, node: Node) -> Tree:
        if text.startswith("$"):
            return self._expression(text, node) or ["lit", None]
        if not self.has_context:
            self._fault(node, f"{text} has no context here", f"write ${text}")
        return ["field", text.split(".")]

    def _test(self, name: str, key: Node, body: Node) -> list[Any]:
        subject, chain = self._chain(name, key)
        argument = None if body.is_blank else self._argument(chain, body)
        text = name if argument is None else f"{name}: {body.text or '...'}"
        if not chain:
            if argument is None:
                return ["some", text, subject]
            return ["test", text, subject, [["Is", [argument]]]]
        if argument is not None:
            chain[-1][1].append(argument)
        return ["test", text, subject, chain]

    def _chain(self, name: str, key: Node) -> tuple[Tree, list[Any]]:
        """Split `Due.IsEmpty.Or.IsFuture` into its subject and its functions."""
        if name.startswith("$"):
            tree = self._expression(name, key) or ["lit", None]
            chain: list[Any] = []
            if tree[0] == "or":
                return ["lit", True], [["Is", [tree]]]
            while tree[0] in ("auto", "call") and tree[1] is not None:
                chain.insert(0, [tree[2], list(tree[3]) if tree[0] == "call" else []])
                tree = tree[1]
            return tree, chain
        path, functions = self._split(name)
        if not self.has_context:
            self._fault(key, f"{name} has no context here", f"write ${name}")
        for function in functions:
            if function != "Or" and function not in self.vocabulary.functions:
                hint = nearest(function, list(self.vocabulary.functions))
                self._fault(key, f"unknown function {function}", hint)
        return ["field", path], [[function, []] for function in functions]

    def _split(self, name: str) -> tuple[list[str], list[str]]:
        parts = name.lstrip(".").split(".")
        first = 0 if name.startswith(".") and parts[0] in self.vocabulary.functions else 1
        for at in range(first, len(parts)):
            if parts[at] in self.vocabulary.functions or parts[at].startswith("Is"):
                return parts[:at], parts[at:]
        return parts, []

    def _argument(self, chain: list[Any], body: Node) -> Tree:
        function = chain[-1][0] if chain else "Is"
        if function in LISTED and body.is_scalar and not body.quoted:
            try:
                return comma_list(body.text or "", self.vocabulary)
            except BadExpression as bad:
                self._fault(body, bad.message, bad.hint)
                return ["list", []]
        word = (body.text or "").strip()
        if self.has_context and not body.quoted and self._is_property(word, function):
            return ["field", word.split(".")]
        return self._value(body)

    def _is_property(self, word: str, function: str) -> bool:
        """Decide at load time, never from the data (4.6)."""
        if not word or not word.replace(".", "").replace("_", "").isalnum():
            return False
        if word.split(".")[0] in self.known:
            return True
        literal = parse_time(word) or is_period(word) or to_number(word) is not None
        return function in ORDERED and not literal

    def _value(self, node: Node) -> Tree:
        if node.items is not None:
            return ["list", [self._value(item) for item in node.items]]
        if node.pairs is not None:
            return ["map", [[key.text, self._value(body)] for key, body in node.pairs]]
        try:
            return value(node.text or "", self.vocabulary, quoted=node.quoted)
        except BadExpression as bad:
            self._fault(node, bad.message, bad.hint)
            return ["lit", None]

    def _expression(self, text: str, node: Node, *, of_row: bool = False) -> Tree | None:
        read = row_expression if of_row else whole_expression
        try:
            return read(text, self.vocabulary)
        except BadExpression as bad:
            self._fault(node, bad.message, bad.hint)
            return ["lit", None]

    def _fault(self, node: Node, message: str, hint: str = "") -> None:
        self.reader.fault(message, node.line, node.column, hint)
