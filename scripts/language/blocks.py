"""Commands to instructions: lists of them, their order, and the code of what an action holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from scripts.language import controls, traps
from scripts.language.arguments import ArgumentReader
from scripts.language.commandline import CommandLine, Output, read_line, split_out
from scripts.language.expressions import BadExpression, Tree
from scripts.language.limits import limits
from scripts.language.source import Node, Reader
from scripts.language.vocabulary import NOT_SUPPORTED, CommandSpec, Vocabulary, nearest

CONTROL = controls.CONTROL
DASH = "begin each command with a dash"
NO_RESULT = frozenset(["BREAK", "ERROR", "LOG", "REPEAT", "WHILE"])


@dataclass
class Around:
    """A FOR, WHILE, TRY or PARALLEL that is being compiled; BREAKs wait here for its end."""

    kind: str
    breaks: list[list[Any]] = field(default_factory=list)


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
        self.around: list[Around] = []
        # Script -> where it is called, with which inputs, and what is merged into them.
        self.called: dict[str, list[tuple[Node, set[str], list[Any]]]] = {}
        self.depth = 0

    # -- lists of commands ------------------------------------------------------------------

    def item(self, node: Node) -> None:
        """Compile one list item: a scalar, or a map of one pair."""
        if traps.is_left_out(node.text) and self.reader.faults:
            self.close()
            self.pending = ["jump", node.line, node.column, 0]  # it may have been an IF
        elif node.pairs is not None and len(node.pairs) == 1:
            key, body = node.pairs[0]
            self.command(key, body)
        elif node.text is not None and not node.quoted:
            self._undashed(node)
            self.command(node, None)
        elif node.pairs:
            self._several(node, node.pairs)
        elif node.quoted:
            self.fault(node, "a command was expected", "a command is not quoted, only its text is")
        else:
            self.fault(node, "a command was expected")

    def _several(self, node: Node, pairs: list[tuple[Node, Node]]) -> None:
        first, second = (read_line(key.text or "") for key, _ in pairs[:2])
        hint = "begin each with a dash"
        if first is not None and (second is None or not self.is_word(second.word)):
            name = pairs[1][0].text
            hint = f"{name} belongs below {first.word}, four spaces deeper than its dash"
        self.fault(node, "one list item holds one command", hint)

    def _undashed(self, node: Node) -> None:
        """Tell who forgot a dash: YAML reads the next line as more of the same text."""
        for at in range(node.line, min(node.end_line, len(self.reader.lines))):
            text = self.reader.lines[at]
            line = read_line(text)
            if line is not None and self.is_word(line.word):
                column = len(text) - len(text.lstrip()) + 1
                self.reader.fault(f"{line.word} begins no command here", at + 1, column, DASH)

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

    def inside(self, kind: str, node: Node) -> Around:
        """Compile the body of a loop, a TRY or a PARALLEL; BREAKs of a loop are left to patch."""
        around = Around(kind)
        self.around.append(around)
        self.block(node)
        self.around.pop()
        return around

    def _inline_action(self, node: Node) -> None:
        line = read_line(node.text or "")
        if line is not None and (self.is_word(line.word) or line.arguments):
            self.command(node, None)
            return
        controls.run(self, node, CommandLine("RUN", [node.text or ""]), None)

    def is_word(self, word: str) -> bool:
        return word in CONTROL or word in self.vocabulary.commands or word in NOT_SUPPORTED

    def close(self) -> None:
        """End the chain of IF, THEN and ELSE: everything that waits for its end goes here."""
        if self.needs_branch is not None:
            outer, self.reader.command = self.reader.command, ""
            self.fault(self.needs_branch, "IF without an action: THEN or ELSE must follow")
            self.reader.command = outer
        self.patch(self.pending)
        self.pending = self.needs_branch = None

    def patch(self, instruction: list[Any] | None) -> None:
        """Let a jump lead to what comes next."""
        if instruction is not None:
            instruction[-1] = len(self.code)

    # -- one command ------------------------------------------------------------------------

    def command(self, node: Node, body: Node | None) -> None:
        """Compile a command line with its body; faults go to the reader."""
        line = read_line(node.text or "")
        if line is None or node.quoted:
            self._no_command(node)
            return
        outer, self.reader.command = self.reader.command, line.word
        try:
            if line.inline.startswith("- ") and body is None:
                self.fault(node, "the list below needs a colon above", f"write {line.word}:")
                self.close()
                return
            self._output(node, line.output)
            if body is not None and body.is_blank:
                body = None
            if line.word in ("THEN", "ELSE"):
                controls.branch(self, node, line, body)
            else:
                self.close()
                self._dispatch(node, line, self._body(line, body))
        except BadExpression as bad:
            self.fault(node, bad.message, bad.hint)
        finally:
            self.reader.command = outer

    def _no_command(self, node: Node) -> None:
        text = (node.text or "").strip()
        word = text.split()[0].split(":")[0] if text else ""
        hint = "command words are in capitals"
        if node.quoted:
            hint = "a command is not quoted, only its text is"
        elif self.is_word(word.upper()):
            hint = f"write {word.upper()}"
        elif text.startswith("$"):
            hint = "write PUT value >> $name to set a holder"
        self.fault(node, f"a command was expected, not {text[:40]!r}", hint)

    def _output(self, node: Node, output: Output | None) -> None:
        if output is not None and output.bad:
            self.fault(node, f"{output.bad} cannot take a result", output.advice)
        elif output is not None and output.out and self.reader.command in NO_RESULT:
            self.fault(node, f"{self.reader.command} gives no result", "write no >> here")
        elif output is not None and output.undollared:
            name = output.undollared
            self.reader.warn(f">> {name} has no $", node.line, node.column, f"write >> ${name}")

    def _body(self, line: CommandLine, body: Node | None) -> Node | None:
        """Take the output off a body that is a text, such as `RUN: Fine >> $cost`."""
        if body is None or body.text is None or body.quoted or line.out is not None:
            return body
        if line.word in ("IF", "IFNOT", "FOR", "WHILE") and line.inline:
            return body  # it is a command, with an output of its own
        output = split_out(body.text)
        self._output(body, output)
        line.out = output.out
        rest = Node(body.line, body.column, text=output.text.strip())
        return None if rest.is_blank else rest

    def _dispatch(self, node: Node, line: CommandLine, body: Node | None) -> None:
        control = CONTROL.get(line.word)
        if control is not None:
            control.compile(self, node, line, body)
        elif line.word in self.vocabulary.commands:
            self.do(node, line, body)
        elif line.word in NOT_SUPPORTED:
            self.fault(node, f"{line.word} is not supported in this release")
        else:
            known = [*CONTROL, *self.vocabulary.commands]
            self.fault(node, f"unknown command {line.word}", nearest(line.word, known))

    def do(self, node: Node, line: CommandLine, body: Node | None) -> list[Any]:
        """Compile a command of the vocabulary, and the code of its actions behind it."""
        spec = self.vocabulary.commands[line.word]
        arguments = self.arguments.read(spec, node, line, body)
        actions = self.arguments.actions
        out = line.out or self._changed(spec, arguments)
        instruction = self.emit("do", node, line.word, arguments, out, False)
        faulty = any(fault.line == node.line for fault in self.reader.faults)  # its >>, say
        if spec.answers and out is None and not spec.pairs and line.inline and not faulty:
            self.reader.warn("the answer is not kept", node.line, node.column, "add >> $name")
        if spec.pairs:
            self.pending = ["pair", instruction]
        if actions:
            self._actions(node, instruction, actions)
        return instruction

    def _changed(self, spec: CommandSpec, arguments: dict[str, Any]) -> list[Any] | None:
        """Return the holder that a command changes in place when it has no output."""
        tree = arguments.get(spec.changes)
        path: list[str] = []
        while tree and tree[0] in ("prop", "auto"):
            path.insert(0, tree[2])
            tree = tree[1]
        if tree and tree[0] == "holder":
            return [">>", tree[1], path]
        if tree and tree[0] == "system":
            return [">>", f".{tree[1]}", path]
        return None

    def _actions(self, node: Node, instruction: list[Any], actions: dict[str, Node]) -> None:
        """Put the code of actions behind a command; it begins where `jump` does not lead past."""
        ends = [self.emit("jump", node, 0)]
        for name, action in actions.items():
            instruction[4][name] = ["act", len(self.code)]
            self.block(action)
            ends.append(self.emit("jump", node, 0))
        for end in ends:
            self.patch(end)

    def one_value(
        self, line: CommandLine, body: Node | None, node: Node, *, text: bool = False
    ) -> Tree:
        """Return the value of a command that takes one: inline, below, or below of an inline."""
        inline = Node(node.line, node.column, text=line.inline)
        if line.inline and body is not None:
            if text or not line.inline.startswith("$"):
                self.fault(node, f"{line.word} takes one value: inline, or below")
            return ["shape", self.arguments.value(inline), self.arguments.format(body)]
        source = body or inline
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
