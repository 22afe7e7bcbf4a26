"""CASE (5.1.1): whens of all forms, and actions or values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scripts.language.commandline import CommandLine, split_outside
from scripts.language.expressions import Tree, row_expression, value, whole_expression
from scripts.language.source import Node

if TYPE_CHECKING:
    from scripts.language.blocks import BlockCompiler

OTHERWISE = "$"


def case(blocks: BlockCompiler, node: Node, line: CommandLine, body: Node | None) -> None:
    """Compile CASE: with an output its actions are values, else they are code behind it."""
    if body is None or body.pairs is None:
        blocks.fault(node, "CASE needs whens below, each with its action")
        return
    subject = None
    if line.inline:
        text = Node(node.line, node.column, text=line.inline)
        subject = blocks.arguments.value(text)
    instruction = blocks.emit("case", node, subject, [], None, line.out)
    ends = []
    otherwise: Node | None = None
    for key, action in body.pairs:
        if key.text == OTHERWISE and not key.quoted:
            otherwise = action
            continue
        tests = [_test(blocks, key, part, bool(line.inline)) for part in _parts(key)]
        if line.out is not None:
            instruction[4].append([tests, _value(blocks, action)])
            continue
        instruction[4].append([tests, len(blocks.code)])
        blocks.block(action)
        ends.append(blocks.emit("jump", node, 0))
    if line.out is not None:
        instruction[5] = None if otherwise is None else _value(blocks, otherwise)
        return
    instruction[5] = len(blocks.code)
    if otherwise is not None:
        blocks.block(otherwise)
    for end in ends:
        blocks.patch(end)


def _parts(key: Node) -> list[str]:
    """Return the literals that a when joins by commas."""
    text = (key.text or "").strip()
    return [text] if key.quoted else [part.strip() for part in split_outside(text, ",")]


def _test(blocks: BlockCompiler, key: Node, text: str, has_value: bool) -> list[Any]:
    """Return [how, tree]: "is" the value, or "true" of its own."""
    vocabulary = blocks.vocabulary
    if key.quoted:
        return ["is", ["lit", text]]
    if text.startswith("."):
        tree = whole_expression(text, vocabulary)
        if tree is not None and tree[0] in ("call", "auto", "or"):
            return ["true", _of_value(tree)]
        return ["is", ["lit", text]]
    if text[:1] in ("$", "{"):
        tree = whole_expression(text, vocabulary)
        if tree is not None:
            return ["is" if has_value else "true", tree]
        blocks.fault(key, f"{text!r} is not something to compare with")
        return ["is", ["lit", None]]
    path = row_expression(text, vocabulary) if "." in text else None
    if path is not None and path[0] in ("call", "auto", "or"):
        return ["true", path]
    return ["is", value(text, vocabulary)]


def _of_value(tree: Tree) -> Tree:
    """Give the function that begins `.IsAbove(0)` the value of the CASE as its subject."""
    if tree[0] == "call" and tree[1] is None:
        return ["call", ["field", []], tree[2], tree[3]]
    if tree[0] == "or":
        return ["or", _of_value(tree[1]), _of_value(tree[2])]
    return [tree[0], _of_value(tree[1]), *tree[2:]] if isinstance(tree[1], list) else tree


def _value(blocks: BlockCompiler, action: Node) -> Tree:
    """Return the value of a CASE with an output; a map of functions is applied to its value."""
    if action.pairs:
        piped = blocks.arguments.pipeline(["field", []], action)
        if piped is not None:
            return piped
    return blocks.arguments.value(action)
