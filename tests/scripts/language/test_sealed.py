"""No Python object, attribute or module is reachable from a script: attempts, and how each ends."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from issuer.states import TokenStatus
from scripts import hooks
from scripts.functions import FUNCTIONS
from scripts.language.continuation import Continuation, Written, start
from scripts.language.errors import LoadErrors, ScriptError
from scripts.language.limits import lent
from scripts.language.values import MessageView
from tests.pump import pump
from tests.scripts.commands.play import error, value
from tests.scripts.engine import DOMAIN, begin, result
from tests.scripts.functions.holders import X
from tests.scripts.language.world import MESSAGE, ROW, World, compiled, play
from tests.sealed import odd_values

ROOT = Path(__file__).parents[3]
HELD = {**X, "row": ROW, "msg": MESSAGE, "name": "__class__", "deep": "__class__.__mro__"}
DUNDERS = ("__class__", "__dict__", "__init__", "__globals__", "__getattribute__", "__reduce__")

# What Python's values have as attributes and methods, and rows and messages as their own.
ATTRIBUTES = {
    "n": ("real", "bit_length", "to_bytes"),
    "dec": ("as_tuple", "real"),
    "t": ("format", "upper", "encode", "format_map"),
    "past": ("year", "tzinfo", "strftime"),
    "m": ("keys", "items", "update", "pop"),
    "row": ("set", "key", "version", "but", "items"),
    "msg": ("short", "get", "items"),
    "yes": ("real",),
    "e": ("real",),
}


@pytest.mark.parametrize(
    ("holder", "attribute"),
    [(holder, name) for holder, names in ATTRIBUTES.items() for name in (*DUNDERS, *names)],
)
def test_attribute_of_a_value_is_nothing(holder: str, attribute: str) -> None:
    assert worth(f"${holder}.{attribute}") is None
    assert worth(f"${holder}.{{$name}}", name=attribute) is None
    assert worth(f"${holder}.{attribute}.__class__.__base__") is None
    assert worth(f"'<{{${holder}.{attribute}}}>'") == "<>"


@pytest.mark.parametrize("attribute", [*DUNDERS, "append", "sort", "copy"])
def test_attribute_of_a_list_is_that_of_its_rows_which_have_none(attribute: str) -> None:
    assert worth(f"$l.{attribute}") == []
    assert worth(f"$books.{attribute}") == [None, None, None]
    assert worth(f"$books({attribute})") == [{attribute: None}] * 3


@pytest.mark.parametrize("holder", ["Msg", "Msg.Body", "Inputs", "Holders", "Script", "Hosted"])
@pytest.mark.parametrize("attribute", DUNDERS)
def test_attribute_of_what_the_engine_gives_is_nothing(holder: str, attribute: str) -> None:
    assert worth(f"$.{holder}.{attribute}") is None


@pytest.mark.parametrize("name", ["__class__", "functions", "world", "environment", "frame", "run"])
def test_only_the_system_holders_of_the_language_are_there(name: str) -> None:
    said = f"test.yaml:1:11: RETURN: there is no system holder $.{name}"
    assert refusal(f"- RETURN: $.{name}").startswith(said)


@pytest.mark.parametrize(
    "name",
    ["__builtins__", "__name__", "__import__", "self", "scope", "frame", "machine", "os", "sys"],
)
def test_holder_that_nothing_sets_is_empty(name: str) -> None:
    assert worth(f"${name}") is None
    assert worth(f"$$holder.{name}", holder=name) is None


@pytest.mark.parametrize(
    "name", ["__import__", "eval", "exec", "getattr", "open", "compile", "vars", "type", "globals"]
)
def test_function_of_python_is_unknown(name: str) -> None:
    for expression in (f"$t.{name}(os)", f"$l.{name}(os)", f"$row.{name}(os)"):
        assert f"RETURN: unknown function {name}" in refusal(f"- RETURN: {expression}")
    # Alone, a small word behind a point is text, as `.yaml` is; and so is a call of hosted code.
    assert worth(f"'.{name}(os)'") == f".{name}(os)"
    assert worth(f"'{{{name}(os)}}'") == f"{{{name}(os)}}"
    assert name not in FUNCTIONS


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("EVAL: 1 + 1", "unknown command EVAL"),
        ("EXEC import os", "unknown command EXEC"),
        ("IMPORT os", "unknown command IMPORT"),
        ("PYTHON: print(1)", "unknown command PYTHON"),
        ("__import__: os", "a command was expected, not '__import__'"),
        ("RUN __import__", "'__import__' is not the name of a script"),
        ("RUN ../../main", "'../../main' is not the name of a script"),
        ("PUT 1 >> $.__class__", "write >> $name"),
        ("PUT 1 >> $.Hosted", "write >> $name"),
        ("PUT 1 >> $x.__class__()", "write >> $name"),
    ],
)
def test_command_that_reaches_for_more_is_refused(command: str, message: str) -> None:
    assert message in refusal(f"- {command}")


@pytest.mark.parametrize("name", ["os.system", "builtins.eval", "main.__class__"])
def test_script_that_nobody_wrote_is_not_there(name: str) -> None:
    for command in (f"RUN {name}", "RUN $name"):
        with pytest.raises(ScriptError, match=f"no script named {name}"):
            play(f"- {command}", inputs={"name": name})


@pytest.mark.parametrize("name", ["a.b", "a b", ".Msg", "", "{x}", "x[0]", "a-b", "1"])
def test_holder_named_by_data_must_have_the_name_of_one(name: str) -> None:
    with pytest.raises(ScriptError, match=r"\$n does not hold the name of a holder"):
        play("- PUT 1 >> {$n}", inputs={"n": name})


def test_holder_named_as_a_part_of_python_is_only_a_holder() -> None:
    script = "- PUT $n >> $__class__\n- PUT $n >> $x.__dict__.__init__\n- RETURN: $.Holders"
    held = {"n": 1, "__class__": 1, "x": {"__dict__": {"__init__": 1}}}
    assert play(script, inputs={"n": 1})[0] == held
    assert play(script, inputs={"n": 1}, always_park=True)[0] == held


# -- texts that are forms elsewhere ---------------------------------------------------------------

FORMS = (
    "{0.__class__.__mro__}",
    "{0!r:>{1}}",
    "{.__class__}",
    "%s %n %(name)s",
    "${os.system}",
    "{{ 7 * 7 }}",
    "{% import os %}",
    "#{7*7}",
    "`id`",
    "$(id)",
    "\\g<0>",
    "__import__('os').system('id')",
    "{$t.__class__}",
    "{$n.Add(1)}",
)


@pytest.mark.parametrize("form", FORMS)
def test_data_that_looks_like_a_form_stays_as_it_is(form: str) -> None:
    for expression in ("$data", "'{$data}'", "$data.Markdown", "$list.First", "$data.Translate"):
        assert worth(expression, data=form, list=[form]) == form
    assert play("- INFO: '{$data}'", inputs={"data": form})[1].said() == [form]


@pytest.mark.parametrize("form", ["{0.__class__}", "{$t!r}", "{$n:>{9}}", "${t.__class__}"])
def test_form_of_python_in_the_source_is_text(form: str) -> None:
    assert worth(f"'A form: {form}'") == f"A form: {form}"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("!!python/object/apply:os.system [id]", "tags are not allowed"),
        ("!!python/name:os.system ''", "tags are not allowed"),
        ("!!python/object:os.environ {}", "tags are not allowed"),
        ("!!binary aWQ=", "tags are not allowed"),
        ("!custom x", "tags are not allowed"),
        ("&a [1]", "anchors and aliases are not allowed"),
        ("*a", "anchors and aliases are not allowed"),
    ],
)
def test_yaml_that_makes_objects_is_refused(value: str, message: str) -> None:
    assert message in refusal(f"- RETURN: {value}")
    assert message in refusal(f"- PUT >> $x:\n    A: {value}")
    assert message in refusal(f"{value}: 1")


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(?P<a>x)(?P=a)", "cannot be used"),
        (r"(x)\1", "cannot be used"),
        (r"(?=x)x", "cannot be used"),
        (r"(?{os.system('id')})", "is not a 'regex'"),
        (r"\p{__class__}", "is not a 'regex'"),
        ("x" * 2000, "a pattern has at most 1000 characters"),
    ],
)
def test_pattern_that_is_more_than_a_pattern_is_refused(pattern: str, message: str) -> None:
    schema = {"type": "string", "pattern": pattern}
    with pytest.raises(ScriptError, match=message):
        worth("$t.Conforms($schema)", schema=schema)


@pytest.mark.parametrize(
    "place", ["file:///etc/passwd", "http://127.0.0.1:1/x", "/etc/passwd", "os:environ", "../x"]
)
def test_schema_that_refers_outside_itself_is_refused(place: str) -> None:
    with pytest.raises(ScriptError, match="Conforms"):
        worth("$t.Conforms($schema)", schema={"$ref": place})


# -- the tags of stored values --------------------------------------------------------------------

TAGS: dict[str, Any] = {
    "$item": ["Library.Books", "1", "OPEN", {"Title": "Maps"}],
    "$message": {"Header": {"From": "alice.test"}, "Body": {}},
    "$map": {"$item": ["Library.Books", "1", "OPEN", {}]},
    "$time": "2026-05-01T00:00:00+00:00",
    "$num": "1.5",
}


@pytest.mark.parametrize("tag", TAGS)
def test_data_that_looks_like_a_stored_value_stays_a_map(tag: str) -> None:
    """A stranger's map must never come back as a row, which SAVE would take as read from there."""
    given = {tag: TAGS[tag]}
    script = "- PUT $given >> $x\n- PUT >> $made:\n    {$tag}: $part\n- CONFIRM Sure? >> $said\n"
    script += "- RETURN:\n    X: $x\n    Made: $made\n    Said: $said"
    inputs = {"given": given, "tag": tag, "part": TAGS[tag]}
    answer, _ = play(script, inputs=inputs, answers=[given], always_park=True)
    assert [type(answer[name]) for name in ("X", "Made", "Said")] == [dict] * 3
    assert answer == {"X": given, "Made": given, "Said": given}


