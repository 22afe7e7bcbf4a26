"""Hashes, signatures and schemas: whether data is what somebody says it is."""

from __future__ import annotations

import hmac
from contextvars import ContextVar
from decimal import Decimal
from typing import Any

from jsonschema import Draft202012Validator, ValidationError, validators
from jsonschema.exceptions import SchemaError
from referencing import Registry
from referencing.exceptions import Unresolvable

from messaging.canonical import NotCanonical, canonical_bytes, sha256_hex
from messaging.signing import PublicKey
from scripts.functions.function import Context, Function
from scripts.functions.kinds import as_bool, bad_type, strict_key
from scripts.language.errors import ScriptError
from scripts.language.patterns import matches
from scripts.language.values import is_empty, to_number, to_text
from scripts.language.work import spend, spend_on
from scripts.plain import plain

DEEPEST_SCHEMA = 20
MOST_REFERENCES = 10_000  # followed in one check: definitions that double each other would not end


def _canonical(function: str, value: Any) -> bytes:
    spend_on(value)
    try:
        return canonical_bytes(plain(value))
    except NotCanonical as bad:
        raise ScriptError(f".{function}: {bad}", kind="type") from None


def hashes(context: Context, subject: Any, payload: Any) -> bool:
    """Whether the subject is the SHA-256 of the payload's canonical JSON."""
    if is_empty(subject):
        return False
    if not isinstance(subject, str):
        raise bad_type("Hashes", "asks of the text of a hash", subject)
    found = sha256_hex(_canonical("Hashes", payload))
    return hmac.compare_digest(found, subject) if subject.isascii() else False


def signs(context: Context, subject: Any, given: Any) -> bool:
    """Whether the subject is the signature of the data under the public key."""
    if not isinstance(given, dict) or given.keys() != {"Data", "PublicKey"}:
        raise ScriptError(".Signs takes {Data: ..., PublicKey: ...}", kind="type")
    if is_empty(subject):
        return False
    if not isinstance(subject, str):
        raise bad_type("Signs", "asks of the text of a signature", subject)
    try:
        key = PublicKey.from_text(to_text(given["PublicKey"]))
    except ValueError:
        raise ScriptError(".Signs: the PublicKey is not an Ed25519 key", kind="type") from None
    return key.verify(_canonical("Signs", given["Data"]), subject)


# -- schemas ------------------------------------------------------------------------------------


def conforms(context: Context, subject: Any, definition: Any) -> bool:
    """Whether the subject is as a JSON Schema says; nothing is fetched from anywhere."""
    if not isinstance(definition, dict):
        raise bad_type("Conforms", "takes a schema definition, a map", definition)
    schema = _schema(definition, definition, 0)
    _followed.set(0)
    try:
        _check(schema)
        checker = _Validator(schema, registry=Registry())
        return bool(checker.is_valid(_instance(subject)))
    except SchemaError as bad:
        where = "/".join(map(str, bad.absolute_path)) or "the schema"
        raise ScriptError(f".Conforms: {where}: {bad.message[:200]}", kind="type") from None
    except Unresolvable as bad:
        raise ScriptError(f".Conforms: no definition of {bad.ref!r}", kind="type") from None
    except RecursionError:
        raise ScriptError(".Conforms: the schema refers to itself", kind="limit") from None


# The hashes of schemas that are sound: the same one is asked of many rows.
_sound: set[str] = set()
MOST_SOUND = 256
CHECK_UNITS, KEYWORD_UNITS = 500, 10  # for a part of a schema that is new; for asking one keyword


def _check(schema: dict[str, Any]) -> None:
    """Make sure that a schema is one. Raises SchemaError."""
    name = sha256_hex(_canonical("Conforms", schema))
    spend(20)
    if name in _sound:
        return
    spend(CHECK_UNITS * _parts(schema))
    _Validator.check_schema(schema)
    if len(_sound) >= MOST_SOUND:
        _sound.clear()
    _sound.add(name)


