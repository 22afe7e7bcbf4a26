"""The control words: what each compiles to. The instructions are explained in `code.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scripts.language import builtin, cases
from scripts.language.assertions import AssertionReader
from scripts.language.commandline import CommandLine, read_call, split_outside
from scripts.language.expressions import (
    Tree,
    last_name,
    row_expression,
    whole_expression,
)
from scripts.language.source import Node

if TYPE_CHECKING:
    from scripts.language.blocks import BlockCompiler

LOOPS = ("for", "while")


@dataclass(frozen=True)
class Control:
    """A control word: its callable, and for the reference how it is written and what it does."""

    compile: Callable[[BlockCompiler, Node, CommandLine, Node | None], None]
    form: str
    about: str


# -- IF, THEN, ELSE -----------------------------------------------------------------------------


def if_(blocks: BlockCompiler, node: Node, line: CommandLine, body: Node | None) -> None:
    _if(blocks, node, line, body, negated=False)


def ifnot(blocks: BlockCompiler, node: Node, line: CommandLine, body: Node | None) -> None:
    _if(blocks, node, line, body, negated=True)


def _if(
    blocks: BlockCompiler, node: Node, line: CommandLine, body: Node | None, *, negated: bool
) -> None:
    assertions = AssertionReader(blocks.reader, blocks.vocabulary, has_context=False)
    if line.inline:
        assertion = assertions.inline(line.inline, node)
    else:
        if body is None:
            blocks.fault(node, f"{line.word} needs an assertion", "such as $x.IsEmpty")
            blocks.pending = ["jump", node.line, node.column, 0]
            return
        assertion = assertions.block(body, None)
    blocks.pending = blocks.emit("unless", node, assertion, negated, 0)
    if line.inline and not assertion["lines"]:
        return  # it has been told that this is no assertion
    if line.inline and body is not None:
        blocks.block(body)
    else:
        blocks.needs_branch = node


def branch(blocks: BlockCompiler, node: Node, line: CommandLine, body: Node | None) -> None:
    """THEN or ELSE: belongs to what stands directly before it."""
    if blocks.pending is None:
        blocks.fault(node, f"{line.word} follows no IF", "it stands right behind IF, as deep")
        blocks.pending = ["jump", node.line, node.column, 0]
    if line.out is not None:
        action = Node(node.line, node.column, text=(node.text or "").strip()[4:].lstrip("> "))
    else:
        action = body if body is not None else Node(node.line, node.column, text=line.inline)
    if line.inline and body is not None:  # ELSE IF $x: action
        action = Node(
            node.line,
            node.column,
            pairs=[(Node(node.line, node.column, text="|".join(line.arguments)), body)],
        )
    if blocks.pending[0] == "pair":
        blocks.pending[1][-1] = True
        blocks.pending = blocks.emit("else", node, 0)
    blocks.needs_branch = None
    if line.word == "THEN":
        blocks.block(action)
        return
    skip = blocks.emit("jump", node, 0)
    blocks.patch(blocks.pending)
    blocks.pending = None
    blocks.block(action)
    blocks.patch(skip)


# -- loops, TRY, PARALLEL -----------------------------------------------------------------------


def for_(blocks: BlockCompiler, node: Node, line: CommandLine, body: Node | None) -> None:
    tree = _list(blocks, node, line)
    if line.out is None:
        blocks.fault(node, "FOR needs >> $name, the holder of each item")
    if body is None:
        blocks.fault(node, "FOR needs commands below")
        return
    blocks.emit("for", node, tree)
    top = blocks.emit("next", node, line.out, 0)
    _loop(blocks, "for", node, body, top)


def while_(blocks: BlockCompiler, node: Node, line: CommandLine, body: Node | None) -> None:
    if not line.inline or body is None:
        blocks.fault(node, "WHILE needs an assertion, and commands below")
        return
    assertions = AssertionReader(blocks.reader, blocks.vocabulary, has_context=False)
    blocks.emit("while", node)
    top = blocks.emit("again", node, assertions.inline(line.inline, node), 0)
    _loop(blocks, "while", node, body, top)


def _loop(blocks: BlockCompiler, kind: str, node: Node, body: Node, top: list[Any]) -> None:
    start = len(blocks.code) - 1
    around = blocks.inside(kind, body)
    blocks.emit("jump", node, start)
    for jump in (top, *around.breaks):
        blocks.patch(jump)


def break_(blocks: BlockCompiler, node: Node, line: CommandLine, body: Node | None) -> None:
    for depth, around in enumerate(reversed(blocks.around), 1):
        if around.kind in LOOPS:
            around.breaks.append(blocks.emit("break", node, depth, 0))
            return
        if around.kind == "parallel":
            break
    blocks.fault(node, "BREAK stands in no FOR or WHILE")


def repeat(blocks: BlockCompiler, node: Node, line: CommandLine, body: Node | None) -> None:
    """REPEAT: begin the script again; with a text, only if the person says yes."""
    if any(around.kind == "parallel" for around in blocks.around):
        blocks.fault(node, "REPEAT cannot stand in PARALLEL")
    asked = None
    if line.inline or body is not None:
        if "CONFIRM" not in blocks.vocabulary.commands:
            blocks.fault(node, "REPEAT with a text needs CONFIRM")
            return
        instruction = blocks.do(node, CommandLine("CONFIRM", line.arguments), body)
        instruction[-1] = True
        blocks.pending = None
        asked = blocks.emit("else", node, 0)
    blocks.emit("repeat", node)
    blocks.patch(asked)


def try_(blocks: BlockCompiler, node: Node, line: CommandLine, body: Node | None) -> None:
    if body is None or line.inline:
        blocks.fault(node, "TRY needs commands below", "write TRY >> $error: and a list")
        return
    start = blocks.emit("try", node, line.out, 0)
    blocks.inside("try", body)
    blocks.emit("tried", node)
    blocks.patch(start)


def parallel(blocks: BlockCompiler, node: Node, line: CommandLine, body: Node | None) -> None:
    """PARALLEL list >> $i: the same for each; PARALLEL: each of the commands below is a branch."""
    if body is None:
        blocks.fault(node, "PARALLEL needs commands below")
        return
    if line.inline and (line.out is None or line.out[2] or line.out[0] != ">>"):
        blocks.fault(node, "PARALLEL of a list needs >> $name, the holder of each item")
    tree = _list(blocks, node, line) if line.inline else None
    start = blocks.emit("parallel", node, tree, line.out if line.inline else None, [], 0)
    for part in [body] if line.inline else _chains(body):
        start[5].append(len(blocks.code))
        blocks.inside("parallel", part)
        blocks.emit("join", node)
    blocks.patch(start)


def _chains(body: Node) -> list[Node]:
    """Return the branches of a list: its commands, THEN and ELSE with what they belong to."""
    chains: list[Node] = []
    for item in body.items if body.items is not None else [body]:
        line = item.pairs[0][0].text if item.pairs else item.text
        if chains and (line or "").startswith(("THEN", "ELSE")):
            (chains[-1].items or []).append(item)
        else:
            chains.append(Node(item.line, item.column, items=[item]))
    return chains


def _list(blocks: BlockCompiler, node: Node, line: CommandLine) -> Tree:
    """Return what a loop goes through: an expression, or words with commas."""
    text = Node(node.line, node.column, text=line.inline)
    if not line.inline:
        blocks.fault(node, f"{line.word} needs a list", "such as $list, or A, B, C")
    return blocks.arguments.value(text)


# -- RUN and RETURN -----------------------------------------------------------------------------


def run(blocks: BlockCompiler, node: Node, line: CommandLine, body: Node | None) -> None:
    if not line.inline and body is not None and body.text is not None:
        line.arguments = [body.text]
        body = None
    if not line.inline:
        blocks.fault(node, "RUN needs the name of a script")
        return
    names = [part.strip() for part in split_outside(line.inline, ",")]
    if len(names) > 1 and body is not None:
        blocks.fault(node, "several scripts take no inputs below", "write RUN: A(1), B(2)")
    extra = _named(blocks, body)
    for argument in line.arguments[1:]:
        extra += _bound(blocks.arguments.positional(argument))
    for name in names:
        _run_one(blocks, node, name, extra, line.out)


def _run_one(blocks: BlockCompiler, node: Node, text: str, extra: list[Any], out: Any) -> None:
    inputs: list[Any] = []
    if text.startswith(("$", "{")):
        name = whole_expression(text, blocks.vocabulary)
        if name is None:
            blocks.fault(node, f"{text[:40]!r} is not the name of a script")
            return
    else:
        call = read_call(text)
        if call is None:
            hint = "letters, digits, space and _ . @ - only"
            blocks.fault(node, f"{text[:40]!r} is not the name of a script", hint)
            return
        name = ["lit", call[0]]
        trees = blocks.arguments.positional(call[1]) if call[1] else []
        inputs = [[str(number), tree] for number, tree in enumerate(trees, 1)]
        blocks.calls.add(call[0])
        blocks.called.setdefault(call[0], []).append(
            (node, {key for key, *_ in (*inputs, *extra) if isinstance(key, str)}, extra)
        )
    blocks.emit("run", node, name, [*inputs, *extra], out)


def _named(blocks: BlockCompiler, body: Node | None) -> list[Any]:
    """Return the inputs below a RUN: holders go by their names, and are never spread (1.4)."""
    if body is None:
        return []
    if body.pairs is not None:
        parts = blocks.arguments.map(body.pairs)[1]
        return [_input(part) for part in parts]
    if body.items is not None:
        return _bound([blocks.arguments.value(item) for item in body.items])
    return _bound(blocks.arguments.positional(body.text or ""))


def _input(part: list[Any]) -> list[Any]:
    key, tree = part[0], part[1]
    if len(part) > 2 and tree == ["system", "Inputs"]:
        return [None, tree]  # 12.4 #50: the short key passes all inputs on
    return [key, tree]


def _bound(trees: list[Tree]) -> list[Any]:
    """Give each input the name of its holder; what is no holder is positional."""
    named = [tree[0] not in ("lit", "text", "list", "map") for tree in trees]
    places = iter(range(1, len(trees) + 1))
    return [
        [last_name(tree) if has_name else str(next(places)), tree]
        for tree, has_name in zip(trees, named, strict=True)
    ]


def return_(blocks: BlockCompiler, node: Node, line: CommandLine, body: Node | None) -> None:
    if line.out is not None:
        blocks.fault(node, "RETURN gives its value to the caller", "write no >> here")
    blocks.emit("return", node, blocks.one_value(line, body, node))


# -- holders ------------------------------------------------------------------------------------


def put(blocks: BlockCompiler, node: Node, line: CommandLine, body: Node | None) -> None:
    if line.out is None and not (line.output and line.output.bad):
        blocks.fault(node, "PUT needs >> $name")
    blocks.emit("put", node, blocks.one_value(line, body, node), line.out)


def set_(blocks: BlockCompiler, node: Node, line: CommandLine, body: Node | None) -> None:
    if not line.inline and body is not None and body.text is not None:
        line.arguments, body = [body.text], None
    target = whole_expression(line.inline, blocks.vocabulary)
    if target is None or target[0] not in ("holder", "prop", "auto", "call", "system"):
        blocks.fault(node, "SET needs a holder, such as $x")
    elif body is not None:
        if body.pairs is None:
            blocks.fault(body, "SET needs a map of properties")
            return
        if target[0] == "auto":
            target = ["prop", target[1], target[2]]
        changes = [_change(blocks, key, part) for key, part in body.pairs]
        blocks.emit("set", node, target, changes)
    elif line.out is not None:
        added = ["merge", [["", ["holder", line.out[1]]], ["", target]]]
        blocks.emit("put", node, added, [">>", line.out[1], line.out[2]])
    else:
        _replace(blocks, node, target)


def _replace(blocks: BlockCompiler, node: Node, target: Tree) -> None:
    """SET $x.Fn(a): the holder, or the property, becomes what the function makes of it."""
    place = target
    while place[0] in ("call", "auto", "or") and isinstance(place[1], list):
        place = place[1]
    path: list[str] = []
    while place[0] == "prop":
        path.insert(0, place[2])
        place = place[1]
    if place[0] != "holder":
        blocks.fault(node, "SET needs a holder, such as $x")
        return
    blocks.emit("put", node, target, [">>", place[1], path])


def _change(blocks: BlockCompiler, key: Node, part: Node) -> list[Any]:
    """Return one change of a SET: `Count: 1`, `Count.Add(1):` or `Count: Count.Add(1)`."""
    text = (key.text or "").strip()
    if part.is_blank and "." in text:
        tree = row_expression(text, blocks.vocabulary)
        if tree is not None and not text.startswith("$"):
            return [_first(tree), tree]
    if part.text is not None and not part.quoted and "(" in part.text:
        tree = row_expression(part.text, blocks.vocabulary)
        if tree is not None:
            return [text, tree]
    entry = blocks.arguments.map([(key, part)])[1][0]
    return entry[:2] if entry[0] is not None else [last_name(entry[1]), entry[1]]


def _first(tree: Tree) -> str:
    while tree[0] != "field":
        tree = tree[1]
    return str(tree[1][0])


# -- the rest -----------------------------------------------------------------------------------


def assert_(blocks: BlockCompiler, node: Node, line: CommandLine, body: Node | None) -> None:
    context = whole_expression(line.inline, blocks.vocabulary) if line.inline else None
    if line.inline and context is None:
        blocks.fault(node, "ASSERT needs a holder, such as $x")
    if context is None and body is None:
        blocks.fault(node, "ASSERT needs something to assert")
    assertions = AssertionReader(blocks.reader, blocks.vocabulary, has_context=bool(line.inline))
    blocks.emit("assert", node, assertions.block(body, context), line.out)


def log(blocks: BlockCompiler, node: Node, line: CommandLine, body: Node | None) -> None:
    blocks.emit("log", node, blocks.one_value(line, body, node, text=True))


def error(blocks: BlockCompiler, node: Node, line: CommandLine, body: Node | None) -> None:
    if body is not None and body.pairs is not None:
        keys = [(key.text or "").strip().lower() for key, _ in body.pairs]
        if keys != ["message"]:
            blocks.fault(body, "ERROR takes Message")
            return
        body = body.pairs[0][1]
    blocks.emit("error", node, blocks.one_value(line, body, node, text=True))


def misplaced(blocks: BlockCompiler, node: Node, line: CommandLine, body: Node | None) -> None:
    branch(blocks, node, line, body)


CONTROL: dict[str, Control] = {
    "IF": Control(if_, "IF assertion: action", "does the action when the assertion holds"),
    "IFNOT": Control(ifnot, "IFNOT assertion: action", "does the action when it does not hold"),
    "THEN": Control(misplaced, "THEN: action", "what the IF or CONFIRM before it does on yes"),
    "ELSE": Control(misplaced, "ELSE: action", "what is done otherwise"),
    "CASE": Control(cases.case, "CASE value: when: action", "does the action of the first match"),
    "FOR": Control(for_, "FOR list >> $item: commands", "does the commands for each item"),
    "WHILE": Control(while_, "WHILE assertion: commands", "repeats while the assertion holds"),
    "BREAK": Control(break_, "BREAK", "leaves the innermost FOR or WHILE"),
    "REPEAT": Control(repeat, "REPEAT [question]", "begins the script again, if asked on yes"),
    "PARALLEL": Control(
        parallel, "PARALLEL [list >> $item]: commands", "does the commands side by side"
    ),
    "RUN": Control(run, "RUN script(inputs) >> $result", "runs a script, and takes its RETURN"),
    "CALL": Control(builtin.call, "CALL .Fn(a, b) >> $x", "puts what a function gives"),
    "RETURN": Control(return_, "RETURN value", "leaves the script with a value"),
    "TRY": Control(try_, "TRY >> $error: commands", "goes on behind it when a command fails"),
    "ERROR": Control(error, "ERROR text", "ends the run, or the TRY around it, with a message"),
    "PUT": Control(put, "PUT value >> $holder", "puts a value into a holder, or at its end (+>)"),
    "SET": Control(set_, "SET $holder: changes", "changes properties of a holder"),
    "ASSERT": Control(
        assert_, "ASSERT $value: assertions", "fails when an assertion does not hold"
    ),
    "LOG": Control(log, "LOG text", "writes to the run's log"),
}