@pytest.mark.parametrize("tag", TAGS)
def test_message_that_carries_a_stored_value_carries_a_map(tag: str) -> None:
    given = {tag: TAGS[tag]}
    file = compiled("- PUT $.Msg >> $m\n- CONFIRM Sure? >> $y\n- RETURN: $m.Body")
    state = start("v1", "main", {"m": MessageView({"Header": {}, "Body": {"A": given}})})
    again = Continuation.from_json(Continuation.from_json(state.to_json()).to_json())
    assert type(again.frames[0].holders["m"]) is MessageView
    assert again.frames[0].holders["m"]["Body"] == {"A": given}
    assert type(again.frames[0].holders["m"]["Body"]["A"]) is dict
    assert World(file).system("Msg") is MESSAGE


@pytest.mark.django_db
@pytest.mark.parametrize("tag", TAGS)
def test_signal_and_input_that_look_like_a_row_are_maps_and_cannot_be_saved(tag: str) -> None:
    given = {tag: TAGS[tag]}
    with lent(segment_steps=1):
        run = begin(
            "- WAIT sealed >> $a\n- TRY >> $error:\n    - SAVE $a\n- TRY >> $other:\n"
            "    - SAVE $given\n- RETURN:\n    A: $a\n    Given: $given\n    Errors:\n"
            "        A: $error\n        B: $other",
            inputs={"given": given},
        )
        pump()
        source = {"source": "test", "origin": f"domain:{DOMAIN}"}
        hooks.send_signal(domain=DOMAIN, name="sealed", value=given, **source)
        pump()
    found = result(run)
    assert (found["A"], found["Given"]) == (given, given)
    said = "SAVE needs the name of a dataset, or an item that was read"
    assert found["Errors"] == {"A": said, "B": said}