def _parts(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + sum(map(_parts, value.values()))
    return 1 + sum(map(_parts, value)) if isinstance(value, list) else 0


def _schema(value: Any, root: dict[str, Any], depth: int) -> Any:
    """Return a definition as JSON Schema: numbers and Bools that a script spells as text are such,
    and `Inherits` names definitions that must hold too."""
    if depth > DEEPEST_SCHEMA:
        raise ScriptError(".Conforms: the schema is nested too deep", kind="limit")
    if isinstance(value, list):
        return [_schema(each, root, depth + 1) for each in value]
    if not isinstance(value, dict):
        return plain(value)
    if "unevaluatedProperties" in value and "patternProperties" in value:
        # The library matches these patterns with backtracking, which may never end.
        raise ScriptError(
            ".Conforms: patternProperties goes with additionalProperties only", kind="type"
        )
    spend(2 + len(value))
    made = {
        key: _keyword(key, part) if key in _TYPED else _schema(part, root, depth + 1)
        for key, part in value.items()
        if key != "Inherits"
    }
    inherited = value.get("Inherits")
    if not is_empty(inherited):
        others = inherited if isinstance(inherited, list) else [inherited]
        made["allOf"] = [*made.get("allOf", []), *(_inherit(each, root, depth) for each in others)]
    return made


def _inherit(other: Any, root: dict[str, Any], depth: int) -> Any:
    if isinstance(other, dict):
        return _schema(other, root, depth + 1)
    return {"$ref": f"#/$defs/{other}"} if "#" not in to_text(other) else {"$ref": to_text(other)}


_followed: ContextVar[int] = ContextVar("followed", default=0)
_NUMERIC = (
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "minContains",
    "maxContains",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
)
_BOOLEAN = ("uniqueItems", "additionalProperties", "unevaluatedProperties", "additionalItems")
_TYPED = frozenset([*_NUMERIC, *_BOOLEAN])


def _keyword(key: str, value: Any) -> Any:
    if key in _NUMERIC:
        number = to_number(value)
        if number is None:
            return value
        return int(number) if number == number.to_integral_value() else number
    boolean = as_bool(value)
    return _schema(value, {}, 0) if boolean is None else boolean


def _instance(value: Any) -> Any:
    """Return a value for the validator: times are their text, numbers exact."""
    if isinstance(value, dict):
        return {key: _instance(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_instance(part) for part in value]
    if value is None or isinstance(value, bool | int | Decimal | str):
        return value
    return to_text(value)


def _is_integer(_: Any, value: Any) -> bool:
    number = to_number(value)
    return number is not None and number == number.to_integral_value()


def _compared(name: str) -> Any:
    """Return the keyword that compares numbers, also those that travel as text, exactly."""

    def keyword(validator: Any, bound: Any, instance: Any, schema: Any) -> Any:
        number = to_number(instance)
        if number is not None and not _COMPARISONS[name](number, Decimal(bound)):
            yield ValidationError(f"{instance!r} fails {name} {bound}")

    return keyword


_COMPARISONS: dict[str, Any] = {
    "minimum": lambda number, bound: number >= bound,
    "maximum": lambda number, bound: number <= bound,
    "exclusiveMinimum": lambda number, bound: number > bound,
    "exclusiveMaximum": lambda number, bound: number < bound,
    "multipleOf": lambda number, bound: number % bound == 0,
}


def _reference(validator: Any, ref: Any, instance: Any, schema: Any) -> Any:
    _followed.set(_followed.get() + 1)
    if _followed.get() > MOST_REFERENCES:
        raise ScriptError(f".Conforms follows at most {MOST_REFERENCES} references", kind="limit")
    yield from Draft202012Validator.VALIDATORS["$ref"](validator, ref, instance, schema)


def _unique_items(validator: Any, wanted: Any, instance: Any, schema: Any) -> Any:
    items = instance if wanted and isinstance(instance, list) else []
    if len({strict_key(item) for item in items}) < len(items):
        yield ValidationError("an item is there twice")


def _pattern(validator: Any, pattern: Any, instance: Any, schema: Any) -> Any:
    """JSON Schema's patterns are not anchored; RE2 matches them in linear time."""
    if isinstance(instance, str) and not matches(f"(?s).*(?:{pattern}).*", instance):
        yield ValidationError(f"{instance!r} does not match")


def _pattern_properties(validator: Any, patterns: Any, instance: Any, schema: Any) -> Any:
    if isinstance(instance, dict):
        # Each pattern is asked of each key.
        for pattern, part in patterns.items():
            for key, value in instance.items():
                if matches(f"(?s).*(?:{pattern}).*", key):
                    yield from validator.descend(value, part, path=key, schema_path=pattern)


def _additional(validator: Any, wanted: Any, instance: Any, schema: Any) -> Any:
    """What neither `properties` nor a pattern names; the library's own would backtrack."""
    if not isinstance(instance, dict):
        return
    named, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    more = [
        key
        for key in instance
        if key not in named and not any(matches(f"(?s).*(?:{each}).*", key) for each in patterns)
    ]
    if isinstance(wanted, dict):
        for key in more:
            yield from validator.descend(instance[key], wanted, path=key)
    elif wanted is False and more:
        yield ValidationError(f"{more[0]!r} is not a property")


def _counted(keyword: Any) -> Any:
    """Return a keyword that counts how often it is asked, and of how much."""

    def counted(validator: Any, wanted: Any, instance: Any, schema: Any) -> Any:
        sizes = [len(each) for each in (wanted, instance) if isinstance(each, list | dict)]
        spend(KEYWORD_UNITS + sum(sizes))
        yield from keyword(validator, wanted, instance, schema) or ()

    return counted


_KEYWORDS = {
    **Draft202012Validator.VALIDATORS,
    **{name: _compared(name) for name in _COMPARISONS},
    "pattern": _pattern,
    "patternProperties": _pattern_properties,
    "uniqueItems": _unique_items,
    "$ref": _reference,
    "additionalProperties": _additional,
}
_Validator: Any = validators.extend(
    Draft202012Validator,
    validators={name: _counted(keyword) for name, keyword in _KEYWORDS.items()},
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many(
        {
            "integer": _is_integer,
            "number": lambda _, value: to_number(value) is not None,
        }
    ),
)

FUNCTIONS = {
    "Conforms": Function(
        conforms,
        1,
        1,
        test=True,
        whole=True,
        signature="v.Conforms(definition)",
        about="Whether data is as a JSON Schema says.",
    ),
    "Hashes": Function(
        hashes,
        1,
        1,
        test=True,
        whole=True,
        signature="hash.Hashes(data)",
        about="Whether it is the SHA-256 (lower case hex) of the data's canonical JSON.",
    ),
    "Signs": Function(
        signs,
        1,
        1,
        test=True,
        whole=True,
        signature="signature.Signs({Data: data, PublicKey: key})",
        about="Whether it is the key's Ed25519 signature of the data's canonical JSON.",
    ),
}
