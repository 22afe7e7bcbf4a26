"""The conditions of a search that the database can answer, so that few rows are read.

Each becomes SQL that is true of every row of which the condition holds, and may be of more: the
language looks at whatever comes back. Only conditions that cannot raise are translated, and none
behind one that is not, so a row on which an earlier condition would raise is still met.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import BooleanField, QuerySet
from django.db.models.expressions import RawSQL

from scripts.functions.kinds import as_bool
from scripts.functions.names import domain_of, schema_of, uuid_of
from scripts.functions.texts import emoji_run
from scripts.language.errors import ScriptError
from scripts.language.evaluation import Scope, evaluate
from scripts.language.expressions import Tree
from scripts.language.values import is_empty, to_number
from scripts.models import Item

Sql = tuple[str, list[Any]]

MOST_LINES = 10  # of all conditions: a database takes expressions of some depth only
MOST_OPTIONS = 100  # of one condition; who names more is answered by the language alone
EXACT = 2**53  # whole numbers from here on are not told apart by every store
# The same for each row, and without an effect.
_CONSTANT = frozenset({"lit", "holder", "input", "prop", "text", "list"})
_KELVIN = "\u212a"  # the one letter beyond ASCII whose small letter, k, is within
_TABLE = Item._meta.db_table


@dataclass(frozen=True)
class _Dialect:
    """How a store spells the properties of a row: `e` is one of them, as a key and a value."""

    entries: str
    kind: str
    text: str
    string: str
    whole: str  # a whole number; others are never told apart here
    number: str
    true: str
    false: str
    visible: str  # {} has a visible character of ASCII, so it is not blank
    ascii: str  # {} is of ASCII alone
    within: str
    small: str
    tagged: str  # a number or a time, as `values.encode` writes them: it is never empty


_SQLITE = _Dialect(
    entries=f'json_each("{_TABLE}"."data") AS e',
    kind="e.type",
    text="e.value",
    string="text",
    whole="e.type = 'integer'",
    number="e.value = %s",
    true="e.type = 'true'",
    false="e.type = 'false'",
    visible="{} GLOB '*[!-~]*'",
    ascii="length({0}) = length(CAST({0} AS BLOB))",
    within="instr",
    small="lower({})",
    tagged="""(e.value GLOB '{{"$time":*' OR e.value GLOB '{{"$num":*')""".replace("{{", "{"),
)
_POSTGRESQL = _Dialect(
    entries=f'jsonb_each("{_TABLE}"."data") AS e(key, value)',
    kind="jsonb_typeof(e.value)",
    text="(e.value #>> '{}')",
    string="string",
    whole="(jsonb_typeof(e.value) = 'number' AND strpos(e.value::text, '.') = 0)",
    number="e.value = %s::text::jsonb",
    true="e.value = 'true'::jsonb",
    false="e.value = 'false'::jsonb",
    visible="""({} COLLATE "C") ~ '[!-~]'""",
    ascii="length({0}) = octet_length({0})",
    within="strpos",
    small='lower({} COLLATE "C")',
    tagged="(e.value ? '$time' OR e.value ? '$num')",
)


def _dialect() -> _Dialect:
    return _POSTGRESQL if connection.vendor == "postgresql" else _SQLITE


def narrowed(
    rows: QuerySet[Item], conditions: Iterable[tuple[dict[str, Any], Scope]]
) -> QuerySet[Item]:
    """Return the rows that may satisfy all of these assertions, evaluated in this order."""
    left = MOST_LINES
    for assertion, scope in conditions:
        if assertion["context"] is not None or assertion["lenient"]:
            return rows
        for line in assertion["lines"]:
            made = _translated(line, scope) if left else None
            if made is None:
                return rows
            left -= 1
            rows = rows.filter(RawSQL(*made, output_field=BooleanField()))  # noqa: S611 - constants only
    return rows


def _translated(line: list[Any], scope: Scope) -> Sql | None:
    """Return what the database can say of a line of an assertion, or None."""
    op, _, subject, *rest = line
    if op not in ("some", "test") or subject[0] != "field" or len(subject[1]) != 1:
        return None
    name = subject[1][0].lower()
    if not name.isascii() or "\x00" in name or name == "id":
        return None
    if op == "some":
        return _filled(name)
    [chain] = rest
    if len(chain) != 1:
        return None
    function, arguments = chain[0]
    if function == "IsNotEmpty" and not arguments:
        return _filled(name)
    if function == "IsEmpty" and not arguments:
        return None if name == "state" else _empty(name)
    if function == "Is" and len(arguments) == 1:
        return _equal(name, _constants(arguments, scope, is_list=False))
    if function == "IsIn":
        return _equal(name, _constants(arguments, scope, is_list=True))
    return None


def _constants(trees: list[Tree], scope: Scope, *, is_list: bool) -> list[Any] | None:
    """Return what a property may equal, or None when that is not the same plain values always."""
    if not all(map(_is_constant, trees)):
        return None
    try:
        given = [evaluate(each, scope) for each in trees]
    except ScriptError:
        return None  # it is raised for the first row, if there is one
    values = []
    for each in given:
        values += each if is_list and isinstance(each, list) else [each]
    plain = all(isinstance(each, str | int | Decimal) for each in values)
    if not plain or not values or len(values) > MOST_OPTIONS or any(map(is_empty, values)):
        return None
    if any(isinstance(each, str) and (emoji_run(each) or not _storable(each)) for each in values):
        return None
    return values


def _is_constant(tree: Any) -> bool:
    if tree in (["system", "Msg"], ["system", "Inputs"]):
        return True
    if tree[0] not in _CONSTANT:
        return False
    if tree[0] in ("lit", "holder", "input"):
        return True
    parts = tree[1] if tree[0] in ("text", "list") else [tree[1]]
    return all(isinstance(part, str) or _is_constant(part) for part in parts)


def _storable(text: str) -> bool:
    """Say whether both databases take a text: neither NUL nor half a character in it."""
    return "\x00" not in text and not any("\ud800" <= each <= "\udfff" for each in text)


# -- what may be equal ----------------------------------------------------------------------------


@dataclass
class _Equals:
    """What the tolerant equality of the language (`comparison.same`) can find the same."""

    texts: list[str] = field(default_factory=list)
    folded: list[str] = field(default_factory=list)  # texts whose spelling ignores case
    numbers: list[int] = field(default_factory=list)
    bools: set[bool] = field(default_factory=set)
    any_text: bool = False
    any_number: bool = False

    def add(self, value: Any) -> None:
        boolean = as_bool(value)
        if boolean is not None:
            self.bools.add(boolean)
        if not isinstance(value, str):
            self.any_text = True  # which may spell it
        elif schema_of(value) is not None:
            self.any_text = True
        elif domain_of(value) or uuid_of(value):
            self.folded.append(value.lower())
        else:
            self.texts.append(value)
        number = to_number(value)
        if number is not None and (not number.is_finite() or abs(number) >= EXACT):
            self.any_number = True
        elif number is not None and number == int(number):
            self.numbers.append(int(number))

    def of_text(self, text: str) -> Sql:
        """Return whether the text of an expression may be one of them."""
        if self.any_text:
            return "1 = 1", []
        says, given = ["1 = 0"], []
        if self.texts:
            says.append(f"{text} IN ({_marks(self.texts)})")
            given += self.texts
        if self.folded:
            says.append(f"{_dialect().small.format(text)} IN ({_marks(self.folded)})")
            says.append(f"NOT ({_dialect().ascii.format(text)})")
            given += self.folded
        return f"({' OR '.join(says)})", given

    def of_entry(self) -> Sql:
        """Return whether the value of a property may be one of them. What is a list or a map, and
        so each number or time with a tag, may; nothing and null never are."""
        db = _dialect()
        text, given = self.of_text(db.text)
        says = [f"{db.kind} IN ('array', 'object')", f"({db.kind} = '{db.string}' AND {text})"]
        says.append(f"({db.kind} IN ('real', 'number') AND NOT {db.whole})")
        if self.any_number:
            says.append(db.whole)
        elif self.numbers:
            says += [f"({db.whole} AND {db.number})"] * len(self.numbers)
            given += self.numbers if db is _SQLITE else map(str, self.numbers)
        says += [db.true if each else db.false for each in sorted(self.bools)]
        return f"({' OR '.join(says)})", given


def _marks(values: list[str]) -> str:
    return ", ".join(["%s"] * len(values))


def _equal(name: str, values: list[Any] | None) -> Sql | None:
    if values is None:
        return None
    equals = _Equals()
    for each in values:
        equals.add(each)
    entry = _any_entry(name, *equals.of_entry())
    return _or(equals.of_text(f'"{_TABLE}"."state"'), entry) if name == "state" else entry


# -- what may be empty ----------------------------------------------------------------------------


def _filled(name: str) -> Sql:
    db = _dialect()
    entry = f"NOT ({db.kind} = 'null' OR ({db.kind} = '{db.string}' AND {db.text} = ''))"
    made = _any_entry(name, entry, [])
    return _or((f"""("{_TABLE}"."state" <> '')""", []), made) if name == "state" else made


def _empty(name: str) -> Sql:
    db = _dialect()
    blank = f"({db.kind} = '{db.string}' AND NOT ({db.visible.format(db.text)}))"
    lists = f"({db.kind} = 'array' OR ({db.kind} = 'object' AND NOT {db.tagged}))"
    named = f"{db.small.format('e.key')} = %s"
    none: Sql = (f"NOT EXISTS (SELECT 1 FROM {db.entries} WHERE {named})", [name])  # noqa: S608 - constants only
    return _or(none, _any_entry(name, f"({db.kind} = 'null' OR {blank} OR {lists})", []))


def _any_entry(name: str, condition: str, given: list[Any]) -> Sql:
    """Return whether a property of that name, in any case, satisfies a condition. Whoever has names
    that are tagged, escaped or only nearly of ASCII may: the language knows them better."""
    db = _dialect()
    odd = "substr(e.key, 1, 1) = '$' OR " + " OR ".join([f"{db.within}(e.key, %s) > 0"] * 2)
    where = f"{odd} OR ({db.small.format('e.key')} = %s AND {condition})"
    sql = f"EXISTS (SELECT 1 FROM {db.entries} WHERE {where})"  # noqa: S608 - constants only
    return sql, [_KELVIN, "\\", name, *given]


def _or(one: Sql, other: Sql) -> Sql:
    return f"({one[0]} OR {other[0]})", [*one[1], *other[1]]