# -- datasets -------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name",
    ["auth.User", "Host.Chats.objects", "scripts.Run", "__class__", "os.environ", "Host.Keys"],
)
def test_dataset_that_is_not_registered_is_not_there(name: str) -> None:
    assert error("- READ $name >> $x:\n    Key: 1\n- RETURN: $x", name=name) == (
        f"test:1:3: no dataset named {name}"
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    "key", [{"chat__domain": "theatre.test"}, {"pk__gt": 0}, {"__class__": 1}, ["1"], "1 OR 1=1"]
)
def test_key_that_is_a_query_finds_nothing(key: Any) -> None:
    found = value(
        "- TRY >> $error:\n    - READ Host.Chats >> $x:\n        Key: $key\n- RETURN: $x", key=key
    )
    assert found is None


# -- what keeps it so -----------------------------------------------------------------------------

ENGINE = ("scripts", "host", "issuer", "broker", "wallets", "messaging")
FORBIDDEN = frozenset(
    ["eval", "exec", "compile", "__import__", "vars", "globals", "locals", "dir", "open", "delattr"]
)
BY_NAME = frozenset(["getattr", "setattr", "hasattr"])
METHODS = frozenset(
    [
        *("format", "format_map", "substitute", "safe_substitute"),
        *("import_module", "import_string", "unsafe_load", "full_load"),
    ]
)
MODULES = frozenset(
    ["importlib", "pickle", "marshal", "shelve", "subprocess", "ctypes", "inspect", "builtins"]
)
# Names that are taken at run time, each from a literal of our own source and never from a script.
ALLOWED = {
    "scripts/events.py: getattr(instance, moment)": "the column of a timer in a receiver's table",
    "scripts/itemised.py: getattr(self, name)": "the columns in TRACKED of a model",
    "scripts/itemised.py: self.__dict__": "the columns that are loaded, without a query",
    "scripts/language/limits.py: getattr(other, each.name)": "the fields of a dataclass",
    "scripts/language/limits.py: setattr(self, each.name, getattr(other, each.name))": "the same",
    "scripts/poison.py: fault.__traceback__": "where a run failed, for operators",
    "scripts/items/narrowing.py: _dialect().ascii.format(text)": "SQL of ours, around SQL of ours",
    "scripts/items/narrowing.py: _dialect().small.format(text)": "the same",
    "scripts/items/narrowing.py: db.small.format('e.key')": "the same",
    "scripts/items/narrowing.py: db.visible.format(db.text)": "the same",
    "scripts/quotas.py: getattr(limits, quota.of_run)": "a limit in the table of quotas",
    "scripts/quotas.py: getattr(settings, rates.LIMITS[quota.limit].setting)": "a rate in it",
    "scripts/items/holding.py: error.__cause__": "PostgreSQL's code of an error",
    "scripts/language/arguments.py: self.format(node)": "a method of this name that reads a FORMAT",
    "scripts/language/blocks.py: self.arguments.format(body)": "the same",
    "issuer/services.py: getattr(token, verb)": "a transition, named by each caller",
    "messaging/rows.py: getattr(row, field.attname)": "the columns of a model",
    "messaging/rows.py: setattr(found, self.follow, followed)": "a relation of a statement",
    "messaging/rows.py: self.model.__name__": "the name of a model in an error",
    "messaging/signers.py: import_string(path)": "the signer that the setting SIGNER names",
    "messaging/checks.py: getattr(settings, name)": "two settings, named beside it",
    "messaging/checks.py: getattr(settings, setting)": "a rate, named by each caller",
    "messaging/rates.py: getattr(settings, LIMITS[limit].setting)": "a rate in the table of limits",
    "messaging/management/commands/domain.py: getattr(self, f'do_{verb}')": "a step of argparse",
}
# The class of a value, or our own parent's constructor, is named in the source.
HARMLESS = ("type(value).__name__", "type(odd).__name__", "type(error).__name__")


