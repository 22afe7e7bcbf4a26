"""The arguments of a command: each read as its parameter's kind says, faults with their place."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from scripts.language.assertions import AssertionReader
from scripts.language.commandline import CommandLine, split_outside
from scripts.language.expressions import (
    BadExpression,
    Tree,
    comma_list,
    expression_list,
    last_name,
    row_expression,
    template,
    unquoted,
    value,
    whole_expression,
)
from scripts.language.source import Node, Reader
from scripts.language.vocabulary import CommandSpec, Kind, Parameter, Vocabulary, nearest

_BARE = re.compile(r"(?<![\w{$´\\])\$[A-Za-z_][\w.]*\w|(?<![\w{$´\\])\$[A-Za-z_]")
# Braces left in a text that were hardly meant to be shown: {$x y}, { $x }, {$x, ${x}, {x}.
_OPEN = re.compile(
    r"\{\s*\$[^{}\n]{0,60}\}|\{\$[\w.]*|\$\{\w*\}?|\{[A-Za-z_]\w*(?:\.\w+)*(?:\([^{}]*\))?\}"
)
_TRAILING = re.compile(r"\s(\$[A-Za-z_]\w*)$")


class ArgumentReader:
    """Reads nodes as values; a fault never stops the reading of the rest."""

    def __init__(self, reader: Reader, vocabulary: Vocabulary) -> None:
        self.reader = reader
        self.vocabulary = vocabulary
        self.actions: dict[str, Node] = {}
        self.context = False  # whether bare words of FIELDS are properties of the main argument

    def read(
        self, spec: CommandSpec, node: Node, line: CommandLine, body: Node | None
    ) -> dict[str, Any]:
        """Return the arguments of a command by parameter name; its actions are in `actions`."""
        self.actions = {}
        self.context = bool(spec.context and spec.context == spec.main and line.inline)
        found: dict[str, Any] = {}
        self._inline(spec, node, line, found)
        if body is not None:
            self._body(spec, body, found, inline=bool(line.arguments))
        for parameter in spec.parameters:
            if parameter.required and parameter.name not in found:
                self._fault(node, f"{spec.word} needs {parameter.name}", self._advice(line, spec))
        return found

    def _advice(self, line: CommandLine, spec: CommandSpec) -> str:
        """Return what may have been forgotten when an argument is missing."""
        if line.out is None and line.inline.startswith("$") and spec.main:
            return f"write >> {line.inline} if that is where the result goes"
        return ""

    def _inline(
        self, spec: CommandSpec, node: Node, line: CommandLine, found: dict[str, Any]
    ) -> None:
        names = self._places(spec)
        for text, name in zip(line.arguments, names, strict=False):
            parameter = spec.parameter(name) if name else None
            if parameter is None:
                self._fault(node, f"{spec.word} takes nothing on its line")
                return
            self._forgotten(spec, parameter, node, text, line)
            if text or len(line.arguments) == 1:
                argument = Node(node.line, node.column, text=text)
                found[parameter.name] = self.argument(parameter, argument)
        if len(line.arguments) > len(names):
            more = "" if len(names) == 1 else "s"
            message = f"{spec.word} takes at most {len(names)} value{more} on its line"
            self._fault(node, message, r"write \| for a | in a text")

    def _forgotten(
        self, spec: CommandSpec, parameter: Parameter, node: Node, text: str, line: CommandLine
    ) -> None:
        """Tell who wrote `TEXT Your name? $name` or `READ Books $book` what is missing."""
        trailing = _TRAILING.search(text)
        if line.out is not None or trailing is None or expression_list(text, self.vocabulary):
            return
        if parameter.kind is Kind.NAME or (spec.suspends and parameter.kind is Kind.TEMPLATE):
            self._fault(node, f">> is missing before {trailing[1]}", f"write >> {trailing[1]}")

    def _places(self, spec: CommandSpec) -> list[str]:
        """Return the parameters that values take by their place: main, then body or the others."""
        if spec.body:
            return [spec.main, spec.body]
        return [spec.main, *(each.name for each in spec.parameters if each.name != spec.main)]

    def _body(self, spec: CommandSpec, body: Node, found: dict[str, Any], *, inline: bool) -> None:
        if body.pairs is not None and not (inline and spec.body):
            self._pairs(spec, body, found)
            return
        name = spec.body if inline else spec.main
        parameter = spec.parameter(name) if name else None
        if parameter is None:
            self._fault(body, f"{spec.word} takes no value here", self._advice_here(spec, body))
        elif parameter.name in found:
            self._fault(body, f"{parameter.name} is given twice")
        elif body.items is not None and parameter.kind in (Kind.NAME, Kind.TEMPLATE):
            self._positions(spec, body.items, found)
        else:
            found[parameter.name] = self.argument(parameter, _unpiped(body))

    def _advice_here(self, spec: CommandSpec, body: Node) -> str:
        if spec.main and body.text:
            return "a text with ': ' in it is to be quoted"
        lists = [each.name for each in spec.parameters if each.kind is Kind.LIST]
        if body.items is not None and len(lists) == 1:
            return f"write {lists[0]}: and below it the list"
        return ""

    def _positions(self, spec: CommandSpec, items: list[Node], found: dict[str, Any]) -> None:
        """Read a list of values as parameters in their order (2.3)."""
        names = self._places(spec)
        for item, name in zip(items, names, strict=False):
            parameter = spec.parameter(name)
            if parameter is not None:
                found[parameter.name] = self.argument(parameter, item)
        if len(items) > len(names):
            self._fault(items[len(names)], f"{spec.word} takes at most {len(names)} values")

    def _pairs(self, spec: CommandSpec, body: Node, found: dict[str, Any]) -> None:
        others: list[tuple[Node, Node]] = []
        for key, part in body.pairs or []:
            parameter = spec.parameter((key.text or "").strip())
            if parameter is None:
                if not spec.rest:
                    known = [each.name for each in spec.parameters]
                    hint = nearest(key.text or "", known) or f"it has {', '.join(known)}"
                    self._fault(key, f"{spec.word} has no parameter {key.text}", hint)
                others.append((key, part))
            elif parameter.name in found:
                self._fault(key, f"{parameter.name} is given twice")
            else:
                found[parameter.name] = self.argument(parameter, part)
        if spec.rest and others:
            rest = spec.parameter(spec.rest) or Parameter(spec.rest, Kind.FIELDS)
            place = others[0][0]
            found[rest.name] = self.argument(rest, Node(place.line, place.column, pairs=others))

    def argument(self, parameter: Parameter, node: Node) -> Any:
        """Return the tree, or the assertion, of one argument."""
        kind = parameter.kind
        if kind is Kind.ASSERTION:
            assertions = AssertionReader(self.reader, self.vocabulary, has_context=True)
            return assertions.block(node, None)
        if kind is Kind.FORMAT or (kind is Kind.FIELDS and self.context):
            return ["format", self.format(node)]
        if kind is Kind.CHOICES:
            return self._choices(node)
        if kind is Kind.ACTION:
            self.actions[parameter.name] = node
            return ["lit", True]
        if kind is Kind.TEMPLATE:
            return self.template(node)
        if kind is Kind.LIST:
            return self._list(node)
        if kind is Kind.NAME and node.text is not None:
            return self._guard(node, whole_expression, node.text) or ["lit", node.text.strip()]
        tree = self.value(node)
        if kind is Kind.FIELDS and tree[0] in ("lit", "text") and not node.is_blank:
            message = f"{parameter.name} is a map, not a text"
            self._fault(node, message, "write Name: value below it")
        return tree

    def value(self, node: Node) -> Tree:
        """Return the tree of an untyped value: text, list or map."""
        if node.items is not None:
            return self._items(node.items)
        if node.pairs is not None:
            return self._called(node.pairs) or self.map(node.pairs)
        tree: Tree = self._guard(node, value, node.text or "", quoted=node.quoted)
        if tree[0] in ("lit", "text") and (node.text or "").startswith("$") and not node.quoted:
            self._warn(node, f"{(node.text or '')[:40]!r} is no expression, so it is a text")
        else:
            self._doubt_braces(node, tree, node.text or "")
        return tree

    def _items(self, items: list[Node]) -> Tree:
        """Return a list; several expressions, one a line, are merged (4.5)."""
        trees = [self.value(item) for item in items]
        bare = all(item.text is not None and not item.quoted for item in items)
        if len(trees) > 1 and bare and all(_is_expression(tree) for tree in trees):
            return ["merge", [[last_name(tree), tree] for tree in trees]]
        return ["list", trees]

    def _called(self, pairs: list[tuple[Node, Node]]) -> Tree | None:
        """Return the call of `.Fn: argument`, a map of one pair whose key is a function."""
        if len(pairs) != 1:
            return None
        [(key, body)] = pairs
        if key.quoted or not (key.text or "").startswith("."):
            return None
        tree = self._guard(key, whole_expression, key.text or "")
        if tree is None or tree[0] != "call":
            return None
        extra = [] if body.is_blank else [self.value(body)]
        return ["call", tree[1], tree[2], [*tree[3], *extra]]

    def _choices(self, node: Node) -> Tree:
        """Return a map, whose values written `$a, b` are the first of them that is not empty."""
        tree = self.value(node)
        if tree[0] != "map":
            return tree
        for pair in tree[1]:
            value = pair[1]
            if value[0] not in ("merge", "list") or not value[1]:
                continue
            parts = [each for _, each in value[1]] if value[0] == "merge" else value[1]
            if parts[0][0] != "lit":  # a list of words is a list
                pair[1] = ["call", parts[0], "Default", parts[1:]]
        return tree

    def format(self, node: Node) -> Tree:
        """Return what to make of a row: bare words are its properties (4.6).

        `A, B.C` or a list of them is a map of these; a map names its results itself.
        """
        if node.pairs is not None:
            return ["map", [self._formed(key, part) for key, part in node.pairs]]
        parts = node.items
        if parts is None:
            texts = split_outside(node.text or "", ",")
            parts = [Node(node.line, node.column, text=text.strip()) for text in texts]
            if len(parts) == 1:
                return self._of_row(parts[0])
        trees = [self._of_row(part) for part in parts]
        return ["map", [[last_name(tree), tree] for tree in trees]]

    def _formed(self, key: Node, part: Node) -> list[Any]:
        """Return one named result; a name alone is the property of that name."""
        if part.is_blank:
            tree = self._of_row(key)
            return [last_name(tree), tree]
        return [key.text or "", self._of_row(part)]

    def _of_row(self, node: Node) -> Tree:
        if node.text is None or node.quoted:
            return self.value(node)
        tree = self._guard(node, row_expression, node.text)
        return tree or self.value(node)

    def template(self, node: Node) -> Tree:
        """Return the tree of running text."""
        if node.text is None:
            self._fault(node, "a text was expected", "quote a text that holds ': '")
            return ["lit", ""]
        text = node.text if node.quoted else node.text.strip()
        inner = None if node.quoted else unquoted(text)
        text = text if inner is None else inner
        whole = (
            None if node.quoted or inner is not None else self._guard(node, whole_expression, text)
        )
        if whole is not None:
            return list(whole)
        bare = _BARE.search(_OPEN.sub("", text))
        if bare is not None and "´" not in text:
            self._warn(node, f"{bare[0]} is shown as it is", f"write {{{bare[0]}}} for its value")
        tree: Tree = self._guard(node, template, text)
        self._doubt_braces(node, tree, text)
        return tree

    def _doubt_braces(self, node: Node, tree: Tree, text: str) -> None:
        """Warn of braces that are no expression, and so are part of the text."""
        if tree[0] not in ("text", "lit") or "\\" in text:
            return
        parts = tree[1] if tree[0] == "text" else tree[1:]
        for part in parts:
            brace = _OPEN.search(part) if isinstance(part, str) else None
            if brace is not None:
                self._warn(node, f"{brace[0]} is shown as it is", _advice_on_braces(brace[0]))
        for before, _, after in zip(parts, parts[1:], parts[2:], strict=False):
            texts = isinstance(before, str) and isinstance(after, str)
            if texts and before.endswith("{") and after.startswith("}"):
                self._warn(node, "a value in two braces is shown in one", "write {$name}")

    def positional(self, text: str) -> list[Tree]:
        """Return the trees of `a, b` or `$a $b`."""
        several = expression_list(text, self.vocabulary)
        if several is not None:
            return several
        return [value(part, self.vocabulary) for part in split_outside(text, ",")]

    def _list(self, node: Node) -> Tree:
        if node.items is not None:
            return ["list", [self.value(item) for item in node.items]]
        if node.text is None:
            return self.value(node)
        tree: Tree = self._guard(node, comma_list, node.text)
        return tree

    def map(self, pairs: list[tuple[Node, Node]]) -> Tree:
        """Return a map; keys that are expressions merge, name or compute (2.7)."""
        return ["map", [self._entry(key, body) for key, body in pairs]]

    def _entry(self, key: Node, body: Node) -> list[Any]:
        text = (key.text or "").strip()
        merged = text.startswith(":")
        bare = text.strip(":") if merged else text
        tree = None
        if merged or bare[:1] in ("$", "{"):
            tree = self._guard(key, whole_expression, bare)
        if tree is None:
            return [text.removeprefix(".") if text == ".Error" else text, self.value(body)]
        if merged:
            return [None, tree]
        if body.is_blank:
            return [last_name(tree), tree, True]
        piped = self.pipeline(tree, body)
        if piped is not None:
            return [last_name(tree), piped]
        return [tree, self.value(body)]

    def pipeline(self, tree: Tree, body: Node) -> Tree | None:
        """Return `{.Page: 2, .Lower: }` applied to a value, one after the other (2.8)."""
        steps = [self._called([pair]) for pair in body.pairs or []]
        for step in steps:
            if step is None:
                return None
            tree = ["call", tree, step[2], step[3]]
        return tree if steps else None

    def _guard(self, node: Node, read: Callable[..., Any], text: str, **options: Any) -> Any:
        try:
            return read(text, self.vocabulary, **options)
        except BadExpression as bad:
            self._fault(node, bad.message, bad.hint)
            return ["lit", None]

    def _fault(self, node: Node, message: str, hint: str = "") -> None:
        self.reader.fault(message, node.line, node.column, hint)

    def _warn(self, node: Node, message: str, hint: str = "") -> None:
        self.reader.warn(message, node.line, node.column, hint)


def _advice_on_braces(text: str) -> str:
    inside = text.strip("${} ")
    if text.startswith("{") and text.endswith("}") and not re.fullmatch(r"[\w.]*", inside):
        return "braces hold one expression, such as {$name} or {$name.Length}"
    return f"write {{${inside}}} for its value" if inside else "write {$name} for a value"


def _is_expression(tree: Tree) -> bool:
    return tree[0] not in ("lit", "text", "list", "map")


def _unpiped(body: Node) -> Node:
    """Return a body without the pipe that older scripts put before a text (2.5)."""
    if body.text is None or body.quoted or not body.text.startswith("|"):
        return body
    return Node(body.line, body.column, text=body.text[1:].strip())
