"""Truth and emptiness: choices, assertions, defaults, and what type a value has."""

from __future__ import annotations

from typing import Any

from scripts.functions.function import MANY, Context, Function, Reads
from scripts.functions.kinds import as_bool
from scripts.functions.rows import condition
from scripts.language.cost import Cost
from scripts.language.errors import ScriptError
from scripts.language.evaluation import Later, apply, arguments_for, prop
from scripts.language.values import is_empty, to_number, to_text, truth


def _holds(later: Later, subject: Any) -> bool:
    """Say whether an assertion is true, of the subject where there is one (4.7)."""
    if subject is None:
        return truth(later.value())
    value = later.of(subject)
    return condition("AllOf", later, subject) if isinstance(value, dict) else truth(value)


def all_of(context: Context, subject: Any, *assertions: Later) -> bool:
    return all(_holds(each, subject) for each in assertions)


def any_of(context: Context, subject: Any, *assertions: Later) -> bool:
    return any(_holds(each, subject) for each in assertions)


def one_of(context: Context, subject: Any, *assertions: Later) -> bool:
    return sum(_holds(each, subject) for each in assertions) == 1


def if_(context: Context, subject: Any, test: Later, *branches: Later) -> Any:
    """One of two values; only the one that is chosen is evaluated."""
    if not branches:
        test, branches = _parts(test)
    chosen = 0 if _is_true(test, subject) else 1
    return branches[chosen].value() if chosen < len(branches) else None


def _parts(later: Later) -> tuple[Later, tuple[Later, ...]]:
    """Return the parts of `.If({Assert: a, Then: b, Else: c})`."""
    pairs = later.tree[1] if later.tree[0] == "map" else []
    parts = {str(name).lower(): Later(tree, later.scope) for name, tree in pairs}
    if "assert" not in parts or parts.keys() - {"assert", "then", "else"}:
        raise ScriptError(".If takes Assert, Then and Else", kind="type")
    nothing = Later(["lit", None], later.scope)
    return parts["assert"], (parts.get("then", nothing), parts.get("else", nothing))


def _is_true(later: Later, subject: Any) -> bool:
    """Say whether a test is true; `.IsEmpty` by itself asks the subject of If."""
    tree, scope = later.tree, later.scope
    if tree[0] == "call" and tree[1] is None and not scope.functions[tree[2]].subjectless:
        arguments = arguments_for(tree[2], tree[3], scope)
        if len(arguments) <= scope.functions[tree[2]].most:
            return truth(apply(tree[2], subject, arguments, scope))
    return truth(later.value())


def default(context: Context, subject: Any, *others: Any) -> Any:
    """The first that is not empty."""
    return next((value for value in (subject, *others) if not is_empty(value)), None)


def require(context: Context, subject: Any, written: Any = "") -> Any:
    """The subject, which may not be empty; `written` is how the script spells it."""
    if is_empty(subject):
        shown = to_text(written)[:200] or "a required value"
        raise ScriptError(f"{shown} is empty", kind="assertion")
    return subject


def either(context: Context, subject: Any, *others: Any) -> bool:
    """True when the subject or any other value is true."""
    return any(truth(value) for value in (subject, *others))


def is_empty_(context: Context, subject: Any) -> bool:
    return is_empty(subject)


def is_not_empty(context: Context, subject: Any) -> bool:
    return not is_empty(subject)


def inputs(context: Context, subject: Any) -> Any:
    return context.system("Inputs")


def new_uuid(context: Context, subject: Any) -> str:
    return context.new_uuid()


def is_text(context: Context, subject: Any) -> bool:
    return isinstance(subject, str)


def is_list(context: Context, subject: Any) -> bool:
    return isinstance(subject, list)


def is_bool(context: Context, subject: Any, *names: Any) -> bool:
    """A Bool, or the text of one; of a set, whether these properties of every row are."""
    if not names:
        return as_bool(subject) is not None
    rows = subject if isinstance(subject, list) else [subject]
    return all(as_bool(prop(row, str(name))) is not None for row in rows for name in names)