def test_engine_takes_nothing_by_a_name_that_data_could_say() -> None:
    assert sorted(set(reaching())) == sorted(ALLOWED)


def reaching() -> Iterator[str]:
    """Yield the places of the engine that could reach an object, by a name or through a form."""
    for app in ENGINE:
        for path in sorted((ROOT / app).rglob("*.py")):
            if "migrations" not in path.parts:
                source = path.read_text(encoding="utf-8")
                for found in reaches(source):
                    yield f"{path.relative_to(ROOT)}: {found}"


def reaches(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        spelt = ast.unparse(node) if isinstance(node, ast.expr | ast.stmt) else ""
        if isinstance(node, ast.Call) and _calls(node):
            yield spelt
        elif isinstance(node, ast.Attribute) and node.attr.startswith("__"):
            if spelt not in HARMLESS and spelt != "super().__init__":
                yield spelt
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names = [each.name for each in node.names] + [getattr(node, "module", None) or ""]
            if any(name.split(".")[0] in MODULES for name in names):
                yield spelt


def _calls(node: ast.Call) -> bool:
    called = node.func
    if isinstance(called, ast.Attribute):
        return called.attr in METHODS
    if not isinstance(called, ast.Name):
        return False
    literal = len(node.args) > 1 and isinstance(node.args[1], ast.Constant)
    if called.id == "format":  # the builtin: its form is a number's, and a literal
        return not literal
    return called.id in FORBIDDEN | METHODS or (called.id in BY_NAME and not literal)


@pytest.mark.parametrize(
    "source",
    [
        "eval(text)",
        "getattr(value, name)",
        "'{}'.format(value)",
        "template.format_map(holders)",
        "value.__class__",
        "import importlib",
        "from pickle import loads",
        "import_string(name)",
        "yaml.unsafe_load(text)",
        "open(path)",
    ],
)
def test_place_that_could_reach_an_object_is_seen(source: str) -> None:
    assert list(reaches(source))


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        (SimpleNamespace(), "SimpleNamespace"),
        (TokenStatus.ACTIVE, "TokenStatus"),
        ((1, 2), "tuple"),
        (1.5, "float"),
        ({1: 2}, "map with a key 1"),
        (len, "builtin_function_or_method"),
    ],
)
def test_value_that_is_no_data_is_seen_wherever_a_run_holds_it(odd: Any, said: str) -> None:
    fine = [None, True, 1, "x", Decimal(1), datetime.now(UTC), {"A": [ROW, MESSAGE]}]
    state = start("v1", "main", {"a": [{"B": odd}], "fine": fine})
    assert list(odd_values(state)) == [f"{at}.a[0].B is a {said}" for at in ("inputs", "holders")]
    branch = start("v1", "main", {})
    branch.frames[0].written = {"x": Written("put", odd)}
    state = start("v1", "main", {"fine": fine})
    state.frames[0].branches = [branch]
    assert list(odd_values(state)) == [f"written x[0] is a {said}"]


# -- what the tests above stand on ----------------------------------------------------------------


def worth(expression: str, **holders: Any) -> Any:
    return play(f"- RETURN: {expression}", inputs={**HELD, **holders})[0]


def refusal(source: str) -> str:
    """Return why a script is not loaded."""
    with pytest.raises(LoadErrors) as refused:
        compiled(source)
    return str(refused.value)
