"""Commands to instructions: the control words, and the order in which IF, THEN and ELSE stand."""

from __future__ import annotations

from typing import Any

from scripts.language.arguments import ArgumentReader
from scripts.language.assertions import AssertionReader
from scripts.language.commandline import CommandLine, read_call, read_line, split_out
from scripts.language.expressions import BadExpression, Tree, last_name, whole_expression
from scripts.language.limits import limits
from scripts.language.source import Node, Reader
from scripts.language.vocabulary import NOT_SUPPORTED, CommandSpec, Vocabulary, nearest

CONTROL = ("IF", "IFNOT", "THEN", "ELSE", "RUN", "RETURN", "PUT", "SET", "ASSERT", "LOG", "ERROR")


class BlockCompiler:
    """Appends the instructions of one script to `code`."""

    def __init__(self, reader: Reader, vocabulary: Vocabulary, calls: set[str]) -> None:
        self.reader = reader
        self.vocabulary = vocabulary
        self.calls = calls
        self.code: list[Any] = []
        self.arguments = ArgumentReader(reader, vocabulary)
        # The jump that the next THEN or ELSE completes; None when none may follow.
        self.pending: list[Any] | None = None
        self.needs_branch: Node | None = None
        self.depth = 0

    # -- lists of commands ------------------------------------------------------------------

    def item(self, node: Node) -> None:
        """Compile one list item: a scalar, or a map of one pair."""
        if node.pairs is not None and len(node.pairs) == 1:
            key, body = node.pairs[0]
            self.command(key, body)
        elif node.text is not None and not node.quoted:
            self.command(node, None)
        elif node.pairs is not None:
            self.fault(node, "one list item holds one command", "begin each with a dash")
        else:
            self.fault(node, "a command was expected")

    def block(self, node: Node) -> None:
        """Compile an action: commands, one nested command, an inline command, or a script."""
        outer = self.pending, self.needs_branch
        self.pending = self.needs_branch = None
        self.depth += 1
        if self.depth > limits.depth:
            self.fault(node, "nested too deep")
        elif node.items is not None:
            for item in node.items:
                self.item(item)
        elif node.pairs is not None:
            self.item(node)
        elif node.is_blank:
            self.fault(node, "an action was expected")
        else:
            self._inline_action(node)
        self.close()
        self.depth -= 1
        self.pending, self.needs_branch = outer

    def _inline_action(self, node: Node) -> None:
        line = read_line(node.text or "")
        if line is not None and (line.word in CONTROL or line.word in self.vocabulary.commands):
            self.command(node, None)
            return
        self._run(node, CommandLine("RUN", [node.text or ""]), None)

    def close(self) -> None:
        """End the chain of IF, THEN and ELSE: everything that waits for its end goes here."""
        if self.needs_branch is not None:
            self.fault(self.needs_branch, "THEN or ELSE must follow")
        self._patch(self.pending)
        self.pending = self.needs_branch = None

    def _patch(self, instruction: list[Any] | None) -> None:
        if instruction is not None:
            instruction[-1] = len(self.code)

    # -- one command ------------------------------------------------------------------------

    def command(self, node: Node, body: Node | None) -> None:
        """Compile a command line with its body; faults go to the reader."""
        line = read_line(node.text or "")
        if line is None:
            self.fault(
                node,
                f"a command was expected, not {(node.text or '')[:40]!r}",
                "command words are in capitals",
            )
            return
        if line.bad_out:
            self.fault(node, f"{line.bad_out} cannot take a result", "write >> $name")
        if body is not None and body.is_blank:
            body = None
        try:
            if line.word in ("THEN", "ELSE"):
                self._branch(node, line, body)
            else:
                self.close()
                self._dispatch(node, line, body)
        except BadExpression as bad:
            self.fault(node, f"{line.word}: {bad.message}", bad.hint)

    def _dispatch(self, node: Node, line: CommandLine, body: Node | None) -> None:
        if body is not None and body.text is not None and not body.quoted and line.out is None:
            text, line.out, bad = split_out(body.text)
            if bad:
                self.fault(body, f"{bad} cannot take a result", "write >> $name")
            body = Node(body.line, body.column, text=text.strip())
            body = None if body.is_blank else body
        if line.word in CONTROL:
            getattr(self, f"_{line.word.lower()}")(node, line, body)
        elif line.word in self.vocabulary.commands:
            self._do(node, line, body)
        elif line.word in NOT_SUPPORTED:
            self.fault(node, f"{line.word} is not supported in this release")
        else:
            known = [*CONTROL, *self.vocabulary.commands]
            self.fault(node, f"unknown command {line.word}", nearest(line.word, known))

    def _do(self, node: Node, line: CommandLine, body: Node | None) -> None:
        spec = self.vocabulary.commands[line.word]
        arguments = self.arguments.read(spec, node, line, body)
        actions = self.arguments.actions
        out = line.out or self._changed(spec, arguments)
        instruction = self.emit("do", node, line.word, arguments, out, False)
        if spec.pairs:
            self.pending = ["pair", instruction]
        if actions:
            self._actions(node, instruction, actions)

    def _changed(self, spec: CommandSpec, arguments: dict[str, Any]) -> list[Any] | None:
        """Return the holder that a command changes in place when it has no output."""
        tree = arguments.get(spec.changes)
        path: list[str] = []
        while tree and tree[0] in ("prop", "auto"):
            path.insert(0, tree[2])
            tree = tree[1]
        if tree and tree[0] == "holder":
            return [">>", tree[1], path]
        return None

    def _actions(self, node: Node, instruction: list[Any], actions: dict[str, Node]) -> None:
        """Put the code of actions behind a command; it begins where `jump` does not lead past."""
        ends = [self.emit("jump", node, 0)]
        for name, action in actions.items():
            instruction[4][name] = ["act", len(self.code)]
            self.block(action)
            ends.append(self.emit("jump", node, 0))
        for end in ends:
            self._patch(end)

    # -- control words ----------------------------------------------------------------------

    def _if(self, node: Node, line: CommandLine, body: Node | None, negated: bool = False) -> None:
        assertions = AssertionReader(self.reader, self.vocabulary, has_context=False)
        if line.inline:
            assertion = assertions.inline(line.inline, node)
        else:
            if body is None:
                self.fault(node, f"{line.word} needs an assertion")
            assertion = assertions.block(body, None)
        self.pending = self.emit("unless", node, assertion, negated, 0)
        if line.inline and body is not None:
            self.block(body)
        else:
            self.needs_branch = node

    def _ifnot(self, node: Node, line: CommandLine, body: Node | None) -> None:
        self._if(node, line, body, negated=True)

    def _branch(self, node: Node, line: CommandLine, body: Node | None) -> None:
        if self.pending is None:
            self.fault(node, f"{line.word} follows no IF")
            self.pending = ["jump", node.line, node.column, 0]
        action = body if body is not None else Node(node.line, node.column, text=line.inline)
        if self.pending[0] == "pair":
            self.pending[1][-1] = True
            self.pending = self.emit("else", node, 0)
        self.needs_branch = None
        if line.word == "THEN":
            self.block(action)
            return
        skip = self.emit("jump", node, 0)
        self._patch(self.pending)
        self.pending = None
        self.block(action)
        self._patch(skip)

    def _run(self, node: Node, line: CommandLine, body: Node | None) -> None:
        if not line.inline and body is not None and body.text is not None:
            line.arguments = [body.text]
            body = None
        if line.inline.startswith("$"):
            name = whole_expression(line.inline, self.vocabulary) or ["lit", line.inline]
            inputs: list[Any] = []
        else:
            call = read_call(line.inline)
            if call is None:
                self.fault(node, f"{line.inline[:40]!r} is not the name of a script")
                return
            name = ["lit", call[0]]
            inputs = self._positional(call[1])
            self.calls.add(call[0])
        inputs += self._named(body)
        self.emit("run", node, name, inputs, line.out)

    def _positional(self, text: str | None) -> list[Any]:
        trees = self.arguments.positional(text) if text else []
        return [[str(number), tree] for number, tree in enumerate(trees, 1)]

    def _named(self, body: Node | None) -> list[Any]:
        if body is None:
            return []
        if body.pairs is not None:
            return [[key.text, self.arguments.value(part)] for key, part in body.pairs]
        trees = self.arguments.positional(body.text or "")
        return [[last_name(tree), tree] for tree in trees]

    def _return(self, node: Node, line: CommandLine, body: Node | None) -> None:
        self.emit("return", node, self._value(line, body, node))

    def _put(self, node: Node, line: CommandLine, body: Node | None) -> None:
        if line.out is None:
            self.fault(node, "PUT needs >> $name")
        self.emit("put", node, self._value(line, body, node), line.out)

    def _set(self, node: Node, line: CommandLine, body: Node | None) -> None:
        target = whole_expression(line.inline, self.vocabulary)
        if target is None or target[0] not in ("holder", "prop", "auto", "call"):
            self.fault(node, "SET needs a holder, such as $x")
            return
        if body is None:
            if line.out is not None:
                self.emit(
                    "put",
                    node,
                    ["merge", [["", ["holder", line.out[1]]], ["", target]]],
                    [">>", line.out[1], line.out[2]],
                )
            else:
                self.emit("put", node, target, [">>", _root(target), []])
            return
        if body.pairs is None:
            self.fault(body, "SET needs a map of properties")
            return
        changes = [[key.text, self.arguments.value(part)] for key, part in body.pairs]
        self.emit("set", node, target, changes)

    def _assert(self, node: Node, line: CommandLine, body: Node | None) -> None:
        context = whole_expression(line.inline, self.vocabulary) if line.inline else None
        if line.inline and context is None:
            self.fault(node, "ASSERT needs a holder, such as $x")
        if context is None and body is None:
            self.fault(node, "ASSERT needs something to assert")
        assertions = AssertionReader(self.reader, self.vocabulary, has_context=bool(line.inline))
        self.emit("assert", node, assertions.block(body, context), line.out)

    def _log(self, node: Node, line: CommandLine, body: Node | None) -> None:
        self.emit("log", node, self._value(line, body, node, text=True))

    def _error(self, node: Node, line: CommandLine, body: Node | None) -> None:
        if body is not None and body.pairs is not None:
            messages = [part for key, part in body.pairs if key.text == "Message"]
            if len(messages) != 1 or len(body.pairs) > 1:
                self.fault(body, "ERROR takes Message")
            body = messages[0] if messages else None
        self.emit("error", node, self._value(line, body, node, text=True))

    def _value(self, line: CommandLine, body: Node | None, node: Node, text: bool = False) -> Tree:
        if line.inline and body is not None:
            self.fault(node, f"{line.word} takes one value: inline, or below")
        source = body or Node(node.line, node.column, text=line.inline)
        if text and source.is_scalar:
            return self.arguments.template(source)
        return self.arguments.value(source)

    # -- output -----------------------------------------------------------------------------

    def emit(self, op: str, node: Node, *operands: Any) -> list[Any]:
        instruction = [op, node.line, node.column, *operands]
        self.code.append(instruction)
        return instruction

    def fault(self, node: Node, message: str, hint: str = "") -> None:
        self.reader.fault(message, node.line, node.column, hint)


def _root(tree: Tree) -> str:
    while tree[0] != "holder" and isinstance(tree[1], list):
        tree = tree[1]
    return str(tree[1])
