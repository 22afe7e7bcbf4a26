"""CALL: a built-in function as a command. Code of the hosted domain is not part of this release."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scripts.language.commandline import CommandLine
from scripts.language.expressions import whole_expression
from scripts.language.source import Node

if TYPE_CHECKING:
    from scripts.language.blocks import BlockCompiler


def call(blocks: BlockCompiler, node: Node, line: CommandLine, body: Node | None) -> None:
    """CALL .Fn(a, b) >> $x, with more arguments below as a list, or one as a text or map."""
    if not line.inline and body is not None and body.text is not None:
        line.arguments, body = [body.text], None
    below = [] if body is None else (body.items if body.items is not None else [body])
    places = [Node(node.line, node.column, text=text) for text in line.arguments[1:]]
    text, rest = _joined(line.inline, [*places, *below])
    tree = whole_expression(text, blocks.vocabulary) if line.inline else None
    if tree is None or not line.inline.startswith(".") or tree[0] not in ("call", "auto"):
        message = f"CALL runs a built-in function, not {line.inline[:40]!r}"
        hint = "code of the hosted domain is not supported; a function begins with a dot"
        blocks.fault(node, message, hint if line.inline else "such as .Format($rows, Title)")
        return
    given: list[Any] = list(tree[3]) if tree[0] == "call" else []
    given += [blocks.arguments.value(each) for each in rest]
    blocks.emit("put", node, ["call", tree[1], tree[2], given], line.out)


def _joined(text: str, arguments: list[Node]) -> tuple[str, list[Node]]:
    """Return `.Fn(a, b)` of `.Fn` and its arguments, so that they are read as those of a function;
    those that are no plain words stay apart, with all that follow them."""
    words: list[str] = []
    for at, each in enumerate(arguments):
        if each.text is None or each.quoted or text.endswith(")"):
            return (f"{text}({', '.join(words)})" if words else text), arguments[at:]
        words.append(each.text)
    return (f"{text}({', '.join(words)})" if words else text), []
