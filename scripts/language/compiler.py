"""From a script file to code: every command checked against the vocabulary, all faults at once."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from scripts.language import names, traps
from scripts.language.blocks import DASH, BlockCompiler
from scripts.language.code import ABI, CompiledFile, Script
from scripts.language.errors import LoadErrors, ScriptSyntaxError
from scripts.language.source import Node, Reader
from scripts.language.vocabulary import Vocabulary, nearest

__all__ = ["ABI", "CompiledFile", "Script", "compile_file"]

MENU = "\U0001f4ac"
_NAME = re.compile(r"\.?[A-Za-z0-9][A-Za-z0-9 _.@-]*")
_OUTPUT = re.compile(r"(?:[-+=]?>+|\u2192)\s*\$?([A-Za-z_]\w*)")
_MARKED = re.compile(r"\[([^\]]+)\]|/(\w+)")
_LONGEST_NAME = 200
GLUED = "put a space behind the dash"

Called = dict[str, list[tuple[Node, set[str], list[Any]]]]


@dataclass
class _Work:
    """What is shared while one file is compiled."""

    reader: Reader
    vocabulary: Vocabulary
    compiled: CompiledFile = field(default_factory=lambda: CompiledFile({}))
    called: Called = field(default_factory=dict)


def compile_file(
    source: str,
    *,
    file: str,
    vocabulary: Vocabulary,
    default_name: str = "",
    elsewhere: Collection[str] | None = None,
) -> CompiledFile:
    """Compile a script file; `default_name` is for a file that is only a list of commands.

    `elsewhere` are the scripts of other files that may be called; None leaves that to the caller.

    Raises LoadErrors with every fault, each with file, line and column; nothing else, whatever
    the text. What is odd and not wrong is in the `warnings` of the result.
    """
    reader = Reader(file)
    work = _Work(reader, vocabulary)
    try:
        root = reader.read(source)
        if root is not None:
            _compile(root, work, default_name)
            _doubt(work, source)
            if elsewhere is not None:
                _strange_calls(work, elsewhere)
        elif not reader.faults:
            reader.fault("the file is empty", 1, 1)
    except RecursionError:
        reader.command = ""
        reader.fault("nested too deep", 1, 1)
    if reader.faults:
        raise LoadErrors(_in_order(reader.faults), _in_order(reader.warnings))
    work.compiled.warnings.extend(_in_order(reader.warnings))
    work.compiled.calls.difference_update(work.compiled.scripts)
    return work.compiled


def _in_order(errors: list[ScriptSyntaxError]) -> list[ScriptSyntaxError]:
    """Return each once, from the first line to the last."""
    once = {str(each): each for each in errors}
    return sorted(once.values(), key=lambda each: (each.line, each.column))


def _compile(root: Node, work: _Work, default_name: str) -> None:
    compiled, reader = work.compiled, work.reader
    if root.items is not None:
        name = default_name or "main"
        compiled.scripts[name] = _script(name, root, root, work)
        return
    if root.pairs is None:
        trap = traps.header_without_colon(reader.lines, len(reader.lines))
        if trap is not None and any(line.lstrip().startswith("- ") for line in reader.lines):
            reader.fault(trap.message, trap.line + 1, 1, trap.hint)
            return
        message = "a script file is a map of scripts, or a list of commands"
        glued = (root.text or "").startswith("-")
        reader.fault(message, 1, 1, GLUED if glued else DASH)
        return
    if not root.pairs:
        reader.fault("the file is empty", 1, 1)
    for key, body in root.pairs:
        header = _header(key, compiled, reader)
        if header is None:
            continue
        if header in compiled.scripts:
            reader.fault(f"the script {header} is defined twice", key.line, key.column)
        compiled.scripts[header] = _script(header, key, body, work)


def _header(key: Node, compiled: CompiledFile, reader: Reader) -> str | None:
    """Return the name in a script's header, whose leading emoji is noise, or marks a menu entry."""
    text = (key.text or "").strip()
    if text.startswith(MENU):
        title = text.removeprefix(MENU).lstrip("\ufe0f").strip().removeprefix("|").strip()
        return _menu_entry(key, title, compiled, reader)
    if text.startswith("-"):
        reader.fault(f"{text[:60]!r} is no command", key.line, key.column, GLUED)
        return None
    bare = re.sub(r"^[^\w.\[/]+", "", text).strip() if not text.startswith(".") else text
    if not _NAME.fullmatch(bare) or len(bare) > _LONGEST_NAME:
        message = f"{text[:60]!r} is not a script name"
        reader.fault(message, key.line, key.column, "letters, digits, space and _ . @ - only")
        return None
    return bare


def _menu_entry(key: Node, text: str, compiled: CompiledFile, reader: Reader) -> str | None:
    """Keep a menu entry, whose id may be marked in its title: `[Return] a book`, `Pay by /Card`."""
    marked = _MARKED.search(text)
    title = _MARKED.sub(lambda found: found[1] or found[2], text).strip()
    if not title or "\n" in title or len(title) > _LONGEST_NAME:
        reader.fault("a menu entry needs a title", key.line, key.column)
        return None
    identity = (marked[1] or marked[2]) if marked else title
    if any(entry[0] == identity for entry in compiled.menu):
        reader.fault(f"the menu entry {identity} is defined twice", key.line, key.column)
    compiled.menu.append((identity, title, title))
    return title


def _script(name: str, key: Node, body: Node, work: _Work) -> Script:
    reader = work.reader
    block = BlockCompiler(reader, work.vocabulary, work.compiled.calls)
    if body.items is None and not body.is_blank:
        reader.fault(f"{name} must be a list of commands", body.line, body.column, DASH)
    for item in body.items or []:
        block.item(item)
    block.close()
    for called, places in block.called.items():
        work.called.setdefault(called, []).extend(places)
    return Script(name, reader.file, key.line, block.code)


def _strange_calls(work: _Work, elsewhere: Collection[str]) -> None:
    """Refuse calls of scripts that are neither here nor elsewhere, each where it stands."""
    known = [*work.compiled.scripts, *elsewhere]
    for name, places in work.called.items():
        if name in known:
            continue
        hint = nearest(name, known) or (
            "a command begins with a word in capitals" if " " in name else ""
        )
        for node, _, _ in places:
            work.reader.command = ""
            work.reader.fault(f"there is no script {name}", node.line, node.column, hint)


def _doubt(work: _Work, source: str) -> None:
    """Warn of holders that nothing sets; a script that others may start has inputs of its own.

    A command with a fault may be the one that sets it: then it is enough that `source` says so.
    """
    written = set(_OUTPUT.findall(source)) if work.reader.faults else set()
    for name, script in work.compiled.scripts.items():
        inputs: set[str] | None = None
        for _, given, extra in work.called.get(name, []):
            spread = any(part[0] is None or not isinstance(part[0], str) for part in extra)
            inputs = None if spread else (inputs or set()) | given
            if spread:
                break
        for holder, line, column, near in names.unset(script.code, inputs):
            if holder in written:
                continue
            hint = f"did you mean ${near}?" if near else ""
            work.reader.warn(f"nothing sets ${holder}", line, column, hint)
