"""docs/script-reference.md, from the tables of commands and functions that the engine uses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from scripts import library
from scripts.functions import FUNCTIONS, Function
from scripts.language.controls import CONTROL
from scripts.language.vocabulary import NOT_SUPPORTED, CommandSpec, Kind, Parameter
from scripts.registry import registry

FILE = Path(settings.BASE_DIR) / "docs" / "script-reference.md"
KINDS = {
    Kind.TEMPLATE: "text",
    Kind.VALUE: "value",
    Kind.LIST: "list",
    Kind.NAME: "name or value",
    Kind.ASSERTION: "assertion",
    Kind.FIELDS: "map",
    Kind.CHOICES: "map of choices",
    Kind.FORMAT: "properties",
    Kind.ACTION: "commands",
}
HOLDERS = {
    "Msg": "the message that started the run: `$.Msg.From`, `$.Msg.Token`",
    "Chat": "the chat: `Chat`, `Broker`, `Language`, `Timezone`, `Key` and `Inputs` of the locator",
    "Inputs": "what the script was given",
    "Hosted": "the domain whose script runs: `Domain`",
    "Script": "`TimedOut` after a wait that nobody answered; `HasOutput`",
    "Holders": "all holders of the script",
}
HEAD = """\
# Reference of the script language

Made by `manage.py script reference` from the tables that the engine uses; do not edit.
The guide is [scripts.md](scripts.md). Names of parameters ignore case; `>> $x` keeps what a command
gives, `+> $x` puts it at the end of a list.
"""


def reference() -> str:
    """Return the whole page."""
    return "\n".join([HEAD, *_control(), *_commands(), *_functions(), *_rest()]).rstrip() + "\n"


def _control() -> Iterator[str]:
    yield "## Words of control\n"
    yield "| Form | What it does |\n|-|-|"
    for word in CONTROL.values():
        yield f"| {_code(word.form)} | {_sentence(word.about)} |"
    yield ""


def _commands() -> Iterator[str]:
    yield "## Commands\n"
    specs = {word: command.spec for word, command in sorted(registry.commands.items())}
    yield ", ".join(f"[{word}](#{word.lower()})" for word in specs) + "\n"
    for spec in specs.values():
        yield from _command(spec)


def _command(spec: CommandSpec) -> Iterator[str]:
    yield f"### {spec.word}\n"
    if spec.about:
        yield f"{spec.about}\n"
    yield f"```yaml\n{_form(spec)}\n```\n"
    notes = _notes(spec)
    if notes:
        yield f"{' '.join(notes)}\n"
    if spec.parameters:
        yield "| Parameter | Is | What for |\n|-|-|-|"
        for parameter in spec.parameters:
            yield _parameter(spec, parameter)
        yield ""


def _form(spec: CommandSpec) -> str:
    """Return the forms of a command as list items."""
    forms = spec.signature or _made_up(spec)
    lines = forms.splitlines()
    return "\n".join(line if line.startswith(" ") else f"- {line}" for line in lines)


def _made_up(spec: CommandSpec) -> str:
    main = f" {spec.main.lower()}" if spec.main else ""
    needed = [each for each in spec.parameters if each.required and each.name != spec.main]
    out = " >> $x" if spec.answers or spec.suspends else ""
    below = "".join(f"\n    {each.name}: ..." for each in needed)
    return f"{spec.word}{main}{out}{':' if below else ''}{below}"


def _notes(spec: CommandSpec) -> list[str]:
    notes = []
    if spec.suspends:
        notes.append("The script waits here, as long as it takes.")
    if spec.pairs:
        notes.append("THEN and ELSE may follow.")
    if spec.changes:
        notes.append("Without `>>`, it changes the holder that it names.")
    if spec.rest:
        notes.append(f"Other keys go into {spec.rest}.")
    return notes


def _parameter(spec: CommandSpec, parameter: Parameter) -> str:
    names = " or ".join(f"`{name}`" for name in (parameter.name, *parameter.aliases))
    is_what = KINDS[parameter.kind]
    if parameter.required:
        is_what += ", needed"
    told = [_sentence(parameter.about)] if parameter.about else []
    if parameter.name in (spec.main, spec.body):
        told.append("May stand on the line.")
    return f"| {names} | {is_what} | {' '.join(told)} |"


def _functions() -> Iterator[str]:
    yield "## Functions\n"
    yield (
        "`$x.Fn(a)`, `.Fn($x, a)` and, in assertions, `$x.Fn: a` are the same. "
        "Those that say yes or no are marked *test*.\n"
    )
    yield "| Function | Form | What it gives |\n|-|-|-|"
    for name, function in FUNCTIONS.items():
        if not function.unsupported:
            yield _function(name, function)
    yield ""


def _function(name: str, function: Function) -> str:
    forms = "<br>".join(_code(form) for form in function.signature.splitlines())
    mark = " *test*" if function.test else ""
    return f"| {name}{mark} | {forms} | {_cell(function.about)} |"


def _rest() -> Iterator[str]:
    yield "## System holders\n"
    yield "| Holder | What it holds |\n|-|-|"
    for name in sorted(library.SYSTEM_HOLDERS):
        yield f"| `$.{name}` | {HOLDERS[name]} |"
    yield ""
    yield "## Not in this release\n"
    missing = sorted(NOT_SUPPORTED - set(registry.commands))
    yield f"Commands, refused by name: {', '.join(missing)}.\n"
    refused = [name for name, function in FUNCTIONS.items() if function.unsupported]
    if refused:
        yield f"Functions, refused by name: {', '.join(refused)}."


def _code(text: str) -> str:
    return "`" + text.replace("|", "\\|") + "`" if text else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _sentence(text: str) -> str:
    text = _cell(text)
    return text if text.endswith(".") else f"{text[:1].upper()}{text[1:]}."
