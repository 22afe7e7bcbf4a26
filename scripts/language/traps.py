"""What YAML makes of lines that look natural (2.11), and what to tell their author."""

from __future__ import annotations

import re
from dataclasses import dataclass

import yaml

QUOTE = "quote this text"
LEFT_OUT = "\u2060left out\u2060"  # stands for a command that is not YAML, once that has been told

_ITEM = re.compile(r"(\s*)-(\s|$)")
_ACTION = re.compile(r"\s*-?\s*((?:IF|IFNOT|THEN|ELSE)\b.*?):\s+([A-Z][A-Z0-9]+\b.*?):\s")
_BRACE = re.compile(r"(?::\s|-\s|,|\{)\s*(\{[^{}]*\}\s*[^\s#,}\]][^,}]*)")
_BRACKET = re.compile(r"(?::|-)\s+(\[[^\]]*\]\s*[^\s#,}\]].*)$")
_UNDASHED = re.compile(r"\s*[A-Z][A-Z0-9]+(?:[ :]|$)")
_WORD = re.compile(r"\s*(?:-\s*)?([A-Z][A-Z0-9]+)\b")
_SECOND = re.compile(r"\s*(?:-\s+)?([^:]*):\s+(.*?:(?:\s.*|$))")
_OUTPUT = re.compile(r"\s*-\s+([A-Z]+)\s+([^\":]+)(:)\s+((?:>>|\+>)\s*\$\w+)\s*:?\s*$")
_MARKED = re.compile(r"(?:(?::|-)\s+)([`@%*!&>|].*)$")


@dataclass(frozen=True)
class Trap:
    """`line` and `column` count from 0."""

    message: str
    line: int
    column: int
    hint: str = ""


def explain(lines: list[str], error: yaml.MarkedYAMLError) -> Trap:
    """Return what is wrong at the place where YAML gave up."""
    mark, context = error.problem_mark, error.context_mark
    problem = error.problem or error.context or "it cannot be read"
    if "quoted scalar" in (error.context or "") and context is not None:
        return Trap("the quote that opens here is never closed", context.line, context.column)
    place = mark or context
    if place is None:
        return Trap(f"not YAML: {problem}", 0, 0)
    at = min(place.line, len(lines) - 1)
    flow = "flow" in (error.context or "") and context is not None and context.line < place.line
    for line in (at, at - 1) if not flow or context is None else (context.line,):
        found = _line(lines[line], line) if 0 <= line < len(lines) else None
        if found is not None:
            return found
    uncoloned = header_without_colon(lines, at) or _command_without_colon(lines, at)
    if uncoloned is not None:
        return uncoloned
    undashed = _command_without_dash(lines, at)
    if undashed is not None:
        return undashed
    if flow and context is not None:
        return Trap("the bracket that opens here is never closed", context.line, context.column)
    if "block" in (error.context or "") or "block" in problem:
        hint = "a list's dashes, and the parameters of a command, stand under each other"
        return Trap("this line is not indented as those around it", at, place.column, hint)
    return Trap(f"not YAML: {problem}", at, place.column, QUOTE)


def header_without_colon(lines: list[str], at: int) -> Trap | None:
    """Return the trap of a script whose name has no colon, when that is the first line of all."""
    said = (number for number, line in enumerate(lines) if line.strip()[:1] not in ("", "#"))
    first = next(said, at)
    name = lines[first].strip() if lines else ""
    if first >= at or name[-1:] in (":", "") or name[0] == "-" or lines[first][0] == " ":
        return None
    if ": " in name:  # the first property of a dataset's definition
        return None
    return Trap("the name of the script has no colon behind it", first, 0, f"write {name[:60]}:")


def _command_without_colon(lines: list[str], at: int) -> Trap | None:
    """Return the trap of a command that has something below it, and no colon at its end."""
    items = (number for number in range(at - 1, -1, -1) if _ITEM.match(lines[number]))
    above = next((item for item in items if _deeper(lines[at], _indented(lines[item]))), None)
    if above is None:
        return None
    text = lines[above].strip()
    if text.endswith(":") or ": " in text or not _WORD.match(lines[above]):
        return None
    message = "what stands below a command needs a colon at the command's end"
    return Trap(message, above, len(lines[above].rstrip()), f"write {text[1:].strip()[:60]}:")


def _command_without_dash(lines: list[str], at: int) -> Trap | None:
    """Return the trap of commands written under each other without their dashes."""
    first = at
    while first >= 0 and _UNDASHED.match(lines[first]):
        first -= 1
    if first >= at - 1:
        return None
    line = lines[first + 1]
    text = line.strip()[:60]
    return Trap("a command begins with a dash", first + 1, _indented(line), f"write - {text}")


def _indented(line: str) -> int:
    return len(line) - len(line.lstrip())


def command_of(line: str) -> str:
    """Return the command word that a line begins with, if it does."""
    found = _WORD.match(line)
    return found[1] if found else ""


def _line(text: str, line: int) -> Trap | None:
    """Return the trap that a line has fallen into, if it is one of those that are known."""
    indent = text[: len(text) - len(text.lstrip())]
    if "\t" in indent or re.match(r"\s*-\t", text):
        return Trap("a tab: YAML wants spaces", line, text.index("\t"), "indent with spaces")
    action = _ACTION.match(text + " ")
    if action is not None:
        rest = text[action.end(2) + 1 :].strip()
        hint = f"write {action[1]}: {action[2]} {rest}".rstrip() + ", or put it below, on its own"
        return Trap("two commands with ':' in one line", line, action.start(2), hint)
    output = _OUTPUT.search(text)
    if output is not None:
        advice = f'write {output[1]} "{output[2]}:" {output[4]}'
        return Trap("a text that ends with a colon wants quotes", line, output.start(3), advice)
    for found in (_BRACE.search(text), _BRACKET.search(text), _MARKED.search(text)):
        if found is not None:
            message = f"a text cannot begin with {found[1][0]} without quotes"
            return Trap(message, line, found.start(1), _quoted(found[1]))
    second = _SECOND.match(text)
    if second is not None and second[2][:1] not in ("'", '"', "{", "["):
        message = "a second ': ' in one line"
        return Trap(message, line, second.start(2), _quoted(second[2]))
    return None


def _quoted(text: str) -> str:
    """Return the advice to quote a text, with the text as it should be."""
    text = text.strip()
    if len(text) > 60 or '"' in text or "\\" in text:
        return QUOTE
    return f'{QUOTE}: "{text}"'


def leave_out(lines: list[str], at: int) -> bool:
    """Put a mark in the place of the command around a line; say whether there was one."""
    if not 0 <= at < len(lines):
        return False
    start = at
    while start >= 0 and not _ITEM.match(lines[start]):
        start -= 1
    if start < 0 or LEFT_OUT in lines[start]:
        return False
    indent = len(lines[start]) - len(lines[start].lstrip())
    end = start + 1
    while end < len(lines) and (not lines[end].strip() or _deeper(lines[end], indent)):
        end += 1
    lines[start:end] = [" " * indent + f"- {LEFT_OUT}", *[""] * (end - start - 1)]
    return True


def _deeper(line: str, indent: int) -> bool:
    return len(line) - len(line.lstrip()) > indent


def is_left_out(text: str | None) -> bool:
    """Say whether a node stands for a command that could not be read."""
    return text == LEFT_OUT
