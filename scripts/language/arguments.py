"""The arguments of a command: each read as its parameter's kind says, faults with their place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scripts.language.assertions import AssertionReader
from scripts.language.commandline import CommandLine
from scripts.language.expressions import (
    BadExpression,
    Tree,
    comma_list,
    expression_list,
    last_name,
    row_expression,
    split_commas,
    template,
    value,
    whole_expression,
)
from scripts.language.source import Node, Reader
from scripts.language.vocabulary import CommandSpec, Kind, Parameter, Vocabulary, nearest


class ArgumentReader:
    """Reads nodes as values; a fault never stops the reading of the rest."""

    def __init__(self, reader: Reader, vocabulary: Vocabulary) -> None:
        self.reader = reader
        self.vocabulary = vocabulary
        self.actions: dict[str, Node] = {}

    def read(
        self, spec: CommandSpec, node: Node, line: CommandLine, body: Node | None
    ) -> dict[str, Any]:
        """Return the arguments of a command by parameter name; its actions are in `actions`."""
        self.actions = {}
        found: dict[str, Any] = {}
        self._inline(spec, node, line, found)
        if body is not None:
            self._body(spec, body, found, inline=bool(line.inline))
        for parameter in spec.parameters:
            if parameter.required and parameter.name not in found:
                self._fault(node, f"{spec.word} needs {parameter.name}")
        return found

    def _inline(
        self, spec: CommandSpec, node: Node, line: CommandLine, found: dict[str, Any]
    ) -> None:
        others = [each.name for each in spec.parameters if each.name != spec.main]
        names = [spec.main, *([spec.body] if spec.body else others)]
        for text, name in zip(line.arguments, names, strict=False):
            parameter = spec.parameter(name) if name else None
            if parameter is None:
                self._fault(node, f"{spec.word} takes nothing on its line")
                return
            found[parameter.name] = self.argument(
                parameter, Node(node.line, node.column, text=text)
            )
        if len(line.arguments) > len(names):
            self._fault(node, f"{spec.word} takes at most {len(names)} values on its line")

    def _body(self, spec: CommandSpec, body: Node, found: dict[str, Any], *, inline: bool) -> None:
        if body.pairs is not None and not (inline and spec.body):
            self._pairs(spec, body, found)
            return
        name = spec.body if inline else spec.main
        parameter = spec.parameter(name) if name else None
        if parameter is None:
            self._fault(body, f"{spec.word} takes no value here")
        elif parameter.name in found:
            self._fault(body, f"{parameter.name} is given twice")
        else:
            found[parameter.name] = self.argument(parameter, body)

    def _pairs(self, spec: CommandSpec, body: Node, found: dict[str, Any]) -> None:
        others: list[tuple[Node, Node]] = []
        for key, part in body.pairs or []:
            parameter = spec.parameter(key.text or "")
            if parameter is None:
                if not spec.rest:
                    known = [each.name for each in spec.parameters]
                    self._fault(
                        key,
                        f"{spec.word} has no parameter {key.text}",
                        nearest(key.text or "", known),
                    )
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
        if kind is Kind.FORMAT:
            return ["format", self.format(node)]
        if kind is Kind.ACTION:
            self.actions[parameter.name] = node
            return ["lit", True]
        if kind is Kind.TEMPLATE:
            return self.template(node)
        if kind is Kind.LIST:
            return self._list(node)
        if kind is Kind.NAME and node.text is not None:
            return self._guard(node, whole_expression, node.text) or ["lit", node.text.strip()]
        return self.value(node)

    def value(self, node: Node) -> Tree:
        """Return the tree of an untyped value: text, list or map."""
        if node.items is not None:
            return ["list", [self.value(item) for item in node.items]]
        if node.pairs is not None:
            return self._map(node.pairs)
        tree: Tree = self._guard(node, value, node.text or "", quoted=node.quoted)
        return tree

    def format(self, node: Node) -> Tree:
        """Return what to make of a row: bare words are its properties (4.6).

        `A, B.C` or a list of them is a map of these; a map names its results itself.
        """
        if node.pairs is not None:
            return ["map", [[key.text or "", self._of_row(part)] for key, part in node.pairs]]
        parts = node.items
        if parts is None:
            texts = split_commas(node.text or "")
            parts = [Node(node.line, node.column, text=text.strip()) for text in texts]
            if len(parts) == 1:
                return self._of_row(parts[0])
        trees = [self._of_row(part) for part in parts]
        return ["map", [[last_name(tree), tree] for tree in trees]]

    def _of_row(self, node: Node) -> Tree:
        if node.text is None or node.quoted:
            return self.value(node)
        tree = self._guard(node, row_expression, node.text)
        return tree or self.value(node)

    def template(self, node: Node) -> Tree:
        """Return the tree of running text."""
        if node.text is None:
            self._fault(node, "a text was expected")
            return ["lit", ""]
        text = node.text if node.quoted else node.text.strip()
        whole = None if node.quoted else self._guard(node, whole_expression, text)
        tree: Tree = whole or self._guard(node, template, text)
        return tree

    def positional(self, text: str) -> list[Tree]:
        """Return the trees of `a, b` or `$a $b`."""
        several = expression_list(text, self.vocabulary)
        if several is not None:
            return several
        return [value(part, self.vocabulary) for part in split_commas(text)]

    def _list(self, node: Node) -> Tree:
        if node.text is None:
            return self.value(node)
        tree: Tree = self._guard(node, comma_list, node.text)
        return tree

    def _map(self, pairs: list[tuple[Node, Node]]) -> Tree:
        """Return a map, or a merge when keys are holders (2.7)."""
        parts: list[Any] = []
        for key, body in pairs:
            text = (key.text or "").strip()
            bare = text.strip(":") if text.startswith(":") else text
            tree = self._guard(key, whole_expression, bare) if bare[:1] in "${" else None
            if tree is None:
                parts.append([text, self.value(body)])
            elif text.startswith(":"):
                parts.append([None, tree])
            elif body.is_blank:
                parts.append([last_name(tree), tree])
            else:
                parts.append([tree, self.value(body)])
        return ["map", parts]

    def _guard(self, node: Node, read: Callable[..., Any], text: str, **options: Any) -> Any:
        try:
            return read(text, self.vocabulary, **options)
        except BadExpression as bad:
            self._fault(node, bad.message, bad.hint)
            return ["lit", None]

    def _fault(self, node: Node, message: str, hint: str = "") -> None:
        self.reader.fault(message, node.line, node.column, hint)