def is_num(context: Context, subject: Any) -> bool:
    return to_number(subject) is not None


def is_enum(context: Context, subject: Any) -> bool:
    items = subject if isinstance(subject, list) else [subject]
    return not is_empty(subject) and all(isinstance(item, str) for item in items)


FUNCTIONS = {
    "AllOf": Function(
        all_of,
        1,
        MANY,
        subjectless=True,
        test=True,
        reads=Reads.FILTERS,
        cost=Cost.COUNTED,
        signature=".AllOf(a, ...)\nmap.AllOf(Prop.Is(1), ...)",
        about="Whether every assertion holds.",
    ),
    "AnyOf": Function(
        any_of,
        1,
        MANY,
        subjectless=True,
        test=True,
        reads=Reads.FILTERS,
        cost=Cost.COUNTED,
        signature=".AnyOf(a, ...)\nmap.AnyOf(Prop.Is(1), ...)",
        about="Whether at least one assertion holds.",
    ),
    "Assert": Function(
        all_of,
        1,
        1,
        subjectless=True,
        test=True,
        reads=Reads.FILTERS,
        cost=Cost.COUNTED,
        signature=".Assert(a)\n.Assert({$h: value})",
        about="Whether one assertion holds.",
    ),
    "Default": Function(
        default,
        0,
        MANY,
        cost=Cost.FLAT,
        signature="x.Default(d, ...)",
        about="The value, or the first of the others that is not empty.",
    ),
    "Exists": Function(
        is_not_empty,
        test=True,
        cost=Cost.FLAT,
        signature="x.Exists",
        about="The same as IsNotEmpty.",
    ),
    "If": Function(
        if_,
        1,
        3,
        subjectless=True,
        reads=Reads.LATER,
        cost=Cost.FLAT,
        signature=".If(a, then, else)\nx.If(.Fn, then, else)",
        about="One of two values; only the chosen one is evaluated.",
    ),
    "Inputs": Function(
        inputs,
        subjectless=True,
        cost=Cost.FLAT,
        signature=".Inputs",
        about="The inputs of this script.",
    ),
    "IsBool": Function(
        is_bool, 0, MANY, test=True, signature="v.IsBool", about="Whether it is True or False."
    ),
    "IsEmpty": Function(
        is_empty_,
        test=True,
        cost=Cost.FLAT,
        signature="v.IsEmpty",
        about="Whether it is unset, blank text, or without items; 0 and False are not empty.",
    ),
    "IsEnum": Function(
        is_enum, test=True, signature="v.IsEnum", about="Whether it is text, or a list of texts."
    ),
    "IsList": Function(
        is_list, test=True, cost=Cost.FLAT, signature="v.IsList", about="Whether it is a list."
    ),
    "IsNotEmpty": Function(
        is_not_empty,
        test=True,
        cost=Cost.FLAT,
        signature="v.IsNotEmpty",
        about="The opposite of IsEmpty.",
    ),
    "IsNum": Function(
        is_num, test=True, signature="v.IsNum", about="Whether it is a number, or spells one."
    ),
    "IsText": Function(
        is_text, test=True, cost=Cost.FLAT, signature="v.IsText", about="Whether it is text."
    ),
    "OneOf": Function(
        one_of,
        1,
        MANY,
        subjectless=True,
        test=True,
        reads=Reads.FILTERS,
        cost=Cost.COUNTED,
        signature=".OneOf(a, ...)",
        about="Whether exactly one assertion holds.",
    ),
    "Or": Function(
        either,
        0,
        MANY,
        test=True,
        cost=Cost.FLAT,
        signature="x.F.Or.G",
        about="Whether F or G holds of the same value.",
    ),
    "Require": Function(
        require,
        0,
        1,
        cost=Cost.FLAT,
        signature="v.Require",
        about="The value; an error that names it when it is empty.",
    ),
    "UUID": Function(
        new_uuid,
        subjectless=True,
        cost=Cost.FLAT,
        signature=".UUID",
        about="A new random UUID (version 4).",
    ),
}
