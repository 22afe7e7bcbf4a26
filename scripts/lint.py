"""What must hold of scripts before they may be started at all, beyond their grammar."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from messaging.registry import Mode, Subject
from scripts.language.code import CompiledFile, Script
from scripts.language.errors import ScriptSyntaxError
from scripts.language.values import is_period, parse_time
from scripts.language.vocabulary import nearest
from scripts.registry import registry

if TYPE_CHECKING:
    from scripts.library import Version

LASTING = ("GOODBYE", "REGISTER", "ALARM", "HOOK", "IMPRINT")
EFFECTS = frozenset(["SAVE", "DELETE", "SEND", "RACE", "REEL", "WAIT", *LASTING])
MAY_CALL = frozenset({"SEND"})  # a sync handler may wait for another domain's answer, no longer
NAMES_SCRIPT = frozenset({"ALARM", "REGISTER"})
MOMENTS = ("Timeout", "Expires", "Starts")
PERIODS = "a period is such as 5 minutes, 2 hours or 30 days"
_COUNTED = re.compile(r"\s*\d+\s*[A-Za-z]+\.?\s*")


def file_faults(file: CompiledFile, subjects: Mapping[str, Subject]) -> list[ScriptSyntaxError]:
    """Return what is wrong in a compiled file: a SEND without a subject or with the wrong output,
    an ALARM or REGISTER of a script that the file does not have, a written time that is none.
    """
    return [
        ScriptSyntaxError(wrong, script.file, instruction[1], instruction[2], hint)
        for script in file.scripts.values()
        for instruction in script.code
        if instruction[0] == "do"
        for wrong, hint in (
            *_wrong_moments(instruction),
            *_wrong_send(instruction, subjects),
            *_wrong_name(instruction, set(file.scripts)),
        )
    ]


def _literal(instruction: list[Any], name: str) -> str:
    """Return the text that is written down for a parameter; empty when only the run will know."""
    tree = instruction[4].get(name)
    found = tree[1] if isinstance(tree, list) and tree[0] == "lit" else None
    return found if isinstance(found, str) else ""


def _wrong_moments(instruction: list[Any]) -> Iterator[tuple[str, str]]:
    """A time that is written down must be one; and `WAIT 5 min` would wait for a hook so named."""
    word = instruction[3]
    for name in MOMENTS:
        text = _literal(instruction, name)
        if text.strip() and not _is_moment(text):
            yield f"{word}: {name}: {text[:40]!r} is neither a time nor a period", PERIODS
    hook = _literal(instruction, "Hook") if word == "WAIT" else ""
    if _COUNTED.fullmatch(hook) and not _is_moment(hook):
        yield f"WAIT: {hook[:40]!r} is no period", PERIODS


def _is_moment(text: str) -> bool:
    return is_period(text) or parse_time(text) is not None


def _wrong_send(
    instruction: list[Any], subjects: Mapping[str, Subject]
) -> Iterator[tuple[str, str]]:
    """Async messages have no answer, and the answer of a sync one must be taken (5.4)."""
    if instruction[3] != "SEND":
        return
    if not instruction[4].keys() & {"Header", "Fields"}:
        yield "SEND needs a Subject", "write To and Subject below it, and what is said"
    subject = literal_subject(instruction[4])
    known = subjects.get(subject)
    if known is None:
        return
    has_output = instruction[5] is not None
    if known.mode is Mode.SYNC and not has_output:
        yield f"{subject} has an answer: take it with >> $name", ""
    if known.mode is Mode.ASYNC and has_output:
        yield f"{subject} has no answer: leave out the >>", ""


def literal_subject(arguments: Mapping[str, Any]) -> str:
    """Return the Subject that a SEND writes down; empty when only the run will know it."""
    for name in ("Header", "Fields"):
        tree = arguments.get(name)
        if not tree or tree[0] != "map":
            continue
        for key, part in tree[1]:
            if key == "Subject" and part[0] == "lit":
                return str(part[1])
    return ""


def _wrong_name(instruction: list[Any], known: set[str]) -> Iterator[tuple[str, str]]:
    name = _literal(instruction, "Script") if instruction[3] in NAMES_SCRIPT else ""
    if name and name not in known:
        yield f"{instruction[3]}: no script named {name}", nearest(name, known)


def handler_faults(
    handlers: Mapping[str, Version | None], subjects: Mapping[str, Subject]
) -> list[ScriptSyntaxError]:
    """Return what is wrong with the handlers of `subjects` (subject -> its version, if any).

    A handler must exist, must VERIFY before any effect, or have none if its subject is public, and
    must not wait for a person when its sender waits for the answer, nor may what it runs.
    """
    faults: list[ScriptSyntaxError] = []
    for name, subject in sorted(subjects.items()):
        version = handlers.get(name)
        if version is None or name not in version.file.scripts:
            faults.append(ScriptSyntaxError(f"no script handles {name}", name, 1, 1))
            continue
        script = version.file.scripts[name]
        if not subject.public and not _verifies_first(list(script.words())):
            faults.append(
                ScriptSyntaxError(f"{name} must VERIFY before it acts", script.file, script.line, 1)
            )
        if subject.public:
            faults += _effects(name, version.file, script)
        waiting = _waiting(version.file, script) if subject.mode is Mode.SYNC else set()
        if waiting:
            shown = ", ".join(sorted(waiting))
            faults.append(
                ScriptSyntaxError(
                    f"{name} is sync and may not wait: {shown}", script.file, script.line, 1
                )
            )
    return faults


def _effects(name: str, file: CompiledFile, script: Script) -> Iterator[ScriptSyntaxError]:
    """Yield what the handler of a public question may not do: anything but reading.

    Scripts of other files are refused whole: they change without this one.
    """
    for each in _reached(file, script):
        for instruction in each.code:
            word = instruction[3] if instruction[0] == "do" else instruction[0].upper()
            acts = instruction[0] == "log" or (
                instruction[0] == "do" and registry.commands[word].look is None
            )
            if acts:
                wrong = f"{name} is public and may only read: {word}"
                yield ScriptSyntaxError(wrong, each.file, instruction[1], instruction[2])
    if file.calls:
        wrong = f"{name} is public and may run no other file: {', '.join(sorted(file.calls))}"
        yield ScriptSyntaxError(wrong, script.file, script.line, 1)


def _waiting(file: CompiledFile, script: Script) -> set[str]:
    """Return the words by which a script, or one of its file that it runs, may wait for long."""
    return {
        word
        for each in _reached(file, script)
        for word in each.words()
        if registry.commands[word].spec.suspends and word not in MAY_CALL
    }


def _reached(file: CompiledFile, script: Script) -> Iterator[Script]:
    """Yield a script and those of its file that it runs by name, each once.

    What a RUN names only when it runs could be any of them.
    """
    seen, todo = {script.name}, [script]
    while todo:
        current = todo.pop()
        yield current
        for instruction in current.code:
            if instruction[0] != "run":
                continue
            tree = instruction[3]
            names = [str(tree[1])] if tree[0] == "lit" else list(file.scripts)
            for name in names:
                if name in file.scripts and name not in seen:
                    seen.add(name)
                    todo.append(file.scripts[name])


def _verifies_first(words: list[str]) -> bool:
    for word in words:
        if word == "VERIFY":
            return True
        if word in EFFECTS:
            return False
    return False
