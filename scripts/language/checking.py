"""Whether an assertion holds, by the rules of section 7.3."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from scripts.language.evaluation import Scope, apply, arguments_for, evaluate
from scripts.language.values import is_empty, to_text, truth
from scripts.language.work import spend


@dataclass(frozen=True)
class Assertion:
    """A compiled assertion in the scope of the command that carries it."""

    compiled: dict[str, Any]
    scope: Scope

    def holds(self, row: Any) -> bool:
        """Say whether every line holds for a row."""
        return failure(self.compiled, replace(self.scope, row=row)) is None


def failure(assertion: dict[str, Any], scope: Scope) -> str | None:
    """Return the text of the first line that fails, or None. Raises ScriptError."""
    context = assertion["context"]
    rows = [scope.row]
    if context is not None:
        value = evaluate(context, scope)
        rows = value if isinstance(value, list) and value and assertion["lines"] else [value]
    for row in rows:
        inner = replace(scope, row=row)
        for line in assertion["lines"]:
            if not _holds(line, inner, assertion["lenient"]):
                return str(line[1]) or "it is empty"
    return None


def written(assertion: dict[str, Any], scope: Scope) -> str:
    """Return the words that an author wrote for a failed assertion; the empty text if none."""
    error = assertion["error"]
    return "" if error is None else to_text(evaluate(error, scope))


def _holds(line: list[Any], scope: Scope, lenient: bool) -> bool:
    spend(2)
    op = line[0]
    if op == "true":
        return truth(evaluate(line[2], scope))
    if op == "some":
        return not is_empty(evaluate(line[2], scope))
    if op in ("all", "any", "one"):
        filled = [not is_empty(evaluate(subject, scope)) for subject in line[2]]
        return {"all": all(filled), "any": any(filled), "one": sum(filled) == 1}[op]
    if op == "type":
        values = [evaluate(subject, scope) for subject in line[3]]
        return all(_is_type(line[2], value, scope) for value in values if not is_empty(value))
    return _test(evaluate(line[2], scope), line[3], scope, lenient)


def _is_type(function: str, value: Any, scope: Scope) -> bool:
    if function == "IsTime":  # a time may be relative where a schedule is meant
        return truth(apply("IsTime", value, [True], scope))
    return truth(apply(function, value, [], scope))


def _test(subject: Any, chain: list[Any], scope: Scope, lenient: bool) -> bool:
    never_skipped = chain[0][0] in ("IsEmpty", "IsNotEmpty", "Default")
    if is_empty(subject) and not never_skipped:
        return lenient
    group: list[Any] = []
    groups = [group]
    for step in chain:
        if step[0] == "Or":
            group = []
            groups.append(group)
        else:
            group.append(step)
    return any(_chain(subject, each, scope) for each in groups)


def _chain(value: Any, steps: list[Any], scope: Scope) -> bool:
    for at, (function, arguments) in enumerate(steps):
        if function == "Each":
            items = value if isinstance(value, list) else [value]
            return all(_chain(item, steps[at + 1 :], scope) for item in items)
        value = apply(function, value, arguments_for(function, arguments, scope), scope)
    return truth(value)
