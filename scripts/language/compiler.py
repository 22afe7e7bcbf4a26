"""From a script file to code: every command checked against the vocabulary, all faults at once."""

from __future__ import annotations

import re

from scripts.language.blocks import BlockCompiler
from scripts.language.code import ABI, CompiledFile, Script
from scripts.language.errors import LoadErrors
from scripts.language.source import Node, Reader
from scripts.language.vocabulary import Vocabulary

__all__ = ["ABI", "CompiledFile", "Script", "compile_file"]

MENU = "\U0001f4ac"
_NAME = re.compile(r"\.?[A-Za-z0-9][A-Za-z0-9 _.@-]*")
_MARKED = re.compile(r"\[([^\]]+)\]|/(\w+)")


def compile_file(
    source: str, *, file: str, vocabulary: Vocabulary, default_name: str = ""
) -> CompiledFile:
    """Compile a script file; `default_name` is for a file that is only a list of commands.

    Raises LoadErrors with every fault, each with file, line and column; nothing else, whatever
    the text.
    """
    reader = Reader(file)
    root = reader.read(source)
    compiled = CompiledFile({})
    try:
        if root is not None:
            _compile(root, compiled, reader, vocabulary, default_name)
        elif not reader.faults:
            reader.fault("the file is empty", 1, 1)
    except RecursionError:
        reader.fault("nested too deep", 1, 1)
    if reader.faults:
        faults = sorted(reader.faults, key=lambda each: (each.line, each.column))
        raise LoadErrors(list({str(each): each for each in faults}.values()))
    compiled.calls.difference_update(compiled.scripts)
    return compiled


def _compile(
    root: Node, compiled: CompiledFile, reader: Reader, vocabulary: Vocabulary, default_name: str
) -> None:
    if root.items is not None:
        name = default_name or "main"
        compiled.scripts[name] = _script(name, root, root, compiled, reader, vocabulary)
        return
    if root.pairs is None:
        reader.fault("a script file is a map of scripts, or a list of commands", 1, 1)
        return
    if not root.pairs:
        reader.fault("the file is empty", 1, 1)
    for key, body in root.pairs:
        header = _header(key, compiled, reader)
        if header is None:
            continue
        if header in compiled.scripts:
            reader.fault(f"the script {header} is defined twice", key.line, key.column)
        compiled.scripts[header] = _script(header, key, body, compiled, reader, vocabulary)


def _header(key: Node, compiled: CompiledFile, reader: Reader) -> str | None:
    """Return the name in a script's header, whose leading emoji is noise, or marks a menu entry."""
    text = (key.text or "").strip()
    bare = re.sub(r"^[^\w.\[/]+", "", text).strip() if not text.startswith(".") else text
    if text.startswith(MENU):
        marked = _MARKED.search(bare)
        title = _MARKED.sub(lambda found: found[1] or found[2], bare)
        identity = (marked[1] or marked[2]) if marked else title
        compiled.menu.append((identity, title, title))
        bare = title
    if not _NAME.fullmatch(bare):
        reader.fault(
            f"{text!r} is not a script name",
            key.line,
            key.column,
            "letters, digits, space and _ . @ - only",
        )
        return None
    return bare


def _script(
    name: str,
    key: Node,
    body: Node,
    compiled: CompiledFile,
    reader: Reader,
    vocabulary: Vocabulary,
) -> Script:
    block = BlockCompiler(reader, vocabulary, compiled.calls)
    if body.items is None and not body.is_blank:
        reader.fault(f"{name} must be a list of commands", body.line, body.column)
    for item in body.items or []:
        block.item(item)
    block.close()
    return Script(name, reader.file, key.line, block.code)
